"""What people read of records: every end of a fix, every other kind of record, every reason of a refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, get_args

import pytest

from handlers.admission import NoEntry
from handlers.approval import Refusal
from handlers.record import sentences
from handlers.record.spans import time_words
from handlers.record.steps import step, tells
from storage.chain.audit import body_text
from storage.records import Entry, Json, Kind, Record, State
from tests.storage.samples import BAD, GOOD, START

NAMES = {"UALICE": "alice", "UBOB": "bob", "UCAROL": "carol", "UDAVE": "dave"}
PROPOSED: dict[str, Json] = {
    "kind": "fix", "computer": "EXCH-NODE2", "expected": json.dumps(BAD), "target": json.dumps(GOOD),
}  # fmt: skip
INTERNAL = re.compile(r"root_ver|_|=|\d{4}-\d\d-\d\dT|pending|`")


def entries(*records: tuple[Any, Any, str, dict[str, Any]], fix: str | None = "FIX-12") -> list[Entry]:
    """Records of one fix, ten seconds apart."""
    made = []
    for seq, (kind, outcome, actor, details) in enumerate(records, 1):
        at = START + timedelta(seconds=10 * seq)
        record = Record(kind, outcome, actor, "exch-node2", fix, details)
        body = body_text(record, at)
        made.append(Entry(seq, at, kind, outcome, actor, "exch-node2", fix, body, b"", b""))
    return made


def moved(kind: Kind, outcome: str, actor: str, *state: str, **details: Json) -> tuple[Kind, Any, str, Any]:
    return kind, outcome, actor, {"state": [*state], **details}


ASKED = ("proposal", "pending", "UALICE", PROPOSED)
APPROVED = moved("decision", "ok", "UBOB", "proposed", "approved", decision="approve")
APPLYING = moved("change", "pending", "bot", "approved", "applying", step="begin")
APPLIED = moved("change", "ok", "bot", "applying", "applied", before=BAD, after=GOOD)
CHANGE = "0.0.0.0 → 1.1.4322.0"
BOTH = "alice asked, bob approved"

ENDS: dict[str, tuple[Sequence[Any], str, str, str]] = {
    "proposed": ([ASKED], f"{CHANGE}, waits for an approval", "alice asked", ""),
    "approved": ([ASKED, APPROVED], f"{CHANGE}, approved, not sent yet", BOTH, ""),
    "applying": ([ASKED, APPROVED, APPLYING], f"{CHANGE}, being applied", BOTH, ""),
    "indeterminate": (
        [ASKED, APPROVED, APPLYING, moved("change", "unknown", "bot", "applying", "indeterminate")],
        f"{CHANGE}, sent, and it is not known yet what stands there", BOTH, "",
    ),
    "applied": ([ASKED, APPROVED, APPLYING, APPLIED], f"{CHANGE}, applied", BOTH, "30 s"),
    "declined": (
        [ASKED, moved("decision", "ok", "UBOB", "proposed", "declined", decision="decline")],
        f"{CHANGE}, declined", "alice asked, bob declined", "10 s",
    ),
    "cancelled": (
        [ASKED, APPROVED, moved("decision", "ok", "UALICE", "approved", "cancelled", decision="cancel")],
        f"{CHANGE}, cancelled", f"{BOTH}, alice cancelled", "20 s",
    ),
    "expired": (
        [ASKED, moved("expiry", "ok", "bot", "proposed", "expired", reason="Nobody decided in time.")],
        f"{CHANGE}, expired: nobody decided in time", "alice asked", "10 s",
    ),
    "voided": (
        [ASKED, APPROVED,
         moved("change", "refused", "bot", "approved", "voided", reason="It changed. Diagnose again.")],
        f"{CHANGE}, voided: It changed", BOTH, "20 s",
    ),
    "failed": (
        [ASKED, APPROVED, APPLYING, moved("change", "error", "bot", "applying", "failed", reason="x stands")],
        f"{CHANGE}, failed: x stands", BOTH, "30 s",
    ),
    "confirmed": (
        [ASKED, APPROVED, APPLYING, APPLIED, moved("follow_up", "ok", "bot", "applied", "confirmed", look=1)],
        f"{CHANGE}, confirmed", BOTH, "30 s",
    ),
    "drifted": (
        [ASKED, APPROVED, APPLYING, APPLIED, moved("follow_up", "error", "bot", "applied", "drifted")],
        f"{CHANGE}, applied, and later another value stood there", BOTH, "30 s",
    ),
    "lost": (
        [ASKED, moved("restore_copy", "unknown", "os:root", "proposed", "lost", reason="Look by hand.")],
        f"{CHANGE}, lost: the audit's file was put back from an older copy", "alice asked", "10 s",
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", sentences.ENDS)
def test_every_end_of_a_fix_is_a_sentence(end: str) -> None:
    """From what to what, how it ended, who asked and approved, how long it took."""
    records, said, people, took = ENDS[end]
    of_fix = entries(*records)
    told = sentences.followed(of_fix)
    assert sentences.of_fix(told) == said
    assert sentences.people_of_fix(told, of_fix, NAMES) == people
    assert sentences.length_of_fix(told) == took
    assert sentences.computer_of(told, of_fix) == "EXCH-NODE2"
    assert not INTERNAL.search(said + people)
    assert not any(INTERNAL.search(step(one, NAMES)) for one in of_fix)


def test_every_state_has_its_words() -> None:
    """Whatever a fix may come to."""
    assert set(sentences.ENDS) == {str(state) for state in State} == set(ENDS)


def test_every_refusal_has_its_words() -> None:
    """Of a decision and of a command; none is an internal word."""
    assert {*get_args(Refusal), *get_args(NoEntry)} == set(sentences.REFUSED)
    assert not any(INTERNAL.search(text) for text in sentences.REFUSED.values())


def test_a_restore_says_what_it_puts_back() -> None:
    """And a type that is not the usual one; and that a value is not there."""
    odd = {"is": "value", "value": {"kind": "REG_DWORD", "data": 1}}
    details = {**PROPOSED, "restores": 11, "expected": json.dumps(odd), "target": '{"is":"absent"}'}
    told = sentences.followed(entries(("proposal", "pending", "UALICE", details)))
    assert sentences.of_fix(told) == (
        "puts back what FIX-11 replaced: 1 (REG_DWORD) → no value, waits for an approval"
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{ not JSON", "{ not JSON"),
        ('{"is":"unreadable"}', "not readable"),
        ("[7]", "unknown"),
    ],
)
def test_a_value_that_is_of_another_shape_is_shown_as_it_stands(target: str, said: str) -> None:
    """A record that was cut, or that somebody wrote."""
    told = sentences.followed(entries(("proposal", "pending", "UALICE", {**PROPOSED, "target": target})))
    assert sentences.of_fix(told) == f"0.0.0.0 → {said}, waits for an approval"


def test_an_approval_is_told_where_no_record_counts_it() -> None:
    """By whoever moved the fix; and nobody is named who is not recorded."""
    of_fix = entries(APPROVED, moved("decision", "ok", "UBOB", "approved", "declined"))
    assert sentences.people_of_fix(sentences.followed(of_fix), of_fix, {}) == "UBOB approved, UBOB declined"
    nobody = sentences.followed(of_fix)
    nobody.columns |= {"state": "cancelled", "approver": None}
    assert sentences.people_of_fix(nobody, of_fix, NAMES) == ""
    assert sentences.length_of_fix(nobody) == ""


def test_a_fix_that_two_approved_names_both() -> None:
    """Each approval that counts."""
    digest = {"digest": "d"}
    asked = ("proposal", "pending", "UALICE", {**PROPOSED, **digest})
    first = (
        "decision",
        "ok",
        "UCAROL",
        {"decision": "approve", "via": "settings", "counted": [1, 2], **digest},
    )
    second = moved(
        "decision", "ok", "UBOB", "proposed", "approved", decision="approve", via="settings", **digest
    )
    of_fix = entries(asked, first, second)
    people = sentences.people_of_fix(sentences.followed(of_fix), of_fix, NAMES)
    assert people == "alice asked, carol and bob approved"
    assert step(of_fix[1], NAMES) == "carol approved (1 of 2), named in the settings"


OTHERS: list[tuple[Kind, str, str, dict[str, Any], str]] = [
    ("diagnosis", "ok", "UALICE", {"verdict": "rootver_invalid", "confidence": "suspected"},
     "RootVer is invalid (suspected)"),
    ("diagnosis", "unknown", "UALICE", {"verdict": "inconclusive", "confidence": "inconclusive"},
     "could not tell"),
    ("diagnosis", "ok", "UALICE", {"verdict": "healthy", "related": ["clock_skew"]},
     "OK; also: "),
    ("diagnosis", "refused", "UALICE", {"asked": "x", "reason": "x is not in the inventory. Try y."},
     "not diagnosed: x is not in the inventory"),
    ("probe", "error", "UALICE", {"reason": "No answer. Try again."}, "the node was not read: No answer"),
    ("command", "ok", "UALICE", {"command": "history", "words": "since 7d"}, "alice typed: history since 7d"),
    ("command", "unknown", "UALICE", {"command": None}, "alice typed what is not a command"),
    ("refusal", "refused", "UDAVE", {"asked": "approve", "reason": "not_an_approver"},
     "dave wanted to approve and was refused: not an approver"),
    ("refusal", "refused", "UDAVE", {"command": "pause", "reason": "not_an_approver"},
     "dave wanted to pause and was refused: not an approver"),
    ("refusal", "refused", "UDAVE", {"asked": "command", "command": "history", "reason": "not_here"},
     "dave wanted to ask for history and was refused: not in that channel"),
    ("refusal", "refused", "UDAVE", {"asked": "command", "reason": "too_many", "count": 7},
     "dave wanted to give commands and was refused (7 times): too many commands in a minute"),
    ("decision", "ok", "UBOB", {"command": "pause"}, "bob paused fixes"),
    ("decision", "ok", "UBOB", {"command": "resume"}, "bob resumed fixes"),
    ("export", "ok", "UCAROL", {"format": "csv", "records": 12}, "carol exported 12 records as csv"),
    ("erasure", "ok", "os:root", {"person": "UDAVE"}, "os:root erased the name of a person"),
    ("erasure", "ok", "os:root", {"evidence": ["ab"]}, "os:root erased raw answers of nodes"),
    ("restore_copy", "ok", "os:root", {"size": 7}, "os:root took over an older copy of the audit's file"),
    ("error", "pending", "bot", {"where": "telling card", "reason": "is archived"},
     "not possible yet: telling card: is archived"),
    ("error", "error", "bot", {"reason": "The disk is full."}, "something failed: The disk is full"),
    ("error", "ok", "bot", {"reason": "No other bot."}, "in order again: No other bot"),
    ("start", "error", "bot", {"faults": ["x"]},
     "the bot started, and the check of the audit found a fault: run rootver verify"),
    ("start", "error", "bot", {"older": ["x"]},
     "the bot started with an older copy of the audit's file: fixes are held"),
    ("start", "ok", "bot", {}, "the bot started"),
    ("stop", "ok", "bot", {}, "the bot stopped"),
    ("settings", "ok", "bot", {}, "the settings were read"),
    ("anchor", "ok", "bot", {}, "the record was signed"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "outcome", "actor", "details", "said"), OTHERS)
def test_every_other_record_is_a_sentence(
    kind: Kind, outcome: str, actor: str, details: dict[str, Any], said: str
) -> None:
    """With people by name, and no word that only the record uses."""
    (entry,) = entries((kind, outcome, actor, details), fix=None)
    told = sentences.of_record(entry, NAMES)
    assert told.startswith(said)
    assert not INTERNAL.search(told)


STEPS: list[tuple[Kind, str, dict[str, Any], str]] = [
    ("probe", "ok", {}, "the node was read"),
    ("probe", "ok", {"readings": {"root_ver": BAD}}, "the node was read, RootVer 0.0.0.0"),
    (
        "diagnosis",
        "ok",
        {"verdict": "rootver_invalid", "checks": [{"result": "ok"}, {"result": "fail"}, {"result": "warn"}]},
        "diagnosis: RootVer is invalid; 3 checks, 2 of them not in order",
    ),
    (
        "proposal",
        "pending",
        {**PROPOSED, "able": ["UCAROL", "UDAVE"]},
        "proposed for bob: 0.0.0.0 → 1.1.4322.0; could approve: carol, dave",
    ),
    (
        "decision",
        "ok",
        {"decision": "approve", "via": "S0ADMINS", "seen_late": True},
        "bob approved, a member of the group S0ADMINS, which was seen late",
    ),
    ("change", "ok", {"after": GOOD}, "the value was written and read back, RootVer 1.1.4322.0"),
    (
        "follow_up",
        "ok",
        {"look": 1, "owner": True},
        "look 1, the value stands and the System Attendant runs",
    ),
    ("follow_up", "error", {"look": 2, "found": BAD}, "look 2, another value stands there, RootVer 0.0.0.0"),
    ("diagnosis", "ok", {"verdict": "rootver_invalid"}, "diagnosis: RootVer is invalid"),
    ("diagnosis", "ok", {"verdict": "new_row"}, "diagnosis: new row"),
    ("proposal", "pending", {}, "proposed for bob"),
    ("proposal", "ok", {"event": "card"}, "the card was posted"),
    ("decision", "ok", {"decision": "decline", "reason": "No. Not now."}, "bob declined: No"),
    ("decision", "refused", {"reason": "It changed."}, "voided: It changed"),
    ("withdrawal", "ok", {}, "bob took the approval back"),
    ("withdrawal", "ok", {"by": "UCAROL"}, "carol took the approval back"),
    (
        "withdrawal",
        "pending",
        {"reason": "rechecking"},
        "bob took the approval back while the node was read again",
    ),
    (
        "withdrawal",
        "refused",
        {"by": "UBOB", "reason": "too_late"},
        "bob could not take the approval back: too late",
    ),
    ("withdrawal", "refused", {}, "the approval no longer counts"),
    ("reminder", "ok", {}, "the approvers were reminded"),
    ("expiry", "ok", {}, "expired"),
    ("recheck", "ok", {}, "the node was read again, still as approved"),
    ("recheck", "refused", {}, "the node was read again, no longer as approved"),
    ("backup", "ok", {}, "the key was backed up"),
    ("change", "pending", {"step": "begin"}, "applying began"),
    ("change", "pending", {"step": "send"}, "the change was sent"),
    ("change", "refused", {}, "nothing was written"),
    ("change", "pending", {}, "the change went on"),
    ("readback", "ok", {}, "the value was read back"),
    ("follow_up", "unknown", {"look": 2}, "look 2, not known yet"),
    ("follow_up", "ok", {}, "a later look, in order"),
    ("restore_copy", "unknown", {}, "the audit's file was put back from an older copy"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "outcome", "details", "said"), STEPS)
def test_every_step_of_a_fix_is_a_sentence(
    kind: Kind, outcome: str, details: dict[str, Any], said: str
) -> None:
    """For its story."""
    (entry,) = entries((kind, outcome, "UBOB", details))
    assert step(entry, NAMES) == said


def test_what_only_the_bot_does_between_two_steps_is_no_step_of_a_story() -> None:
    """A record that cannot be read is told."""
    posted, begun, signed, asked = entries(
        ("proposal", "ok", "bot", {"event": "card"}), APPLYING, ("anchor", "ok", "bot", {}), ASKED
    )
    assert [tells(one) for one in (posted, begun, signed, asked)] == [False, False, False, True]
    assert tells(posted._replace(body="{"))


@pytest.mark.parametrize("body", ["{", "[]", '{"details":7}', '{"details":{"state":["x"]}}'])
def test_a_record_that_cannot_be_read_says_so(body: str) -> None:
    """By its number; of a fix too, whose other records still tell it."""
    asked, approved = entries(ASKED, APPROVED)
    damaged = approved._replace(body=body)
    assert sentences.of_record(damaged, NAMES) == "record 2 cannot be read: run rootver verify"
    assert step(damaged, NAMES) == "record 2 cannot be read: run rootver verify"
    assert sentences.unread([asked, damaged]) == ["record 2 cannot be read: run rootver verify"]
    assert sentences.of_fix(sentences.followed([asked, damaged])) == f"{CHANGE}, waits for an approval"
    assert sentences.of_fix(sentences.followed([damaged])) == (
        "its proposal cannot be read: run rootver verify, how it ended cannot be read"
    )


def test_a_record_of_a_kind_that_nobody_knows_is_told_too() -> None:
    """Damage may make it one."""
    (entry,) = entries(("probe", "ok", "UALICE", {}), fix=None)
    strange = entry._replace(kind="prcbe", body=entry.body.replace('"probe"', '"prcbe"'))
    assert sentences.of_record(strange, NAMES) == "prcbe, ok"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (19.4, "19 s"), (119, "119 s"), (120, "2 min"), (3600, "1 h"), (7500, "2 h 5 min"),
     (172_800, "2 d"), (180_000, "2 d 2 h")],
)  # fmt: skip
def test_a_length_of_time_has_at_most_two_units(seconds: float, said: str) -> None:
    """As people say it."""
    assert time_words(timedelta(seconds=seconds)) == said
