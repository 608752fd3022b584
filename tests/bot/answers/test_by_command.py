from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import get_type_hints

import pytest

from bot import commands
from bot.answers import from_record
from bot.answers.by_command import _METHODS, SLOW, Step
from bot.doctor.findings import DoctorLine
from handlers.record.anchors import Anchors
from handlers.remote_errors import RemoteError
from storage import erasure
from storage.file.errors import StorageUnavailable
from tests.bot.shift import ALICE, AUDIT, BOB, ONCALL, RULES, Shift, whole, without_members


def test_every_command_has_an_answer() -> None:
    """The table of commands and the table of answers list the same."""
    assert set(_METHODS) == {*(spec.makes for spec in commands.TABLE), commands.Unknown}


def test_what_takes_long_is_what_is_named_so() -> None:
    """These are told of at the next start if they were left open, so a new one must be among them."""
    steps = {made for made, method in _METHODS.items() if get_type_hints(method)["return"] == Step}
    assert {spec.verb for spec in commands.TABLE if spec.makes in steps} == SLOW


# --- diagnose ---


def test_a_diagnosis_is_announced_at_once_and_becomes_the_verdict(shift: Shift) -> None:
    """One message: who is checked first, then the result."""
    announced: list[str] = []
    real = shift.diagnoser.remote.query
    ts: list[str] = []

    def query(host: str, asked: object) -> str:
        announced.extend(text for text in shift.texts(ts[0]))
        return real(host, asked)  # type: ignore[arg-type]

    shift.remote.query = query  # type: ignore[method-assign, assignment]
    events = shift.catch(
        lambda: ts.append(shift.workspace.say("alice", ONCALL, "@rootver diagnose exch-node2"))
    )
    for event in events:
        shift.deliver(event)
    assert announced[0] == "Checking EXCH-NODE2 and its partner EXCH-NODE1 …"
    assert shift.answer(ts[0]).startswith("EXCH-NODE2: RootVer is invalid (confirmed)")


def test_the_raw_facts_are_attached_to_the_thread(shift: Shift) -> None:
    """For whoever wants to see everything."""
    ts = shift.say("diagnose exch-node2")
    (facts,) = (one for one in shift.thread(ts) if one.files)
    assert json.loads(facts.files[0].data or b"")["asked"] == "exch-node2"


def test_an_answer_goes_to_the_thread_that_the_command_stands_in(shift: Shift) -> None:
    """Never below a reply."""
    first = shift.workspace.say("alice", ONCALL, "it is down again")
    shift.say("nodes", thread_ts=first)
    assert shift.texts(first)[-1] == "1 cluster, 2 nodes."


def test_a_diagnosis_says_that_a_fix_is_proposed(shift: Shift) -> None:
    """And wakes whoever posts the card."""
    ts = shift.say("diagnose exch-node2")
    assert "FIX-1 proposed: set RootVer on EXCH-NODE2. Its card follows in this thread." in shift.answer(ts)
    assert shift.woken == 1


def test_a_second_diagnosis_leads_to_the_open_card(shift: Shift) -> None:
    """There is never a second one."""
    shift.propose()
    ts = shift.say("diagnose exch-node2", "carol")
    assert "FIX-1 is already open" in shift.answer(ts)
    assert f"{ONCALL}/p{shift.card.ts.replace('.', '')}" in shift.answer(ts)


def test_without_approvers_the_answer_says_diagnose_only(begin: Callable[..., Shift]) -> None:
    """And how to change that."""
    shift = begin(rules=without_members(RULES))
    ts = shift.say("diagnose exch-node2")
    assert "so this bot only diagnoses" in shift.answer(ts)
    assert shift.waiting() == []


def test_in_a_direct_message_there_is_a_diagnosis_but_no_card(shift: Shift) -> None:
    """Nobody else could see it."""
    ts = shift.tell("diagnose exch-node2")
    answer = shift.answer(ts, shift.workspace.dm("alice"))
    assert "RootVer is invalid" in answer
    assert "ask again in a channel" in answer
    assert shift.waiting() == []


def test_a_name_that_nobody_knows_is_answered(shift: Shift) -> None:
    """With what there is."""
    ts = shift.say("diagnose exch-node3")
    assert "exch-node3 is not in the inventory. Did you mean exch-node" in shift.answer(ts)


def test_a_diagnosis_of_a_cluster_proposes_for_each_node(begin: Callable[..., Shift]) -> None:
    """Passive first."""
    shift = begin("both-nodes")
    ts = shift.say("diagnose EXCH-CL1")
    shift.deliver_notices()
    assert shift.answer_of(ts).count("Its card follows") == 4  # in the text and in the blocks
    assert shift.fix(1).details["owner"] is False
    assert shift.fix(2).details["owner"] is True


