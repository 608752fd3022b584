from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from bot.lab.workspace.faults import FaultKind
from handlers.ports import Message
from storage import notices
from storage.chain.anchors import parse_anchors
from storage.records import NewNotice
from tests.bot.running.lines import LINE, line_of
from tests.bot.shift import ALICE, AUDIT, BOB, CAROL, NO, ONCALL, YES, Shift, is_proposed, whole

# --- the card ---


def test_a_proposal_becomes_one_card_with_both_reactions(shift: Shift) -> None:
    """Posted with the mentions, edited into the card, one tap is enough."""
    ts = shift.propose()
    _, diagnosis, card = shift.thread(ts)
    assert card.text.startswith(
        f"FIX-1: <@{BOB}> <@{CAROL}>, one of you please decide: EXCH-NODE2, mail is down"
    )
    assert card.reactions == {YES: [shift.workspace.bot_user], NO: [shift.workspace.bot_user]}
    assert shift.fix().card_ts == card.ts
    assert (
        "EXCH-NODE2: mail is down, RootVer is invalid. FIX-1 needs a second person"
        in diagnosis.text.splitlines()[0]
    )
    assert [file.name for file in diagnosis.files] == ["facts-EXCH-CL1.json"]
    assert shift.waiting() == []


def test_those_who_can_approve_are_notified_by_the_post(shift: Shift) -> None:
    """An edit notifies nobody, so the plain line mentions them."""
    shift.propose()
    told = {one.user for one in shift.workspace.notifications if one.ts == shift.card.ts}
    assert told == {BOB, CAROL}


@pytest.mark.parametrize("kind", ["lost_request", "server_error", "rate_limited"])
def test_a_line_that_slack_did_not_take_is_posted_later(shift: Shift, kind: FaultKind) -> None:
    """Not by a retry, but by the next attempt of ours."""
    ts = shift.say("diagnose exch-node2")
    shift.workspace.faults.add(kind, "chat.postMessage", seconds=3)
    shift.deliver_notices()
    assert [one.topic for one in shift.waiting()] == ["prepare"]
    shift.deliver_notices()
    assert line_of(shift, ts) == []  # it rests
    shift.deliver_notices(seconds=3.1)
    assert is_proposed(shift.card)


def test_a_lost_answer_leaves_a_line_and_another_message_is_the_card(shift: Shift) -> None:
    """Only the stored message is edited, gets the reactions and can be approved."""
    ts = shift.say("diagnose exch-node2")
    shift.workspace.faults.add("lost_answer", "chat.postMessage")
    shift.deliver_notices()
    shift.deliver_notices(seconds=5)
    (left,) = (one for one in shift.thread(ts) if LINE in one.text)
    assert left.reactions == {}
    assert left.ts != shift.card.ts
    assert is_proposed(shift.card)
    shift.react("bob", ts=left.ts)
    assert shift.fix().state == "proposed"
    shift.react("bob")
    assert shift.fix().state == "approved"


def test_a_crash_between_post_and_edit_is_finished_later(shift: Shift) -> None:
    """The ts is stored, so the same message becomes the card."""
    ts = shift.say("diagnose exch-node2")
    shift.workspace.faults.add("server_error", "chat.update", times=-1)
    shift.deliver_notices()
    assert len(line_of(shift, ts)) == 1
    shift.workspace.faults.clear()
    shift.deliver_notices(seconds=5)
    assert line_of(shift, ts) == []
    assert shift.card.reactions == {YES: [shift.workspace.bot_user], NO: [shift.workspace.bot_user]}


def test_a_card_holds_without_the_reactions_of_the_bot(shift: Shift) -> None:
    """They are a convenience."""
    shift.say("diagnose exch-node2")
    shift.workspace.faults.add("error", "reactions.add", times=-1, error="too_many_reactions")
    shift.deliver_notices()
    assert [one.topic for one in shift.waiting()] == ["emoji"]
    assert is_proposed(shift.card)
    shift.workspace.faults.clear()
    shift.deliver_notices(seconds=1)
    assert set(shift.card.reactions) == {YES, NO}


def test_several_moves_are_one_edit(shift: Shift) -> None:
    """A card shows what holds now, not each step on the way there."""
    shift.propose()
    shift.react("bob")
    shift.unreact("bob")
    shift.react("bob")
    before = shift.calls("chat.update")
    shift.deliver_notices()
    assert shift.calls("chat.update") == before + 1
    assert shift.card.text.startswith(f"FIX-1 approved by <@{BOB}>: sending in 5 s")


