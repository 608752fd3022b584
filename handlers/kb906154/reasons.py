"""Why a verdict is what it is, in a few sentences."""

from __future__ import annotations

from collections.abc import Callable

from handlers.kb906154.article import (
    ATTENDANT_SERVICE,
    CLUSTER_SERVICE,
    SYMPTOMS,
    SYSTEM_ATTENDANT,
    TARGET,
    VerdictId,
)
from handlers.kb906154.case import Case
from handlers.kb906154.conditions import state_words
from handlers.kb906154.facts import Absent, Reading, Unreadable, Value
from handlers.kb906154.ownership import service, word
from handlers.kb906154.remarks import unread
from handlers.kb906154.root_ver import installed_11, registered_versions, runs_11
from handlers.kb906154.unreadable import hindrance
from handlers.kb906154.verdicts import Decision
from handlers.kb906154.wording import events_words, listed, prose, quoted, root_ver_words, unreadable_words


def reasons(decision: Decision, case: Case) -> tuple[str, ...]:
    """The facts that decided; for row 0 each fact that is missing."""
    return tuple(_REASONS[decision.verdict](decision, case))


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
    dangling = ", a version that ASP.NET does not have here" if case.root_ver_class == "dangling" else ""
    return [f"{_seen(case)}{dangling}; {_must_be(case)}.", _attendant(case)]


def _seen(case: Case) -> str:
    """What stands there."""
    words = root_ver_words(case.facts.root_ver)
    return f"RootVer is {words}" if isinstance(case.facts.root_ver, Value) else f"RootVer: {words}"


def _must_be(case: Case) -> str:
    """What it must be, or why that is not known."""
    if not runs_11(case.facts):
        return f"{_runtime(case)}, so {TARGET} would name what is not there"
    framework = case.unregistered_framework
    if framework:
        return (
            f".NET Framework {framework[1:]} is installed, but its ASP.NET is not registered: to register it "
            "again may be the repair, and not 1.1"
        )
    if case.root_ver_class == "zero" and case.rivals:
        computer, version = case.rivals[0]
        return f"RootVer of {prose(computer)} is {version}, registered here too: which is meant is not known"
    others = _others(case)
    if others and case.root_ver_class != "zero":
        return f"{TARGET} and {others} are registered: which is meant is not known"
    return f"this node runs .NET 1.1, so it must be {TARGET}"


def _not_registered(_: Decision, case: Case) -> list[str]:
    return [f"{_seen(case)}.", _attendant(case)]


def _differs(_: Decision, case: Case) -> list[str]:
    return [
        f"RootVer is {root_ver_words(case.facts.root_ver)}, a version that runs here.",
        _attendant(case),
    ]


def _runtime(case: Case) -> str:
    if installed_11(case.facts) is False:
        return ".NET Framework 1.1 is not installed"
    return "ASP.NET of .NET Framework 1.1 is not registered"


def _others(case: Case) -> str:
    """The versions registered beside 1.1; empty: none is."""
    versions = registered_versions(case.facts) or {}
    return listed((prose(name) for name, true in versions.items() if true and name != TARGET), "")


def _attendant(case: Case) -> str:
    if case.standing.owner is False:
        return "This node is passive, so nothing is down on it."
    if case.standing.attendant_down is None:
        return "Whether the System Attendant runs here is not known."
    place = "" if case.standing.owner else "; which node owns it is not known"
    if not case.standing.attendant_down:
        return f"The System Attendant runs here{place}."
    return f"{_how_down(case)}{place}{_no_events(case)}{_another(case)}."


def _how_down(case: Case) -> str:
    """How the System Attendant is down, by its service or, where that runs, by its resource."""
    if case.standing.coming:
        return f"The System Attendant is {_coming(case)}"
    reading = service(case.facts, ATTENDANT_SERVICE)
    if isinstance(reading, Absent):
        return "The service of the System Attendant is not installed"
    if isinstance(reading, Value) and reading.value.state != "Running":
        return f"The System Attendant is {prose(reading.value.state).lower()}"
    told = (f"{quoted(one.name)} is {state_words(one.state)}" for one in case.standing.down)
    return listed(told, "The System Attendant is down")


def _coming(case: Case) -> str:
    """What is coming online, and how long the cluster waits for it (TechNet bb124063)."""
    limits = [one.pending_timeout_ms // 1000 for one in case.standing.coming if one.pending_timeout_ms]
    return f"coming online{f' with a time-out of {max(limits)} s' if limits else ''}"


def _another(case: Case) -> str:
    """Another one that runs with the same value speaks against the value as the cause."""
    if not case.standing.another_runs:
        return ""
    told = (f"{quoted(one.name)} is {state_words(one.state)}" for one in case.standing.own)
    return f"; with the same RootVer {listed(told)}"


def _no_events(case: Case) -> str:
    """Why no event of the article speaks for it; empty where one was logged: whoever shows it counts them."""
    if isinstance(case.facts.events, Unreadable):
        return "; the Application log could not be read"
    if case.heard.doubtful:
        return "; which events are newer than the last boot is not known"
    return "" if case.symptoms else f"; none of the article's {len(SYMPTOMS)} events was logged"


def _account(_: Decision, case: Case) -> list[str]:
    former = case.facts.former_domain_controller == Value(True)
    trace = [" There are traces of a former domain controller."] if former else []
    return [
        f"RootVer is {TARGET}, as it must be, and the local account ASPNET does not exist.{''.join(trace)}",
        _attendant(case),
    ]


def _permissions(_: Decision, case: Case) -> list[str]:
    seen = dict.fromkeys(f"{prose(one.source)} {one.id}" for one in case.permission_events)
    told = f"RootVer is {TARGET}, as it must be, and events point at permissions: {listed(seen)}."
    return [told, _attendant(case)]


def _remote_registry(_: Decision, case: Case) -> list[str]:
    return [
        f"RootVer is {TARGET}, as it must be; Remote Registry, on which the System Attendant depends, does "
        "not run.",
        _attendant(case),
    ]


def _other_cause(_: Decision, case: Case) -> list[str]:
    seen = events_words(symptom.record for symptom in case.symptoms if symptom.strong)
    return [
        f"RootVer is {TARGET}, as it must be; events of the article were logged all the same: {seen}.",
        _attendant(case),
    ]


def _services_down(_: Decision, case: Case) -> list[str]:
    doubt = ", but services are down if this node owns them" if case.standing.owner is None else ""
    return [f"RootVer is {TARGET}, as it must be{doubt}.", _attendant(case)]


def _healthy(_: Decision, case: Case) -> list[str]:
    return [f"RootVer is {root_ver_words(case.facts.root_ver)}, as it must be.", _attendant(case)]


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
