"""What the thread of a fix is told, topic by topic.

The first line is the answer, short enough for a telephone: what happened, on which node, behind a mention of
whoever waited for it. Then why, and behind "Next:" what somebody has to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.blocks import deciders
from bot.blocks.audit_news import anchor
from bot.blocks.card import reading_words, verdict_title, what
from bot.blocks.manual_steps import by_hand
from bot.slack.post import Post, context, post, section
from bot.slack.text import (
    clock_seconds,
    clock_time,
    code,
    duration,
    is_person,
    link,
    listed,
    mentions,
    plain,
    sentence,
)
from handlers.approval import ApprovalRules, State
from storage.records import Fix, Json, Topic

# What is no end and no bad turn: it goes to the thread alone, and calls nobody who waits for an end.
_NO_TURN: frozenset[Topic] = frozenset({"reminder", "replaced", "look", "backup"})
# The ends that the channel is shown too: whoever follows the outage there must not open the thread for them.
_FOR_THE_CHANNEL: frozenset[Topic] = frozenset({
    "applied", "failed", "indeterminate", "voided", "confirmed", "drifted", "expired",
})  # fmt: skip
# Characters of a foreign word in the first line, so that the line stays within 150 with three mentions.
_SHORT = 24


@dataclass(frozen=True, slots=True)
class News:
    """A notice with all that its words need.

    `card`: the address of the fix's card; `paused`: fixes are; `names`: of people, by their ids.
    """

    fix: Fix
    details: Mapping[str, Json]
    rules: ApprovalRules
    card: str = ""
    paused: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """The computer, harmless."""
        return plain(self.fix.computer, _SHORT)

    @property
    def reason(self) -> list[str]:
        """Why, as a line of its own; none where nothing is known."""
        why = self.details.get("reason") or self.fix.reason
        return [sentence(str(why))] if why else []

    @property
    def by(self) -> str:
        """Who did it: ` by bob`; empty where nobody did. No mention: they know."""
        who = self.details.get("by")
        return f" by {self.name(str(who))}" if who else ""

    def name(self, user: str) -> str:
        """What somebody is called, for where nobody is to be notified."""
        return plain(self.names.get(user, user), _SHORT)

    @property
    def approvers(self) -> list[str]:
        """Whose approval counts, or counted until now; the first one first."""
        counted = self.details.get("approver"), self.fix.approver
        return list(
            dict.fromkeys([*deciders.words_of(self.fix, "approvals"), *map(str, filter(None, counted))])
        )

    @property
    def waiting(self) -> list[str]:
        """Who waits for the news: who asked and who approved, each once, but not who did it just now."""
        people = dict.fromkeys([self.fix.requester, *self.approvers])
        return [one for one in people if one != self.details.get("by") and is_person(one)]

    @property
    def its_card(self) -> str:
        """The card, as a link where it has an address."""
        return link(self.card, "its card") if self.card else "its card"

    @property
    def diagnose(self) -> str:
        """The command that looks again."""
        return f"`@rootver diagnose {plain(self.fix.node)}`"


def in_thread(topic: Topic, news: News) -> Post | None:
    """What the fix's thread is told; None where it is not worth telling any more."""
    lines = list(_THREAD.get(topic, _unknown)(news))
    if not lines:
        return None
    if topic not in _NO_TURN and news.waiting:
        lines[0] = f"{mentions(news.waiting)} {lines[0]}"
    if topic != "applied" or "anchor" not in news.details:
        return post(lines)
    small = f"The audit up to here: {anchor(news.details)}"  # in the text too: an exported channel holds that
    return post([*lines, small], [section(lines), context([small])])


def for_the_channel(topic: Topic, fix: Fix) -> bool:
    """Whether the channel is shown it too. A fix that is voided unapproved is no news to anybody there."""
    return topic in _FOR_THE_CHANNEL and (topic != "voided" or fix.approver is not None)


# --- in the thread ---


def _reminder(news: News) -> Iterator[str]:
    fix = news.fix
    if fix.state != State.PROPOSED:
        return
    able = deciders.able(fix)
    nobody = deciders.nobody(fix, "could approve it when it was proposed")
    first = "fixes are paused, so `@rootver resume` first, then " if news.paused else ""
    yield f"{fix.id} still waits for a decision: {what(fix)}."
    yield f"Asked by {news.name(fix.requester)}, open until {clock_time(fix.expires_at)}."
    if able:
        yield f"Next: {able}: {first}react on {news.its_card}."
    else:
        yield f"{nobody.capitalize()}."
        yield f"Next: see {news.its_card}."


def _applied(news: News) -> Iterator[str]:
    fix = news.fix
    yield f"{fix.id} applied: RootVer on {news.node} is {_short_reading(fix.target)}, read back."
    approved = f", approved by {listed(map(news.name, news.approvers))}" if news.approvers else ""
    at = f", read back {clock_seconds(fix.ended_at)}" if fix.ended_at else ""
    yield f"Asked by {news.name(fix.requester)}{approved}{at}."
    yield f"Next: {_next(news)} {_looks(news.rules)}".rstrip()
    yield from _backup_attached(news)


