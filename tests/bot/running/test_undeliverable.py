"""Notices that never arrive, arrive in part, or are cut short by the end of the bot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from bot.blocks.card import prepare_line
from bot.slack.post import Post
from storage import evidence, fixes, notices, once
from storage.file.errors import StorageUnavailable
from storage.records import Fix, NewNotice, State
from tests.bot.running.lines import line_of
from tests.bot.shift import ALICE, AUDIT, NO, Shift, is_proposed, whole
from tests.handlers.fix.night import lose_answer


@pytest.mark.parametrize("error", ["channel_not_found", "not_in_channel", "is_archived"])
def test_a_fix_whose_card_slack_does_not_take_stays_proposed(shift: Shift, error: str) -> None:
    """Within its life; once it is taken, it can be decided on."""
    shift.say("diagnose exch-node2")
    shift.workspace.faults.add("error", "chat.postMessage", error=error, times=-1)
    for _ in range(20):
        shift.tick(minutes=1)
    assert shift.fix().state == "proposed"
    shift.workspace.faults.clear()
    shift.tick(minutes=9)
    assert is_proposed(shift.card)
    shift.react("bob")
    assert shift.fix().state == "approved"


def test_a_card_is_not_posted_after_the_life_of_its_fix(shift: Shift) -> None:
    """The thread is told how it ended."""
    ts = shift.say("diagnose exch-node2")
    shift.workspace.faults.add("error", "chat.postMessage", error="not_in_channel", times=-1)
    for _ in range(31):
        shift.tick(minutes=1)
    shift.workspace.faults.clear()
    shift.tick(minutes=16)
    assert shift.fix().card_ts is None
    assert shift.told(ts)[-1].startswith("FIX-1 expired")
    assert shift.waiting() == []


def test_a_card_that_cannot_be_edited_is_told_beside_it_and_decided_on(shift: Shift) -> None:
    """The line asks for a decision; what it would have become stands below it, each time that changes."""
    ts = shift.say("diagnose exch-node2")
    shift.workspace.faults.add("error", "chat.update", error="edit_window_closed", times=-1)
    for _ in range(3):
        shift.tick(seconds=30)
    (beside,) = (one for one in shift.thread(ts) if "its card cannot be edited" in one.text)
    assert "*FIX-1: set RootVer on EXCH-NODE2*" in whole(beside)
    shift.react("bob")
    shift.tick(seconds=1)
    assert shift.fix().state == "approved"
    assert "FIX-1 approved by" in shift.texts(ts)[-1]
    assert not directly(shift, ALICE)
    shift.workspace.faults.clear()
    shift.tick(minutes=16)
    assert shift.card.text.startswith("FIX-1 applied")


@pytest.mark.parametrize("minutes", [1, 5 * 24 * 60])
def test_news_that_slack_will_never_take_is_given_up_after_three_days(shift: Shift, minutes: int) -> None:
    """By the clock and by attempts: a machine that slept for days has not tried for days."""
    shift.propose()
    shift.workspace.faults.add("error", "chat.postMessage", error="restricted_action", times=-1)
    shift.react("carol", NO)
    shift.deliver_notices()
    shift.watch.move(minutes=minutes)
    shift.deliver_notices()
    assert "declined" in {one.topic for one in shift.waiting()}


def test_what_is_given_up_is_recorded_and_told(shift: Shift) -> None:
    """To the people of the fix, and in the audit channel."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "chat.postMessage", error="restricted_action", times=-1)
    shift.react("carol", NO)
    for _ in range(4 * 24 * 3 + 20):
        shift.deliver_notices(minutes=15)
    assert "declined" not in {one.topic for one in shift.waiting()}
    assert any(
        one.outcome == "error" and "telling FIX-1: declined" in one.body for one in shift.records("error")
    )
    shift.workspace.faults.clear()
    shift.deliver_notices(minutes=15)
    assert not any(text.startswith("FIX-1 declined") for text in shift.told(ts))
    assert shift.card.text.startswith("FIX-1 declined")
    (told,) = (one for one in directly(shift, ALICE) if "I try no more" in one)
    assert told.startswith("FIX-1: Slack refused my messages in <#C07ONCALL00>")
    assert any("It is tried no more." in one.text for one in shift.workspace.messages(AUDIT))


