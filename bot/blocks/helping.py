"""The help: short sentences in groups, and of one command every word that it takes.

Lines are ours, ready for Slack, but for what somebody typed.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.commands import BY_VERB, TABLE, Spec
from bot.parser import meant
from bot.slack.post import Post, post, section
from bot.slack.text import plain
from handlers.record.questions import quoted

_FIRST = "Ask me like this: `@rootver diagnose exch-node2`. `@rootver help diagnose` explains one command."
_DECIDING = "A fix is approved or declined by a reaction on its card, never by a command."


def helped(topic: str | None) -> Post:
    """All commands in groups, or the one that `topic` names (as typed)."""
    if topic is None:
        groups = [section([f"*{group}*", *lines]) for group, lines in _groups().items()]
        return post([_FIRST], [section([_FIRST, _DECIDING]), *groups])
    spec = BY_VERB.get(topic.lower())
    if spec is None:
        return post([_no_such(topic)])
    first, *rest = _explained(spec)
    taken = [section(rest)] if rest else []
    return post([first], [section([first]), *taken])


def markdown() -> str:
    """The table of all commands, for the docs."""
    rows = [f"| `{_cell(one.usage)}` | {one.summary} | `{one.example}` |" for one in TABLE]
    return "\n".join(["| command | what it does | example |", "|---|---|---|", *rows]) + "\n"


def words_markdown() -> str:
    """The words behind `history` and its like, for the docs."""
    rows = [f"| `{_cell(one.word)}` | {_cell(one.means)} |" for one in BY_VERB["history"].takes]
    return "\n".join(["| word | what it asks for |", "|---|---|", *rows]) + "\n"


def _groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for spec in TABLE:
        groups.setdefault(spec.group, []).append(f"`{spec.example}` {spec.summary}.")
    return groups


def _explained(spec: Spec) -> Iterator[str]:
    """What it does, then its words, then examples."""
    summary = f"{spec.summary[0].upper()}{spec.summary[1:]}"
    yield f"`{spec.verb}`: {summary}."
    if spec.takes:
        yield "*Words that it takes*"
        yield from (f"`{one.word}` {one.means}" for one in spec.takes)
    else:
        yield "It takes no more words."
    examples = ", ".join(f"`@rootver {one}`" for one in spec.examples)
    yield f"Example{'s' if len(spec.examples) > 1 else ''}: {examples}"


def _no_such(topic: str) -> str:
    verb = meant(topic)
    hint = f"Did you mean `@rootver help {verb}`?" if verb else "Next: `@rootver help` lists all of them."
    return f"{plain(quoted(topic))} is not a command. {hint}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
