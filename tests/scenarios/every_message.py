"""Every message that the code can make: nights that are played, and every word of every table.

`collect` plays all incidents of the lab with all their ends, gives every command, right and wrong, and makes
what no night brings. It notes from which line each message came, so that no place is forgotten.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from bot.answers.by_command import Answers
from bot.answers.outbox import Outbox
from bot.slack import post as making
from bot.slack.post import Post
from bot.slack.web_api import SlackChat
from tests.scenarios.reading import Said

ROOT = Path(__file__).parents[2]
Place = tuple[str, int]  # file from the root, line

# Who hands a message on, by the class and what it is called where it is used.
_SAYING: dict[str, tuple[type, str]] = {
    "post": (SlackChat, "slack"), "post_once": (SlackChat, "slack"), "edit": (SlackChat, "slack"),
    "whisper": (SlackChat, "slack"), "tell": (SlackChat, "slack"), "say": (Outbox, "outbox"),
}  # fmt: skip
_NOT_HERE = ("bot/lab/", "bot/slack/")  # another program; the room that everything goes through


@dataclass
class Collected:
    """What was said, and the places that were passed on the way."""

    said: list[Said] = field(default_factory=list)
    passed: set[Place] = field(default_factory=set)
    about: str = ""
    _made: dict[int, tuple[Post, str]] = field(default_factory=dict)  # kept, so that no id is used twice
    _by_text: dict[str, str] = field(default_factory=dict)
    _deep: int = 0

    def note(self, post: Post | None, how: str, channel: str = "", *, broadcast: bool = False) -> None:
        """A message was given to Slack, or would have been."""
        if post is not None:
            _, maker = self._made.get(id(post), (None, self._by_text.get(post.text, "?")))
            self.said.append(Said(post, maker, how, channel, broadcast, self.about))

    def pass_by(self, depth: int = 2) -> Place:
        """The line that called whoever calls this."""
        frame = sys._getframe(depth)
        place = (frame.f_code.co_filename.removeprefix(f"{ROOT}/"), frame.f_lineno)
        self.passed.add(place)
        return place

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Every message that is made or said meanwhile is noted."""
        original = making.post

        def post(*arguments: Any, **options: Any) -> Post:
            made = original(*arguments, **options)
            maker = Path(self.pass_by()[0]).stem
            self._made[id(made)] = made, maker
            self._by_text[made.text] = maker
            return made

        modules = [one for name, one in sys.modules.items() if name.startswith("bot.")]
        patches = [
            mock.patch.object(one, "post", post) for one in modules if vars(one).get("post") is original
        ]
        patches += [
            mock.patch.object(kind, name, self._noting(getattr(kind, name), name))
            for name, (kind, _) in _SAYING.items()
        ]
        patches.append(mock.patch.object(Answers, "say", self._noting(Answers.say, "say")))
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in reversed(patches):
                patch.stop()

    def _noting(self, says: Callable[..., Any], name: str) -> Callable[..., Any]:
        def noted(self_: Any, *arguments: Any, **options: Any) -> Any:
            self.pass_by()
            if name != "say" and not self._deep:
                said = next((one for one in (*arguments, *options.values()) if isinstance(one, Post)), None)
                how = "post" if name == "post_once" else name
                channel = arguments[0] if isinstance(arguments[0], str) else ""
                self.note(said, how, channel, broadcast=bool(options.get("broadcast")))
            self._deep += name != "say"
            try:
                return says(self_, *arguments, **options)
            finally:
                self._deep -= name != "say"

        return noted


def places() -> dict[Place, Place]:
    """Every place that makes a message or hands one on: its first line → the last one."""
    found: dict[Place, Place] = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        if file.startswith(_NOT_HERE):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_one(node.func):
                found[file, node.lineno] = file, node.end_lineno or node.lineno
    return found


def _is_one(called: ast.expr) -> bool:
    """`post(…)`, `….slack.tell(…)`, `outbox.say(…)`, `self.say(…)`, `….answers.say(…)`."""
    match called:
        case ast.Name("post"):
            return True
        case ast.Attribute(owner, name) if name in _SAYING:
            whose = {_SAYING[name][1], f"_{_SAYING[name][1]}"} | (
                {"self", "answers"} if name == "say" else set()
            )
            return (owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")) in whose
    return False


def missed(collected: Collected) -> list[str]:
    """The places that nothing passed."""
    return sorted(
        f"{file}:{first}"
        for (file, first), (_, last) in places().items()
        if not any((file, line) in collected.passed for line in range(first, last + 1))
    )
