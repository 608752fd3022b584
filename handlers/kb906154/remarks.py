"""What stands beside a verdict: findings, notes, what was ruled out, and what was not checked."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.kb906154.article import PERMISSION_EVENTS, SYMPTOMS, VerdictId
from handlers.kb906154.case import Case
from handlers.kb906154.conditions import RELATED_EVENTS
from handlers.kb906154.facts import Absent, EventRecord, NodeFacts, Unreadable, Value
from handlers.kb906154.heard import is_short, last_boot, matches_any
from handlers.kb906154.related import RELATED, Related, related
from handlers.kb906154.root_ver import other_registered
from handlers.kb906154.truth import Truth, all_of, negated
from handlers.kb906154.verdicts import FIXABLE
from handlers.kb906154.wording import events_words, listed, prose

# The sections of an answer, in the order of docs/wire-contract.md, section 6.
SECTIONS = (
    "system", "root_ver", "aspnet_versions", "frameworks", "exchange", "services", "cluster", "events",
    "aspnet_account", "former_domain_controller", "write_access",
)  # fmt: skip

# Nothing tells remotely whether a database is mounted.
NEVER_CHECKED = "store_databases"

# What a reader may want to know of that was logged before the last boot.
_TELLING_EVENTS = (*(one.event for one in SYMPTOMS), *PERMISSION_EVENTS, *RELATED_EVENTS)
_NOTHING_BESIDE = ("refused", "out_of_scope")


def findings(verdict: VerdictId, case: Case) -> tuple[str, ...]:
    """What is definitely true beside the verdict and is not the verdict itself."""
    if verdict in _NOTHING_BESIDE:
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


def beside(verdict: VerdictId, case: Case) -> tuple[Related, ...]:
    """The related causes that are true; where the article does not apply, only what concerns the cluster."""
    if verdict in _NOTHING_BESIDE:
        return related(case, tuple(row for row in RELATED if row.id == "attendant_elsewhere"))
    return related(case)


def notes(verdict: VerdictId, case: Case) -> tuple[str, ...]:
    """What somebody who acts on the verdict should know."""
    if verdict in _NOTHING_BESIDE:
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
        "before_boot": bool(told_before_boot(case)),
        "unlisted_node": bool(case.surroundings.unlisted),
        "partner_differs": verdict == "rootver_differs" and bool(case.differing_partners),
    }
    return tuple(name for name, true in noted.items() if true)


def named(noted: tuple[str, ...], case: Case) -> Mapping[str, str]:
    """Note → its words, for those that have something of the cluster to name."""
    boot = last_boot(case.facts)
    at = f" ({boot:%Y-%m-%d %H:%M} UTC)" if boot else ""
    words = {
        "before_boot": f"logged before the last boot{at}, so nothing that they say is known to be so now: "
        f"{events_words(told_before_boot(case))}",
        "unlisted_node": f"the cluster lists {listed(map(prose, case.surroundings.unlisted))}, which the "
        "settings do not have: nobody asked there",
        "partner_differs": f"{_told(case.differing_partners)}: the article says nothing of which is right",
    }
    return {note: words[note] for note in noted if note in words}


def _told(versions: tuple[tuple[str, str], ...]) -> str:
    return listed(f"RootVer of {prose(computer)} is {version}" for computer, version in versions)


def told_before_boot(case: Case) -> tuple[EventRecord, ...]:
    """Records that would say something if they were newer than the last boot."""
    return tuple(one for one in case.heard.before_boot if matches_any(_TELLING_EVENTS, one))


def ruled_out(verdict: VerdictId, case: Case) -> tuple[str, ...]:
    """Causes whose facts were read and are definitely false; those of an owner only on one."""
    if verdict in _NOTHING_BESIDE:
        return ()
    account = case.facts.aspnet_account
    usable = isinstance(account, Value) and not account.value.disabled and not account.value.locked
    causes: dict[str, Truth] = {
        "aspnet_account": negated(all_of(case.account_judged, usable)),
        "permissions": case.heard.logged(PERMISSION_EVENTS),
        "remote_registry": case.remote_registry_stopped,
        "other_versions": other_registered(case.facts),
    }
    if case.standing.judged:
        causes |= {row.id: row.condition(case) for row in RELATED if row.competes}
    return tuple(name for name, cause in causes.items() if cause is False)


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
    return section == "events" and (reading.value.oldest_error is not None or is_short(reading.value))


def can_write(facts: NodeFacts) -> bool:
    """Whether the query account is known to have write access to the ASP.NET key."""
    return facts.write_access == Value(True)