def test_a_deleted_card_cancels_its_fix(shift: Shift) -> None:
    """Nobody can decide any more; the thread is told."""
    ts = shift.propose()
    shift.during(lambda: shift.workspace.delete("carol", ONCALL, shift.card.ts))
    shift.say("pause", "bob")  # something that touches the card
    shift.deliver_notices()
    shift.deliver_notices()
    assert shift.fix().state == "cancelled"
    assert any("FIX-1 cancelled" in text and "deleted" in text for text in shift.texts(ts))
    assert shift.waiting() == []


def test_a_pause_shows_on_open_cards(shift: Shift) -> None:
    """And goes away with it."""
    shift.propose()
    shift.say("pause", "bob")
    shift.deliver_notices()
    assert f"*Paused* by <@{BOB}>" in whole(shift.card)
    shift.say("resume", "carol")
    shift.deliver_notices()
    assert "Paused" not in whole(shift.card)


@pytest.mark.parametrize(("emoji", "state"), [(NO, "declined")])
def test_a_card_names_who_ended_it(shift: Shift, emoji: str, state: str) -> None:
    """Out of the audit, since the fix itself does not say."""
    shift.propose()
    shift.react("carol", emoji)
    shift.deliver_notices()
    assert shift.card.text.startswith(f"FIX-1 {state} by <@{CAROL}>")


# --- the thread ---


def test_the_whole_way_is_told_in_the_thread(shift: Shift) -> None:
    """Applied with anchor and backup, then confirmed once the service runs."""
    ts = shift.propose()
    shift.react("bob")
    shift.tick(seconds=6)
    applied = next(one for one in shift.thread(ts) if "> FIX-1 applied" in one.text)
    assert applied.text.startswith(f"<@{ALICE}> <@{BOB}> FIX-1 applied: RootVer on EXCH-NODE2")
    assert "Asked by alice, approved by bob" in applied.text
    assert len(parse_anchors(applied.text)) == 1
    assert [one.user for one in shift.workspace.notifications if one.ts == applied.ts] == [ALICE, BOB]
    (backup,) = (one for one in shift.thread(ts) if one.files and one.files[0].name == "FIX-1-backup.reg")
    assert '"RootVer"="0.0.0.0"' in (backup.files[0].data or b"").decode("utf-16")
    shift.remote.cluster.bring_online()
    shift.tick(minutes=1)
    assert shift.fix().state == "confirmed"
    assert "FIX-1 confirmed" in shift.texts(ts)[-1]
    in_channel = [one.text.split("\n")[0] for one in shift.workspace.messages(ONCALL) if one.broadcast]
    assert [line.split()[3] for line in in_channel] == ["applied:", "confirmed:"]
    assert shift.card.text.startswith("FIX-1 confirmed")


def test_a_reminder_notifies_again(shift: Shift) -> None:
    """It is a new message, because an edit would notify nobody."""
    ts = shift.propose()
    shift.tick(minutes=10)
    (reminder,) = (one for one in shift.thread(ts) if "still waits" in one.text)
    assert {BOB, CAROL} <= {one.user for one in shift.workspace.notifications if one.ts == reminder.ts}


def test_nobody_is_reminded_of_a_card_that_was_deleted(shift: Shift) -> None:
    """It would send them to nothing; the fix ends instead, which frees its node."""
    ts = shift.propose()
    shift.workspace.delete("carol", ONCALL, shift.card.ts)
    shift.tick(minutes=10)
    shift.deliver_notices()
    assert shift.fix().state == "cancelled"
    assert not any("still waits" in one for one in shift.texts(ts))
    assert "Its card was deleted." in shift.texts(ts)[-1]


@pytest.mark.parametrize("error", ["internal_error", "edit_window_closed"])
def test_a_reminder_is_sent_though_its_card_cannot_be_edited(shift: Shift, error: str) -> None:
    """It stands there all the same."""
    ts = shift.propose()
    shift.workspace.faults.add("error", "chat.update", error=error, times=-1)
    shift.tick(minutes=10)
    assert any("still waits" in one for one in shift.texts(ts))


def test_a_reminder_leads_to_a_card_that_shows_what_holds(shift: Shift) -> None:
    """Also if Slack did not take the last edit: the bot was out of the channel for a moment."""
    shift.propose()
    shift.react("bob")
    shift.deliver_notices()
    shift.workspace.faults.add("error", "chat.update", error="not_in_channel")
    shift.unreact("bob")
    shift.deliver_notices()
    assert shift.card.text.startswith("FIX-1 approved")
    shift.tick(minutes=10)
    assert is_proposed(shift.card)


