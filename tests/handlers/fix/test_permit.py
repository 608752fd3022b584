"""The record decides: what somebody writes into the table sends nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from handlers.approval import State, permit
from handlers.ports import Message, Standing
from storage import evidence, fixes, switches
from storage.chain.grounds import ApprovalTerms
from storage.chain.verify import verify
from storage.chain.walk import follow_fix
from storage.times import to_text
from tests.handlers.fix.night import ALICE, BOB, CAROL, NO, THREAD, YES, Night
from tests.storage.chain.mutants import forge

Forge = Callable[[Night], None]


def sql(night: Night, statement: str, *values: object) -> None:
    """Somebody else writes into the file while the bot runs."""
    with sqlite3.connect(night.folder / "rootver.db") as conn:
        conn.execute(statement, values)
    conn.close()


def forged_row(night: Night) -> None:
    """Approved by bob, who once ticked another message."""
    night.chat.standing[YES].add(BOB)
    now = to_text(night.watch.now())
    sql(night, "UPDATE fix SET state = 'approved', approver = ?, approved_at = ?, due_at = ?", BOB, now, now)


def planted_trigger(night: Night) -> None:
    """What makes a fix approved as soon as anything of it is stored."""
    night.chat.standing[YES].add(BOB)
    sql(
        night,
        "CREATE TRIGGER quick AFTER UPDATE OF card_ts ON fix BEGIN"
        f" UPDATE fix SET state = 'approved', approver = '{BOB}', approved_at = NEW.created_at,"
        " due_at = NEW.created_at WHERE number = NEW.number; END",
    )
    sql(night, "UPDATE fix SET card_ts = card_ts")


FORGED: Mapping[str, Forge] = {"the row": forged_row, "a trigger": planted_trigger}


@pytest.mark.parametrize("how", FORGED)
def test_an_approval_that_only_the_table_knows_sends_nothing(night: Night, how: str) -> None:
    """The fix ends, the fault is recorded and told, and fixes stop until people have looked."""
    night.propose()
    FORGED[how](night)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "Set-RootVer" not in night.remote.sent
    assert "Backup-AspNetKey" not in night.remote.sent
    (record,) = night.records("error")
    assert "no record tells of an approval" in str(record.details["reason"])
    assert "no record tells that applying began" not in str(record.details["reason"])  # it has not, yet
    assert "the record and the table disagree about approved_at, approver, state" in str(record.details)
    assert "Nothing was sent" in str(night.fix().reason)
    assert [one.topic for one in night.told("audit")] == ["storage_fault"]
    with night.database.read() as conn:
        assert switches.paused(conn) is not None
    assert verify(night.database).faults


# What somebody changes in the row of an approved fix; what was approved is something else.
ALTERED: Mapping[str, tuple[str, object]] = {
    "target": ("target", '{"is":"value","value":{"data":"6.6.6.6","kind":"REG_SZ"}}'),
    "computer": ("computer", "OTHER"),
    "approver": ("approver", CAROL),
    "requester": ("requester", CAROL),
    "kind": ("kind", "restore"),
    "expected": ("expected", '{"is":"absent","missing":"value"}'),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_row_that_was_altered_after_its_approval_sends_nothing(night: Night, what: str) -> None:
    """Whatever of it: the table and the record have to agree."""
    night.propose()
    night.react(BOB)
    night.chat.standing[YES].add(CAROL)
    column, value = ALTERED[what]
    sql(night, f"UPDATE fix SET {column} = ?", value)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "Set-RootVer" not in night.remote.sent
    assert f"disagree about {column}" in str(night.fix().reason)


def test_a_row_that_is_altered_at_the_last_moment_sends_nothing(night: Night) -> None:
    """After the backup, just before the change."""
    night.propose()
    night.react(BOB)
    target = ALTERED["target"][1]
    night.remote.before["Backup-AspNetKey"] = lambda: sql(night, "UPDATE fix SET target = ?", target)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "Set-RootVer" not in night.remote.sent


SPOILT = [
    ("UPDATE evidence SET data = x'00'", "what is stored is not what was backed up"),
    ("DELETE FROM evidence", "the backup is no longer stored"),
]


@pytest.mark.parametrize(("statement", "said"), SPOILT)
def test_a_backup_that_is_gone_at_the_last_moment_sends_nothing(
    night: Night, monkeypatch: pytest.MonkeyPatch, statement: str, said: str
) -> None:
    """What was backed up could not be put back."""
    night.propose()
    night.react(BOB)
    look = night.chat.reactions

    def spoilt(card: Message) -> Standing:
        sql(night, statement)
        return look(card)

    monkeypatch.setattr(night.chat, "reactions", spoilt)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert said in str(night.fix().reason)


def test_a_record_that_was_altered_sends_nothing(night: Night) -> None:
    """A link of the chain that is broken between the proposal and now."""
    night.propose()
    night.react(BOB)
    sql(night, "DROP TRIGGER audit_no_update")
    sql(night, "UPDATE audit SET body = replace(body, ?, ?) WHERE kind = 'decision'", BOB, CAROL)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "not the one that was hashed" in str(night.fix().reason)


@pytest.mark.parametrize(
    ("alone", "said"), [(True, "does not follow from the record before it"), (False, "it is missing")]
)
def test_a_proposal_that_was_altered_together_with_its_own_hash_sends_nothing(
    night: Night, *, alone: bool, said: str
) -> None:
    """The first record of the fix is a link too: it follows from the one before it, which must be there."""
    night.propose()
    night.react(BOB)

    def longer_life(conn: sqlite3.Connection) -> None:
        query = "SELECT seq, body FROM audit WHERE kind = 'proposal' ORDER BY seq"
        seq, body = conn.execute(query).fetchone()
        body = body.replace('"expires_at":"2026', '"expires_at":"2036')
        leaf = hashlib.sha256(b"\0" + body.encode()).digest()
        conn.execute("UPDATE audit SET body = ?, leaf = ? WHERE seq = ?", (body, leaf, seq))
        if not alone:
            conn.execute("DELETE FROM audit WHERE seq = ?", (seq - 1,))

    forge(night.folder / "rootver.db", longer_life)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert said in str(night.fix().reason)


def test_fixes_stay_stopped_until_the_record_is_whole_and_an_approver_resumes(night: Night) -> None:
    """A restart does not forget it, `resume` alone does not end it; a repaired file and an approver do."""
    night.propose()
    forged_row(night)
    night.tick(seconds=6)
    night.restart()
    assert night.pause.resume(BOB).reason == "audit_fault"
    night.database.faults = ()
    assert night.pause.resume(BOB).reason == "audit_fault"
    assert night.pause.resume(ALICE).reason == "not_an_approver"


def test_a_pause_that_a_fault_caused_ends_once_verify_finds_nothing(night: Night) -> None:
    """The file was put right meanwhile."""
    with night.database.write() as tx:
        switches.pause(tx, "bot")
    night.database.faults = ("FIX-1: something",)
    assert night.pause.resume(BOB).step == "approve"
    assert not night.database.faults


def test_the_permit_is_taken_from_the_records(night: Night) -> None:
    """As they stand just before the change is sent."""
    seen: list[bool] = []
    night.propose()
    night.react(BOB)

    def look() -> None:
        with night.database.read() as conn:
            fix, (recorded, faults) = night.fix(), follow_fix(conn, "FIX-1")
        assert not faults
        assert not set(recorded.grounds.broken(night.watch.now(), _terms(night))) - {8, 9}
        with pytest.raises(Exception, match="it had been sent before"):
            permit("FIX-1", "mgmt1", fixes.stored(fix), recorded, at=night.watch.now(), rules=night.rules)
        seen.append(True)

    night.remote.before["Set-RootVer"] = look
    night.tick(seconds=6)
    assert (seen, night.state) == ([True], State.APPLIED)
    assert verify(night.database).faults == ()


def _terms(night: Night) -> ApprovalTerms:
    return ApprovalTerms(night.rules.allow_self_approval, night.rules.required_approvals)


# --- what stands on the card just before the change ---


@pytest.mark.parametrize(("who", "ends"), [(CAROL, State.DECLINED), (ALICE, State.CANCELLED)])
def test_a_decline_that_stands_on_the_card_ends_the_fix(night: Night, who: str, ends: State) -> None:
    """Its event has not come yet: it is that person's decision all the same."""
    night.propose()
    night.react(BOB)
    night.remote.before["Backup-AspNetKey"] = lambda: night.chat.standing[NO].add(who)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (ends, 0)
    decision = night.records("decision")[-1]
    assert (decision.actor, decision.details["decision"]) == (who, "decline")
    assert night.topics()[-1] == ends.value


def test_a_backup_that_was_altered_is_not_put_back(night: Night) -> None:
    """Evidence is believed only if it has its hash."""
    fix = night.approve_and_apply()
    assert fix.backup
    with sqlite3.connect(night.folder / "rootver.db") as conn:
        other = "SELECT data FROM evidence WHERE sha256 != ? LIMIT 1"
        conn.execute(f"UPDATE evidence SET data = ({other}) WHERE sha256 = ?", (fix.backup, fix.backup))
    conn.close()
    with night.database.read() as conn, pytest.raises(evidence.EvidenceAltered):
        evidence.read(conn, fix.backup)
    refused = night.proposals.restore(1, ALICE, THREAD, direct=False)
    assert getattr(refused, "reason", None) == "backup_altered"


def test_the_life_of_a_fix_stands_in_its_proposal(night: Night) -> None:
    """So that the record alone says whether an approval came in time."""
    night.propose()
    (proposal,) = [one for one in night.records("proposal") if one.outcome == "pending"]
    assert proposal.details["expires_at"] == to_text(night.fix().created_at + timedelta(minutes=30))
