"""Where a command is answered."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.ports import Message


@dataclass(frozen=True, slots=True)
class Place:
    """A thread: its channel and the `ts` of its first message. `direct`: only one person can see it."""

    channel: str
    thread_ts: str
    direct: bool = False

    @property
    def thread(self) -> Message:
        """The first message of the thread."""
        return Message(self.channel, self.thread_ts)
