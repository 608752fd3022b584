"""`kill -9` at random moments around the change: nothing is lost, nothing done twice.

The suite kills a few times; `python -m tests.scenarios.test_kill 200` does so two hundred times.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from dataclasses import dataclass

import pytest

from bot.lab.limits import SlackRefusal
from bot.lab.practice import ONCALL, Practice, Timing
from storage.database import Database
from storage.verify import verify

QUICK = Timing(grace_seconds=0.05, follow_up_minutes=(0.005,), deadline_seconds=6)
ENDS = {"applied", "confirmed", "voided", "failed", "drifted", "expired"}
SETTLED = 30.0  # seconds until a restarted bot must have found out how it ended


@dataclass(frozen=True)
class Run:
    """What one kill left behind."""

    state: str
    writes: int
    sent: int
    intents: int
    faults: list[str]


def run(seed: int) -> Run:
    """Approve a fix, kill the bot somewhere on its way, start it again, and look."""
    chance = random.Random(seed)
    with Practice("zero", timing=QUICK) as practice:
        card = approved(practice)
        time.sleep(chance.uniform(0.0, 0.6))
        assert practice.bot is not None
        practice.bot.kill()
        practice.start_bot()
        practice.workspace.wait_for(lambda: ended(practice), SETTLED)
        practice.bot.stop()
        return inspect(practice, card)


def approved(practice: Practice) -> str:
    """Ask, wait for the card, approve; the card's ts."""
    workspace = practice.workspace
    thread = workspace.say("alice", ONCALL, "@rootver diagnose exch-node2")

    def card() -> str | None:
        ready = (
            one
            for one in workspace.messages(ONCALL, thread)
            if {"white_check_mark", "x"} <= set(one.reactions)
        )
        return next((one.ts for one in ready), None)

    found = workspace.wait_for(card, SETTLED)
    workspace.react("bob", ONCALL, found, "white_check_mark")
    return found


def ended(practice: Practice) -> bool:
    """Whether the fix has come to rest. A fix killed while proposed is approved by the catch-up."""
    conn = sqlite3.connect(f"file:{practice.folder / 'rootver.db'}?mode=ro", uri=True)
    try:
        row = conn.execute("SELECT state FROM fix").fetchone()
    finally:
        conn.close()
    return row is not None and row[0] in ENDS


def inspect(practice: Practice, card: str) -> Run:
    with Database.read_only(practice.folder / "rootver.db") as database, database.read() as conn:
        state = conn.execute("SELECT state FROM fix").fetchone()[0]
        intents = conn.execute(
            "SELECT count(*) FROM audit WHERE kind = 'change' AND body LIKE '%\"step\":\"send\"%'"
        ).fetchone()[0]
        faults = [str(fault) for fault in verify(conn, []).faults]
    try:
        practice.workspace.message(practice.workspace.id_of(ONCALL), card)
    except SlackRefusal:
        faults.append("the card is gone")
    writes = sum(len(node.writes) for node in practice.cluster.nodes)
    return Run(state, writes, len(practice.endpoint.calls.named("Set-RootVer")), intents, faults)


def broken(found: Run) -> list[str]:
    """What must never be."""
    rules = {
        "more than one write": found.writes > 1,
        "more than one change sent": found.sent > 1,
        "a write without a recorded intent": found.writes > found.intents,
        "a write, but the fix does not say so": bool(found.writes)
        and found.state not in {"applied", "confirmed"},
        "applied without a write": not found.writes and found.state in {"applied", "confirmed"},
        f"the record has faults: {found.faults}": bool(found.faults),
    }
    return [rule for rule, hit in rules.items() if hit]


@pytest.mark.kill
@pytest.mark.parametrize("seed", range(6))
def test_a_killed_bot_sends_nothing_twice_and_records_everything(seed: int) -> None:
    """Exactly one outcome, at most one write, an intent before it, an intact chain."""
    assert not broken(run(seed))


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    states: dict[str, int] = {}
    for number in range(count):
        result = run(number)
        states[result.state] = states.get(result.state, 0) + 1
        if broken(result):
            sys.exit(f"seed {number}: {broken(result)} {result}")
    sys.stdout.write(f"{count} kills, nothing twice, nothing lost; ended as {states}\n")