def test_a_reminder_in_a_pause_says_to_end_it_first(shift: Shift) -> None:
    """A reaction would be refused until then."""
    ts = shift.propose()
    shift.say("pause", "bob")
    shift.tick(minutes=10)
    (reminder,) = (one.text for one in shift.thread(ts) if "still waits" in one.text)
    assert f"<@{CAROL}>: fixes are paused, so `@rootver resume` first, then react on" in reminder


def test_an_unanswered_proposal_says_that_it_expired_without_a_click(shift: Shift) -> None:
    """Card and thread."""
    ts = shift.propose()
    shift.tick(minutes=31)
    assert shift.card.text.startswith("FIX-1 expired at")
    assert any(text.startswith("FIX-1 expired") for text in shift.told(ts))


def test_a_thread_is_told_in_order_also_after_failures(shift: Shift) -> None:
    """Nothing overtakes what waits."""
    ts = shift.propose()
    shift.workspace.faults.add("server_error", "chat.postMessage", times=-1)
    shift.react("bob")
    shift.tick(seconds=6)
    shift.tick(minutes=1)
    shift.workspace.faults.clear()
    shift.deliver_notices(seconds=61)
    assert [text[:22] for text in shift.told(ts)] == ["FIX-1 applied: RootVer", "FIX-1 is not confirmed"]
    assert shift.waiting() == []


def test_pauses_between_attempts_grow_to_a_quarter_of_an_hour(shift: Shift) -> None:
    """Slack is not hammered while it is down, and not forgotten either; a restart begins no pause anew."""
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("audit", "anchor", details={"anchor": "x"}))
    shift.workspace.faults.add("error", "chat.postMessage", error="is_archived", times=-1)
    tried = [shift.watch.time]
    shift.deliver_notices()
    for _ in range(12):
        (waits,) = shift.waiting()
        assert waits.next_try is not None
        shift.watch.set(seconds=-shift.watch.time.timestamp() + waits.next_try.timestamp())
        tried.append(shift.watch.time)
        shift.deliver_notices()
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert shift.calls("chat.postMessage") == 13


def test_one_fix_does_not_wait_for_another(begin: Callable[..., Shift]) -> None:
    """What rests after a failure holds up only its own queue."""
    shift = begin("both-nodes")
    shift.workspace.faults.add("lost_request", "chat.postMessage", after=2)
    shift.say("diagnose EXCH-CL1")
    shift.deliver_notices()
    assert {one.fix for one in shift.waiting()} == {1}
    assert shift.fix(2).card_ts is not None


# --- one person, the audit channel ---


def test_a_refusal_is_told_to_one_person_only(shift: Shift) -> None:
    """Dave is not an approver."""
    ts = shift.propose()
    shift.react("dave")
    shift.deliver_notices()
    assert any(
        "you are not an approver" in one.text for one in shift.workspace.messages(ONCALL, ts, viewer="dave")
    )
    assert not any(
        "not an approver" in one.text for one in shift.workspace.messages(ONCALL, ts, viewer="bob")
    )


def test_an_approver_who_taps_the_diagnosis_is_led_to_the_card(shift: Shift) -> None:
    """Once, and only they see it."""
    ts = shift.propose()
    diagnosis = next(one for one in shift.thread(ts) if "RootVer is invalid" in one.text)
    shift.react("bob", ts=diagnosis.ts)
    shift.deliver_notices()
    (hint,) = (one for one in shift.workspace.messages(ONCALL, ts, viewer="bob") if one.ephemeral_to == BOB)
    assert shift.chat.link(Message(ONCALL, shift.card.ts), ts) in hint.text


def test_what_one_person_cannot_be_told_holds_up_nobody(shift: Shift) -> None:
    """A refusal that cannot be delivered waits beside the card's own queue."""
    shift.propose()
    shift.workspace.faults.add("server_error", "chat.postEphemeral", times=-1)
    shift.react("dave")
    shift.react("bob")
    shift.deliver_notices()
    assert shift.card.text.startswith("FIX-1 approved")
    assert [one.audience for one in shift.waiting()] == ["private"]


def test_the_audit_channel_gets_the_anchor(shift: Shift) -> None:
    """As a line that verify reads."""
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("audit", "anchor", details={"anchor": f"anchor 3 {'5e' * 32}"}))
    shift.deliver_notices()
    (told,) = shift.workspace.messages(AUDIT)
    assert [one.size for one in parse_anchors(told.text)] == [3]


def test_without_an_audit_channel_nothing_waits_for_one(shift: Shift) -> None:
    """The log has the anchor all the same."""
    shift.telling.audit_channel = None
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("audit", "anchor", details={"anchor": "x"}))
    shift.deliver_notices()
    assert shift.waiting() == []
