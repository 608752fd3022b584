"""What to do next: the table's advice, and what was seen on this node makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from handlers.kb906154.article import REMOTE_REGISTRY, TOPOLOGY_TIMEOUT, VERDICT, VerdictId
from handlers.kb906154.case import Case
from handlers.kb906154.facts import Resource, Unreadable, Value
from handlers.kb906154.ownership import service
from handlers.kb906154.related import Related
from handlers.kb906154.remarks import told_before_boot
from handlers.kb906154.unreadable import hindrance
from handlers.kb906154.verdicts import Decision
from handlers.kb906154.wording import listed, quoted


def advice(decision: Decision, case: Case, found: tuple[Related, ...]) -> tuple[str, ...]:
    """Sentences for a person, the first step first; each stands once, and none contradicts another."""
    make = _ADVICE.get(decision.verdict)
    told = make(decision, case, found) if make else VERDICT[decision.verdict].advice
    return tuple(dict.fromkeys((*told, *_of(found))))


_Advice = Callable[[Decision, Case, tuple[Related, ...]], tuple[str, ...]]


def _inconclusive(decision: Decision, case: Case, _: tuple[Related, ...]) -> tuple[str, ...]:
    """What each missing section needs; without a kind that is known, the general word."""
    kinds = [hindrance(one) for section in decision.unknown for one in _unread(case, section)]
    known = [one.advice for one in kinds if one]
    again = "Then diagnose again." if known else VERDICT["inconclusive"].advice[0]
    return (*known, again)


def _unread(case: Case, section: str) -> list[Unreadable]:
    reading = getattr(case.facts, section)
    if isinstance(reading, Unreadable):
        return [reading]
    entries = case.facts.aspnet_versions
    if section == "aspnet_versions" and isinstance(entries, Value):
        return [one.dll_file for one in entries.value if isinstance(one.dll_file, Unreadable)]
    return []


def _after_the_fix(decision: Decision, case: Case, found: tuple[Related, ...]) -> tuple[str, ...]:
    before = [one for one in found if one.competing or one.id == "kept_offline"]
    return (*_of(before), *_bring_online(case), *VERDICT[decision.verdict].advice)


def _bring_online(case: Case) -> tuple[str, ...]:
    """What becomes of the attendant after the change, which itself restarts nothing."""
    standing = case.standing
    if standing.owner is False:
        return ("Nothing is to be brought online here: this node is passive.",)
    if standing.attendant_down is False:
        return (
            "Nothing is to be brought online: the System Attendant runs, and the change restarts nothing.",
        )
    if standing.coming:
        return (f"{_coming(case)} Wait for that: the change restarts nothing.",)
    if standing.owner is None:
        return ("Afterwards bring the System Attendant online, if this node owns it: nothing restarts.",)
    return (f"Afterwards bring {_names(case)} online: the change restarts nothing.",)


def _names(case: Case) -> str:
    """The System Attendant's resources that are down here, by the cluster's own names for them."""
    return listed((quoted(one.name) for one in case.standing.down), "the System Attendant")


def _coming(case: Case) -> str:
    return f"{listed(map(_pending, case.standing.coming))} is coming online now."


def _pending(one: Resource) -> str:
    limit = f" (its time-out is {one.pending_timeout_ms // 1000} s)" if one.pending_timeout_ms else ""
    return f"{quoted(one.name)}{limit}"


def _of(found: Iterable[Related]) -> tuple[str, ...]:
    """The advice of related causes: the competing ones first."""
    ordered = sorted(found, key=lambda one: not one.competing)
    return tuple(sentence for one in ordered for sentence in one.advice)


def _related_first(decision: Decision, _: Case, found: tuple[Related, ...]) -> tuple[str, ...]:
    """What was seen beside it comes before what costs more, as for domain controllers that do not answer."""
    return (*_of(found), *VERDICT[decision.verdict].advice)


def _remote_registry(decision: Decision, case: Case, _: tuple[Related, ...]) -> tuple[str, ...]:
    reading = service(case.facts, REMOTE_REGISTRY)
    disabled = isinstance(reading, Value) and reading.value.start_mode.casefold() == "disabled"
    first = ("Set the start mode of Remote Registry to Automatic: it is Disabled.",) if disabled else ()
    return (*first, *VERDICT[decision.verdict].advice)


def _look_further(decision: Decision, case: Case, found: tuple[Related, ...]) -> tuple[str, ...]:
    """Rows 12 and 13: what was seen beside it says where to look; only what was logged is named."""
    told = list(_of(found))
    if case.standing.coming:
        told.append(f"{_coming(case)} Wait until that has ended, then diagnose again.")
    if told:
        return tuple(told)
    if told_before_boot(case):
        told.append("See what was logged before the last boot: it may say why (it is told below).")
    if any(TOPOLOGY_TIMEOUT in one.record.codes for one in case.symptoms):
        told.append(
            f"Look for what else gives {TOPOLOGY_TIMEOUT}: the switch port's delay (KB 318431), the Key "
            "Distribution Center on an Exchange server that is a domain controller (KB 327401)."
        )
    return (*told, *VERDICT[decision.verdict].advice)


_ADVICE: dict[VerdictId, _Advice] = {
    "inconclusive": _inconclusive,
    "rootver_invalid": _after_the_fix,
    "rootver_invalid_undocumented": _after_the_fix,
    "aspnet_account_missing": _related_first,
    "permissions_suspected": _related_first,
    "remote_registry_stopped": _remote_registry,
    "other_cause": _look_further,
    "services_down": _look_further,
}