def test_a_card_is_put_right_at_the_next_connection_however_long_slack_refused(shift: Shift) -> None:
    """It must not show for good what is over."""
    shift.propose()
    shift.workspace.faults.add("error", "chat.update", error="restricted_action", times=-1)
    shift.react("carol", NO)
    for _ in range(4 * 24 * 3 + 20):
        shift.deliver_notices(minutes=15)
    assert shift.waiting() == []
    shift.workspace.faults.clear()
    shift.deliver_notices(minutes=15)
    assert is_proposed(shift.card)
    shift.deliverer.connected()
    shift.deliver_notices()
    assert shift.card.text.startswith("FIX-1 declined")


def test_a_backup_that_cannot_be_attached_is_sent_again(shift: Shift) -> None:
    """Once; the news are told once too, and say how to get it."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error")
    shift.react("bob")
    shift.tick(seconds=6)
    assert backups(shift, ts) == 0
    shift.deliver_notices(seconds=1)
    shift.deliver_notices(seconds=61)
    (told,) = (text for text in shift.told(ts) if text.startswith("FIX-1 applied"))
    assert "`FIX-1-backup.reg`, attached here once; `@rootver show FIX-1` attaches it again." in told
    assert backups(shift, ts) == 1
    assert shift.waiting() == []


def test_where_no_file_is_taken_words_say_how_to_get_it(shift: Shift) -> None:
    """Once, however often it is tried."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="file_uploads_disabled", times=-1)
    shift.react("bob")
    for _ in range(4):
        shift.tick(seconds=6)
    (told,) = (text for text in shift.texts(ts) if "backup of FIX-1 could not be attached" in text)
    assert "`@rootver show FIX-1` attaches it" in told


def test_a_backup_is_not_attached_twice_after_a_lost_answer(shift: Shift) -> None:
    """Nobody can see whether it shows; the news say how to get it again."""
    ts = shift.propose()
    shift.workspace.faults.add("lost_answer", "files.completeUploadExternal")
    shift.react("bob")
    for _ in range(4):
        shift.tick(seconds=6)
    assert backups(shift, ts) == 1
    assert shift.waiting() == []


