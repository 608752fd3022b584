"""The host fails while a fix is applied: each way has its end, with one change at most.

What was not sent for certain is voided; what may have been is read back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.lab.host.faults import HostFaults
from tests.scenarios.stage import Stage, shown

Enter = Callable[..., Stage]
Spoil = Callable[[HostFaults], None]


def exchange(fault: str, action: str, *, at: str) -> Spoil:
    """Spoil the next exchange of a WSMan action once a command has reached the host."""

    def spoil(faults: HostFaults) -> None:
        faults.before(at, lambda _: faults.next_exchange(fault, action))  # type: ignore[arg-type]

    return spoil


def garbage(how: str, command: str, times: int = 1) -> Spoil:
    """Execute a command, but answer with this."""

    def spoil(faults: HostFaults) -> None:
        for _ in range(times):
            faults.garble(command, how)  # type: ignore[arg-type]

    return spoil


# Nothing was sent for certain: the host was lost before the change's own shell was open.
UNSENT = {
    f"{fault} at the logon of the change": exchange(fault, "Create", at="Backup-AspNetKey")
    for fault in ("reset", "hang", "html", "unavailable", "truncated")
} | {
    f"the backup is {how}": garbage(how, "Backup-AspNetKey", times=2)
    for how in ("malformed", "not_json", "truncated", "nothing", "huge")
}
# It was carried out, but its answer says nothing.
UNKNOWN = {
    f"{fault} while the answer is fetched": exchange(fault, "Receive", at="Set-RootVer")
    for fault in ("reset", "hang", "html", "unavailable", "truncated")
} | {
    f"the answer is {how}": garbage(how, "Set-RootVer")
    for how in ("malformed", "not_json", "truncated", "nothing", "huge")
}


@pytest.fixture
def card(enter: Enter) -> tuple[Stage, Any]:
    stage = enter(host="deadline_seconds = 12")  # a hang lasts so long, and a slow machine needs a part of it
    stage.say("alice", "@rootver diagnose exch-node2")
    return stage, stage.card()


@pytest.mark.parametrize("fault", UNSENT)
def test_what_fails_before_the_change_is_sent_voids_it(card: tuple[Stage, Any], fault: str) -> None:
    """With the reason; the host has seen no change, and a new diagnosis leads to a new card."""
    stage, message = card
    UNSENT[fault](stage.faults)
    stage.react("bob", message)
    stage.becomes("voided")
    assert "othing was sent" in shown(stage.see("FIX-1 voided"))
    assert (stage.writes, stage.endpoint.calls.named("Set-RootVer")) == (0, [])
    stage.faults.clear()
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.card(2)


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_change_whose_answer_cannot_be_used_is_read_back_and_found_applied(
    card: tuple[Stage, Any], fault: str
) -> None:
    """It says that it does not know, then that it does; it is never sent again."""
    stage, message = card
    UNKNOWN[fault](stage.faults)
    stage.react("bob", message)
    stage.becomes("applied")
    stage.see("FIX-1: it is not known whether")
    stage.see("FIX-1 applied")
    assert (stage.writes, len(stage.endpoint.calls.named("Set-RootVer"))) == (1, 1)


@pytest.mark.parametrize("fault", ["reset", "hang", "unavailable"])
def test_a_change_that_was_lost_on_its_way_is_failed_once_it_can_no_longer_run(
    card: tuple[Stage, Any], fault: str
) -> None:
    """The bot cannot tell that from a lost answer; the old value is believed after `deadline_seconds`."""
    stage, message = card
    exchange(fault, "Command", at="Backup-AspNetKey")(stage.faults)
    stage.react("bob", message)
    stage.becomes("failed")
    stage.see("FIX-1: it is not known whether")
    assert "did not reach the node" in shown(stage.see("FIX-1 failed"))
    assert (stage.writes, stage.endpoint.calls.named("Set-RootVer")) == (0, [])
