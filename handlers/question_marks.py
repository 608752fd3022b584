"""The emoji on a question: that it is being looked at, then how it stands, and again when its fix ends.

A convenience: the words beside it say the same, and nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from handlers.approval import State
from handlers.ports import Message
from storage import fixes, notices
from storage.records import Fix, Json, NewNotice
from storage.transaction import Reader, Transaction

# Being looked at; in order; not known, or not over yet; something is wrong. From `right` on, the worst last.
Mark = Literal["looking", "right", "doubtful", "wrong"]
_ORDER: tuple[Mark, ...] = ("looking", "right", "doubtful", "wrong")

# What a fix makes of the question that led to it; before it ended well, what was found still holds.
_OF_STATE: Mapping[State, Mark] = {
    State.CONFIRMED: "right",
    State.APPLIED: "doubtful",
    State.INDETERMINATE: "doubtful",
    State.LOST: "doubtful",
}
_OF_VERDICT: Mapping[str, Mark] = {"healthy": "right", "inconclusive": "doubtful"}


def mark(tx: Transaction, question: Message, how: Mark, *, again: bool = False) -> None:
    """Have a question marked; `again`: how it stands was shown before."""
    details: dict[str, Json] = {"ts": question.ts, "mark": how, "again": again}
    notices.add(tx, NewNotice("question", "mark", channel=question.channel, details=details))


def mark_again(tx: Transaction, fix: Fix) -> None:
    """A fix moved: have the question that led to it marked by how all of its fixes stand."""
    asked = fix.details.get("question_ts")
    if isinstance(asked, str) and fix.state in {*_OF_STATE, State.FAILED, State.DRIFTED}:
        mark(tx, Message(fix.channel, asked), _standing(tx, fix), again=True)


def _standing(conn: Reader, fix: Fix) -> Mark:
    """The worst of what its fixes came to, and of the nodes that have none."""
    asked = fix.details.get("question_ts")
    together = fixes.in_thread(conn, fix.channel, fix.thread_ts)
    siblings = [one for one in together if one.details.get("question_ts") == asked]
    others = fix.details.get("others")
    verdicts = others if isinstance(others, dict) else {}
    marks = [
        *(_OF_STATE.get(one.state, "wrong") for one in siblings),
        *(
            _OF_VERDICT.get(str(verdict), "wrong")
            for node, verdict in verdicts.items()
            if node not in {one.node for one in siblings}
        ),
    ]
    return max(marks, key=_ORDER.index)
