"""run, lab, demo."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import click

from bot.command_line.exits import Exit, Stop
from bot.command_line.options import FILE, config_option
from bot.running.garbage import for_good
from bot.running.log_lines import set_up
from bot.running.stop_signal import stop_signals

log = logging.getLogger("bot")

_TOKENS = ("SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN_FILE", "SLACK_APP_TOKEN", "SLACK_APP_TOKEN_FILE")
_OF_THE_LAB = ("psrpcore", "starlette", "uvicorn", "websockets")  # packages of the extra `lab`


@click.command()
@config_option
@click.pass_obj
def run(config: Path | None) -> int:
    """Run the bot until SIGTERM or Ctrl-C.

    Needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN in the environment, or the same with _FILE.
    """
    return _run_bot(config)


@click.command()
@click.option(
    "--incident",
    default="zero",
    show_default=True,
    metavar="NAME",
    help="What is wrong with the practice cluster; a wrong name lists them all.",
)
@click.option(
    "--misbehave",
    multiple=True,
    metavar="NAME",
    help="How practice Slack or the practice host misbehaves from the start; may be given again; "
    "a wrong name lists them all.",
)
@click.option(
    "--powershell",
    type=FILE,
    envvar="ROOTVER_PWSH",
    metavar="PATH",
    help="Run the real module on this PowerShell instead of an imitation.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8040,
    show_default=True,
    help="Of the page, on this machine only; 0: any free one.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@click.option(
    "--or-run",
    is_flag=True,
    help="Run the bot instead if Slack's tokens are in the environment; `make run` says this.",
)
@config_option
@click.pass_obj
def lab(
    config: Path | None,
    *,
    incident: str,
    misbehave: tuple[str, ...],
    powershell: Path | None,
    port: int,
    no_browser: bool,
    or_run: bool,
) -> int:
    """Practise: an outage, a chat and a management host on this machine, and the unchanged bot between them.

    Nothing leaves this machine, and everything is gone afterwards.
    """
    if or_run and any(os.environ.get(name) for name in _TOKENS):
        return _run_bot(config)
    _need_lab()
    from bot.lab.incidents import INCIDENTS
    from bot.lab.misbehaviours import MISBEHAVIOURS

    _one_of(INCIDENTS, [incident], "--incident")
    _one_of(MISBEHAVIOURS, misbehave, "--misbehave")
    from bot.lab.play import play

    engine = _engine(powershell)
    with stop_signals() as told_to_stop:
        return play(incident, engine, port, not no_browser, told_to_stop, misbehave=misbehave)


@click.command()
def demo() -> int:
    """Play the story in the practice lab, from the question to the confirmed fix, and print it."""
    _need_lab()
    from bot.lab.demo import play

    return play()


def _one_of(known: Iterable[str], names: Iterable[str], option: str) -> None:
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name} is none of {', '.join(known)}.", param_hint=option)


def _engine(powershell: Path | None) -> Path | None:
    """PowerShell's program, by its path or by a name that the shell would find."""
    if powershell is None:
        return None
    found = which(powershell)
    if found is None:
        raise Stop(Exit.MISSING, f"{powershell} is no program. Name PowerShell: --powershell /usr/bin/pwsh")
    return Path(found)


def _run_bot(config: Path | None) -> int:
    with for_good():
        from bot.app import run as run_bot
        from bot.settings.loading import load
    settings = load(config, os.environ)
    settings.tokens()  # missing ones are told before anything else
    set_up(settings.log.format, settings.log.level)
    for sentence in settings.warnings():
        log.warning("%s", sentence)
    return run_bot(settings)


def _need_lab() -> None:
    missing = [name for name in _OF_THE_LAB if find_spec(name) is None]
    if missing:
        advice = "Install it: pip install 'rootver-bot[lab]'"
        raise Stop(Exit.UNAVAILABLE, f"The practice lab is not installed (no {', '.join(missing)}). {advice}")
