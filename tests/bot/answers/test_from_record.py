"""The answers out of the record: history and its pages, summaries, exports, the check of the chain."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from bot.answers import from_record
from handlers.record.anchoring import Anchors
from storage import erasure
from tests.bot.shift import ALICE, AUDIT, ONCALL, Shift, whole
from tests.storage.samples import KEY


def test_history_is_answered_in_the_same_words_as_on_the_command_line(shift: Shift) -> None:
    """In sentences, with a link to the card; or records of a node, newest first."""
    shift.propose()
    answer = shift.answer(shift.say("history exch-node2 since 7d"))
    assert "*FIX-1* EXCH-NODE2 · `0.0.0.0` → `1.1.4322.0`, waits for an approval · alice asked · <" in answer
    assert f"{ONCALL}/p{shift.card.ts.replace('.', '')}" in answer
    assert not re.search("root_ver|pending| [a-z]+=|<@", answer)
    answer = shift.answer(shift.say("history records exch-node2 since 7d"))
    assert answer.index("proposal") < answer.index("probe")
    assert "alice" in answer
    assert "<@" not in answer


def test_the_bots_own_records_can_be_asked_for_by_its_mention(shift: Shift) -> None:
    """In a channel, and in a direct message, which needs no mention of it."""
    shift.propose()
    assert " · the bot" in shift.answer(shift.say("history records by @rootver"))
    ts = shift.tell("history records by @rootver since 7d")
    assert " · the bot" in shift.answer(ts, shift.workspace.dm("bob"))


def test_history_pages(shift: Shift) -> None:
    """The answer says how to go on, and that works."""
    for _ in range(8):
        shift.say("diagnose exch-node1")
    answer = shift.answer(shift.say("history records exch-node1 since 7d"))
    assert "Older ones: `@rootver history records exch-node1 since 7d before " not in answer
    answer = shift.answer(shift.say("history records since 7d"))
    (following,) = (line for line in answer.splitlines() if line.startswith("Older ones"))
    older = shift.answer(shift.say(following.split("`")[1].removeprefix("@rootver ")))
    assert "#1 · " in older


def numbers(answer: str) -> list[int]:
    return [int(number) for number in re.findall(r"^#(\d+) ·", answer, re.MULTILINE)]


def test_more_in_the_thread_gives_the_next_page_until_there_is_none(shift: Shift) -> None:
    """Each record once, as many as asked for; and then a sentence."""
    for _ in range(10):
        shift.say("diagnose exch-node1")
    ts = shift.say("history records last 45")
    for _ in range(3):
        shift.say("more", "bob", thread_ts=ts)
    bot = shift.chat.identity.user
    first, second, third, end = (whole(one) for one in shift.thread(ts) if one.user == bot)
    assert "`@rootver history records last 25 before" in first
    assert numbers(first) + numbers(second) + numbers(third) == list(range(numbers(first)[0], 0, -1))[:45]
    assert "Older ones" not in third
    assert "No older records follow" in end


def test_more_in_a_direct_message_goes_on_with_its_last_question(shift: Shift) -> None:
    """There nobody replies in threads."""
    for _ in range(8):
        shift.say("diagnose exch-node1")
    shift.tell("history records")
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
        ("history since lunch", "is not a time"),
        ("export by @nobody csv", 'Nobody called "nobody" is in the records.'),
        ("export since 7d", "csv or jsonl"),
        ("export summary csv", "A file has no summary"),
        ("export before 3 jsonl", "A file has no pages"),
        ("history exch-node2 until 2026-01-01", "Nothing matches."),
    ],
)
def test_a_question_that_is_none_is_answered(shift: Shift, question: str, part: str) -> None:
    """What is wrong, and an example."""
    assert part in shift.answer(shift.say(question))


def test_a_summary_counts(shift: Shift) -> None:
    """Bars and numbers."""
    shift.propose()
    assert "1 fix: 1 waits for an approval." in shift.answer(shift.say("history summary"))
    answer = shift.answer(shift.say("history records summary"))
    assert "by kind" in answer
    assert f"alice ({ALICE})" in answer


def test_the_story_of_a_fix_is_shown_and_attached(shift: Shift) -> None:
    """Whole, as JSON."""
    shift.propose()
    ts = shift.say("show FIX-1")
    assert "allowed" not in shift.answer(ts)
    file, raw = (file for one in shift.thread(ts) for file in one.files)
    assert json.loads(file.data or b"")["fix"] == "FIX-1"
    assert raw.name == "FIX-1-evidence.json"


def test_backup_and_evidence_of_a_fix_are_attached_anew_whenever_asked_for(shift: Shift) -> None:
    """A file of its thread may not show; the raw answers are as they came, as their hashes tell."""
    shift.propose()
    shift.react("bob")
    shift.tick(seconds=6)
    for _ in range(2):
        ts = shift.say("show FIX-1")
        files = {file.name: file.data or b"" for one in shift.thread(ts) for file in one.files}
        assert list(files) == ["FIX-1.json", "FIX-1-backup.reg", "FIX-1-evidence.json"]
        assert '"RootVer"="0.0.0.0"' in files["FIX-1-backup.reg"].decode("utf-16")
        answers = json.loads(files["FIX-1-evidence.json"])
        assert len(answers) >= 2
        for one in answers:
            assert hashlib.sha256(one["answer"].encode()).hexdigest() == one["sha256"]
        assert "`FIX-1-backup.reg` and `FIX-1-evidence.json`. `@rootver show FIX-1` attaches them" in (
            whole(shift.thread(ts)[0])
        )


def test_what_was_erased_is_not_attached(shift: Shift) -> None:
    """The story says so; the file has the rest."""
    shift.propose()
    with shift.database.write() as tx:
        tx.execute("DELETE FROM evidence")
    ts = shift.say("show FIX-1")
    assert [file.name for one in shift.thread(ts) for file in one.files] == ["FIX-1.json"]


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
    Anchors(shift.database, shift.watch, KEY, channel=AUDIT).publish_daily()
    with shift.database.write() as tx:
        erasure.forget_person(tx, ALICE, "os:root")
    answer = shift.answer(shift.say("verify"))
    assert "The newest 3 records came after the last anchor that was published" in answer
    assert "Erased, and the erasure recorded: 1 name (" in answer
