"""Why a verdict is what it is, in a few sentences."""

from __future__ import annotations

from collections.abc import Callable

from handlers.kb906154.article import (
    ATTENDANT_SERVICE,
    CLUSTER_SERVICE,
    SYSTEM_ATTENDANT,
    TARGET,
    VERDICT,
    VerdictId,
)
from handlers.kb906154.case import Case
from handlers.kb906154.conditions import state_words
from handlers.kb906154.facts import Absent, Reading, Unreadable, Value
from handlers.kb906154.ownership import service, word
from handlers.kb906154.remarks import unread
from handlers.kb906154.root_ver import installed_11, registered, registered_versions
from handlers.kb906154.unreadable import hindrance
from handlers.kb906154.verdicts import Decision
from handlers.kb906154.wording import events_words, listed, prose, quoted, root_ver_words, unreadable_words


def reasons(decision: Decision, case: Case) -> tuple[str, ...]:
    """The facts that decided; for row 0 each fact that is missing."""
    return tuple(_REASONS[decision.verdict](decision, case))


def title(verdict: VerdictId, case: Case) -> str | None:
    """The verdict's title where what was seen makes it another; None: as the table has it."""
    if not case.surroundings.down_elsewhere:
        return _own_title(verdict, case)
    elsewhere = "the System Attendant is down elsewhere in the cluster"
    if verdict == "healthy":
        return f"nothing is wrong on this node, but {elsewhere}"
    return f"{_own_title(verdict, case) or VERDICT[verdict].title}; and {elsewhere}"


def _own_title(verdict: VerdictId, case: Case) -> str | None:
    if verdict != "services_down":
        return None
    if case.standing.coming:
        return "services are down, the System Attendant is coming online, and RootVer is in order"
    if case.standing.owner is None:
        return "services are down, if this node owns them, and RootVer is in order"
    return None


def _inconclusive(decision: Decision, case: Case) -> list[str]:
    missing = [_missing(case, section) for section in decision.unknown if unread(case.facts, section)]
    if "cluster" in decision.unknown and case.clustered is None and isinstance(case.facts.cluster, Absent):
        missing.append(_cluster_not_loaded(case))
    if "services" in decision.unknown:
        missing.append(_owner_or_state_unknown(case))
    return missing


def _missing(case: Case, section: str) -> str:
    """One section that could not be read, and why."""
    reading: Reading[object] = getattr(case.facts, section)
    if isinstance(reading, Unreadable):
        kind = hindrance(reading)
        return f"{section} {unreadable_words(reading)}{f': {kind.meaning}' if kind else ''}."
    entries = case.facts.aspnet_versions.value if isinstance(case.facts.aspnet_versions, Value) else ()
    files = [
        f"{prose(one.version)} {unreadable_words(one.dll_file)}"
        for one in entries
        if isinstance(one.dll_file, Unreadable)
    ]
    return f"{section}: the file of version {'; of '.join(files)}."


def _cluster_not_loaded(case: Case) -> str:
    reading = service(case.facts, CLUSTER_SERVICE)
    if isinstance(reading, Value):
        state = f"and the service {CLUSTER_SERVICE}, which loads it, is {prose(reading.value.state)}"
        advice = (
            f"Start {CLUSTER_SERVICE}; if the computer has left the cluster, take it out of the settings."
        )
    else:
        state = f"and whether the service {CLUSTER_SERVICE}, which loads it, runs could not be read"
        advice = "See what the host may read there."
    return f"cluster: HKLM\\Cluster is not there, {state}. {advice}"


def _owner_or_state_unknown(case: Case) -> str:
    if case.standing.owner is None and not word(case.around, SYSTEM_ATTENDANT):
        return (
            "Whether services are down is unknown: the cluster did not tell which node owns the System "
            "Attendant, and the services or the cluster of a node were not read."
        )
    return (
        "Whether services are down is unknown: neither the state of the System Attendant's resource nor the "
        "services could be read."
    )


def _out_of_scope(_: Decision, case: Case) -> list[str]:
    facts, found = case.facts, []
    if case.exchange_2003 is False:
        exchange = facts.exchange
        is_it = (
            f"is {prose(exchange.value.version)}, not 6.5" if isinstance(exchange, Value) else "is not there"
        )
        found.append(f"Exchange {is_it}.")
    if case.clustered is False:
        found.append("This is not a cluster node.")
    if case.windows_2000 is False and case.windows_2003 is False and isinstance(facts.system, Value):
        found.append(f"Windows is {prose(facts.system.value.os_version)}, not 5.0 or 5.2.")
    return found


def _root_ver_invalid(_: Decision, case: Case) -> list[str]:
    dangling = ", but no such version is registered" if case.root_ver_class == "dangling" else ""
    return [
        f"RootVer: {root_ver_words(case.facts.root_ver)}{dangling}.",
        *_runtime(case),
        *_others(case),
        *_contested(case),
        _attendant(case),
    ]


def _contested(case: Case) -> list[str]:
    """What says that 1.1 may not be the version that is meant."""
    framework = case.unregistered_framework
    if framework:
        return [
            f".NET Framework {framework[1:]} is installed, but its ASP.NET is not registered: to register it "
            "again may be the repair, and not 1.1."
        ]
    return [
        f"RootVer of {prose(computer)} is {version}, registered here too: which is meant is not known."
        for computer, version in case.rivals
        if case.root_ver_class == "zero"
    ]