def _short_reading(reading: str) -> str:
    """What was set, in few characters; the card has the whole of it."""
    match json.loads(reading):
        case {"is": "value", "value": {"data": data}}:
            return code(data if isinstance(data, str) else json.dumps(data), _SHORT)
        case _:
            return reading_words(reading)


def _next(news: News) -> str:
    if news.fix.kind == "restore":
        return f"see whether Exchange runs as it should, {news.diagnose}."
    if news.fix.details.get("owner") is False:
        return "nothing: this node is passive. The value counts once it owns the System Attendant."
    if news.fix.details.get("confidence") == "latent":
        return "nothing: the System Attendant was not down here."
    return f"bring {_attendants(news)} online on {news.node}; the change restarted nothing."


def _attendants(news: News) -> str:
    """The resources to bring online, by the cluster's own names; a fix of an older bot does not know them."""
    names = news.fix.details.get("attendants")
    told = [f'"{plain(str(one))}"' for one in names] if isinstance(names, list) else []
    return listed(told) if told else "the System Attendant"


def _looks(rules: ApprovalRules) -> str:
    after = [duration(look.total_seconds()) for look in rules.follow_up]
    return f"I look again after {listed(after)}." if after else ""


def _voided(news: News) -> Iterator[str]:
    there = news.details.get("after") or news.details.get("before")
    yield f"{news.fix.id} voided: nothing was changed on {news.node}."
    found = [f"RootVer there is {reading_words(there)}."] if there else []
    yield from _in_one_line([*news.reason, *found])
    changed = news.details.get("changed")
    for name, pair in changed.items() if isinstance(changed, dict) else ():
        then, now = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        called = _BASIS.get(name) or plain(name.replace("_", " "))
        yield f"· {called}: then {_value(name, then)}, now {_value(name, now)}"
    yield f"Next: {news.diagnose}."


# What a fix is bound to, as people call it.
_BASIS: Mapping[str, str] = {
    "root_ver": "RootVer",
    "verdict": "what is wrong",
    "runs_11": ".NET Framework 1.1 runs",
    "versions": "versions that ASP.NET has",
    "module": "the RootVer module of the host",
}


def _value(name: str, value: Json) -> str:
    match name, value:
        case _, {"is": _}:
            return reading_words(value)
        case "verdict", str(verdict):
            return verdict_title(verdict)
        case "runs_11", {"install": install, "registered": registered}:
            return "yes" if install == 1 and registered is True else "no"
        case "versions", dict(versions):
            return listed(code(one) for one, true in versions.items() if true) or "none"
    return code(value if isinstance(value, str) else json.dumps(value))


def _in_one_line(sentences: list[str]) -> Iterator[str]:
    if sentences:
        yield " ".join(sentences)


def _failed(news: News) -> Iterator[str]:
    yield f"{news.fix.id} failed: the change of RootVer on {news.node} did not end as it should."
    after = news.details.get("after")
    there = [f"RootVer is now {reading_words(after)}."] if after else []
    yield from _in_one_line([*there, *news.reason])
    yield (
        f"Next: look at the node; {news.diagnose} looks again. "
        f"`@rootver restore {news.fix.id}` proposes to put back what was there before. "
        f"{by_hand(news.fix.node)}"
    )
    yield from _backup_attached(news)


def _indeterminate(news: News) -> Iterator[str]:
    yield f"{news.fix.id}: it is not known whether RootVer was set on {news.node}."
    yield from news.reason
    yield "Next: wait, and do not set it by hand. I read it back until that is known, and send nothing again."
    yield from _backup_attached(news)


def _backup_attached(news: News) -> Iterator[str]:
    """A file may not show, and nobody can see that from here: so its name, and how to get it again."""
    if news.fix.backup:
        name = code(f"{news.fix.id}-backup.reg")
        yield f"Backup: {name}, attached here once; `@rootver show {news.fix.id}` attaches it again."


def _backup(news: News) -> Iterator[str]:
    """In place of the file, where Slack does not take it."""
    refusal = code(str(news.details.get("reason")))
    yield f"The backup of {news.fix.id} could not be attached ({refusal}); it is kept in the audit."
    yield (
        f"Next: `@rootver show {news.fix.id}` attaches it, `@rootver restore {news.fix.id}` can put it back."
    )


def _confirmed(news: News) -> Iterator[str]:
    fix = news.fix
    stands = f"RootVer on {news.node} still is {_short_reading(fix.target)}"
    if fix.kind == "fix" and news.details.get("owner"):
        yield f"{fix.id} confirmed: the System Attendant runs on {news.node}, no new errors since."
        yield f"{stands}."
    else:
        yield f"{fix.id} confirmed: {stands}."
        yield from ["The node is passive, so nothing has to run there."] if fix.kind == "fix" else []
    yield "Next: nothing."