def test_a_host_that_does_not_answer_is_a_verdict_and_no_failure(shift: Shift) -> None:
    """The sentence names host, node and what to do."""

    def away(*_: object) -> str:
        raise RemoteError("mgmt1", "no answer within 60 s", "Is the host up?")

    shift.remote.query = away  # type: ignore[method-assign, assignment]
    ts = shift.say("diagnose exch-node2")
    assert "could not tell" in shift.answer(ts)
    assert "no answer within 60 s" in shift.answer(ts)
    assert shift.records("error") == []


def test_a_diagnosis_whose_result_cannot_be_edited_in_is_posted_anew(shift: Shift) -> None:
    """And the hint to the card still knows the message."""
    shift.workspace.faults.add("error", "chat.update", error="cant_update_message")
    ts = shift.say("diagnose exch-node2")
    _, result = [one for one in shift.thread(ts) if not one.files]
    assert "RootVer is invalid" in result.text
    assert shift.fix().details["answer_ts"] == result.ts


def test_files_that_slack_does_not_take_do_not_take_the_answer_with_them(shift: Shift) -> None:
    """The thread is told."""
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error")
    ts = shift.say("diagnose exch-node2")
    assert "`facts-EXCH-CL1.json` could not be attached (`internal_error`)." in shift.texts(ts)
    assert shift.records("error") == []


