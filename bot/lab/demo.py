"""The story of a night on call, played by itself and printed in the terminal."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable

from bot.lab.payload import Payload
from bot.lab.practice import ONCALL, Practice, Timing
from bot.lab.workspace.messages import Change, Message

# Short enough to watch, long enough to be seen: the real defaults are 5 s and 1, 5 and 15 minutes.
DEMO_TIMING = Timing(grace_seconds=1.5, follow_up_minutes=(0.03, 0.1, 0.3))
READING_SECONDS = 1.0  # a person looks at a card before tapping on it
EMOJI = {
    "white_check_mark": "✅",
    "x": "❌",
    "red_circle": "🔴",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
    "hourglass_flowing_sand": "⏳",
}
PATIENCE = 60.0  # seconds for each step of the story


def play() -> int:
    """Play the story to its end; returns the process exit code."""
    print(
        "rootver demo: a practice workspace, host and cluster on loopback, and the unchanged bot.\n",
        flush=True,
    )
    with Practice("zero", timing=DEMO_TIMING) as practice:
        teller = Teller(practice)
        try:
            Story(practice, teller).play()
        finally:
            teller.finish()
    print("\nThat is the whole story. `make run` opens the same lab in a browser, to play it yourself.")
    return 0


class Story:
    """Who does what, and what they wait for."""

    def __init__(self, practice: Practice, teller: Teller) -> None:
        self._practice, self._workspace, self._teller = practice, practice.workspace, teller
        self._thread = ""

    def play(self) -> None:
        """From the question to the confirmed fix, and what the record says of it."""
        self._thread = self._workspace.say("alice", ONCALL, "@rootver diagnose exch-node2")
        card = self._await(lambda message: "x" in message.reactions)
        time.sleep(READING_SECONDS)
        self._teller.aside("bob taps ✅ on the card")
        self._workspace.react("bob", ONCALL, card.ts, "white_check_mark")
        self._await(_says(r"> FIX-1 applied"))
        time.sleep(READING_SECONDS)
        self._teller.aside("somebody brings the System Attendant resource online: it comes up")
        self._practice.cluster.bring_online()
        self._await(_says(r"> FIX-1 confirmed"))
        self._thread = self._workspace.say("carol", ONCALL, "@rootver history exch-node2 since 7d")
        self._await(lambda message: message.user == self._workspace.bot_user)

    def _await(self, wanted: Callable[[Message], bool]) -> Message:
        def look() -> Message | None:
            thread = self._workspace.messages(ONCALL, self._thread)
            return next((message for message in reversed(thread) if wanted(message)), None)

        return self._workspace.wait_for(look, PATIENCE)


class Teller:
    """Prints what is said in the workspace as it happens."""

    def __init__(self, practice: Practice) -> None:
        self._workspace = practice.workspace
        self._changes: queue.SimpleQueue[Change | str | None] = queue.SimpleQueue()
        self._started = time.monotonic()
        self._told: dict[str, list[str]] = {}  # ts → lines as last printed
        self._unsubscribe = self._workspace.subscribe(self._changes.put)
        self._thread = threading.Thread(target=self._tell, name="teller", daemon=True)
        self._thread.start()

    def aside(self, text: str) -> None:
        """Say what happens outside of the chat."""
        self._changes.put(text)

    def finish(self) -> None:
        """Tell what is left, and end."""
        self._unsubscribe()
        self._changes.put(None)
        self._thread.join(5)

    def _tell(self) -> None:
        while (change := self._changes.get()) is not None:
            if isinstance(change, str):
                self._print(f"           ({change})")
            elif change.kind in ("posted", "edited"):
                self._print_message(change)

    def _print_message(self, change: Change) -> None:
        messages = self._workspace.messages(change.channel) + self._replies(change)
        found = next((one for one in messages if one.ts == change.ts), None)
        if found is None:
            return
        before = self._told.get(found.ts, [])
        lines = plain_lines(found, self._name)
        self._told[found.ts] = lines
        fresh = [line for line in lines if line not in before]
        name = self._workspace.people[found.user].name if not before else "(edit)"
        for line in fresh:
            self._print(f"{name:>9}  {line}")
            name = ""

    def _replies(self, change: Change) -> list[Message]:
        first = self._workspace.messages(change.channel)
        return [reply for one in first for reply in self._workspace.messages(change.channel, one.ts)]

    def _name(self, user: str) -> str:
        person = self._workspace.people.get(user)
        return f"@{person.name}" if person else user

    def _print(self, line: str) -> None:
        print(f"{time.monotonic() - self._started:5.1f} s  {line}", flush=True)


def plain_lines(message: Message, name_of: Callable[[str], str]) -> list[str]:
    """A message as plain text: its blocks where it has any, else its text; Slack's markup undone."""
    text = "\n".join(_block_text(block) for block in message.blocks) if message.blocks else message.text
    return _plain(text, name_of).splitlines() or [""]


# --- inside ---


def _block_text(block: Payload) -> str:
    parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))


def _plain(text: str, name_of: Callable[[str], str]) -> str:
    text = re.sub(r"<@(\w+)>", lambda match: name_of(match[1]), text)
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r":([a-z_]+):", lambda match: EMOJI.get(match[1], match[0]), text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _says(pattern: str) -> Callable[[Message], bool]:
    return lambda message: re.search(pattern, message.text) is not None
