"""Related causes: what else keeps a System Attendant down, as data.

One row, one condition, one advice, one source; the facts are read anyway. Each is true, false or unknown, and
only true ones are told. A page in `docs/causes/` has each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from handlers.kb906154 import conditions
from handlers.kb906154.case import Case
from handlers.kb906154.conditions import DIRECTORY_EVENTS, NO_SITE_EVENTS, PROTOCOL_EVENTS, RESTORED_EVENTS
from handlers.kb906154.truth import Truth

RelatedId: TypeAlias = Literal[
    "attendant_elsewhere", "attendant_disabled", "service_account", "iis_down", "metabase_protocol",
    "node_restored", "directory_unreachable", "no_site", "resource_failed", "clock_skew", "kept_offline",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RelatedCause:
    """A row. `sections` are those of the answer that its condition rests on, so none other can change it.

    `seen` says in a sentence what was seen, where the condition is true. `competes`: whether it is then
    another cause of what the article describes, beside an invalid RootVer. `narrowed`: which of the advice
    holds, where not all of it does.
    """

    id: RelatedId
    title: str
    condition: Callable[[Case], Truth]
    seen: Callable[[Case], str]
    advice: tuple[str, ...]
    reference: str
    sections: tuple[str, ...]
    competes: Callable[[Case], bool] | None = None
    narrowed: Callable[[Case], tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A related cause that is true on a node, in words."""

    id: RelatedId
    title: str
    seen: str
    advice: tuple[str, ...]
    reference: str
    competing: bool


def related(case: Case, rows: tuple[RelatedCause, ...] | None = None) -> tuple[Related, ...]:
    """The rows that are true, in the order of the table."""
    return tuple(
        Related(row.id, row.title, row.seen(case), _advice(row, case), row.reference, _competes(row, case))
        for row in (RELATED if rows is None else rows)
        if row.condition(case)
    )


def _advice(row: RelatedCause, case: Case) -> tuple[str, ...]:
    return row.advice if row.narrowed is None else row.narrowed(case)


def competing(case: Case) -> bool:
    """Whether another cause is in hand: a row that competes, or the facts of rows 9 to 11 of the verdicts."""
    others = (case.account_missing, bool(case.permission_events), case.remote_registry_stopped)
    return any(others) or any(_competes(row, case) and row.condition(case) for row in RELATED)


def _competes(row: RelatedCause, case: Case) -> bool:
    return row.competes is not None and row.competes(case)


def _always(_: Case) -> bool:
    return True


RELATED = (
    RelatedCause(
        "attendant_elsewhere",
        "the System Attendant is down elsewhere",
        conditions.elsewhere,
        conditions.elsewhere_seen,
        tuple(conditions.ELSEWHERE_ADVICE.values()),
        "cluster resources",
        ("cluster",),
        narrowed=conditions.elsewhere_advice,
    ),
    RelatedCause(
        "attendant_disabled",
        "the System Attendant is disabled",
        conditions.disabled,
        lambda _: "The start mode of Microsoft Exchange System Attendant is Disabled.",
        (
            "Set the start mode of the System Attendant's service to Manual: the cluster cannot start one "
            "that is disabled. If it flips back, a registry checkpoint of the cluster brings it (KB 290651).",
        ),
        "KB 290651",
        ("services", "cluster"),
        _always,
    ),
    RelatedCause(
        "service_account",
        "the System Attendant runs as another account",
        conditions.other_account,
        conditions.account_seen,
        ("Set the account of the System Attendant's service back to LocalSystem.",),
        "Exchange Server product support, MSExchangeSA 1005 and 9149",
        ("services", "cluster"),
        _always,
    ),
    RelatedCause(
        "iis_down",
        "IIS does not run",
        conditions.iis_down,
        conditions.iis_seen,
        (
            "Start IIS Admin first (set it to Automatic where it is Disabled): Exchange's resources depend "
            "on it.",
            "If it does not start, look at the metabase (KB 885440, KB 831393).",
        ),
        "KB 885440, KB 831393",
        ("services", "cluster"),
        _always,
    ),
    RelatedCause(
        "metabase_protocol",
        "a mail protocol does not find itself in the metabase",
        conditions.logged(PROTOCOL_EVENTS),
        conditions.logged_seen(PROTOCOL_EVENTS),
        ("Follow KB 819865: IIS Admin lost what it knew of POP3 or IMAP4 when it crashed.",),
        "KB 819865",
        ("events", "system"),
        _always,
    ),
    RelatedCause(
        "node_restored",
        "the node lacks the cluster's crypto checkpoints",
        conditions.logged(RESTORED_EVENTS),
        conditions.logged_seen(RESTORED_EVENTS),
        (
            "Restore the cluster's crypto checkpoints: a node that was restored or built anew lacks them "
            "(KB 329033).",
        ),
        "KB 329033, KB 280432",
        ("events", "system"),
        _always,
    ),
    RelatedCause(
        "directory_unreachable",
        "the directory does not answer",
        conditions.logged(DIRECTORY_EVENTS),
        conditions.logged_seen(DIRECTORY_EVENTS),
        (
            "See whether domain controllers and their Key Distribution Center answer this node: network, "
            "DNS, secure channel (KB 327401, KB 318431).",
            "If they do: a global catalog and the Recipient Update Service (KB 322801).",
        ),
        "KB 327401, KB 318431, KB 322801, KB 310896",
        ("events", "system"),
        conditions.more_than_a_ticket,
    ),
    RelatedCause(
        "no_site",
        "the node is in no Active Directory site",
        conditions.logged(NO_SITE_EVENTS),
        conditions.logged_seen(NO_SITE_EVENTS),
        (
            "Give the node's subnet to a site (Active Directory Sites and Services); `nltest /dsgetsite` "
            "shows it.",
        ),
        "ERROR_NO_SITENAME (0x8007077f)",
        ("events", "system"),
        _always,
    ),
    RelatedCause(
        "resource_failed",
        "a resource beside the System Attendant failed",
        conditions.resource_failed,
        conditions.resource_seen,
        (
            "Bring the resource that failed back first: the System Attendant depends on its group's disk, "
            "name and address.",
        ),
        "cluster resources",
        ("cluster", "services"),
        _always,
    ),
    RelatedCause(
        "clock_skew",
        "the clocks differ",
        conditions.clocks_apart,
        conditions.clocks_seen,
        ("Set the clocks right: Kerberos allows 5 minutes.",),
        "RFC 4120, section 1.6",
        ("system",),
    ),
    RelatedCause(
        "kept_offline",
        "somebody took the System Attendant offline",
        conditions.kept,
        conditions.kept_seen,
        ("Ask who took the System Attendant offline, and why, before anybody brings it online (KB 259243).",),
        "KB 259243",
        ("cluster", "services"),
    ),
)
