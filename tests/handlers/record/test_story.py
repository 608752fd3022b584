"""The story of a fix: everything an auditor asks, from the command to the confirmation."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.record.questions import QuestionError
from handlers.record.story import show
from handlers.record.tale import for_auditors, tale
from storage import erasure, fixes
from storage.chain import audit
from storage.file.database import Database
from storage.records import Fix, Json, Record
from storage.transaction import Transaction
from tests.storage.samples import BAD, DIGEST, GOOD, Ticking, new_fix, tell_night


def note(tx: Transaction, fix: Fix, kind: Any, outcome: Any, actor: str, **details: Json) -> None:
    audit.append(tx, Record(kind, outcome, actor, fix.node, fix.id, details))


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with Database.open(tmp_path / "rootver.db", Ticking()) as database:
        yield database


def test_a_story_has_everything(db: Database) -> None:
    """Who asked, who approved and why they might, before and after, refusals, durations, evidence, names."""
    fix = tell_night(db)
    with db.read() as conn:
        story = show(conn, "fix-1")
    assert story is not None
    assert (story.fix, story.via, story.before, story.after) == (fix, "S0ADMINS", BAD, GOOD)
    assert [entry.kind for entry in story.entries] == [
        "proposal", "proposal", "refusal", "decision", "change", "recheck", "backup", "change", "change",
        "follow_up",
    ]  # fmt: skip
    assert [entry.actor for entry in story.refusals] == ["UCAROL"]
    assert list(story.durations) == [
        "proposed to approved", "approved to sent", "sent to applied", "applied to confirmed",
    ]  # fmt: skip
    assert story.durations["approved to sent"] == timedelta(seconds=5)
    assert [(one.size) for one in story.evidence] == [9, 13]
    assert story.names == {"UALICE": "alice", "UBOB": "bob", "UCAROL": "carol"}


def test_a_story_is_told_in_sentences(db: Database) -> None:
    """What was there before and after, who did what and when; then what proves it."""
    tell_night(db)
    with db.read() as conn:
        story = show(conn, "1")
    assert story is not None
    told = tale(story)
    assert told.head.startswith("FIX-1 EXCH-NODE2: ")
    assert told.head.endswith(" → value, confirmed")
    assert told.people == "alice asked, bob approved · 9 s"
    assert told.facts == (
        "Before the change RootVer was 0.0.0.0; read back after it: 1.1.4322.0.",
        "From proposed to approved 3 s; from approved to sent 5 s; from sent to applied 1 s; from applied to "
        "confirmed 1 s.",
    )
    assert [one.told for one in told.moments] == [
        "proposed for alice: value → value",
        "carol wanted to approve and was refused: not an approver",
        "bob approved, a member of the group S0ADMINS",
        "the node was read again, still as approved",
        "the key was backed up",
        "the change was sent",
        "the value was written and read back, RootVer 1.1.4322.0",
        "look 1, in order: It runs",
    ]
    assert [str(one.at) for one in told.moments][:2] == [
        "2026-11-02 08:41:02+00:00",
        "2026-11-02 08:41:04+00:00",
    ]
    proofs = for_auditors(story)
    assert ("people", "alice is UALICE, bob is UBOB, carol is UCAROL") in proofs
    assert ("digest", f"{DIGEST}, of what was approved") in proofs
    assert [proof.split(", ", 1)[1] for word, proof in proofs if word == "evidence"] == [
        "9 bytes", "13 bytes, backup, record 8",
    ]  # fmt: skip


def test_a_story_is_told_as_json_too(db: Database) -> None:
    """Plain data, no floats: it can be recorded or compared."""
    tell_night(db)
    with db.read() as conn:
        story = show(conn, "FIX-1")
    assert story is not None
    told = json.loads(json.dumps(story.json))
    assert (told["fix"], told["approver"], told["via"]) == ("FIX-1", "UBOB", "S0ADMINS")
    assert told["durations_ms"]["sent to applied"] == 1000
    assert len(told["records"]) == 10


def test_erased_evidence_and_names_are_told_as_such(db: Database) -> None:
    """The story stays; what was erased is named."""
    tell_night(db)
    with db.write() as tx:
        erasure.forget_evidence_of(tx, "FIX-1", "UBOB")
        erasure.forget_person(tx, "UCAROL", "UBOB")
    with db.read() as conn:
        story = show(conn, "FIX-1")
    assert story is not None
    assert [proof.split(", ")[1] for word, proof in for_auditors(story) if word == "evidence"] == [
        "erased"
    ] * 2
    assert "UCAROL wanted to approve and was refused: not an approver" in [
        one.told for one in tale(story).moments
    ]


def test_a_fix_nobody_approved(db: Database) -> None:
    """Nothing was changed, and the story says so."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        note(tx, fix, "proposal", "pending", "UALICE")
    with db.read() as conn:
        story = show(conn, "FIX-1")
    assert story is not None
    assert (story.via, story.before, story.after, story.durations) == (None, None, None, {})
    assert tale(story).people == "UALICE asked"
    assert tale(story).facts == ("Nothing was sent. RootVer was value when it was proposed.",)


