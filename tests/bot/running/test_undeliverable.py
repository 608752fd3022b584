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
from tests.bot.shift import Shift
from tests.handlers.fix.night import lose_answer


@pytest.mark.parametrize("error", ["channel_not_found", "not_in_channel", "is_archived"])
def test_a_card_that_slack_will_never_take_ends_its_fix(shift: Shift, error: str) -> None:
    """Recorded and dropped; a fix that nobody can see would block its node."""
    shift.say("diagnose exch-node2")
    shift.workspace.faults.add("error", "chat.postMessage", error=error)
    shift.deliver_notices()
    assert shift.fix().state == "cancelled"
    assert error in (shift.fix().reason or "")
    (entry,) = shift.records("error")
    assert (entry.fix_id, entry.node) == ("FIX-1", "exch-node2")
    assert error in entry.body
    shift.deliver_notices()
    assert shift.waiting() == []


def test_a_line_that_never_becomes_a_card_ends_its_fix(shift: Shift) -> None:
    """Nobody may approve what was never shown."""
    ts = shift.say("diagnose exch-node2")
    shift.workspace.faults.add("error", "chat.update", error="edit_window_closed", times=-1)
    shift.deliver_notices()
    shift.react("bob")
    assert shift.fix().state == "cancelled"
    shift.deliver_notices()
    assert any("Slack does not take its card here (edit_window_closed)." in one for one in shift.texts(ts))


def test_a_card_that_cannot_be_edited_any_more_can_still_be_decided_on(shift: Shift) -> None:
    """It stands there for everybody to see: that is recorded, and nothing is cancelled."""
    shift.propose()
    shift.workspace.faults.add("error", "chat.update", error="edit_window_closed", times=9)
    shift.react("bob")
    shift.deliver_notices()
    assert shift.fix().state == "approved"
    assert "edit_window_closed" in shift.records("error")[0].body


def test_a_notice_that_slack_will_never_take_is_recorded_and_dropped(shift: Shift) -> None:
    """What comes behind it is still told."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "chat.postMessage", error="restricted_action")
    shift.react("bob")
    shift.tick(seconds=6)
    assert shift.waiting() == []
    assert "restricted_action" in shift.records("error")[0].body
    assert not any(text.startswith("FIX-1 applied") for text in shift.told(ts))
    assert shift.card.text.startswith("FIX-1 applied")


def test_a_backup_that_cannot_be_attached_is_told_and_the_news_is_not_told_twice(shift: Shift) -> None:
    """The notice itself was sent."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error")
    shift.react("bob")
    shift.tick(seconds=6)
    shift.deliver_notices(seconds=61)
    assert sum(text.startswith("FIX-1 applied") for text in shift.told(ts)) == 1
    assert any("backup of FIX-1 could not be attached" in text for text in shift.texts(ts))


def test_a_line_is_not_posted_again_when_the_file_cannot_be_written(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It mentions people; the one that was posted becomes the card."""
    ts = shift.say("diagnose exch-node2")

    def full(*_: object) -> None:
        raise StorageUnavailable(shift.database.path, "the disk is full", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(shift.deliverer, "card_posted", full)
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                shift.deliver_notices()
    assert len(line_of(shift, ts)) == 1
    shift.deliver_notices()
    assert line_of(shift, ts) == []
    assert shift.card.text.startswith("FIX-1 proposed")


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

        patch.setattr(shift.chat, "attach", killed)
        with pytest.raises(Killed):
            shift.tick(seconds=6)
    shift.database.close()
    shift.open()
    shift.deliver_notices()
    assert backups(shift, ts) == 1


def test_a_backup_is_attached_once_whatever_its_fix_comes_to(shift: Shift) -> None:
    """First its end was unknown, then it was found applied."""
    ts = shift.propose()
    shift.react("bob")
    shift.remote.faults["Set-RootVer"] = lose_answer
    shift.tick(seconds=6)
    told = [text[:13] for text in shift.told(ts)]
    assert told == ["FIX-1: it is ", "FIX-1 applied"]
    assert backups(shift, ts) == 1


def test_a_backup_that_could_not_be_attached_is_tried_again_with_the_next_news(shift: Shift) -> None:
    """It is marked only where it was attached."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error")
    shift.react("bob")
    shift.remote.faults["Set-RootVer"] = lose_answer
    shift.tick(seconds=6)
    assert any("backup of FIX-1 could not be attached" in text for text in shift.texts(ts))
    assert backups(shift, ts) == 1


def backups(shift: Shift, ts: str) -> int:
    return sum(bool(one.files) and one.files[0].name == "FIX-1-backup.reg" for one in shift.thread(ts))


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
        shift.deliver_notices()
    shift.deliver_notices()
    assert [shift.fix(number).state for number in (1, 2)] == ["cancelled", "cancelled"]
    assert "an answer without ts" in (shift.fix().reason or "")


def test_a_notice_that_a_defect_keeps_from_being_sent_holds_up_only_its_own_fix(
    begin: Callable[..., Shift], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rests like one that Slack did not take, and is dropped and recorded at last."""
    shift = begin("both-nodes")
    shift.say("diagnose EXCH-CL1")

    def defective(fix: Fix) -> Post:
        if fix.number == 1:
            raise KeyError("a defect")
        return prepare_line(fix)

    monkeypatch.setattr("bot.running.delivery.prepare_line", defective)
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
