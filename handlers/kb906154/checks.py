"""What was looked at on a node, one line each: seen, expected, and where the expectation comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from handlers.kb906154.article import (
    ATTENDANT_SERVICE,
    CLUSTER_SERVICE,
    IMAP4_SERVICE,
    PERMISSION_EVENTS,
    POP3_SERVICE,
    REMOTE_REGISTRY,
    STORE_SERVICE,
    SYMPTOMS,
    SYSTEM_ATTENDANT,
    TARGET,
    TARGET_KIND,
)
from handlers.kb906154.case import Case
from handlers.kb906154.facts import Absent, NodeFacts, Reading, Resource, Service, Unreadable, Value
from handlers.kb906154.heard import is_short
from handlers.kb906154.ownership import is_running, owned, protocol_down, service, word
from handlers.kb906154.root_ver import installed_11, registered_versions, runs_11
from handlers.kb906154.truth import Truth, negated
from handlers.kb906154.wording import listed, prose, root_ver_words, unreadable_words, when

Result: TypeAlias = Literal["ok", "fail", "warn", "info", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the evidence, in words."""

    id: str
    result: Result
    seen: str
    expected: str
    reference: str


def checks(case: Case) -> tuple[Check, ...]:
    """All checks of a node that was read, always in the same order."""
    return tuple(check for look in _CHECKS if (check := look(case)) is not None)


def _identity(case: Case) -> Check:
    seen = f"{case.computer} answered, through {prose(case.facts.host)}"
    return Check("identity", "ok", seen, case.computer, "inventory")


def _windows(case: Case) -> Check:
    system = case.facts.system
    seen = _unread(system)
    if isinstance(system, Value):
        seen = f"Windows {prose(system.value.os_version)}, service pack {system.value.service_pack}"
    result: Result = "info" if case.windows_2003 else _result(case.windows_2000)
    expected = "Windows 2000 (5.0) or Windows Server 2003 (5.2)"
    return Check("windows", result, seen, expected, "KB 906154, Applies to; Best Practices Analyzer")


def _exchange(case: Case) -> Check:
    exchange = case.facts.exchange
    seen = prose(exchange.value.version) if isinstance(exchange, Value) else _unread(exchange)
    result = _result(case.exchange_2003)
    return Check("exchange", result, seen, "6.5 (Exchange Server 2003)", "KB 906154, Applies to")


def _cluster(case: Case) -> Check:
    cluster = case.facts.cluster
    not_loaded = f"HKLM\\Cluster is not there; service {_service_words(service(case.facts, CLUSTER_SERVICE))}"
    seen = _unread(cluster, not_loaded if case.clustered is None else "not a cluster node")
    if isinstance(cluster, Value):
        seen = f"{prose(cluster.value.name)}, resources told: {len(cluster.value.resources)}"
    return Check("cluster", _result(case.clustered), seen, "a cluster node", "KB 906154, Symptoms")


def _root_ver(case: Case) -> Check:
    known = case.root_ver_class
    results: dict[str, Result] = {
        "ok": "ok", "other_version": "warn", "unreadable": "unknown", "unknown": "unknown",
    }  # fmt: skip
    seen = root_ver_words(case.facts.root_ver)
    if known == "dangling":
        seen += ", a version that ASP.NET does not have here"
    if known == "unknown":
        seen += ", whether it is a version that ASP.NET has here is not known"
    expected = f"{TARGET} ({TARGET_KIND})" if known == "wrong_type" else TARGET
    return Check("root_ver", results.get(known, "fail"), seen, expected, "KB 906154, Resolution")


def _dotnet_11(case: Case) -> Check:
    installed = {True: "installed", False: "not installed", None: "whether it is installed is unknown"}
    versions = registered_versions(case.facts)
    known = None if versions is None else versions.get(TARGET, False)
    registered = {True: "registered", False: "not registered", None: "could not be read"}
    seen = f"{installed[installed_11(case.facts)]}; {TARGET} {registered[known]}{_file_version(case.facts)}"
    expected = f".NET Framework 1.1 installed, {TARGET} registered"
    return Check(
        "dotnet_11", _result(runs_11(case.facts)), seen, expected, "KB 318785; KB 906154, Resolution"
    )


