"""What stands beside a verdict: findings, notes, and what was not checked."""

from __future__ import annotations

from handlers.kb906154.article import VerdictId
from handlers.kb906154.case import Case
from handlers.kb906154.facts import Absent, NodeFacts, Unreadable, Value
from handlers.kb906154.root_ver import other_registered
from handlers.kb906154.symptoms import is_short
from handlers.kb906154.verdicts import FIXABLE

# The sections of an answer, in the order of docs/wire-contract.md, section 6.
SECTIONS = (
    "system", "root_ver", "aspnet_versions", "frameworks", "exchange", "services", "cluster", "events",
    "aspnet_account", "former_domain_controller", "write_access",
)  # fmt: skip

# Nothing tells remotely whether a database is mounted.
NEVER_CHECKED = "store_databases"


def findings(verdict: VerdictId, case: Case) -> tuple[str, ...]:
    """What is definitely true beside the verdict and is not the verdict itself."""
    if verdict in ("refused", "out_of_scope"):
        return ()
    found = {
        "aspnet_account_missing": case.account_missing and verdict != "aspnet_account_missing",
        "permissions": bool(case.permission_events) and verdict != "permissions_suspected",
        "remote_registry_stopped": case.remote_registry_stopped and verdict != "remote_registry_stopped",
        "services_down": case.standing.services_down and verdict != "services_down",
        "earlier_symptoms": case.strong_symptom and case.standing.attendant_down is False,
        f"rootver_{case.root_ver_class}": verdict == "inconclusive"
        and case.root_ver_class not in ("unreadable", "unknown"),
    }
    return tuple(name for name, true in found.items() if true)


def notes(verdict: VerdictId, case: Case) -> tuple[str, ...]:
    """What somebody who acts on the verdict should know."""
    if verdict in ("refused", "out_of_scope"):
        return ()
    fix = verdict in FIXABLE
    account, log = case.facts.aspnet_account, case.facts.events
    noted = {
        "other_version_registered": fix and other_registered(case.facts),
        "no_write_access": fix and not can_write(case.facts),
        "windows_2003": case.windows_2003,
        "aspnet_account_disabled": case.account_judged
        and isinstance(account, Value)
        and (account.value.disabled or account.value.locked),
        "domain_controller": case.windows_2000 and case.domain_controller,
        "log_short": isinstance(log, Value) and is_short(log.value),
        "owner_disagreement": case.owners_disagree,
    }
    return tuple(name for name, true in noted.items() if true)


def not_checked(facts: NodeFacts) -> tuple[str, ...]:
    """The sections that could not be read or do not tell all, and what is never told."""
    return (*(name for name in SECTIONS if unread(facts, name)), NEVER_CHECKED)


def unread(facts: NodeFacts, section: str) -> bool:
    """Whether a section could not be read, or not all of it."""
    reading = getattr(facts, section)
    if isinstance(reading, Unreadable | Absent):
        return isinstance(reading, Unreadable)
    if section == "aspnet_versions":
        return any(isinstance(entry.dll_file, Unreadable) for entry in reading.value)
    return section == "events" and is_short(reading.value)


def can_write(facts: NodeFacts) -> bool:
    """Whether the query account is known to have write access to the ASP.NET key."""
    return facts.write_access == Value(True)
