"""What the audit channel is told."""

from __future__ import annotations

from collections.abc import Mapping

from bot.blocks.untaken_news import untold_in_audit
from bot.slack.post import Post, context, post
from bot.slack.text import code, plain
from storage.records import Json, Topic

_ANCHOR_LINE = 260  # characters of an anchor: 7 + 16 + 15 + 64 + 128, and the blanks

_OTHERS: Mapping[Topic, tuple[str, str]] = {
    "another_bot": (
        ":red_circle: BLOCKED: another bot is connected to Slack with the same app token. No fix is approved "
        "or sent.",
        "Slack gives each reaction to one of the two at random. Next: stop the other one, or give it an app "
        "of its own.",
    ),
    "alone_again": (
        ":large_green_circle: OK: no other bot is connected with the same app token any more. It blocks no "
        "fixes now.",
        "An approval that was refused meanwhile counts once it is given again.",
    ),
}


def to_audit(topic: Topic, details: Mapping[str, Json]) -> Post:
    """What the audit channel is told."""
    if topic == "anchor":
        line = f"The audit up to now: {anchor(details)}. Keep this line."
        return post([line], [context([line])])
    if topic == "new_key":
        return post([
            ":large_yellow_circle: The key that signs the audit's anchors is another one from now on, and "
            "the one before did not say so.",
            f"Before: {code(str(details.get('before', '')))}",
            f"Now: {code(str(details.get('now', '')))}",
            "Next: ask who runs the bot. If the database was put back from a copy: stop the bot, then "
            "`rootver takeover`. Keep the old public key: older anchors are checked with it.",
        ])  # fmt: skip
    if topic == "older_copy":
        return post([
            ":red_circle: The audit's file is an OLDER COPY: it knows less than was told and done. Fixes are "
            "blocked, and nothing is drawn or judged.",
            *(plain(str(one), 1_000) for one in _listed(details.get("older"))),
            "Next: put the newest file back; or, if it is lost, stop the bot and run `rootver takeover`.",
        ])  # fmt: skip
    if topic in {"untold", "given_up"}:
        return untold_in_audit(details, given_up=topic == "given_up")
    if topic in _OTHERS:
        return post(_OTHERS[topic])
    faults = details.get("faults") or details.get("reason") or "no more is known"
    news = [str(one) for one in faults] if isinstance(faults, list) else [str(faults)]
    return post([
        ":red_circle: FAULT in the audit's file. Fixes are blocked until it is repaired; `rootver verify`.",
        *(plain(one, 1_000) for one in news),
    ])  # fmt: skip


def anchor(details: Mapping[str, Json]) -> str:
    """The line of an anchor, whole: who keeps it checks the record with it."""
    return code(str(details.get("anchor", "")), _ANCHOR_LINE)


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
