"""The practice workspace as the page gets it: everything once, then what changes.

The page plays every person, so it is sent everything; it shows only what the person of the moment may see.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from bot.lab.page.pushes import Pushes
from bot.lab.payload import Payload
from bot.lab.workspace.cast import Channel
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.messages import Change, File, Message
from bot.lab.workspace.workspace import Workspace

CAST = {
    "alice": "asks",
    "bob": "approver",
    "carol": "approver, admin",
    "dave": "outsider",
    "gina": "guest",
}
"""Who can be played, and what each is to the story."""


class ChatNews:
    """What changed in a workspace since it was last asked; the first answer is everything."""

    def __init__(self, workspace: Workspace, pushes: Pushes) -> None:
        self._workspace, self._pushes = workspace, pushes
        self._changes: deque[Change] = deque()
        self._channels: list[Payload] | None = None
        self._unsubscribe = workspace.subscribe(self._changes.append)
        for name in CAST:
            workspace.dm(name)

    def close(self) -> None:
        """Ask no more."""
        self._unsubscribe()

    def news(self) -> Iterator[Payload]:
        """Yield what to tell the page: `people` and `channels` where they changed, `messages`, `gone`."""
        with self._workspace.locked():
            first = self._channels is None
            channels = [_channel(one) for one in self._workspace.channels.values()]
            if channels != self._channels:
                self._channels = channels
                yield {"kind": "people", "people": self._people(), "channels": channels}
            changed = self._everything() if first else self._changed()
        if changed:
            yield {"kind": "messages", "messages": changed, "first": first}

    # --- inside ---

    def _people(self) -> list[Payload]:
        return [
            {
                "id": person.id,
                "name": person.name,
                "real": person.real_name,
                "bot": not person.is_human,
                "admin": person.kind == "admin",
                "plays": CAST.get(person.name),
            }
            for person in self._workspace.people.values()
        ]

    def _everything(self) -> list[Payload]:
        self._changes.clear()
        return [self._told(one) for channel in self._workspace.channels for one in self._all(channel)]

    def _all(self, channel: str) -> Iterator[Message]:
        for first in self._workspace.messages(channel):
            yield first
            replies = self._workspace.messages(channel, first.ts)
            yield from (one for one in replies if one.is_reply and not one.broadcast)

    def _changed(self) -> list[Payload]:
        """The messages behind the changes, each once, as they are now."""
        touched = {}
        while self._changes:
            change = self._changes.popleft()
            touched[change.channel, change.ts] = change
        return [self._now(change) for change in touched.values()]

    def _now(self, change: Change) -> Payload:
        try:
            return self._told(self._workspace.message(change.channel, change.ts))
        except SlackRefusal:  # deleted; or seen by one person only, so not to be asked for
            private = (one for one in self._all(change.channel) if one.ts == change.ts)
            found = next(private, None) if change.kind == "posted" else None
            return self._told(found) if found else {"channel": change.channel, "ts": change.ts, "gone": True}

    def _told(self, message: Message) -> Payload:
        return _message(message) | {"push": self._pushes.of(message)}


def _channel(channel: Channel) -> Payload:
    return {
        "id": channel.id,
        "name": channel.name,
        "members": list(channel.members),
        "im": channel.is_im,
        "private": channel.is_private,
    }


def _message(message: Message) -> Payload:
    return {
        "channel": message.channel,
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "thread": message.thread_ts,
        "edited": message.edited is not None,
        "reactions": list(message.reactions.items()),
        "files": [_file(file) for file in message.files],
        "only": message.ephemeral_to,
        "broadcast": message.broadcast,
    }


def _file(file: File) -> Payload:
    return {"id": file.id, "name": file.name, "title": file.title or file.name, "size": file.length}
