"""What the thread of a fix is told: one sentence or two for each topic.

Each says what happened, who did it, why, and what comes next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.blocks import deciders
from bot.blocks.audit_news import anchor
from bot.blocks.card import reading_words, what
from bot.slack.post import Post, post
from bot.slack.text import (
    clock_seconds,
    clock_time,
    code,
    duration,
    link,
    listed,
    mention,
    plain,
    sentence,
)
from handlers.approval import ApprovalRules, State
from storage.records import Fix, Json, Topic


@dataclass(frozen=True, slots=True)
class News:
    """A notice with all that its words need. `card`: the address of the fix's card; `paused`: fixes are."""

    fix: Fix
    details: Mapping[str, Json]
    rules: ApprovalRules
    card: str = ""
    paused: bool = False

    @property
    def node(self) -> str:
        """The computer, harmless."""
        return plain(self.fix.computer)

    @property
    def reason(self) -> str:
        """Why, as a sentence with a blank before it; empty where nothing is known."""
        why = self.details.get("reason") or self.fix.reason
        return f" {sentence(str(why))}" if why else ""

    @property
    def by(self) -> str:
        """Who did it: ` by @bob`; empty where nobody did."""
        who = self.details.get("by")
        return f" by {mention(str(who))}" if who else ""

    @property
    def its_card(self) -> str:
        """The card, as a link where it has an address."""
        return link(self.card, "its card") if self.card else "its card"

    @property
    def diagnose(self) -> str:
        """The command that looks again."""
        return f"`@rootver diagnose {plain(self.fix.node)}`"

    @property
    def asker(self) -> str:
        """Who asked."""
        return mention(self.fix.requester)


def in_thread(topic: Topic, news: News) -> Post | None:
    """What the fix's thread is told; None where it is not worth telling any more."""
    words = _THREAD.get(topic, _unknown)
    return _post(words(news))


def _post(lines: Iterator[str]) -> Post | None:
    news = list(lines)
    return post(news) if news else None


# --- in the thread ---


def _reminder(news: News) -> Iterator[str]:
    fix = news.fix
    if fix.state != State.PROPOSED:
        return
    able = deciders.able(fix)
    nobody = deciders.nobody(fix, "could approve it when it was proposed")
    first = "fixes are paused, so `@rootver resume` first, then " if news.paused else ""
    react = f"{first}react on {news.its_card}."
    who = f"{able}: {react}" if able else f"{nobody.capitalize()}. See {news.its_card}."
    yield (
        f"{fix.id} still waits for a decision: {what(fix)}, asked by {news.asker}. {who} "
        f"Open until {clock_time(fix.expires_at)}."
    )


def _applied(news: News) -> Iterator[str]:
    fix = news.fix
    at = f", read back {clock_seconds(fix.ended_at)}" if fix.ended_at else ""
    approver = f", approved by {mention(fix.approver)}" if fix.approver else ""
    yield (
        f"{fix.id} applied: RootVer on {news.node} is {reading_words(fix.target)}{at} · asked by "
        f"{news.asker}{approver}."
    )
    yield f"Next: {_next(news)} {_looks(news.rules)}".rstrip()
    yield from _backup_attached(news)
    if "anchor" in news.details:
        yield anchor(news.details)


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
    found = f" RootVer there is {reading_words(there)}." if there else ""
    yield f"{news.fix.id} voided: nothing was changed on {news.node}.{news.reason}{found}"
    changed = news.details.get("changed")
    for name, pair in changed.items() if isinstance(changed, dict) else ():
        then, now = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        yield f"· {plain(name.replace('_', ' '))}: then {_value(then)}, now {_value(now)}"
    yield f"Next: {news.diagnose}. Asked by {news.asker}."


def _value(value: Json) -> str:
    if isinstance(value, dict) and "is" in value:
        return reading_words(value)
    return code(value if isinstance(value, str) else json.dumps(value))


def _failed(news: News) -> Iterator[str]:
    after = news.details.get("after")
    there = f" RootVer is now {reading_words(after)}." if after else ""
    yield f"{news.fix.id} failed on {news.node}.{there}{news.reason}"
    yield (
        f"Next: {news.asker}, look at the node; {news.diagnose} looks again. "
        f"`@rootver restore {news.fix.id}` proposes to put back what was there before."
    )
    yield from _backup_attached(news)


def _indeterminate(news: News) -> Iterator[str]:
    yield (
        f"{news.fix.id}: it is not known whether RootVer was set on {news.node}.{news.reason} "
        "Next: I read it back until that is known, and send nothing again. Do not set it by hand meanwhile."
    )
    yield from _backup_attached(news)


