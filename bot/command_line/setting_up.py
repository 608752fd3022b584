"""init: from a handful of answers to settings that were tried."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shlex import quote

import click
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.command_line.exits import Exit, Stop
from bot.command_line.options import config_option
from bot.command_line.questions_asked import Asking
from bot.doctor import connection, hosts, slack_app
from bot.doctor.findings import DoctorLine, fail, ok
from bot.settings import single_values
from bot.settings.environment import variable_of
from bot.settings.file import CONFIG_VARIABLE, FILE_NAME
from bot.settings.loading import load
from bot.settings.writing import Answers, text, write_new
from bot.slack.refusals import slack_not_reached
from bot.slack.web_api import SlackChat, retry_handlers
from handlers.approval import ApprovalRules
from handlers.host_options import AUTHS, DEFAULT_CONFIGURATION, HostOptions, check
from handlers.inventory import Cluster, Inventory
from handlers.ports import LookupFailed, SystemClock
from handlers.psrp.remote import PsrpRemote
from storage.export import create

SECRETS = "secrets"  # the folder beside the settings file
SLACK = "https://slack.com/api/"
BOT, APP = "slack_bot_token", "slack_app_token"
TOKENS = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}  # variable → file
REQUIRED = ("server", "username", "cluster", "nodes")
HOST = "mgmt1"  # its name in the settings
CHANGE = f"{HOST}_change"  # the file with the password of its identity for changes


@click.command()
@click.option("--channels", metavar="IDS", help="Channels it answers in (C…); none: wherever it is invited.")
@click.option("--approvers", metavar="IDS", help="People (U…) and user groups (S…) who may approve a fix.")
@click.option("--server", metavar="NAME", help="The management host, as mgmt1.corp.example.")
@click.option("--username", metavar="NAME", help=r"The account that logs on there, as CORP\rootver.")
@click.option("--endpoint", metavar="NAME", help="The session configuration there.")
@click.option(
    "--change-username", metavar="NAME", help=r"The account for approved changes, as CORP\rootver-fix."
)
@click.option("--change-endpoint", metavar="NAME", help="Its session configuration.")
@click.option("--auth", type=click.Choice(AUTHS), default="negotiate", show_default=True, help="The logon.")
@click.option("--port", type=click.IntRange(1, 65535), help="Of WinRM; else 5986, or 5985 with --http.")
@click.option("--http", is_flag=True, help="WinRM over HTTP; its messages are encrypted all the same.")
@click.option("--cluster", metavar="NAME", help="The name of the Exchange cluster.")
@click.option("--nodes", metavar="NAMES", help="Its nodes.")
@click.option("--virtual-servers", metavar="NAMES", help="Its Exchange virtual servers.")
@click.option("--unchecked", is_flag=True, help="Do not try the tokens and the host.")
@config_option
@click.pass_obj
def init(
    config: Path | None, /, *, auth: str, port: int | None, http: bool, unchecked: bool, **given: str | None
) -> int:
    """Ask a few questions, try each answer, and write rootver.toml and the files of its secrets.

    Nothing is written before the last answer, and never over a file that is there. Secrets are not shown, and
    are no options: others could see them. They are typed, or come from SLACK_BOT_TOKEN, SLACK_APP_TOKEN and
    ROOTVER_HOSTS__MGMT1__PASSWORD, or from files that are in the folder `secrets` already.
    """
    file = (config or Path(os.environ.get(CONFIG_VARIABLE) or FILE_NAME)).absolute()
    if file.exists():
        raise Stop(Exit.CANNOT_CREATE, f"{file} is there. Edit it, or name another one: --config FILE")
    asking = Asking(dict(given), file.parent / SECRETS, sys.stdin.isatty(), not unchecked)
    _need_somebody(asking)
    chat = _slack(asking)
    approvers = _approvers(asking, chat)
    channels = asking.words(
        "channels", "Channels it answers in (C…; none: wherever it is invited)", single_values.channel
    )
    answers = _windows(asking, HostOptions(server="", auth=auth, port=port, ssl=not http))
    if asking.failed and not asking.asks:
        advice = "Next: mend what FAIL names, or say --unchecked."
        raise Stop(Exit.UNAVAILABLE, f"Nothing was written. {advice}")
    _write(file, asking, replace(answers, approvers=approvers, channels=channels))
    return Exit.FOUND if asking.failed else Exit.FINE


def _need_somebody(asking: Asking) -> None:
    """Without a terminal every answer has to be there."""
    if asking.asks:
        return
    password = variable_of(("hosts", HOST, "password"))
    missing = [f"--{name}" for name in REQUIRED if asking.given.get(name) is None]
    for variable, file in (*TOKENS.items(), (password, HOST)):
        if not os.environ.get(variable) and not (asking.secrets / file).exists():
            missing.append(variable)
    if missing:
        told = "Standard input is no terminal, so nobody can be asked."
        raise click.UsageError(f"{told} Give as options or in the environment: {', '.join(missing)}")


# --- Slack ---


def _slack(asking: Asking) -> SlackChat | None:
    """Both tokens, tried; None: they were not tried, or not accepted and kept."""
    while True:
        bot = asking.secret("SLACK_BOT_TOKEN", BOT, "Bot token (xoxb-…, not shown)", _bot_token)
        app = asking.secret("SLACK_APP_TOKEN", APP, "App-level token (xapp-…, not shown)", _app_token)
        found: list[SlackChat] = []
        if asking.good(_try_tokens(bot, app, found)):
            return found[0] if found else None
        asking.typed.clear()


def _bot_token(typed: str) -> str:
    return single_values.bot_token(SecretStr(typed)).get_secret_value()


def _app_token(typed: str) -> str:
    return single_values.app_token(SecretStr(typed)).get_secret_value()


def _try_tokens(bot: str, app: str, found: list[SlackChat]) -> Iterator[DoctorLine]:
    """As doctor does; the chat is put into `found`."""
    url = single_values.api_url(os.environ.get("SLACK_API_URL") or SLACK)
    client = WebClient(bot, base_url=url, retry_handlers=retry_handlers())
    try:
        found.append(SlackChat.connect(client))
    except LookupFailed as failure:
        cause = failure.__cause__
        refused = f"Slack did not accept it ({failure.reason})."
        yield fail("bot token", slack_not_reached(cause) if isinstance(cause, OSError) else refused)
        return
    yield ok("bot token", f"accepted by {found[0].identity.url}")
    yield from connection.look(SecretStr(app), client, None)


def _approvers(asking: Asking, chat: SlackChat | None) -> list[str]:
    """Who may approve: known to Slack, and able to."""
    while True:
        ids = asking.words(
            "approvers", "Who may approve a fix (ids of people U…, of groups S…; none: diagnose only)", _id
        )
        rules = ApprovalRules(
            approvers=frozenset(one for one in ids if not one.startswith("S")),
            approver_groups=frozenset(one for one in ids if one.startswith("S")),
        )
        if asking.good(slack_app.approvers(rules, chat) if chat else (), "approvers"):
            return ids


def _id(typed: str) -> str:
    return single_values.group(typed) if typed.startswith("S") else single_values.user(typed)


# --- the management host and its cluster ---


def _windows(asking: Asking, host: HostOptions) -> Answers:
    """How to reach the host and which nodes it reaches, tried as doctor does."""
    while True:
        host = _host(asking, host)
        cluster = Cluster(
            asking.word("cluster", "Name of the Exchange cluster (EXCH-CL1)", single_values.name, None),
            HOST,
            {one: one.upper() for one in asking.words("nodes", "Its nodes", single_values.name, None)},
            tuple(asking.words("virtual_servers", "Its virtual servers (or none)", single_values.name)),
        )
        if asking.good(_try_host(host, cluster), *REQUIRED, "endpoint", "change_username", "change_endpoint"):
            files = (_file(asking, HOST), _file(asking, CHANGE) if host.change else None)
            servers = cluster.virtual_servers
            return Answers((), (), HOST, host, cluster.name, tuple(cluster.nodes), servers, *files)
        for name in (HOST, CHANGE):
            asking.typed.pop(name, None)


def _host(asking: Asking, host: HostOptions) -> HostOptions:
    """How to log on there, for questions and for changes."""
    server = asking.word("server", "Management host (mgmt1.corp.example)", _not_empty, None)
    user = asking.word("username", r"Account there (CORP\rootver)", single_values.one_line, None)
    password = asking.secret(
        variable_of(("hosts", HOST, "password")), HOST, "Its password (not shown)", _not_empty
    )
    endpoint = asking.word("endpoint", "Session configuration there", _not_empty, "RootVerQuery")
    delivery = "inline" if endpoint == DEFAULT_CONFIGURATION else "endpoint"  # ours has the module
    host = replace(
        host, server=server, username=user, password=password, configuration_name=endpoint, delivery=delivery
    )
    return replace(host, change=_change(asking, host))


def _change(asking: Asking, host: HostOptions) -> HostOptions | None:
    """The identity for changes; None: none of its own. An endpoint for questions refuses a fix."""
    without = "fixes will fail" if host.delivery == "endpoint" else "the one above"
    question = rf"Account there for approved changes (CORP\rootver-fix; none: {without})"
    user = asking.word("change_username", question, _one_line_or_empty, "")
    if not user:
        return None
    variable = variable_of(("hosts", HOST, "change", "password"))
    password = asking.secret(variable, CHANGE, "Its password (not shown)", _not_empty)
    default = "RootVerChange" if host.delivery == "endpoint" else host.configuration_name
    endpoint = asking.word("change_endpoint", "Its session configuration", _not_empty, default)
    return replace(host, username=user, password=password, configuration_name=endpoint, change=None)


def _file(asking: Asking, name: str) -> str | None:
    """Where the settings find a secret; None: in the environment."""
    return f"{SECRETS}/{name}" if name in asking.typed or (asking.secrets / name).exists() else None


def _one_line_or_empty(typed: str) -> str:
    return single_values.one_line(typed) if typed else ""


def _not_empty(typed: str) -> str:
    if not typed or not typed.isprintable():
        raise ValueError("is empty, or holds what cannot be seen")
    return typed


def _try_host(host: HostOptions, cluster: Cluster) -> Iterator[DoctorLine]:
    refused = check(host)
    yield from (fail(f"host {HOST}", sentence) for sentence in refused)
    if refused:
        return
    remote = PsrpRemote({HOST: host})
    try:
        yield from hosts.look(HOST, host, Inventory((cluster,)), remote, SystemClock())
    finally:
        remote.close()


# --- writing ---


def _write(file: Path, asking: Asking, answers: Answers) -> None:
    """The secrets first, each alone readable by whoever runs this; then the settings, which name them."""
    if asking.typed:
        asking.secrets.mkdir(mode=0o700, exist_ok=True)
    for name, secret in asking.typed.items():
        with create(asking.secrets / name) as out:
            out.write(f"{secret}\n".encode())
        click.echo(f"Written, for you alone to read: {asking.secrets / name}")
    write_new(file, text(answers))
    click.echo(f"Written: {file}")
    exports = {
        f"{variable}_FILE": str(asking.secrets / name)
        for variable, name in TOKENS.items()
        if (asking.secrets / name).exists() and not os.environ.get(variable)
    }
    load(file, {**os.environ, **exports})  # what cannot be used is told now
    click.echo("Next:")
    for variable, path in exports.items():
        click.echo(f"  export {variable}={quote(path)}")
    click.echo(f"  rootver doctor --config {quote(str(file))}")