def _other_versions(case: Case) -> Check:
    versions = registered_versions(case.facts)
    others = {name: truth for name, truth in (versions or {}).items() if name != TARGET}
    there = [prose(name) for name, truth in others.items() if truth]
    doubtful = [f"{prose(name)} (could not be read)" for name, truth in others.items() if truth is None]
    unknown = versions is None or bool(doubtful)
    result: Result = "info" if there else "unknown" if unknown else "ok"
    seen = _unread(case.facts.aspnet_versions) if versions is None else listed([*there, *doubtful])
    return Check("other_versions", result, seen, "none besides 1.1", "KB 906154, Resolution")


def _owner(case: Case) -> Check:
    owner = case.standing.owner
    seen = {True: "owns a System Attendant", False: "passive", None: "unknown"}[owner]
    told = word(case.around, SYSTEM_ATTENDANT)
    if told:
        seen += ": " + listed(f"{prose(one.name)} is on {prose(one.owner or '')}" for one in told)
    elif owner is not None:
        seen += ", by where its service runs; the cluster did not tell"
    if case.owners_disagree:
        seen += "; the nodes disagree"
    result: Result = "warn" if case.owners_disagree else "unknown" if owner is None else "info"
    return Check("owner", result, seen, "one word of all nodes", "cluster resources")


def _system_attendant(case: Case) -> Check:
    own = owned(word(case.around, SYSTEM_ATTENDANT), case.computer)
    states = "".join(f"; resource {prose(one.name)} {_state(one)}" for one in own)
    seen = f"service {_service_words(service(case.facts, ATTENDANT_SERVICE))}{states}"
    result = _on_owner(case, case.standing.attendant_down)
    return Check("system_attendant", result, seen, _expected(case, "running"), "KB 906154, Symptoms")


def _state(one: Resource) -> str:
    """A resource's state; one that is coming online with the time that the cluster gives it."""
    if one.state != "Pending":
        return one.state
    limit = f", time-out {one.pending_timeout_ms // 1000} s" if one.pending_timeout_ms else ""
    return f"Pending (coming online{limit})"


def _information_store(case: Case) -> Check:
    running = is_running(case.facts, STORE_SERVICE)
    seen = _service_words(service(case.facts, STORE_SERVICE))
    result = _on_owner(case, None if running is None else not running)
    return Check("information_store", result, seen, _expected(case, "running"), "KB 906154, Symptoms")


def _protocol(check: str, name: str) -> Callable[[Case], Check | None]:
    def look(case: Case) -> Check | None:
        reading = service(case.facts, name)
        if isinstance(reading, Absent):
            return None
        result = _on_owner(case, protocol_down(case.facts, name, case.computer, case.around))
        expected = _expected(case, "running, or not wanted (Disabled is the default)")
        return Check(check, result, _service_words(reading), expected, "KB 906154, Symptoms")

    return look


def _symptoms(case: Case) -> Check:
    strong = any(symptom.strong for symptom in case.symptoms)
    seen = "none"
    result: Result = "ok"
    if case.symptoms:
        kinds = len({symptom.number for symptom in case.symptoms})
        newest = when(max(symptom.record.time for symptom in case.symptoms))
        seen = f"{kinds} of the article's {len(SYMPTOMS)} events, newest {newest}"
    if case.heard.logged(one.event for one in SYMPTOMS) is None:
        seen, result = _NONE_THAT_COUNTS, "unknown"
    if strong:
        result = "fail" if case.standing.attendant_down else "warn"
    elif case.symptoms:
        result = "info"
    return _of_events(case, Check("symptoms", result, seen, _NO_EVENTS, "KB 906154, Symptoms"))


def _permissions(case: Case) -> Check:
    records = case.permission_events
    seen = listed(f"{prose(one.source)} {one.id} at {when(one.time)}" for one in records[:_LISTED])
    if len(records) > _LISTED:
        seen += f" ({len(records)} in all)"
    reference = "KB 906154, More information; KB 919089"
    logged = case.heard.logged(PERMISSION_EVENTS)
    if logged is None:
        seen = _NONE_THAT_COUNTS
    result: Result = "unknown" if logged is None else "warn" if logged else "ok"
    return _of_events(case, Check("permissions", result, seen, _NO_EVENTS, reference))


def _aspnet_account(case: Case) -> Check | None:
    """Only on Windows 2000: later ASP.NET runs as another account."""
    if case.windows_2000 is False:
        return None
    account, result = case.facts.aspnet_account, _result(negated(case.account_missing))
    seen = _unread(account, "missing")
    if isinstance(account, Value):
        states = {"disabled": account.value.disabled, "locked": account.value.locked}
        seen = listed((name for name, true in states.items() if true), "there")
        result = "ok" if seen == "there" else "warn"
    elif isinstance(account, Absent) and case.facts.former_domain_controller == Value(True):
        seen += "; traces of a former domain controller"
    if case.domain_controller:
        seen, result = "not judged: this is a domain controller, which has no local accounts", "info"
    return Check("aspnet_account", result, seen, "there and enabled", "KB 906154, More information")


