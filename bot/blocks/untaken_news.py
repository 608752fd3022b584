"""What is told elsewhere because a place does not take it: directly, in the audit channel, in lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blocks.card import Surroundings, card
from bot.slack.post import Post, post, section
from bot.slack.refusals import Meaning, meaning_of
from bot.slack.text import clock_time, code, mentions, plain
from handlers.approval import UNDECIDED
from handlers.untold import Untold, label
from storage.records import Fix, Json
from storage.times import from_text

# What helps beside trying again, by what the refusal is about.
_ON = "I try on for three days."
_NEXT: Mapping[Meaning, str] = {
    "passing": f"nothing: {_ON}",
    "message": f"nothing: {_ON}",
    "place": f"invite me there (`/invite @rootver`), or have an admin let me post there. {_ON}",
    "app": f"tell who runs this bot: `rootver doctor` says what is wrong with its Slack app. {_ON}",
}


def untold_directly(
    fix: Fix, details: Mapping[str, Json], missing: Sequence[str], around: Surroundings
) -> Post:
    """To one person: the place of a fix refuses messages.

    `missing`: what its thread would have said, in order; the newest comes first. Where it is only the card
    that stands there as it was, what it would show is said.
    """
    *before, newest = missing or [card(fix, around).text]
    first, *rest = newest.split("\n")
    return post([
        first,
        f"You are told directly, because Slack refuses my messages in {_place(details)}{_since(details)} "
        f"({_reason(details)}): card and thread of {fix.id} do not show it.",
        *rest,
        *(f"Before that: {line}" for text in reversed(before) for line in text.split("\n")[:1]),
        f"Next, for that channel: {_NEXT[meaning_of(str(details.get('reason')))]} "
        f"`@rootver show {fix.id}` tells all of it.",
    ])  # fmt: skip


def answered_directly(answer: str, channel: str | None, details: Mapping[str, Json]) -> Post:
    """To who asked: the answer's first line, because its place refuses messages."""
    return post([
        answer.split("\n", maxsplit=1)[0],
        f"You are told directly, because Slack refuses my messages in {_place({'channel': channel})} "
        f"({_reason(details)}), where you asked.",
        f"Next, for that channel: {_NEXT[meaning_of(str(details.get('reason')))]} Then the whole answer "
        "stands there.",
    ])  # fmt: skip


def given_up_directly(fix: Fix, details: Mapping[str, Json]) -> Post:
    """To one person: something of a fix was never told in its place, and is not tried any more."""
    return post([
        f"{fix.id}: Slack refused my messages in {_place(details)}{_since(details)} ({_reason(details)}).",
        f"So its thread is not complete, and I try no more. Next: `@rootver show {fix.id}` tells all of it.",
    ])  # fmt: skip


def untold_in_audit(details: Mapping[str, Json], *, given_up: bool) -> Post:
    """To the audit channel: that, and who was told directly."""
    told = details.get("told")
    people = mentions(map(str, told)) if isinstance(told, list) and told else "nobody"
    end = "It is tried no more." if given_up else "It is tried on, for three days."
    return post([
        f":large_yellow_circle: NOT TOLD: Slack refuses messages about {plain(str(details.get('fix')))} in "
        f"{_place(details)}{_since(details)} ({_reason(details)}).",
        f"Told directly: {people}. {end}",
    ])  # fmt: skip


def card_beside(fix: Fix, reason: str, shown: Post) -> Post:
    """In the thread: what the card would show, where Slack does not let it be edited."""
    then = " Decide on the card all the same." if fix.state in UNDECIDED else ""
    why = f"{fix.id}: its card cannot be edited ({code(reason)}); this is how it stands now.{then}"
    return post([shown.text, why], [*shown.blocks, section([why])])


def untold_line(found: Untold) -> str:
    """One line for the list of fixes: what waits for the longest time, and how much beside it."""
    oldest = found.oldest
    more = f" and {found.count - 1} more" if found.count > 1 else ""
    return (
        f":large_yellow_circle: Not told yet: {plain(label(oldest))}{more}, refused by Slack since "
        f"{clock_time(found.since)} ({code(str(oldest.last_error))}). Next: "
        f"{_NEXT[meaning_of(str(oldest.last_error))]}"
    )


def _place(details: Mapping[str, Json]) -> str:
    channel = details.get("channel")
    return f"<#{plain(str(channel))}>" if channel else "its channel"


def _since(details: Mapping[str, Json]) -> str:
    since = details.get("since")
    return f" since {clock_time(from_text(str(since)))}" if since else ""


def _reason(details: Mapping[str, Json]) -> str:
    return code(str(details.get("reason") or "no reason"))
