"""What is wrong on a node in one clause: whether mail is down comes first, then why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.kb906154.article import VERDICT, VerdictId
from handlers.kb906154.case import Case

_ELSEWHERE = "mail is down elsewhere in the cluster"


def headline(verdict: VerdictId, case: Case) -> str:
    """The clause behind the name of the node."""
    own = _own(verdict, case)
    if not case.surroundings.down_elsewhere:
        return own
    return f"OK here, but {_ELSEWHERE}" if verdict == "healthy" else f"{own}, and {_ELSEWHERE}"


def _own(verdict: VerdictId, case: Case) -> str:
    make = _MADE.get(verdict)
    return make(case) if make else _with_state(VERDICT[verdict].title, case)


def _healthy(case: Case) -> str:
    return "OK, mail runs" if case.standing.owner and case.standing.services_down is False else "OK"


def _why_unknown(case: Case) -> str:
    if case.standing.attendant_down:
        return f"{_down(case)}, and what decides why could not be read"
    return "not all that decides could be read"


def _in_order(case: Case) -> str:
    if not case.standing.attendant_down:
        return VERDICT["services_down"].title
    return f"{_down(case)}, but RootVer is in order"


def _differs(case: Case) -> str:
    title = VERDICT["rootver_differs"].title
    return title if case.standing.owner is False else _with_state(title, case)


def _with_state(title: str, case: Case) -> str:
    """What is wrong, behind what it does now or will do."""
    standing = case.standing
    if standing.attendant_down:
        return f"{_down(case)}, {title}"
    if standing.attendant_down is None:
        return f"{title}; whether mail is down is not known"
    return f"{title}; mail still runs" if standing.owner else f"{title}; nothing is down here yet"


def _down(case: Case) -> str:
    """That mail is down; with "if" where it is not known whether this node has it."""
    if case.standing.coming:
        return "mail is coming online"
    return "mail is down" if case.standing.owner else "mail is down if this node owns it"


# Verdicts of which the table's title is not all, or too much; the other titles stand behind what mail does.
_MADE: Mapping[VerdictId, Callable[[Case], str]] = {
    "inconclusive": _why_unknown,
    "out_of_scope": lambda _: VERDICT["out_of_scope"].title,
    "rootver_differs": _differs,
    "other_cause": _in_order,
    "services_down": _in_order,
    "healthy": _healthy,
}
