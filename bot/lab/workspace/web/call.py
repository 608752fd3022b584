"""One call of the Web API: its arguments, and what every method may ask of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from bot.lab.payload import Payload
from bot.lab.workspace.cast import Channel
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.workspace import Workspace


@dataclass(frozen=True)
class Call:
    """One call of the Web API by the bot."""

    workspace: Workspace
    arguments: Payload
    base_url: str
    """Where this server is reached, with a last slash."""

    def text(self, name: str) -> str:
        """The argument as text; "" if it is not given."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def required(self, name: str) -> str:
        """The argument; raises `SlackRefusal` `invalid_arguments` without it."""
        if not self.text(name):
            raise SlackRefusal("invalid_arguments", [f"missing required field: {name}"])
        return self.text(name)

    def number(self, name: str, default: int) -> int:
        """The argument as a whole number; raises `SlackRefusal` `invalid_limit` and the like."""
        given = self.text(name) or str(default)
        if not given.isdigit():
            raise SlackRefusal(f"invalid_{name}")
        return int(given)

    def flag(self, name: str) -> bool:
        """The argument as yes or no, in any of the spellings that Slack takes."""
        return self.text(name).lower() in ("1", "true")

    def structure(self, name: str, error: str, kind: type) -> Any:
        """A structured argument, as JSON text or as it is; None if not given."""
        value = self.arguments.get(name)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except ValueError:
                raise SlackRefusal(error) from None
        if value in (None, ""):
            return None
        if not isinstance(value, kind):
            raise SlackRefusal(error)
        return value

    def blocks(self) -> list[Payload] | None:
        """The blocks; None if not given."""
        found: list[Payload] | None = self.structure("blocks", "invalid_blocks_format", list)
        return found

    def need(self, *scopes: str) -> None:
        """Raise `SlackRefusal` `missing_scope` unless one of these is granted."""
        if not self.workspace.scopes & set(scopes):
            raise SlackRefusal(
                "missing_scope", needed=scopes[0], provided=",".join(sorted(self.workspace.scopes))
            )

    def channel(self, name: str = "channel") -> Channel:
        """The conversation named, if the bot may act in it."""
        return self.workspace.channel_for(self.workspace.bot_user, self.text(name))


Answer = Callable[[Call], Payload]


@dataclass(frozen=True)
class Method:
    """How a method is called. `scope` "" needs none; `takes_json` False reads forms and queries only."""

    answer: Answer
    scope: str = ""
    takes_json: bool = True
    token: Literal["bot", "app"] = "bot"
    per_minute: int = 1
    """Calls that Slack answers at least; chat.postMessage has a limit of its own."""
