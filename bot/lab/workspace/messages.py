"""Messages, reactions and files of the practice workspace."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.lab.payload import Payload
from bot.lab.workspace.cast import TEAM_ID


@dataclass
class File:
    """An uploaded file. `data` is None until its bytes have arrived."""

    id: str
    name: str
    length: int
    user: str
    title: str = ""
    data: bytes | None = None

    def as_json(self) -> Payload:
        """The file object of https://docs.slack.dev/reference/objects/file-object."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": self.length,
            "user": self.user,
            "mode": "hosted",
        }


@dataclass(frozen=True)
class Message:
    """A message at one moment: a change puts a new object in its place.

    Times `ts` are Slack's: seconds since 1970 with six decimals, unique, and the name of the message.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Payload] = field(default_factory=list)
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    edited: Payload | None = None
    """`{"user", "ts"}` of the last edit that Slack would show."""
    edits: int = 0
    """How often it was edited, shown or not."""
    metadata: Payload | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """Emoji name → ids of those who reacted, first one first."""
    files: list[File] = field(default_factory=list)
    ephemeral_to: str | None = None
    """The only one who sees it."""
    broadcast: bool = False
    """A reply that is shown in the channel too."""
    tombstone: bool = False
    """All that is left of the first message of a thread that was deleted; Slackbot's, as Slack shows it."""

    @property
    def is_reply(self) -> bool:
        """In a thread, and not its first message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def as_tombstone(self) -> Message:
        """What Slack leaves of it where it has replies (slack-edge/slack-edge#10 has an example)."""
        return Message(
            self.channel, self.ts, self.user, "This message was deleted.", thread_ts=self.ts, tombstone=True
        )

    def seen_by(self, viewer: str | None) -> bool:
        """False for a message that is private to somebody else; None sees everything."""
        return viewer is None or self.ephemeral_to in (None, viewer)

    def as_json(self, *, with_metadata: bool = False, reactors: int | None = None) -> Payload:
        """The message object of reactions.get and of message events.

        `reactors` limits the users named per reaction (the count stays right).
        """
        seen: Payload = {
            "type": "message",
            "user": self.user,
            "text": self.text,
            "ts": self.ts,
            "team": TEAM_ID,
        }
        if self.bot_id:
            seen |= {"bot_id": self.bot_id, "app_id": self.app_id}
        for name in ("blocks", "edited", "thread_ts"):
            if value := getattr(self, name):
                seen[name] = value
        if with_metadata and self.metadata:
            seen["metadata"] = self.metadata
        seen |= self._subtype()
        if self.files:
            seen |= {"files": [file.as_json() for file in self.files], "upload": True}
        if self.reactions:
            seen["reactions"] = [
                {"name": name, "users": users[:reactors], "count": len(users)}
                for name, users in self.reactions.items()
            ]
        return seen

    def _subtype(self) -> Payload:
        if self.tombstone:
            whose = {"user": "USLACKBOT", "parent_user_id": "USLACKBOT"}
            return {"subtype": "tombstone", "hidden": True, **whose}
        return {"subtype": "thread_broadcast"} if self.broadcast else {}


@dataclass(frozen=True)
class Anomaly:
    """Something a careful bot does not do.

    `kind`: `mass_mention` (its text notifies everybody), `missing_text` (blocks without a top-level text),
    `unescaped_text` (a bare `&`, `<` or `>`), `text_truncated`, `reply_to_reply` (a `thread_ts` that is not
    the first message of a thread), `orphan` (a `thread_ts` of nothing), `unknown_person`
    (it mentions someone who is not there).
    """

    kind: str
    channel: str
    ts: str
    detail: str


@dataclass(frozen=True)
class Notification:
    """Somebody was notified of a message: by a mention in a post, or by a direct message."""

    user: str
    channel: str
    ts: str


@dataclass(frozen=True)
class Change:
    """What a subscriber is told. `kind` is posted, edited, deleted, reacted or unreacted."""

    kind: str
    channel: str
    ts: str
