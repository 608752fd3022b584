"""The steps by hand as a message: what was last known of the node, then what to do, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from bot.slack.post import Post, context, post, section
from bot.slack.text import BACKTICK, code, day_and_time, folded, kb_link, plain, versions_as_code
from handlers.approval import UNDECIDED
from handlers.inventory import UnknownName
from handlers.kb906154.article import TARGET
from handlers.kb906154.by_hand import WARNING, steps
from handlers.kb906154.wording import listed, root_ver_words
from handlers.record.last_known import LastKnown
from storage.records import Fix

_NOT_KNOWN = "not known"
_ENOUGH = 1200  # characters of one step


def manual(last: LastKnown) -> Post:
    """The answer to `manual NODE`."""
    first = f"How to set RootVer on {plain(last.computer)} by hand. Next: step 1; stop where a step says so."
    known = facts(last, day_and_time, lambda told: versions_as_code(plain(told)))
    doing = [first_of(last.open_fix)] if last.open_fix else []
    told = [
        section([f"*{number}.* {_ours(step.text)} ({step.source})"])
        for number, step in enumerate(steps(last.known), 1)
    ]
    check = f"When it can be read again: {code(f'@rootver diagnose {last.node}')}"
    head = section([f"*{first}*", *doing, WARNING])
    return post([first], [head, section(known), *told, context([f"{check} · {kb_link()}"])])


def no_node(unknown: UnknownName) -> Post:
    """The name is that of no node."""
    return post([*folded(plain(str(unknown), 600)), "Next: name a node; `@rootver nodes` lists them."])


def by_hand(node: str) -> str:
    """What to ask where the bot cannot do it; behind the other next step."""
    return f"Or by hand: {code(f'@rootver manual {node}')}."


def facts(last: LastKnown, at: Callable[[datetime], str], shown: Callable[[str], str]) -> Iterator[str]:
    """What was last known, a line each. `at` writes times, `shown` makes foreign words harmless."""
    known = last.known
    was = shown(root_ver_words(known.root_ver)) if known.root_ver else _NOT_KNOWN
    read = f", read {at(last.read_at)}" if last.read_at else ""
    yield f"RootVer when last read: {was}{read}"
    yield f"It must be: {shown(TARGET)}, where .NET Framework 1.1 is what runs"
    runs = {True: "yes", False: "no", None: _NOT_KNOWN}[known.runs_11]
    yield f".NET Framework 1.1 ran then: {runs}"
    versions = _NOT_KNOWN if last.registered is None else shown(listed(last.registered))
    yield f"ASP.NET versions registered then: {versions}"
    owner = f"{shown(last.owner[0])}, seen {at(last.owner[1])}" if last.owner else _NOT_KNOWN
    yield f"Owner of the System Attendant: {owner}"


def first_of(fix: Fix) -> str:
    """Two hands on one value: the fix would be voided, or would overwrite what was typed."""
    if fix.state in UNDECIDED:
        return f"First: {fix.id} is open for this node; `@rootver cancel {fix.id}` ends it."
    return f"First: {fix.id} is {fix.state} here. Set nothing by hand before its thread says how it ended."


def _ours(sentence: str) -> str:
    return plain(sentence, _ENOUGH).replace(BACKTICK, "`")
