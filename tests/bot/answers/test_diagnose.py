"""The answers to `diagnose`: the verdict, its facts, its card, and what may fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from handlers.remote_errors import RemoteError
from storage.file.errors import StorageUnavailable
from tests.bot.shift import ONCALL, RULES, Shift, without_members


def test_a_diagnosis_is_announced_at_once_and_the_verdict_is_a_message_of_its_own(shift: Shift) -> None:
    """An edit notifies nobody: a phone shows the verdict, and whom it is for."""
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
    done, verdict, *_ = shift.texts(ts[0])
    link = re.search("<([^|]*)[|]the answer>", done)
    assert link is not None
    assert done == f"Checked EXCH-NODE2 and its partner EXCH-NODE1. Done: {link[0]} is below."
    shown = next(one for one in shift.thread(ts[0]) if one.text == verdict)
    assert f"/{ONCALL}/p{shown.ts.replace('.', '')}?" in link[1]
    alice = shift.workspace.id_of("alice")
    assert verdict.startswith(f"<@{alice}> EXCH-NODE2: mail is down, RootVer is invalid. FIX-1 needs ")


def test_the_raw_facts_are_attached_to_the_thread(shift: Shift) -> None:
    """For whoever wants to see everything."""
    ts = shift.say("diagnose exch-node2")
    (facts,) = (one for one in shift.thread(ts) if one.files)
    assert json.loads(facts.files[0].data or b"")["asked"] == "exch-node2"


def test_an_answer_goes_to_the_thread_that_the_command_stands_in(shift: Shift) -> None:
    """Never below a reply."""
    first = shift.workspace.say("alice", ONCALL, "it is down again")
    shift.say("nodes", thread_ts=first)
    assert shift.texts(first)[-1].startswith("I look after 2 nodes in 1 cluster.")


def test_a_diagnosis_says_that_a_fix_is_proposed(shift: Shift) -> None:
    """And wakes whoever posts the card."""
    ts = shift.say("diagnose exch-node2")
    assert "Next: a second person approves FIX-1 below, then somebody brings " in shift.answer(ts)
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
    answer = shift.answer(ts, shift.workspace.dm("bob"))
    assert "RootVer is invalid" in answer
    assert "Ask again in a channel" in answer
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
    assert "FIX-1 and FIX-2 need a second person" in shift.answer_of(ts)
    assert shift.fix(1).details["owner"] is False
    assert shift.fix(2).details["owner"] is True


def test_a_host_that_does_not_answer_is_a_verdict_and_no_failure(shift: Shift) -> None:
    """The sentence names host, node and what to do."""

    def away(*_: object) -> str:
        raise RemoteError("mgmt1", "no answer within 60 s", "Is the host up?")

    shift.remote.query = away  # type: ignore[method-assign, assignment]
    ts = shift.say("diagnose exch-node2")
    assert "EXCH-NODE2: could not be read" in shift.answer(ts)
    assert "no answer within 60 s" in shift.answer(ts)
    assert shift.records("error") == []


def test_a_card_stands_below_its_verdict_and_knows_it(shift: Shift) -> None:
    """So an approver who reacts to the verdict is led to the card."""
    ts = shift.say("diagnose exch-node2")
    shift.deliver_notices()
    texts = shift.thread(ts)
    verdict = next(one for one in texts if "RootVer is invalid" in one.text)
    assert shift.fix().details["answer_ts"] == verdict.ts
    assert texts.index(verdict) < next(n for n, one in enumerate(texts) if one.ts == shift.card.ts)


def test_files_that_slack_does_not_take_do_not_take_the_answer_with_them(shift: Shift) -> None:
    """The thread is told, and they are sent again."""
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error")
    ts = shift.say("diagnose exch-node2")
    assert "`facts-EXCH-CL1.json` could not be attached (`internal_error`). It is sent again." in shift.texts(
        ts
    )
    assert shift.records("error") == []
    assert facts(shift, ts) == []
    shift.deliver_notices()
    assert facts(shift, ts) == ["facts-EXCH-CL1.json"]
    assert shift.waiting() == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_whose_answer_was_lost_is_not_sent_again(shift: Shift, times: int) -> None:
    """Neither at once nor after it failed; the message names it, and how to get it."""
    if times == 2:
        shift.workspace.faults.add("error", "files.completeUploadExternal", error="internal_error")
    shift.workspace.faults.add("lost_answer", "files.completeUploadExternal")
    ts = shift.say("diagnose exch-node2")
    for _ in range(3):
        shift.deliver_notices(seconds=60)
    assert facts(shift, ts) == ["facts-EXCH-CL1.json"]
    assert "raw facts: `facts-EXCH-CL1.json`, attached once" in shift.answer_of(ts)
    assert shift.waiting() == []


def facts(shift: Shift, ts: str) -> list[str]:
    return [file.name for one in shift.thread(ts) for file in one.files]


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