def _drifted(news: News) -> Iterator[str]:
    yield f"{news.fix.id} drifted: RootVer on {news.node} is no longer what was set."
    yield (
        f"It is {reading_words(news.details.get('found'))} now, not {reading_words(news.fix.target)}. "
        "Something moved it: set-up, `aspnet_regiis` or a person."
    )
    yield f"Next: find out who, then {news.diagnose}."


def _replaced(news: News) -> Iterator[str]:
    yield f"{news.fix.id} is over: RootVer on {news.node} is not what it set any more."
    yield from _in_one_line([f"It is {reading_words(news.details.get('found'))} now.", *news.reason])
    yield "Next: nothing; it is not looked at again."


# What a look saw that does not confirm a fix: what it was, and what to do.
_SEEN: Mapping[str, tuple[str, str]] = {
    "symptoms": ("new error events on {node}", "look at these events in the Application log."),
    "down": ("the System Attendant does not run on {node}", "bring {attendants} online on {node}."),
    "coming": (
        "the System Attendant is coming online on {node}",
        "wait: the System Attendant is coming online.",
    ),
    "unread": ("{node} could not be read", "see why the node does not answer."),
}
_SEEN_NOTHING = (
    "whether the System Attendant runs on {node} is not known",
    "see whether the System Attendant runs.",
)


def _seen(news: News) -> tuple[str, str]:
    found, remedy = _SEEN.get(str(news.details.get("seen")), _SEEN_NOTHING)
    return found.format(node=news.node), remedy.format(node=news.node, attendants=_attendants(news))


def _look(news: News) -> Iterator[str]:
    found, remedy = _seen(news)
    left = news.rules.follow_up[int(str(news.details.get("look", 0))) :]
    again = f"I look again {duration(left[0].total_seconds())} after the change." if left else ""
    yield f"{news.fix.id} is not confirmed yet: {found}."
    yield from news.reason
    yield f"Next: {remedy} {again}".rstrip()


def _unconfirmed(news: News) -> Iterator[str]:
    found, remedy = _seen(news)
    yield f"{news.fix.id} stays applied, not confirmed: {found}."
    yield from _in_one_line(["This was the last look.", *news.reason])
    yield f"Next: {remedy} Then {news.diagnose}."


def _withdrawn(news: News) -> Iterator[str]:
    yield f"{news.fix.id}: the approval was taken back{news.by}, nothing was sent to {news.node}."
    yield _open_again(news)


def _reopened(news: News) -> Iterator[str]:
    yield f"{news.fix.id}: the approval no longer holds, nothing was sent to {news.node}."
    yield from news.reason
    yield _open_again(news)


def _open_again(news: News) -> str:
    if news.fix.state != State.PROPOSED:  # told late
        return f"Next: see {news.its_card}."
    return (
        f"Next: it is open again until {clock_time(news.fix.expires_at)}, see {news.its_card}. "
        "A reaction that stands there already counts no more: take it away and react again."
    )


def _declined(news: News) -> Iterator[str]:
    yield f"{news.fix.id} declined{news.by}: nothing was changed on {news.node}."
    yield from news.reason
    yield f"Next: talk to who declined, or {news.diagnose} for a new proposal."


def _cancelled(news: News) -> Iterator[str]:
    yield f"{news.fix.id} cancelled{news.by}: nothing was changed on {news.node}."
    yield from news.reason
    yield f"Next: {news.diagnose} for a new proposal."


def _expired(news: News) -> Iterator[str]:
    yield f"{news.fix.id} expired: nothing was changed on {news.node}."
    yield from _in_one_line([f"It was open until {clock_time(news.fix.expires_at)}.", *news.reason])
    yield f"Next: {news.diagnose} for a new proposal."


def _unknown(news: News) -> Iterator[str]:
    """A topic of another version, in a file that it wrote: nobody may be left without the news."""
    yield f"{news.fix.id} on {news.node} is {news.fix.state}."
    yield from news.reason
    yield f"Next: see {news.its_card}."


def _lost(news: News) -> Iterator[str]:
    yield f"{news.fix.id} is lost: RootVer on {news.node} may have been changed or not."
    yield "The audit was put back from an older copy, and what became of this fix is not in it."
    yield f"Next: look at the node by hand, then {news.diagnose}."


_THREAD: Mapping[Topic, Callable[[News], Iterator[str]]] = {
    "reminder": _reminder,
    "applied": _applied,
    "voided": _voided,
    "failed": _failed,
    "indeterminate": _indeterminate,
    "confirmed": _confirmed,
    "drifted": _drifted,
    "replaced": _replaced,
    "look": _look,
    "unconfirmed": _unconfirmed,
    "withdrawn": _withdrawn,
    "reopened": _reopened,
    "declined": _declined,
    "cancelled": _cancelled,
    "expired": _expired,
    "lost": _lost,
    "backup": _backup,
}
