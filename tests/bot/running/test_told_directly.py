"""A place that refuses for long: people are told directly, and everybody who asks can see it."""

from __future__ import annotations

import logging

import pytest

from handlers import untold
from storage import notices
from storage.records import NewNotice
from tests.bot.shift import ALICE, AUDIT, BOB, CAROL, NO, ONCALL, Shift, is_proposed


def directly(shift: Shift, user: str) -> list[str]:
    return [one.text for one in shift.workspace.messages(shift.workspace.dm(user)) if one.user != user]


def refuse(shift: Shift) -> None:
    """The bot is removed from the channel; direct messages and the audit channel stay."""
    shift.workspace.channels[ONCALL].members.remove(shift.workspace.bot_user)


def take_again(shift: Shift) -> None:
    shift.workspace.channels[ONCALL].members.append(shift.workspace.bot_user)


def pass_time(shift: Shift, seconds: int) -> None:
    for _ in range(seconds):
        shift.tick(seconds=1)


def test_before_an_approval_the_requester_and_who_can_approve_are_told(shift: Shift) -> None:
    """Once, with what the card would show; the place is tried on."""
    shift.say("diagnose exch-node2")
    refuse(shift)
    shift.deliver_notices()
    pass_time(shift, 19)
    assert directly(shift, ALICE) == []
    pass_time(shift, 60)
    for user in (ALICE, BOB, CAROL):
        (told,) = directly(shift, user)
        assert told.startswith(f"FIX-1: <@{BOB}> <@{CAROL}>, one of you please decide: EXCH-NODE2")
        assert "because Slack refuses my messages in <#C07ONCALL00> since " in told
        assert "(`not_in_channel`)" in told
        assert "Next, for that channel: invite me there (`/invite @rootver`)" in told
    take_again(shift)
    pass_time(shift, 60)
    assert is_proposed(shift.card)
    assert shift.waiting() == []


def test_after_an_approval_the_requester_and_the_approver_are_told_the_outcome(shift: Shift) -> None:
    """Nobody else; and each news once, however long the place refuses."""
    ts = shift.propose()
    shift.react("bob")
    shift.tick(seconds=5)
    refuse(shift)
    shift.remote.cluster.bring_online()
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("thread", "look", 1, channel=ONCALL, thread_ts=ts, details={"look": 1}))
    pass_time(shift, 25)
    (told,) = directly(shift, BOB)
    assert told.startswith("FIX-1 is not confirmed yet: ")
    assert directly(shift, ALICE) == [told]
    assert directly(shift, CAROL) == []
    pass_time(shift, 60)
    (_, later) = directly(shift, BOB)
    assert "FIX-1 confirmed" in later.split("\n")[0]
    assert "Before that: FIX-1 is not confirmed yet: " in later
    take_again(shift)
    pass_time(shift, 90)
    assert [text[:15] for text in shift.told(ts)][-2:] == ["FIX-1 is not co", "FIX-1 confirmed"]
    assert shift.card.text.startswith("FIX-1 confirmed")


def test_it_is_recorded_and_told_to_the_audit_channel(shift: Shift) -> None:
    """With the code, and who was told directly."""
    shift.propose()
    shift.react("carol", NO)
    refuse(shift)
    pass_time(shift, 25)
    (entry,) = shift.records("error")
    assert (entry.outcome, entry.fix_id) == ("pending", "FIX-1")
    assert "not_in_channel" in entry.body
    (told,) = (one.text for one in shift.workspace.messages(AUDIT) if "NOT TOLD" in one.text)
    assert f"about FIX-1 in <#{ONCALL}>" in told
    assert f"Told directly: <@{ALICE}>" in told


def test_nobody_is_told_of_a_place_that_takes_everything_again(shift: Shift) -> None:
    """What was about to be told directly stands in the thread by then."""
    shift.propose()
    shift.react("carol", NO)
    refuse(shift)
    shift.deliver_notices()
    take_again(shift)
    shift.deliver_notices(seconds=30)
    assert shift.waiting() == []
    assert directly(shift, ALICE) == []


