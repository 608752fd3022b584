"""One history by its number, and what the reference says of what it sent."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from handlers.approval import Permit
from tests.handlers.fix.night import NO, YES, Night
from tests.handlers.histories import forging
from tests.handlers.histories.reference import World, wrongs


@dataclass
class Judged:
    """`wrongs`: why what was sent should not have been. `failure`: what ended the bot's step, if anything."""

    sent: int = 0
    wrongs: list[str] = field(default_factory=list)
    failure: str | None = None


def judged(number: int) -> Judged:
    """Play the history of this number; the same number is the same history."""
    chance = random.Random(number)
    found = Judged()
    with tempfile.TemporaryDirectory() as folder:
        night = Night(Path(folder), rules=forging.rules(chance))
        try:
            forging.play(chance, night, lambda: _watch(night, found))
        except Exception as error:  # noqa: BLE001 - a file that was written into may stop the bot
            found.failure = type(error).__name__
        finally:
            night.close()
    return found


def _watch(night: Night, found: Judged) -> None:
    """From now on, judge every change just before the host gets it."""
    change = night.remote.change

    def judge(permit: Permit) -> str:
        command = "Set-RootVer" if permit.kind == "fix" else "Restore-RootVer"
        sent: dict[str, object] = {
            "ComputerName": permit.computer, "FixId": permit.fix_id, "Expected": permit.expected
        }  # fmt: skip
        if permit.kind == "restore":
            sent["Target"] = permit.target
        found.sent += 1
        found.wrongs += wrongs(night.folder / "rootver.db", command, sent, _world(night))
        if found.sent > 1:
            found.wrongs.append("sent twice")
        return change(permit)

    night.remote.change = judge  # type: ignore[method-assign]


def _world(night: Night) -> World:
    chat, rules = night.chat, night.rules
    groups = [chat.groups[group] for group in rules.approver_groups - chat.broken]
    named = rules.approvers.union(*groups)
    known = {user for user in named - chat.broken if not chat.people[user].flags}
    readable = "card" not in chat.broken
    return World(
        allowed=known,
        ticked=chat.standing[YES] - chat.unnamed if readable else (),
        crossed=chat.standing[NO] - chat.unnamed if readable else (),
        hidden=bool(chat.standing[NO] & chat.unnamed),
        required=rules.required_approvals,
        own_requests=rules.allow_self_approval,
    )