def _remote_registry(case: Case) -> Check:
    seen = _service_words(service(case.facts, REMOTE_REGISTRY))
    running = is_running(case.facts, REMOTE_REGISTRY)
    return Check("remote_registry", _result(running), seen, "running", "KB 870918")


def _write_access(case: Case) -> Check:
    access = case.facts.write_access
    seen = _unread(access)
    if isinstance(access, Value):
        seen = "granted to the query account" if access.value else "denied to the query account"
    result: Result = "unknown"
    if isinstance(access, Value):
        result = "ok" if access.value else "warn"
    return Check(
        "write_access", result, seen, "granted, for a fix with the same account", "KB 906154, Resolution"
    )


def _event_log(case: Case) -> Check:
    log = case.facts.events
    if not isinstance(log, Value):
        return Check("event_log", "unknown", _unread(log), _WHOLE_WINDOW, "Application log")
    since, oldest, error = log.value.since, log.value.oldest, log.value.oldest_error
    seen = "empty" if oldest is None else f"from {when(max(since, oldest))}"
    if error is not None:
        seen = f"how far it reaches back {unreadable_words(error)}"
    if log.value.truncated:
        seen += f", cut after {len(log.value.records)} records"
    result: Result = "warn" if is_short(log.value) else "unknown" if error is not None else "ok"
    return Check("event_log", result, seen, f"{_WHOLE_WINDOW}, from {when(since)}", "Application log")


def _store_databases(case: Case) -> Check:
    _ = case
    seen = "not readable remotely; MSExchangeIS 9518 and 9519 are the only traces"
    return Check("store_databases", "unknown", seen, "mounted", "KB 906154, Symptoms")


_LISTED = 8  # records in one line
_NO_EVENTS = "none of them since the last boot"
_NONE_THAT_COUNTS = (
    "none that counts; but the log does not tell of the whole window, or some are of before the boot"
)
_WHOLE_WINDOW = "the whole window"

_CHECKS: tuple[Callable[[Case], Check | None], ...] = (
    _identity,
    _windows,
    _exchange,
    _cluster,
    _root_ver,
    _dotnet_11,
    _other_versions,
    _owner,
    _system_attendant,
    _information_store,
    _protocol("pop3", POP3_SERVICE),
    _protocol("imap4", IMAP4_SERVICE),
    _symptoms,
    _permissions,
    _aspnet_account,
    _remote_registry,
    _write_access,
    _event_log,
    _store_databases,
)


def _result(condition: Truth) -> Result:
    return "unknown" if condition is None else "ok" if condition else "fail"


def _on_owner(case: Case, down: Truth) -> Result:
    """Nothing is down on a passive node, and a stopped service there is normal."""
    if case.standing.owner is False:
        return "info"
    if down and case.standing.services_down is None:
        return "unknown"
    return _result(None if down is None else not down)


def _expected(case: Case, on_owner: str) -> str:
    return "stopped is normal on a passive node" if case.standing.owner is False else on_owner


def _of_events(case: Case, check: Check) -> Check:
    """The same check, unknown where no record could be judged, or where it is not known which count."""
    for reading in (case.facts.events, case.facts.system):
        if not isinstance(reading, Value):
            return Check(check.id, "unknown", _unread(reading), check.expected, check.reference)
    if case.heard.doubtful:
        seen = "which records are newer than the last boot is not known: it is later than the node's own time"
        return Check(check.id, "unknown", seen, check.expected, check.reference)
    return check


def _service_words(reading: Reading[Service]) -> str:
    if isinstance(reading, Value):
        return f"{prose(reading.value.state)} (start mode {prose(reading.value.start_mode)})"
    return _unread(reading, "not installed")


def _unread(reading: Reading[object], absent: str = "absent") -> str:
    return unreadable_words(reading) if isinstance(reading, Unreadable) else absent


def _file_version(facts: NodeFacts) -> str:
    entries = facts.aspnet_versions.value if isinstance(facts.aspnet_versions, Value) else ()
    for entry in entries:
        if entry.version == TARGET and isinstance(entry.dll_file, Value):
            return f" (file {prose(entry.dll_file.value.version)})"
    return ""