def test_a_line_is_not_posted_again_when_the_file_cannot_be_written(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It mentions people; the one that was posted becomes the card."""
    ts = shift.say("diagnose exch-node2")

    def full(*_: object) -> None:
        raise StorageUnavailable(shift.database.path, "the disk is full", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(shift.telling, "card_posted", full)
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                shift.deliver_notices()
    assert len(line_of(shift, ts)) == 1
    shift.deliver_notices()
    assert line_of(shift, ts) == []
    assert is_proposed(shift.card)


class Killed(BaseException):
    """The process ends here."""


def test_a_backup_is_attached_though_the_bot_was_killed_before_the_upload(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once, as everything that is told; it is marked with the notice that brings it."""
    ts = shift.propose()
    shift.react("bob")
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise Killed

        patch.setattr(shift.telling.slack, "attach", killed)
        with pytest.raises(Killed):
            shift.tick(seconds=6)
    shift.database.close()
    shift.open()
    shift.deliver_notices()
    assert backups(shift, ts) == 1


def test_a_backup_is_not_attached_twice_though_the_bot_was_killed_after_it(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it may show is on disk before it may."""
    ts = shift.propose()
    shift.react("bob")
    attach = shift.telling.slack.attach
    with monkeypatch.context() as patch:

        def attached_and_killed(*arguments: Any) -> None:
            attach(*arguments)
            raise Killed

        patch.setattr(shift.telling.slack, "attach", attached_and_killed)
        with pytest.raises(Killed):
            shift.tick(seconds=6)
    shift.database.close()
    shift.open()
    shift.deliver_notices()
    assert (backups(shift, ts), shift.waiting()) == (1, [])


def test_a_backup_is_attached_once_whatever_its_fix_comes_to(shift: Shift) -> None:
    """First its end was unknown, then it was found applied."""
    ts = shift.propose()
    shift.react("bob")
    shift.remote.faults["Set-RootVer"] = lose_answer
    shift.tick(seconds=6)
    told = [text[:13] for text in shift.told(ts)]
    assert told == ["FIX-1: it is ", "FIX-1 applied"]
    assert backups(shift, ts) == 1


def backups(shift: Shift, ts: str) -> int:
    return sum(bool(one.files) and one.files[0].name == "FIX-1-backup.reg" for one in shift.thread(ts))


def directly(shift: Shift, user: str) -> list[str]:
    """What somebody was told in direct messages."""
    return [one.text for one in shift.workspace.messages(shift.workspace.dm(user))]


@pytest.mark.parametrize("breaks", ["the mark", "the backup"])
def test_news_with_a_backup_are_not_repeated_when_the_file_fails_after_them(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    """Every few seconds the same message would drown the thread."""
    ts = shift.propose()
    shift.react("bob")
    shift.watch.move(seconds=6)
    shift.timekeeper.attend(1)

    def full(*_: object) -> None:
        raise StorageUnavailable(shift.database.path, "the disk is full", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(*((once, "first_time") if breaks == "the mark" else (evidence, "read")), full)
        for _ in range(3):
            with suppress(StorageUnavailable):
                shift.deliver_notices()
    shift.deliver_notices()
    assert sum(text.startswith("FIX-1 applied") for text in shift.told(ts)) == 1
    assert backups(shift, ts) == 1
    assert shift.waiting() == []


def without(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """Slack's answers to this call lack a field."""

    def answered(*arguments: object, **named: object) -> Any:
        answer = call(*arguments, **named)
        del answer.data[name]
        return answer

    return answered


def test_an_answer_without_a_ts_ends_the_fix_and_holds_up_nobody(
    begin: Callable[..., Shift], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that nobody can edit is not a card; nor would another line each minute be one."""
    shift = begin("both-nodes")
    shift.say("diagnose EXCH-CL1")
    client = shift.chat._once
    with monkeypatch.context() as patch:
        patch.setattr(client, "chat_postMessage", without("ts", client.chat_postMessage))
        for _ in range(5):
            shift.deliver_notices(seconds=16)
    shift.deliver_notices()
    assert [shift.fix(number).state for number in (1, 2)] == ["cancelled", "cancelled"]
    assert "an answer without ts" in (shift.fix().reason or "")


def test_a_notice_that_a_defect_keeps_from_being_sent_holds_up_only_its_own_fix(
    begin: Callable[..., Shift], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rests like one that Slack did not take, and is dropped and recorded at last."""
    shift = begin("both-nodes")
    shift.say("diagnose EXCH-CL1")

    def defective(fix: Fix, asked_by: str) -> Post:
        if fix.number == 1:
            raise KeyError("a defect")
        return prepare_line(fix, asked_by)

    monkeypatch.setattr("bot.running.telling.prepare_line", defective)
    shift.deliver_notices()
    assert shift.fix(2).card_ts is not None
    assert [(one.fix, one.attempts) for one in shift.waiting()] == [(1, 1)]
    for _ in range(10):
        shift.deliver_notices(seconds=61)
    assert shift.waiting() == []
    assert "KeyError" in shift.records("error")[0].body
    assert shift.fix(1).state == "cancelled"


def test_a_notice_without_its_fix_is_dropped(shift: Shift) -> None:
    """It cannot happen, and must not stop the others."""
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("thread", "applied"))
    shift.deliver_notices()
    assert shift.waiting() == []


def test_what_was_sent_is_not_sent_again_when_the_file_cannot_be_written(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk must not make the bot repeat itself every few seconds."""
    ts = shift.propose()
    shift.react("bob")
    with monkeypatch.context() as patch:
        shift.watch.move(seconds=6)
        shift.timekeeper.attend(1)

        def full(*_: object) -> None:
            raise StorageUnavailable(shift.database.path, "the disk is full", "Free some space.")

        patch.setattr(notices, "done", full)
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                shift.deliver_notices()
    shift.deliver_notices()
    assert sum(text.startswith("FIX-1 applied") for text in shift.told(ts)) == 1
    assert shift.waiting() == []


def test_a_card_of_a_fix_that_ended_before_it_was_posted_is_not_posted(shift: Shift) -> None:
    """A line that asks for a decision would only confuse."""
    ts = shift.say("diagnose exch-node2")
    with shift.database.write() as tx:
        fixes.move(tx, 1, State.PROPOSED, State.EXPIRED)
    shift.deliver_notices()
    assert line_of(shift, ts) == []
    assert shift.fix().card_ts is None