def _not_registered(_: Decision, case: Case) -> list[str]:
    return [f"RootVer: {root_ver_words(case.facts.root_ver)}.", _attendant(case)]


def _differs(_: Decision, case: Case) -> list[str]:
    return [
        f"RootVer is {root_ver_words(case.facts.root_ver)}, and that version is registered.",
        _attendant(case),
    ]


def _runtime(case: Case) -> list[str]:
    installed, registered_11 = installed_11(case.facts), registered(case.facts, TARGET)
    if installed and registered_11:
        return [f".NET Framework 1.1 is what ASP.NET runs here ({TARGET})."]
    missing = [
        what
        for what, true in (
            (".NET Framework 1.1 is not installed", installed),
            (f"{TARGET} is not registered", registered_11),
        )
        if true is False
    ]
    return [f"{'; '.join(missing)}."]


def _others(case: Case) -> list[str]:
    versions = registered_versions(case.facts) or {}
    others = [name for name, true in versions.items() if true and name != TARGET]
    return [f"Also registered: {listed(prose(name) for name in others)}."] if others else []


def _attendant(case: Case) -> str:
    if case.standing.owner is False:
        return "This node is passive: nothing is down on it."
    if case.standing.attendant_down is None:
        return "Whether the System Attendant is down here is unknown."
    place = "on this node, which owns it" if case.standing.owner else "here; which node owns it is unknown"
    if not case.standing.attendant_down:
        return f"The System Attendant is not down {place}."
    reading = service(case.facts, ATTENDANT_SERVICE)
    state = f" (service {prose(reading.value.state)})" if isinstance(reading, Value) else ""
    state = " (service not installed)" if isinstance(reading, Absent) else state
    coming = f", {_coming(case)}," if case.standing.coming else ""
    return f"The System Attendant is down{state}{coming} {place}; {_strong_symptoms(case)}.{_another(case)}"


def _coming(case: Case) -> str:
    """What is coming online, and how long the cluster waits for it (TechNet bb124063)."""
    limits = [one.pending_timeout_ms // 1000 for one in case.standing.coming if one.pending_timeout_ms]
    return f"coming online{f' with a time-out of {max(limits)} s' if limits else ''}"


def _another(case: Case) -> str:
    """Another one that runs with the same value speaks against the value as the cause."""
    if not case.standing.another_runs:
        return ""
    told = (f"{quoted(one.name)} is {state_words(one.state)}" for one in case.standing.own)
    return f" With the same RootVer {listed(told)}."


def _strong_symptoms(case: Case) -> str:
    if isinstance(case.facts.events, Unreadable):
        return "whether with the article's symptoms could not be read"
    if case.heard.doubtful:
        return (
            "which events are newer than the last boot is not known (the node's own time is before it, or "
            "neither could be read)"
        )
    strong = sum(symptom.strong for symptom in case.symptoms)
    events = "1 event" if strong == 1 else f"{strong} events"
    return (
        f"{events} in the log speak for this cause" if strong else "no event in the log speaks for this cause"
    )


def _account(_: Decision, case: Case) -> list[str]:
    former = case.facts.former_domain_controller == Value(True)
    trace = [" There are traces of a former domain controller."] if former else []
    return [
        f"RootVer is in order, and the local account ASPNET does not exist.{''.join(trace)}",
        _attendant(case),
    ]


def _permissions(_: Decision, case: Case) -> list[str]:
    seen = dict.fromkeys(f"{prose(one.source)} {one.id}" for one in case.permission_events)
    return [f"RootVer is in order, and events point at permissions: {listed(seen)}.", _attendant(case)]


def _remote_registry(_: Decision, case: Case) -> list[str]:
    return [
        "RootVer is in order, and Remote Registry, on which the System Attendant depends, does not run.",
        _attendant(case),
    ]


def _other_cause(_: Decision, case: Case) -> list[str]:
    seen = events_words(symptom.record for symptom in case.symptoms if symptom.strong)
    return [
        f"RootVer is in order, and events of the article are there all the same: {seen}.",
        _attendant(case),
    ]


def _services_down(_: Decision, case: Case) -> list[str]:
    doubt = ", if this node owns them" if case.standing.owner is None else ""
    return [f"RootVer is in order, but services are down{doubt}.", _attendant(case)]


def _healthy(_: Decision, case: Case) -> list[str]:
    return [f"RootVer is {root_ver_words(case.facts.root_ver)}, as it should be.", _attendant(case)]


_REASONS: dict[VerdictId, Callable[[Decision, Case], list[str]]] = {
    "inconclusive": _inconclusive,
    "out_of_scope": _out_of_scope,
    "rootver_invalid": _root_ver_invalid,
    "rootver_invalid_undocumented": _root_ver_invalid,
    "rootver_invalid_ambiguous": _root_ver_invalid,
    "rootver_invalid_would_dangle": _root_ver_invalid,
    "aspnet_not_registered": _not_registered,
    "rootver_differs": _differs,
    "aspnet_account_missing": _account,
    "permissions_suspected": _permissions,
    "remote_registry_stopped": _remote_registry,
    "other_cause": _other_cause,
    "services_down": _services_down,
    "healthy": _healthy,
}
