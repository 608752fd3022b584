"""What somebody may have meant: a word for an option, an option for a word, a command of the chat."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import click

_IN_CHAT = "That is done in chat, where a second person sees it: @rootver"
# Words that other tools, or our chat, have for something; never a near miss of their letters.
MEANT: Mapping[str, str] = {
    "help": "Next: rootver --help, or rootver COMMAND --help.",
    "log": "Next: rootver history",
    "logs": "Next: rootver history",
    "audit": "Next: rootver history, or rootver verify",
    "backup": "Next: rootver snapshot FILE",
    "start": "Next: rootver run",
    "setup": "Next: rootver init",
    "configure": "Next: rootver init",
    "check": "Next: rootver doctor",
    "ping": "Next: rootver health",
    **{verb: f"{_IN_CHAT} {verb}" for verb in ("pause", "resume")},
    **{verb: f"{_IN_CHAT} {verb} FIX-12" for verb in ("cancel", "restore")},
    **dict.fromkeys(("approve", "decline", "fix"), f"{_IN_CHAT} fixes; a reaction on the card decides"),
}


def hint(command: click.Command | None, typed: Sequence[str]) -> str:
    """A line, or nothing. `typed`: the words of the command line."""
    if command is None:
        return ""
    options = {one: f"--{one}" for one in _options(command)}
    words = {f"--{one}": one for one in _words(command)}
    for word in typed:
        name = word.partition("=")[0].lower()
        if name in options:
            return f"Did you mean {options[name]}?\n"
        if name in words and name.removeprefix("--") not in options:
            return f"Did you mean {words[name]}, without the dashes?\n"
    return ""


def _options(command: click.Command) -> list[str]:
    options = [name for one in command.params if isinstance(one, click.Option) for name in one.opts]
    return [name.removeprefix("--") for name in [*options, "--help"] if name.startswith("--")]


def _words(command: click.Command) -> set[str]:
    """Those in lower case of what its help shows for its arguments: `since`, `csv`, `all`."""
    shown = [one.metavar or "" for one in command.params if isinstance(one, click.Argument)]
    return set(re.findall(r"\b[a-z]{2,}\b", " ".join(shown)))
