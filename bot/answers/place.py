"""Where a command is answered, and to whom."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.ports import Message


@dataclass(frozen=True, slots=True)
class Place:
    """A thread: its channel and the `ts` of its first message. `direct`: only one person can see it.

    `user` asked, in the message `asked_ts`; both are empty where nobody did.
    """

    channel: str
    thread_ts: str
    direct: bool = False
    user: str = ""
    asked_ts: str = ""

    @property
    def thread(self) -> Message:
        """The first message of the thread."""
        return Message(self.channel, self.thread_ts)

    @property
    def question(self) -> Message:
        """The message that is answered here."""
        return Message(self.channel, self.asked_ts or self.thread_ts)
