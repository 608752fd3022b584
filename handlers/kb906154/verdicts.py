"""The decision table: rows from the top, and what a row says when its facts are unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from handlers.kb906154.article import VerdictId
from handlers.kb906154.case import Case
from handlers.kb906154.related import competing
from handlers.kb906154.root_ver import other_registered, runs_11
from handlers.kb906154.truth import Truth, all_of, any_of, negated

Confidence: TypeAlias = Literal["confirmed", "suspected", "latent", "inconclusive"]

# What each says of an invalid RootVer, or of another verdict that has one; docs/rules.md prints it.
CONFIDENCE: Mapping[Confidence, str] = {
    "confirmed": "the System Attendant is down on its owner, an event of the metabase update speaks for this "
    "cause, and nothing speaks for another",
    "suspected": "the System Attendant is down, or that is not known; but the log does not say that this is "
    "why, or something speaks for another cause too",
    "latent": "nothing is down because of it yet: the next start or failover would fail",
    "inconclusive": "something that decides could not be read",
}

FIXABLE: frozenset[VerdictId] = frozenset({"rootver_invalid", "rootver_invalid_undocumented"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its verdict, when it is true, and the sections of the answer that it rests on."""

    verdict: VerdictId
    condition: Callable[[Case], Truth]
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and, for row 0, the sections that a row would have needed."""

    verdict: VerdictId
    unknown: tuple[str, ...] = ()


def _out_of_scope(case: Case) -> Truth:
    known_windows = any_of((case.windows_2000, case.windows_2003))
    return negated(all_of(case.exchange_2003, case.clustered, known_windows))


def _undocumented(case: Case) -> Truth:
    return case.is_class("malformed", "wrong_type", "missing_value", "dangling")


def _invalid(case: Case) -> Truth:
    return any_of((case.is_class("zero"), _undocumented(case)))


def _two(case: Case) -> Truth:
    """Whether 1.1 is not the only version that may be meant.

    Zero is the documented value, and 1.1 the documented answer: another version that is registered too
    does not make it ambiguous, but only something that contests.
    """
    return case.contested if case.is_class("zero") else any_of((case.contested, other_registered(case.facts)))


def _no_11_to_name(case: Case) -> Truth:
    return all_of(_invalid(case), negated(runs_11(case.facts)))


_NET = ("frameworks", "aspnet_versions")

# Rows 2 to 8: an unknown one above the first true one makes the verdict row 0.
DECISIVE = (
    Row("out_of_scope", _out_of_scope, ("exchange", "cluster", "system")),
    Row(
        "rootver_invalid",
        lambda case: all_of(case.is_class("zero"), runs_11(case.facts), negated(_two(case))),
        _NET,
    ),
    Row(
        "rootver_invalid_undocumented",
        lambda case: all_of(_undocumented(case), runs_11(case.facts), negated(_two(case))),
        _NET,
    ),
    Row(
        "rootver_invalid_ambiguous",
        lambda case: all_of(_invalid(case), runs_11(case.facts), _two(case)),
        _NET,
    ),
    Row("rootver_invalid_would_dangle", _no_11_to_name, _NET),
    Row("aspnet_not_registered", lambda case: case.is_class("missing_key"), ("root_ver",)),
    Row("rootver_differs", lambda case: case.is_class("other_version"), ("aspnet_versions",)),
)

# Rows 9 to 13, for a RootVer that is ok: they decide only if they are true.
OTHER_CAUSES = (
    Row("aspnet_account_missing", lambda case: all_of(case.standing.services_down, case.account_missing)),
    Row(
        "permissions_suspected",
        lambda case: all_of(case.standing.services_down, bool(case.permission_events)),
    ),
    Row(
        "remote_registry_stopped",
        lambda case: all_of(case.standing.services_down, case.remote_registry_stopped),
    ),
    Row("other_cause", lambda case: all_of(case.standing.attendant_down, case.strong_symptom)),
    Row("services_down", lambda case: case.standing.services_down),
)


def decide(case: Case) -> Decision:
    """The verdict on a node that was read."""
    if case.root_ver_class == "unreadable":
        return Decision("inconclusive", ("root_ver",))
    unknown: list[str] = []
    for row in DECISIVE:
        truth = row.condition(case)
        if truth:
            return Decision("inconclusive", tuple(unknown)) if unknown else Decision(row.verdict)
        if truth is None:
            unknown += [section for section in row.sections if section not in unknown]
    return Decision("inconclusive", tuple(unknown)) if unknown else _decide_ok(case)


def _decide_ok(case: Case) -> Decision:
    for row in OTHER_CAUSES:
        if row.condition(case):
            return Decision(row.verdict)
    if case.standing.services_down is None:
        return Decision("inconclusive", ("services", "cluster"))
    return Decision("healthy")


def confidence(verdict: VerdictId, case: Case) -> Confidence | None:
    """How sure a verdict is, as a word; None where the table gives it none."""
    if verdict == "inconclusive":
        return "inconclusive"
    if verdict == "permissions_suspected":
        return "suspected"
    if verdict not in FIXABLE:
        return None
    if case.standing.attendant_down is False:
        return "latent"
    return "confirmed" if case.standing.attendant_down and _nothing_else(case) else "suspected"


def _nothing_else(case: Case) -> bool:
    """Whether a symptom speaks for RootVer as the cause, and nothing that is in hand for another one."""
    return case.telling_symptom and not competing(case) and not case.standing.another_runs