def test_the_list_of_fixes_shows_what_is_not_told(shift: Shift) -> None:
    """Also of a fix that is no longer open."""
    shift.propose()
    shift.react("carol", NO)
    refuse(shift)
    shift.deliver_notices()
    asked = shift.tell("fixes", "bob")
    answer = shift.texts(asked, shift.workspace.dm("bob"))[0]
    assert "No fix is open." in answer
    assert "Not told yet: FIX-1: its card and 1 more, refused by Slack since" in answer
    assert "`not_in_channel`" in answer


def test_the_log_names_the_age_of_the_oldest_once_a_minute(
    shift: Shift, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever runs the bot sees it there, in `health` and in `doctor`."""
    shift.propose()
    shift.react("carol", NO)
    refuse(shift)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "bot.running.delivery"):
        pass_time(shift, 130)
    lines = [one.message for one in caplog.records if "wait to be told" in one.message]
    assert len(lines) in (2, 3)
    assert "the oldest for 1 min (FIX-1: its card; Slack: not_in_channel)" in lines[-1]
    assert shift.deliverer.waiting().startswith("2 messages wait to be told in Slack")


def test_removed_in_the_grace_period_and_invited_back_card_and_state_agree(shift: Shift) -> None:
    """Nothing was sent; the card says so as soon as the bot may edit it again."""
    ts = shift.propose()
    shift.react("bob")
    shift.tick(seconds=1)
    assert shift.card.text.startswith("FIX-1 approved by")
    refuse(shift)
    pass_time(shift, 9)
    assert shift.fix().state == "proposed"
    take_again(shift)
    pass_time(shift, 16)
    assert is_proposed(shift.card)
    assert any("no longer holds, nothing was sent" in text for text in shift.told(ts))


def test_a_new_connection_ends_all_pauses_and_draws_open_cards_anew(shift: Shift) -> None:
    """Slack may be well again, and what it missed is shown."""
    shift.propose()
    shift.react("bob")
    refuse(shift)
    for _ in range(4):
        shift.deliver_notices(seconds=1)
    take_again(shift)
    shift.deliver_notices()
    assert is_proposed(shift.card)  # it rests
    shift.deliverer.connected()
    shift.deliver_notices()
    assert shift.card.text.startswith("FIX-1 approved")
    edits = shift.calls("chat.update")
    shift.deliver_notices()
    shift.deliverer.connected()
    shift.deliver_notices()
    assert shift.calls("chat.update") == edits + 1


def test_a_reaction_in_the_channel_ends_its_pauses(shift: Shift) -> None:
    """The bot is there again, then; but no flood of reactions hammers Slack."""
    shift.propose()
    shift.workspace.faults.add("error", "chat.update", error="restricted_action", times=-1)
    shift.react("bob")
    pass_time(shift, 4)
    edits = shift.calls("chat.update")
    for _ in range(20):
        shift.deliverer.hurry()
        shift.deliver_notices(seconds=0.1)
    assert shift.calls("chat.update") == edits + 1


def test_while_the_file_may_be_an_older_copy_nothing_of_fixes_is_told(shift: Shift) -> None:
    """The file may know less than what was told already."""
    ts = shift.say("diagnose exch-node2")
    said = len(shift.thread(ts))
    shift.database.older = None
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("audit", "storage_fault", details={"faults": ["it is an older copy"]}))
    shift.deliver_notices()
    assert len(shift.thread(ts)) == said
    assert "it is an older copy" in shift.workspace.messages(AUDIT)[-1].text
    shift.database.older = ()
    shift.deliver_notices()
    assert is_proposed(shift.card)


def test_pauses_and_the_first_refusal_outlive_the_process(shift: Shift) -> None:
    """A bot that is restarted again and again still gives up, and tells people, in time."""
    shift.propose()
    shift.react("carol", NO)
    refuse(shift)
    shift.deliver_notices()
    for _ in range(5):
        shift.watch.move(seconds=5)
        shift.database.close()
        shift.open()
        shift.deliver_notices()
    assert len(directly(shift, ALICE)) == 1


def test_a_fix_that_is_gone_is_told_to_nobody(shift: Shift) -> None:
    """It cannot happen, and must not stop the others."""
    untold.tell_directly(shift.database, 7, [])
    assert shift.records("error") == []
