"""The conditions of the related causes, and what was seen where one is true, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from handlers.kb906154.article import (
    ATTENDANT_SERVICE,
    IIS_SERVICES,
    METABASE_PROTOCOL,
    NO_CRYPTO_KEY,
    NO_SITE_NAME,
    NO_SUITABLE_CONTROLLER,
    EventPattern,
)
from handlers.kb906154.case import Case
from handlers.kb906154.elsewhere import Where
from handlers.kb906154.facts import Absent, Reading, Service, Unreadable, Value
from handlers.kb906154.others_failed import failed_others, others_failed
from handlers.kb906154.ownership import attendant_names, is_running, service
from handlers.kb906154.truth import Truth, all_of, any_of, negated
from handlers.kb906154.wording import events_words, listed, prose, quoted

CLOCKS_APART = timedelta(minutes=5)  # Kerberos refuses more (RFC 4120, section 1.6)
LOCAL_SYSTEM = ("localsystem", ".\\localsystem")  # folded: both spellings name it (SDK, LocalSystem Account)

PROTOCOL_EVENTS = (
    EventPattern("POP3SVC", 1036, METABASE_PROTOCOL),
    EventPattern("IMAP4SVC", 1036, METABASE_PROTOCOL),
)
RESTORED_EVENTS = tuple(EventPattern("MSExchangeSA", one, NO_CRYPTO_KEY) for one in (9149, 1005, 9021, 9022))
TICKET_EVENT = EventPattern("MSExchangeDSAccess", 2102)
DIRECTORY_EVENTS = (
    EventPattern("MSExchangeMU", 1002),
    EventPattern("MSExchangeSA", 9004),
    TICKET_EVENT,
    EventPattern("MSExchangeDSAccess", 2103),
    EventPattern("MSExchangeDSAccess", 2114, other_than=(NO_SUITABLE_CONTROLLER, NO_SITE_NAME)),
)
NO_SITE_EVENTS = (EventPattern("MSExchangeDSAccess", 2114, NO_SITE_NAME),)
RELATED_EVENTS = (*PROTOCOL_EVENTS, *RESTORED_EVENTS, *DIRECTORY_EVENTS, *NO_SITE_EVENTS)

# --- the attendant's own service and resource ---


def elsewhere(case: Case) -> Truth:
    """Whether a System Attendant of the cluster is down where nobody looked."""
    return case.surroundings.down_elsewhere


def elsewhere_seen(case: Case) -> str:
    """Which, in which state, and where."""
    places = {
        "unlisted": "on {owner}, which is not in the settings",
        "unread": "on {owner}, which could not be read",
        "nobody": "and no node owns it",
    }
    told = [
        f"{quoted(one.resource.name)} is {state_words(one.resource.state)} "
        f"{places[one.where].format(owner=prose(one.resource.owner or ''))}"
        for one in case.surroundings.elsewhere
    ]
    return f"{'; '.join(told)}."


# Where it is → what to do there.
ELSEWHERE_ADVICE: Mapping[Where, str] = {
    "unlisted": "Put the node that owns it into the settings and diagnose again, or look there by hand.",
    "unread": "See why the node that owns it did not answer, then diagnose again.",
    "nobody": "No node owns it: look into Cluster Administrator.",
}


def elsewhere_advice(case: Case) -> tuple[str, ...]:
    """What to do where it is, and not where it might be."""
    places = dict.fromkeys(one.where for one in case.surroundings.elsewhere)
    return tuple(ELSEWHERE_ADVICE[place] for place in places)


def state_words(state: str) -> str:
    """A resource's state as people say it."""
    return "coming online" if state == "Pending" else state


def _own_service(case: Case, condition: Callable[[Service], Truth], name: str = ATTENDANT_SERVICE) -> Truth:
    """A condition on a service of an owner; one that is not installed fulfils none."""
    reading = service(case.facts, name)
    if isinstance(reading, Unreadable):
        return all_of(case.standing.judged, None)
    return all_of(case.standing.judged, isinstance(reading, Value) and condition(reading.value))


def disabled(case: Case) -> Truth:
    """Whether the attendant's service is disabled on an owner."""
    return _own_service(case, lambda one: one.start_mode.casefold() == "disabled")


def other_account(case: Case) -> Truth:
    """Whether the attendant's service runs as another account than LocalSystem on an owner."""
    return _own_service(
        case, lambda one: None if one.account is None else one.account.casefold() not in LOCAL_SYSTEM
    )