def test_a_fix_that_was_sent_and_not_answered(db: Database) -> None:
    """What stands there is not known; that nothing was sent is not said."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        note(tx, fix, "proposal", "pending", "UALICE")
        note(tx, fix, "change", "pending", "bot", step="send")
    with db.read() as conn:
        story = show(conn, "FIX-1")
    assert story is not None
    assert tale(story).facts[0] == "Before the change RootVer was value; nothing was read back after it."


def test_the_approval_that_counts_is_the_last_one(db: Database) -> None:
    """Withdrawn and given again by another person: the reason of that one."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        approved: Json = ["proposed", "approved"]
        note(tx, fix, "decision", "ok", "UBOB", decision="approve", via="settings", state=approved)
        note(tx, fix, "withdrawal", "ok", "UBOB", state=["approved", "proposed"])
        note(tx, fix, "decision", "ok", "UCAROL", decision="approve", via="S0ADMINS", state=approved)
    with db.read() as conn:
        story = show(conn, "FIX-1")
    assert story is not None
    assert (story.fix.approver, story.via) == ("UCAROL", "S0ADMINS")


@pytest.mark.parametrize("name", ["FIX-99", "9999999999"])
def test_there_is_no_such_fix(db: Database, name: str) -> None:
    """None, whatever the number."""
    with db.read() as conn:
        assert show(conn, name) is None


def test_a_word_that_does_not_name_a_fix_is_refused(db: Database) -> None:
    """It is a question that was not understood."""
    with db.read() as conn, pytest.raises(QuestionError, match='"exch-node2" is not the number of a fix'):
        show(conn, "exch-node2")


def ask(tx: Transaction, actor: str, verb: str, words: str) -> int:
    details: dict[str, Json] = {"command": verb, "words": words}
    return audit.append(tx, Record("command", "ok", actor, details=details)).seq


def look(tx: Transaction, actor: str, *kinds: Any) -> int:
    """Records about the node; returns the seq of the last one."""
    details: dict[str, Json] = {"asked": "exch-cl1"}
    return [audit.append(tx, Record(one, "ok", actor, "exch-node2", details=details)) for one in kinds][
        -1
    ].seq


def kinds_told(db: Database, **named: Json) -> list[str]:
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        note(tx, fix, "proposal", "pending", "UALICE", **named)
    with db.read() as conn:
        told = show(conn, "FIX-1")
    assert told is not None
    first = list(told.durations)[:1]
    assert first == (["asked to proposed"] if told.entries[0].kind == "command" else [])
    return [f"{one.kind} {one.seq}" for one in told.entries]


def test_a_story_begins_with_the_command(db: Database) -> None:
    """Alice's own that led to the diagnosis, whatever else was asked meanwhile."""
    with db.write() as tx:
        wanted = ask(tx, "UALICE", "diagnose", "exch-cl1")
        ask(tx, "UALICE", "diagnose", "exch-node1")
        ask(tx, "UBOB", "diagnose", "exch-cl1")
        diagnosis = look(tx, "UALICE", "probe", "diagnosis")
        look(tx, "UBOB", "probe", "diagnosis")
    assert kinds_told(db, diagnosis=diagnosis) == [
        f"command {wanted}", f"probe {diagnosis - 1}", f"diagnosis {diagnosis}", "proposal 8",
    ]  # fmt: skip


def test_the_story_of_a_restore_begins_with_its_command(db: Database) -> None:
    """And with what the node answered then."""
    with db.write() as tx:
        look(tx, "UALICE", "probe")
        ask(tx, "UALICE", "restore", "FIX-1")
        wanted = ask(tx, "UALICE", "restore", "FIX-7")
        look(tx, "UALICE", "probe")
    assert kinds_told(db, restores=7) == [f"command {wanted}", "probe 4", "proposal 5"]


def test_a_story_has_the_commands_that_were_given_about_the_fix(db: Database) -> None:
    """Who wanted it cancelled or taken back, whoever that was; looking at it is not a part of its story."""
    with db.write() as tx:
        ask(tx, "UALICE", "cancel", "FIX-1")  # none was there yet
        fix = fixes.insert(tx, new_fix())
        note(tx, fix, "proposal", "pending", "UALICE")
    with db.write() as tx:
        for verb, about in (("show", "FIX-1"), ("cancel", "FIX-12"), ("cancel", "FIX-1")):
            ask(tx, "UCAROL", verb, about)
        note(tx, fix, "expiry", "ok", "bot", state=["proposed", "expired"])
    with db.write() as tx:
        ask(tx, "UBOB", "restore", "FIX-1")
    with db.read() as conn:
        told = show(conn, "FIX-1")
    assert told is not None
    assert [f"{one.kind} {one.seq}" for one in told.entries] == [
        "proposal 2", "command 5", "expiry 6", "command 7",
    ]  # fmt: skip
    assert "asked to proposed" not in told.durations
    assert any("UCAROL typed: cancel FIX-1" in one.told for one in tale(told).moments)


def test_an_older_record_names_no_diagnosis(db: Database) -> None:
    """Then the story begins with the proposal: nothing is guessed."""
    with db.write() as tx:
        ask(tx, "UALICE", "diagnose", "exch-node2")
        look(tx, "UALICE", "probe", "diagnosis")
    assert kinds_told(db) == ["proposal 4"]
