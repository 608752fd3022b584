"""`kill -9` at every boundary the bot crosses, and at random moments: nothing is lost, nothing done twice.

The suite kills at the boundaries that matter most, and a few times at random. All of them, in an hour:

    python -m tests.scenarios.test_kill points [fix|doubt|restore|decline|drift|expiry|recovery]
    python -m tests.scenarios.test_kill 200         random moments
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from bot.lab.practice import ONCALL, Practice, Timing
from bot.lab.workspace.limits import SlackRefusal
from storage.chain.verify import check
from storage.file.database import Database
from tests.scenarios.surviving import PLANS, survive

# --- at random moments ---

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
        faults = [str(fault) for fault in check(conn, []).faults]
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


# --- at each boundary ---

# Where a night can be cut between the start and `confirmed`; the names are those of `crossings`.
BOUNDARIES = [
    ("fix", "before commit start, settings #1"),
    ("fix", "after apps.connections.open #1"),
    ("fix", "before commit command #1"),  # acknowledged to Slack, or about to be
    ("fix", "after commit command #1"),
    ("fix", "before commit probe, probe, diagnosis #1"),
    ("fix", "before commit proposal #1"),  # the answer is posted
    ("fix", "after commit proposal #1"),
    ("fix", "before commit proposal #2"),  # the card's line is posted, its ts is not stored
    ("fix", "after commit proposal #2"),
    ("fix", "after reactions.add #1"),  # one emoji is on the card, the other is not
    ("fix", "before commit decision approved #1"),
    ("fix", "after commit decision approved #1"),  # the grace period
    ("fix", "before commit change applying #1"),
    ("fix", "after commit change applying #1"),
    ("fix", "before commit recheck #1"),
    ("fix", "before commit backup #1"),
    ("fix", "after commit backup #1"),
    ("fix", "before commit change send #1"),  # the card has been read once more
    ("fix", "after commit change send #1"),  # the intent is stored, nothing is sent
    ("fix", "before Set-RootVer Command #1"),
    ("fix", "after Set-RootVer Command #1"),  # sent; the result is not received
    ("fix", "before commit change applied, anchor #1"),  # received; the outcome is not stored
    ("fix", "after commit change applied, anchor #1"),  # stored; neither card nor thread know
    ("fix", "before files.completeUploadExternal #2"),  # applied is told, its backup is not attached
    ("fix", "before commit follow_up #1"),
    ("fix", "before commit follow_up confirmed #1"),
    ("fix", "after commit follow_up confirmed #1"),
    ("doubt", "after commit change indeterminate #1"),
    ("doubt", "before commit readback applied, anchor #1"),
    ("restore", "after commit change send #2"),
    ("restore", "after Restore-RootVer Command #1"),
    ("decline", "after commit decision declined #1"),
    ("drift", "before commit change voided #1"),
    ("expiry", "after commit reminder #1"),
    ("expiry", "before commit expiry expired #1"),
]
# What the second bot is killed at, after the first one left a change under way.
RECOVERY = ("after commit change send #1", "after commit backup #1", "after Set-RootVer Command #1")


@pytest.mark.kill
@pytest.mark.parametrize(("plan", "boundary"), BOUNDARIES)
def test_a_bot_killed_at_a_boundary_leaves_a_night_that_ends_well(plan: str, boundary: str) -> None:
    """The intent is stored before anything is sent, each fix ends once, and everybody is told how."""
    night = survive(plan, boundary)
    assert (night.kills, night.faults) == (1, [])


@pytest.mark.kill
def test_a_bot_killed_again_while_it_recovers_still_sends_nothing_twice() -> None:
    """Three bots: one leaves the change under way, the next one dies before it has said so."""
    night = survive("fix", "after Set-RootVer Command #1", "before commit change indeterminate #1")
    assert (night.kills, night.faults) == (2, [])


def everywhere(plan: str) -> Iterator[tuple[str, ...]]:
    """Every boundary of a plan; of `recovery`: every boundary of a bot that finds a change under way."""
    for first in [(one,) for one in RECOVERY] if plan == "recovery" else [()]:
        plain = survive("fix" if plan == "recovery" else plan, *first)
        yield from ((*first, boundary) for boundary in plain.crossed)


def kill_everywhere(plans: Sequence[str]) -> None:
    """Print what each plan's kills came to; exits at the first broken rule."""
    for plan in plans:
        ends: Counter[str] = Counter()
        kills, missed = 0, 0
        for fatal in everywhere(plan):
            night = survive("fix" if plan == "recovery" else plan, *fatal)
            if night.faults:
                sys.exit(f"{plan}, killed {' and '.join(fatal)}: {night.faults}")
            kills, missed, ends = kills + night.kills, missed + len(fatal) - night.kills, ends + night.ends
        told = (
            f"{plan}: {kills} kills, nothing twice, nothing lost, {missed} boundaries not met; {dict(ends)}\n"
        )
        sys.stdout.write(told)
        sys.stdout.flush()


def kill_at_random(count: int) -> None:
    """Print how the fixes ended; exits at the first broken rule."""
    states: Counter[str] = Counter()
    for number in range(count):
        result = run(number)
        states[result.state] += 1
        if broken(result):
            sys.exit(f"seed {number}: {broken(result)} {result}")
    sys.stdout.write(f"{count} kills, nothing twice, nothing lost; ended as {dict(states)}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["points"]:
        kill_everywhere(sys.argv[2:] or [*PLANS, "recovery"])
    else:
        kill_at_random(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