def account_seen(case: Case) -> str:
    """Which account."""
    reading: Reading[Service] = service(case.facts, ATTENDANT_SERVICE)
    account = reading.value.account if isinstance(reading, Value) else None
    return f"Microsoft Exchange System Attendant runs as {prose(account or '')}, not as LocalSystem."


def kept(case: Case) -> Truth:
    """Offline, and PersistentState says that it was not the cluster that left it so."""
    own = case.standing.own
    known = [_kept_one(one.state, one.persistent) for one in own]
    if not known and isinstance(case.facts.cluster, Unreadable):
        return all_of(case.standing.judged, None)
    return all_of(case.standing.judged, any_of(known))


def _kept_one(state: str, persistent: int | None) -> Truth:
    offline = None if state == "Unknown" else state == "Offline"
    return all_of(offline, None if persistent is None else persistent == 0)


def kept_seen(case: Case) -> str:
    """Which of its resources."""
    kept = (quoted(one.name) for one in case.standing.own if _kept_one(one.state, one.persistent))
    return f"{listed(kept)} is Offline, and the cluster keeps it so: somebody took it offline."


# --- what the attendant needs ---


def iis_down(case: Case) -> Truth:
    """Whether IIS Admin or the web service is there and disabled, or does not run, on an owner."""
    return all_of(case.standing.judged, any_of(_iis_one(case, name) for name in IIS_SERVICES))


def _iis_one(case: Case, name: str) -> Truth:
    reading = service(case.facts, name)
    if isinstance(reading, Absent):
        return False
    disabled = None if isinstance(reading, Unreadable) else reading.value.start_mode.casefold() == "disabled"
    return any_of((disabled, negated(is_running(case.facts, name))))


def iis_seen(case: Case) -> str:
    """Which service, and how."""
    found = (service(case.facts, name) for name in IIS_SERVICES if _iis_one(case, name))
    told = [
        f"{prose(one.value.name)} is {prose(one.value.state)}{_start_mode(one.value)}"
        for one in found
        if isinstance(one, Value)
    ]
    return f"{'; '.join(told)}."


def _start_mode(one: Service) -> str:
    """Where it is the reason why nothing starts it."""
    disabled = one.start_mode.casefold() == "disabled"
    return f" (start mode {prose(one.start_mode)})" if disabled else ""


def resource_failed(case: Case) -> Truth:
    """Whether something else than mail failed on an owner, in a cluster that has a System Attendant."""
    known = bool(attendant_names(case.around))
    if not known and any(isinstance(facts.cluster, Unreadable) for facts in case.around):
        return all_of(case.standing.judged, None)
    return all_of(case.standing.judged, known, others_failed(case.around, case.computer))


def resource_seen(case: Case) -> str:
    """Which resources, those that a group stands on first."""
    told = (f"{quoted(one.name)} ({prose(one.type)})" for one in failed_others(case.around, case.computer))
    return f"Failed on this node: {listed(told)}."


def clocks_apart(case: Case) -> Truth:
    """Whether the node's time and the host's differ by more than Kerberos allows."""
    apart = _apart(case)
    return None if apart is None else apart > CLOCKS_APART


def clocks_seen(case: Case) -> str:
    """By how much."""
    minutes = round((_apart(case) or timedelta(0)) / timedelta(minutes=1))
    return f"The clocks of this node and of {prose(case.facts.host)} differ by {minutes} minutes."


def _apart(case: Case) -> timedelta | None:
    system = case.facts.system
    return abs(system.value.local_time - case.facts.collected) if isinstance(system, Value) else None


# --- events ---


def logged(patterns: tuple[EventPattern, ...]) -> Callable[[Case], Truth]:
    """The condition that one of these events was logged."""
    return lambda case: case.heard.logged(patterns)


def logged_seen(patterns: tuple[EventPattern, ...]) -> Callable[[Case], str]:
    """Which of these events."""
    return lambda case: f"Logged: {events_words(case.heard.matching(patterns))}."


def more_than_a_ticket(case: Case) -> bool:
    """A single 2102 with nothing beside it is usually an expired ticket, and harmless (KB 310896)."""
    records = case.heard.matching(DIRECTORY_EVENTS)
    return len(records) != 1 or records[0].id != TICKET_EVENT.id