def _backup_attached(news: News) -> Iterator[str]:
    """A file may not show, and nobody can see that from here: so its name, and how to get it again."""
    if news.fix.backup:
        name = code(f"{news.fix.id}-backup.reg")
        yield f"Backup: {name}, attached once; `@rootver show {news.fix.id}` attaches it again."


def _backup(news: News) -> Iterator[str]:
    """In place of the file, where Slack does not take it."""
    refusal = code(str(news.details.get("reason")))
    yield (
        f"The backup of {news.fix.id} could not be attached ({refusal}); it is kept in the audit. Next: "
        f"`@rootver show {news.fix.id}` attaches it, `@rootver restore {news.fix.id}` can put it back."
    )


def _confirmed(news: News) -> Iterator[str]:
    fix = news.fix
    stands = f"RootVer on {news.node} still is {reading_words(fix.target)}"
    if fix.kind == "fix" and news.details.get("owner"):
        stands = f"System Attendant is running on {news.node}, no new errors since; {stands}"
    elif fix.kind == "fix":
        stands += "; the node is passive, so nothing has to run there"
    yield f"{stands}. {fix.id} confirmed. Next: nothing."


def _drifted(news: News) -> Iterator[str]:
    yield (
        f"{news.fix.id} drifted: RootVer on {news.node} is {reading_words(news.details.get('found'))} now, "
        f"not {reading_words(news.fix.target)}. Something moved it: set-up, `aspnet_regiis` or a person. "
        f"Next: {news.asker}, find out who, then {news.diagnose}."
    )


def _replaced(news: News) -> Iterator[str]:
    yield (
        f"RootVer on {news.node} is {reading_words(news.details.get('found'))} now, "
        f"not what {news.fix.id} set.{news.reason} "
        f"Next: nothing for {news.fix.id}; it is not looked at again."
    )


def _look(news: News) -> Iterator[str]:
    left = news.rules.follow_up[int(str(news.details.get("look", 0))) :]
    again = f"I look again {duration(left[0].total_seconds())} after the change." if left else ""
    yield f"{news.fix.id} is not confirmed yet.{news.reason} Next: {_remedy(news)} {again}".rstrip()


def _unconfirmed(news: News) -> Iterator[str]:
    yield (
        f"{news.fix.id} stays applied, not confirmed: this was the last look.{news.reason} "
        f"Next: {news.asker}, {_remedy(news)} Then {news.diagnose}."
    )


def _remedy(news: News) -> str:
    remedies = {
        "symptoms": "look at these events in the Application log.",
        "down": f"bring {_attendants(news)} online on {news.node}.",
        "coming": "wait: the System Attendant is coming online.",
        "unread": "see why the node does not answer.",
    }
    return remedies.get(str(news.details.get("seen")), "see whether System Attendant runs.")


def _withdrawn(news: News) -> Iterator[str]:
    yield f"{news.fix.id}: the approval was taken back{news.by}, nothing was sent. {_open_again(news)}"


def _reopened(news: News) -> Iterator[str]:
    approver = news.details.get("approver")
    of = f" of {mention(str(approver))}" if approver else ""
    no_longer = f"{news.fix.id}: the approval{of} no longer holds, nothing was sent."
    yield f"{no_longer}{news.reason} {_open_again(news)}"


def _open_again(news: News) -> str:
    if news.fix.state != State.PROPOSED:  # told late
        return f"Next: see {news.its_card}."
    return (
        f"Next: it is open again until {clock_time(news.fix.expires_at)}, see {news.its_card}. "
        "A reaction that stands there already counts no more: take it away and react again."
    )


def _declined(news: News) -> Iterator[str]:
    yield (
        f"{news.fix.id} declined{news.by}: nothing was changed on {news.node}.{news.reason} "
        f"Next: {news.asker}, talk to them, or {news.diagnose} for a new proposal."
    )


def _cancelled(news: News) -> Iterator[str]:
    yield (
        f"{news.fix.id} cancelled{news.by}: nothing was changed on {news.node}.{news.reason} Next: "
        f"{news.diagnose} for a new proposal."
    )


def _expired(news: News) -> Iterator[str]:
    yield (
        f"{news.fix.id} expired at {clock_time(news.fix.expires_at)}: nothing was changed on {news.node}."
        f"{news.reason} Next: {news.asker}, {news.diagnose} for a new proposal."
    )


def _unknown(news: News) -> Iterator[str]:
    """A topic of another version, in a file that it wrote: nobody may be left without the news."""
    yield f"{news.fix.id} is {news.fix.state}.{news.reason} See {news.its_card}."


def _lost(news: News) -> Iterator[str]:
    fix = news.fix
    yield (
        f"{news.asker}: {fix.id} is lost: the audit was put back from an older copy, and what became of this "
        f"fix is not in it. RootVer on {news.node} may have been changed or not. Next: look at the node by "
        f"hand, then {news.diagnose}."
    )


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
