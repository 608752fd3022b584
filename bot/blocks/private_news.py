"""What one person is told of a fix, seen by nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from bot.blocks.news import News
from bot.slack.post import Post, post
from bot.slack.text import clock_time, folded, listed, mention, plain
from handlers.approval import UNDECIDED, Refusal, State
from storage.records import Fix, Json, Topic


def to_one(topic: Topic, news: News) -> Post | None:
    """What one person is told, seen by nobody else."""
    words = _hint if topic == "hint" else _refused
    said = [line for one in words(news) for line in folded(one)]
    return post(said) if said else None


def of_unknown_card(details: Mapping[str, Json]) -> Post:
    """What somebody is told who reacted to a card of a file that was lost, or of another bot."""
    return post([
        f"This card of {plain(str(details.get('card')))} is not in the audit of the bot that runs now.",
        "It is of another database, or of one that was lost, and your reaction counts for nothing. "
        "Next: `@rootver diagnose` the node again.",
    ])  # fmt: skip


def _hint(news: News) -> Iterator[str]:
    if news.fix.state in UNDECIDED:
        yield (
            f"Your reaction stands on the diagnosis, which decides nothing. {news.fix.id} is decided on "
            f"{news.its_card}: react there."
        )


def _refused(news: News) -> Iterator[str]:
    verbs = {"approve": "approval", "decline": "decline", "withdraw": "withdrawal"}
    asked = verbs.get(str(news.details.get("want")), "reaction")
    reason = cast("Refusal", str(news.details.get("reason")))
    if reason == "rechecking":
        yield (
            f"Your {asked} of {news.fix.id} came while the node was read again; the card is read once more "
            "before anything is sent. Next: its thread says whether it was stopped."
        )
        return
    why, then = refusal_words(reason, news.fix, news.details.get("approver"))
    flags = news.details.get("flags")
    who = f" ({listed(plain(str(flag)) for flag in flags)})" if isinstance(flags, list) and flags else ""
    yield f"Your {asked} of {news.fix.id} does not count: {why}{who}. Next: {then}"


def refusal_words(reason: Refusal, fix: Fix, approver: Json = None) -> tuple[str, str]:
    """Why somebody may not decide on a fix, and what to do next; `approver`: of then, not of now."""
    again = "take your reaction away and react again."
    words: Mapping[Refusal, tuple[str, str]] = {
        "not_a_member": ("only full members of this workspace may decide", "ask one of the approvers."),
        "own_request": ("you asked for it, and a second person must approve", "ask one of the approvers."),
        "not_an_approver": ("you are not an approver", "ask one of the approvers."),
        "not_verified": (
            "Slack could not tell who you are or what stands on the card",
            again,
        ),
        "too_late": ("it is too late for that", "see its card and thread."),
        "expired": (
            f"it expired at {clock_time(fix.expires_at)}",
            f"`@rootver diagnose {plain(fix.node)}` for a new proposal.",
        ),
        "paused": (
            "fixes are paused",
            "after `@rootver resume` take your reaction away and react again.",
        ),
        "audit_fault": (
            "the audit failed its check, so nothing can be approved",
            "tell who runs this bot: `@rootver doctor` says what is wrong.",
        ),
        "unknown_card": (
            "this card is of another database, or of one that was lost",
            "`@rootver diagnose` the node again.",
        ),
        "older_copy": (
            "the audit's file is an older copy, or it was not compared with the cards yet",
            "tell who runs this bot: `@rootver doctor` says what to do.",
        ),
        "another_bot": (
            "another bot is connected with the same app token, so nothing can be approved",
            "tell who runs this bot to stop the other one; then take your reaction away and react again.",
        ),
        "already_approved": _already_approved(fix, approver, again),
    }
    return words.get(reason, (plain(reason), "see its card."))


def _already_approved(fix: Fix, approver: Json, again: str) -> tuple[str, str]:
    who = mention(str(approver)) if approver else "somebody"
    if fix.state == State.PROPOSED:
        return f"{who} had approved it already", f"it is open again: {again}"
    return f"{who} approved it already", "nothing."