def test_a_failure_inside_is_told_recorded_and_shows_no_traceback(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no line stays on "Checking …"."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(shift.diagnoser), "diagnose", broken)
    ts = shift.say("diagnose exch-node2")
    broke_off, failure = shift.texts(ts)
    assert broke_off.startswith("This broke off")
    (entry,) = shift.records("error")
    assert failure.startswith(f"Something failed inside (record #{entry.seq}). Next: try again")
    assert "secret detail" not in failure
    assert "ZeroDivisionError" in entry.body


def test_a_file_that_cannot_be_written_is_told_without_its_path(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command was admitted, then the disk was full."""

    def full(*_: object) -> None:
        raise StorageUnavailable(shift.database.path, "the disk is full", "Free some space.")

    monkeypatch.setattr(type(shift.diagnoser), "diagnose", full)
    ts = shift.say("diagnose exch-node2")
    assert shift.texts(ts)[-1] == "The audit's file cannot be used: the disk is full. Next: Free some space."


# --- fixes ---


def test_open_fixes_are_listed(shift: Shift) -> None:
    """With a link to the card."""
    assert shift.answer(shift.say("fixes")) == "No fix is open."
    shift.propose()
    assert "FIX-1> proposed: set RootVer on EXCH-NODE2 · asked by alice" in shift.answer(shift.say("fixes"))


def test_the_requester_cancels_and_the_answer_is_in_both_threads(shift: Shift) -> None:
    """The command's and the fix's."""
    first = shift.propose()
    ts = shift.say("cancel FIX-1")
    assert shift.answer(ts) == "FIX-1 cancelled: nothing was changed on EXCH-NODE2."
    shift.deliver_notices()
    assert any(text.startswith(f"FIX-1 cancelled by <@{ALICE}>") for text in shift.told(first))


def test_a_cancel_in_the_fixs_own_thread_is_answered_once(shift: Shift) -> None:
    """By the notice."""
    first = shift.propose()
    shift.say("cancel FIX-1", thread_ts=first)
    shift.deliver_notices()
    assert sum("cancelled" in text for text in shift.told(first)) == 1


@pytest.mark.parametrize(
    ("command", "user", "part"),
    [
        ("cancel FIX-1", "dave", "Only approvers may do that, and <@U07ALICE000>, who asked."),
        ("cancel FIX-9", "alice", "There is no such fix."),
        ("pause", "alice", "Only approvers may do that."),
        ("resume", "dave", "Only approvers may do that."),
        ("restore FIX-1", "alice", "FIX-1 is proposed: nothing was changed that could be put back."),
        ("restore FIX-9", "alice", "There is no FIX-9."),
        ("show FIX-9", "alice", "There is no FIX-9."),
    ],
)
def test_what_is_not_done_is_explained(shift: Shift, command: str, user: str, part: str) -> None:
    """Each with its reason."""
    shift.propose()
    assert part in shift.answer(shift.say(command, user))
    assert shift.fix().state == "proposed"


def test_an_approver_pauses_and_another_resumes(shift: Shift) -> None:
    """Both are told what holds."""
    assert f"Paused by <@{BOB}> since" in shift.answer(shift.say("pause", "bob"))
    assert "Resumed" in shift.answer(shift.say("resume", "carol"))


def test_a_restore_is_proposed_with_a_card(shift: Shift) -> None:
    """After the fix was applied."""
    shift.propose()
    shift.react("bob")
    shift.tick(seconds=6)
    ts = shift.say("restore FIX-1", "carol")
    shift.deliver_notices()
    assert "FIX-2 proposed: put RootVer on EXCH-NODE2 back to what it was before FIX-1." in shift.texts(ts)[0]
    assert "put RootVer on EXCH-NODE2 back" in whole(shift.thread(ts)[-1])


# --- the audit ---


def test_history_is_answered_in_the_same_words_as_on_the_command_line(shift: Shift) -> None:
    """Records of a node, newest first."""
    shift.propose()
    answer = shift.answer(shift.say("history exch-node2 since 7d"))
    assert answer.index("proposal") < answer.index("probe")
    assert "alice" in answer
    assert "<@" not in answer


def test_the_bots_own_records_can_be_asked_for_by_its_mention(shift: Shift) -> None:
    """In a channel, and in a direct message, which needs no mention of it."""
    shift.propose()
    assert " · bot" in shift.answer(shift.say("history by @rootver"))
    ts = shift.tell("history by @rootver since 7d")
    assert " · bot" in shift.answer(ts, shift.workspace.dm("alice"))


def test_history_pages(shift: Shift) -> None:
    """The answer says how to go on, and that works."""
    for _ in range(8):
        shift.say("diagnose exch-node1")
    answer = shift.answer(shift.say("history exch-node1 since 7d"))
    assert "Older ones: `@rootver history exch-node1 since 7d before " not in answer
    answer = shift.answer(shift.say("history since 7d"))
    (following,) = (line for line in answer.splitlines() if line.startswith("Older ones"))
    older = shift.answer(shift.say(following.split("`")[1].removeprefix("@rootver ")))
    assert "#1 · " in older


def numbers(answer: str) -> list[int]:
    return [int(number) for number in re.findall(r"^#(\d+) ·", answer, re.MULTILINE)]


def test_more_in_the_thread_gives_the_next_page_until_there_is_none(shift: Shift) -> None:
    """Each record once, as many as asked for; and then a sentence."""
    for _ in range(10):
        shift.say("diagnose exch-node1")
    ts = shift.say("history last 45")
    for _ in range(3):
        shift.say("more", "bob", thread_ts=ts)
    bot = shift.chat.identity.user
    first, second, third, end = (whole(one) for one in shift.thread(ts) if one.user == bot)
    assert "`@rootver history last 25 before" in first
    assert numbers(first) + numbers(second) + numbers(third) == list(range(numbers(first)[0], 0, -1))[:45]
    assert "Older ones" not in third
    assert "No older records follow" in end


def test_more_in_a_direct_message_goes_on_with_its_last_question(shift: Shift) -> None:
    """There nobody replies in threads."""
    for _ in range(8):
        shift.say("diagnose exch-node1")
    shift.tell("history")
    shift.tell("more")
    asked = shift.records("command")[-1]
    assert "before" in json.loads(asked.body)["details"]["words"]


@pytest.mark.parametrize("first", ["nodes", "history summary", "history by Alice Miller", "history last 2"])
def test_more_of_nothing_is_answered(shift: Shift, first: str) -> None:
    """It says what to ask."""
    ts = shift.say(first)
    shift.say("more", thread_ts=ts)
    assert "No older records follow" in shift.texts(ts)[-1]


def test_a_name_in_a_question_is_recorded_as_an_id(shift: Shift) -> None:
    """Of the command and of the export: the chain can never be erased."""
    shift.say("fixes")
    shift.say("history by @alice since 7d")
    shift.say("history by Zebulon")
    shift.say("export by alice csv")
    told = [json.loads(record.body)["details"] for record in shift.records("command", "export")]
    assert [one.get("words") or one.get("filter") for one in told] == [
        None, f"by {ALICE} since 7d", "by (unknown name)", f"by {ALICE} csv", f"by {ALICE}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("history by @nobody", 'Nobody called "nobody" is in the records.'),
        ("history since lunch", "is no time"),
        ("export by @nobody csv", 'Nobody called "nobody" is in the records.'),
        ("export since 7d", "csv or jsonl"),
        ("export summary csv", "A file has no summary"),
        ("export before 3 jsonl", "A file has no pages"),
        ("history exch-node2 until 2026-01-01", "No record matches."),
    ],
)
def test_a_question_that_is_none_is_answered(shift: Shift, question: str, part: str) -> None:
    """What is wrong, and an example."""
    assert part in shift.answer(shift.say(question))


def test_a_summary_counts(shift: Shift) -> None:
    """Bars and numbers."""
    shift.propose()
    answer = shift.answer(shift.say("history summary"))
    assert "by kind" in answer
    assert f"alice ({ALICE})" in answer


def test_the_story_of_a_fix_is_shown_and_attached(shift: Shift) -> None:
    """Whole, as JSON."""
    shift.propose()
    ts = shift.say("show FIX-1")
    assert "allowed" not in shift.answer(ts)
    (file,) = (one.files[0] for one in shift.thread(ts) if one.files)
    assert json.loads(file.data or b"")["fix"] == "FIX-1"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_is_attached_and_recorded(shift: Shift, kind: str) -> None:
    """With its hash, and who it was."""
    shift.propose()
    ts = shift.say(f"export by @alice {kind}")
    (file,) = (one.files[0] for one in shift.thread(ts) if one.files)
    assert file.name == f"rootver-audit.{kind}"
    (record,) = shift.records("export")
    details = json.loads(record.body)["details"]
    assert (record.actor, details["channel"], details["format"]) == (ALICE, ONCALL, kind)
    assert details["sha256"] in shift.answer(ts)
    lines = (file.data or b"").decode().splitlines()
    assert len(lines) == details["records"] + (kind == "csv")
    assert all("UALICE" in line or ALICE in line for line in lines[1:])


def test_an_export_holds_as_many_of_the_newest_records_as_asked_for(shift: Shift) -> None:
    """As on the command line, oldest first; the record says how many."""
    shift.propose()
    ts = shift.say("export last 2 jsonl")
    (file,) = (one.files[0] for one in shift.thread(ts) if one.files)
    *_, last, asked, record = shift.records()
    assert (file.data or b"").decode().splitlines() == [last.body, asked.body]
    details = json.loads(record.body)["details"]
    assert (details["filter"], details["records"]) == ("last 2", 2)


def test_an_export_that_no_chat_should_carry_is_refused(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line has no such limit."""
    monkeypatch.setattr(from_record, "LARGEST_EXPORT", 100)
    assert "run `rootver export`" in shift.answer(shift.say("export csv"))
    assert shift.records("export") == []


def test_verify_answers_with_the_anchor(shift: Shift) -> None:
    """The whole chain was read."""
    assert "OK: 1 record, the chain is whole" in shift.answer(shift.say("verify"))


def test_verify_tells_what_came_after_the_last_anchor_and_what_was_erased(shift: Shift) -> None:
    """As on the command line."""
    assert "The newest 1 record came after" in shift.answer(shift.say("verify"))
    Anchors(shift.database, shift.watch, AUDIT).publish_daily()
    with shift.database.write() as tx:
        erasure.forget_person(tx, ALICE, "os:root")
    answer = shift.answer(shift.say("verify"))
    assert "The newest 3 records came after the last anchor that was published" in answer
    assert "Erased, and the erasure recorded: 1 name (" in answer


# --- the rest ---


def test_the_self_check_is_answered(shift: Shift) -> None:
    """Line by line."""
    shift.findings.append(DoctorLine("mgmt1", "fail", "no answer within 60 s. Is the host up?"))
    answer = shift.answer(shift.say("doctor"))
    assert "Self-check: 2 findings, 1 of them FAIL." in answer
    assert ":large_green_circle: OK *slack* connected" in answer
    assert ":red_circle: FAIL *mgmt1* no answer within 60 s. Is the host up?" in answer


@pytest.mark.parametrize("typed", ["help", "", "help diagnose"])
def test_help_is_answered(shift: Shift, typed: str) -> None:
    """Also to a bare mention."""
    assert "diagnose" in shift.answer(shift.say(typed))


def test_unknown_words_are_answered(shift: Shift) -> None:
    """And recorded without what was typed."""
    assert "is no command" in shift.answer(shift.say("frobnicate secret-word"))
    (record,) = shift.records("command")
    assert record.outcome == "unknown"
    assert "secret-word" not in record.body


def test_self_approval_is_possible_where_the_settings_say_so(begin: Callable[..., Shift]) -> None:
    """The card then excludes nobody."""
    shift = begin(rules=replace(RULES, approvers=frozenset({ALICE}), allow_self_approval=True))
    shift.propose()
    assert "who asked" not in whole(shift.card)
    shift.react("alice")
    assert shift.fix().state == "approved"
