"""How practice Slack and practice host misbehave when told to: one table for page, command line and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.lab.practice import ONCALL, Practice
from bot.lab.workspace.faults import CODES, FaultKind

Act = Callable[[Practice], None]


@dataclass(frozen=True)
class Misbehaviour:
    """One way to misbehave. `line` is what a person reads.

    A switch has `is_on` and `end`; without them it happens once, or a few times, and is over. `choices`: what
    `choose` takes before it begins, the first one if nothing is chosen.
    """

    of: Literal["slack", "host"]
    line: str
    begin: Act
    is_on: Callable[[Practice], bool] | None = None
    end: Act | None = None
    choices: tuple[str, ...] = ()
    choose: Callable[[Practice, str], None] | None = None


def _api(kind: FaultKind, method: str = "*", times: int = 3) -> Act:
    return lambda practice: practice.workspace.faults.add(kind, method, times=times, seconds=2)


def _delivery(**settings: object) -> Act:
    return lambda practice: practice.server.sockets.set_delivery(**settings)


def _refuse(practice: Practice, code: str | None = CODES[0]) -> None:
    practice.workspace.faults.refusal = code


def _removed(practice: Practice) -> bool:
    workspace = practice.workspace
    return workspace.bot_user not in workspace.channels[workspace.id_of(ONCALL)].members


def _rates(*, enforced: bool) -> Act:
    return lambda practice: setattr(practice.workspace.rates, "enforced", enforced)


def _host(name: str, value: object) -> Act:
    return lambda practice: setattr(practice.faults, name, value)


def _slow(command: str, seconds: float) -> Act:
    return lambda practice: practice.faults.slow.update({command: seconds})


def _swift(command: str) -> Act:
    def end(practice: Practice) -> None:
        practice.faults.slow.pop(command, None)

    return end


def _flood(practice: Practice) -> None:
    for _ in range(FLOOD):
        practice.workspace.say("dave", "#exchange-oncall", "@rootver help")


def _another_bot(*, connected: bool) -> Act:
    return lambda practice: setattr(practice.server.sockets, "strangers", int(connected))


FLOOD = 60  # mentions, at once
LATENCY, SLOW_FACTS, SLOW_CHANGE = 0.5, 8.0, 6.0  # seconds
FEW_SHELLS, SHELLS = 0, 30  # per user; WinRM's MaxShellsPerUser is 30

MISBEHAVIOURS: dict[str, Misbehaviour] = {
    "rate-limits": Misbehaviour(
        "slack", "Slack enforces its rate limits", _rates(enforced=True),
        lambda practice: practice.workspace.rates.enforced, _rates(enforced=False),
    ),
    "too-many-requests": Misbehaviour("slack", "The next 3 calls are answered 429", _api("rate_limited")),
    "server-errors": Misbehaviour("slack", "The next 3 calls are answered 503", _api("server_error")),
    "lost-posts": Misbehaviour(
        "slack", "The next 2 posts arrive, but their answers are lost",
        _api("lost_answer", "chat.postMessage", 2),
    ),
    "refused-posts": Misbehaviour(
        "slack", "Slack refuses posts and edits, with this code", _refuse,
        lambda practice: practice.workspace.faults.refusal is not None,
        lambda practice: _refuse(practice, None), CODES, _refuse,
    ),
    "removed": Misbehaviour(
        "slack", "The bot is removed from the channel; switched off, it is invited back",
        lambda practice: practice.workspace.take_out(practice.workspace.bot_user, ONCALL), _removed,
        lambda practice: practice.workspace.let_in(practice.workspace.bot_user, ONCALL),
    ),
    "redelivery": Misbehaviour(
        "slack", "Every event comes 2 to 4 times, in any order", _delivery(copies=(2, 4), spread=1.0),
        lambda practice: practice.server.sockets.settings.copies != (1, 1),
        _delivery(copies=(1, 1), spread=0.0),
    ),
    "held-events": Misbehaviour(
        "slack", "Events are held back until this is switched off", _delivery(flow="held"),
        lambda practice: practice.server.sockets.settings.flow == "held",
        lambda practice: practice.server.sockets.release(),
    ),
    "flood": Misbehaviour("slack", f"Dave asks for help {FLOOD} times at once", _flood),
    "another-bot": Misbehaviour(
        "slack", "Another bot is connected with the same app token, and gets some of the events",
        _another_bot(connected=True),
        lambda practice: practice.server.sockets.strangers > 0, _another_bot(connected=False),
    ),
    "dropped-socket": Misbehaviour(
        "slack", "The bot's connection is reset", lambda practice: practice.server.sockets.reset()
    ),
    "half-open-socket": Misbehaviour(
        "slack", "The bot's connection falls silent", lambda practice: practice.server.sockets.silence()
    ),
    "latency": Misbehaviour(
        "host", f"Every exchange takes {LATENCY:g} s longer", _host("latency", LATENCY),
        lambda practice: practice.faults.latency > 0, _host("latency", 0.0),
    ),
    "slow-facts": Misbehaviour(
        "host", f"Reading a node takes {SLOW_FACTS:g} s", _slow("Get-RootVerFact", SLOW_FACTS),
        lambda practice: "Get-RootVerFact" in practice.faults.slow, _swift("Get-RootVerFact"),
    ),
    "slow-change": Misbehaviour(
        "host", f"The change takes {SLOW_CHANGE:g} s: time to kill the bot",
        _slow("Set-RootVer", SLOW_CHANGE),
        lambda practice: "Set-RootVer" in practice.faults.slow, _swift("Set-RootVer"),
    ),
    "refused-logons": Misbehaviour(
        "host", "Every logon is refused", _host("refuse_logons", True),
        lambda practice: practice.faults.refuse_logons, _host("refuse_logons", False),
    ),
    "no-shells": Misbehaviour(
        "host", "No further shell may be opened (quota)", _host("max_shells", FEW_SHELLS),
        lambda practice: practice.faults.max_shells == FEW_SHELLS, _host("max_shells", SHELLS),
    ),
    "reset": Misbehaviour(
        "host", "The next command's connection is reset",
        lambda practice: practice.faults.next_exchange("reset", "Command"),
    ),
    "hang": Misbehaviour(
        "host", "The next command is never answered",
        lambda practice: practice.faults.next_exchange("hang", "Receive"),
    ),
    "lost-change": Misbehaviour(
        "host", "The answer to the next change is lost",
        lambda practice: practice.faults.lose_answer("Set-RootVer"),
    ),
    "garbage": Misbehaviour(
        "host", "The next reading of a node is garbage",
        lambda practice: practice.faults.garble("Get-RootVerFact", "not_json"),
    ),
}  # fmt: skip


def active(practice: Practice) -> list[str]:
    """Names of the switches that are on."""
    return [name for name, one in MISBEHAVIOURS.items() if one.is_on and one.is_on(practice)]


def switch(practice: Practice, name: str, choice: str | None = None) -> bool:
    """Begin a misbehaviour, or end it if it is a switch that is on; return whether it is on now.

    `choice`: one of its choices, where it has some. Raises `KeyError` for an unknown name.
    """
    wanted = MISBEHAVIOURS[name]
    if wanted.is_on and wanted.end and wanted.is_on(practice):
        wanted.end(practice)
        return False
    if choice and wanted.choose and choice in wanted.choices:
        wanted.choose(practice, choice)
    else:
        wanted.begin(practice)
    return True


def behave(practice: Practice) -> None:
    """Put everything in order, also what the incident had prepared to go wrong."""
    practice.faults.release()
    practice.faults.clear()
    practice.workspace.faults.clear()
    practice.workspace.rates.enforced = False
    practice.workspace.let_in(practice.workspace.bot_user, ONCALL)
    practice.server.sockets.set_delivery(copies=(1, 1), spread=0.0)
    practice.server.sockets.release()
    practice.server.sockets.strangers = 0
