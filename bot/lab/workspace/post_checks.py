"""What a post does beyond its words: who is notified, and what a careful bot would not have sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.lab.payload import Payload
from bot.lab.workspace.cast import Channel, Person, UserGroup
from bot.lab.workspace.limits import POSTED_TEXT, marked_up_texts_of
from bot.lab.workspace.messages import Anomaly, Message, Notification
from bot.lab.workspace.typed_text import broadcasts, mentioned_groups, mentioned_users, unescaped


def notified_by(message: Message, channel: Channel, groups: Mapping[str, UserGroup]) -> list[Notification]:
    """Who is notified of a new message; an edit notifies nobody, whatever mentions it adds."""
    texts = [message.text, *marked_up_texts_of(message.blocks, ("mrkdwn", "markdown"))]
    told: set[str] = set()
    for text in texts:
        told |= mentioned_users(text)
        told |= {user for group in mentioned_groups(text) if group in groups for user in groups[group].users}
        told |= set(channel.members) if broadcasts(text) else set()
    if channel.is_im:
        told |= set(channel.members)
    return [
        Notification(user, channel.id, message.ts)
        for user in sorted(told & set(channel.members) - {message.user})
    ]


def anomalies_of(message: Message, people: Mapping[str, Person]) -> list[Anomaly]:
    """What is wrong with a message of the bot; see `Anomaly`."""
    return [Anomaly(kind, message.channel, message.ts, detail) for kind, detail in _found(message, people)]


def _found(message: Message, people: Mapping[str, Person]) -> Iterator[tuple[str, str]]:
    texts = [message.text, *marked_up_texts_of(message.blocks)]
    if not message.text.strip() and message.blocks:
        yield "missing_text", "blocks without a top-level text"
    if len(message.text) >= POSTED_TEXT:
        yield "text_truncated", f"{POSTED_TEXT} characters or more"
    for text in [*texts, *marked_up_texts_of(message.blocks, ("markdown",))]:
        yield from (("mass_mention", f"<!{word}>") for word in broadcasts(text))
        yield from (("unknown_person", user) for user in mentioned_users(text) - set(people))
    yield from (("mass_mention", element["range"]) for element in _broadcast_elements(message.blocks))
    for text in texts:
        yield from (("unescaped_text", place) for place in unescaped(text))


def _broadcast_elements(part: object) -> Iterator[Payload]:
    """`{"type": "broadcast", "range": "channel"}` of rich text, at any depth."""
    if isinstance(part, list):
        for inner in part:
            yield from _broadcast_elements(inner)
    elif isinstance(part, dict):
        if part.get("type") == "broadcast":
            yield {"range": "", **part}
        for inner in part.values():
            yield from _broadcast_elements(inner)
