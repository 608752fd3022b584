"""An older copy of the file: noticed at the start, held until it is taken over, and what a takeover does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from handlers.approval import State
from handlers.fix.older_copy import known_anchors, mark_of
from handlers.fix.propose import NotProposed
from handlers.fix.takeover import Takeover, is_plain, plan, take_over
from handlers.life import record_start, tell_older
from handlers.ports import CardMark
from handlers.record.anchoring import Anchors, open_key, renew_key, renewals
from storage import fixes, notices, queries, switches
from storage.chain import audit
from storage.chain.anchors import Anchor
from storage.chain.signing import SigningKey
from storage.chain.verify import verify
from storage.records import NewNotice
from tests.handlers.fix.night import ALICE, BOB, CAROL, NO, THREAD, Night
from tests.storage.samples import KEY


@pytest.fixture
def older(night: Night) -> Night:
    """A copy of the proposed fix is put back after it was applied."""
    night.propose()
    kept = night.copy()
    night.react(BOB)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)
    night.put_back(kept)
    return night


def drawn(night: Night) -> CardMark | None:
    """The card as the file has it now."""
    with night.database.read() as conn:
        return mark_of("FIX-1", queries.story(conn, "FIX-1"))


def planned(night: Night, text: str = "") -> Takeover:
    with night.database.read() as conn:
        return plan(conn, known_anchors(conn, night.anchors, text), night.watch.now())


def taken_over(night: Night) -> Takeover:
    """As `rootver takeover` does it, while the bot is stopped."""
    what = planned(night)
    night.database.older = ()
    with night.database.write() as tx:
        take_over(tx, what, "os:root")
    night.anchors.keep_last()
    night.restart()
    return what


def test_the_last_anchor_beside_the_key_is_ahead(older: Night) -> None:
    """Told with numbers; the start records it, and the audit channel hears it."""
    (sentence,) = older.database.older or ()
    assert sentence.startswith("The last anchor beside the signing key tells of ")
    start = older.records("start")[-1]
    assert (start.outcome, start.details["older"]) == ("error", [sentence])
    assert [one.topic for one in older.told("audit")] == ["older_copy"]


def test_another_start_says_the_same_once(older: Night) -> None:
    """Each start adds records of its own, so that a new look would count others."""
    first = older.database.older
    older.restart()
    older.restart()
    assert older.database.older == first


def test_nothing_is_judged_moved_or_made_in_an_older_copy(older: Night) -> None:
    """Whatever people and the clock do; whoever reacts is told, and a pause is still possible."""
    older.remote.cluster.set_root_ver(older.remote.cluster.node("EXCH-NODE2"), "0.0.0.0")
    (refused,) = older.proposals.propose(older.diagnose(), ALICE, THREAD, direct=False)
    for one in (refused, older.proposals.restore(1, ALICE, THREAD, direct=False)):
        assert isinstance(one, NotProposed)
        assert "older copy" in one.sentence
    older.react(CAROL)
    older.react(ALICE, NO)
    older.unreact(CAROL)
    assert older.decisions.catch_up() is False
    ruling, _ = older.decisions.cancel(1, ALICE)
    assert ruling.reason == "older_copy"
    older.decisions.card_gone(1)
    older.tick(minutes=60)
    assert (older.state, older.writes) == (State.PROPOSED, 1)
    assert [entry.details["reason"] for entry in older.records("refusal")] == ["older_copy"] * 3
    assert not older.pause.pause(BOB).reason
    with older.database.read() as conn:
        assert switches.paused(conn)


def test_storage_itself_refuses_to_move_or_make_a_fix(older: Night) -> None:
    """Whatever use case forgets to ask."""
    with pytest.raises(fixes.FixesHeld), older.database.write() as tx:
        fixes.move(tx, 1, State.PROPOSED, State.EXPIRED)


def test_no_anchor_is_published_or_kept_while_it_is_not_taken_over(older: Night) -> None:
    """Else the older copy would vouch for itself, and the proof beside the key would be gone."""
    kept = (older.folder / "key.last").read_text()
    older.anchors.publish_daily()
    older.anchors.keep_last()
    assert older.records("anchor") == []
    assert (older.folder / "key.last").read_text() == kept


@pytest.mark.parametrize(
    ("mark", "ahead"),
    [
        (None, False),
        (CardMark("FIX-1", "proposed", 8), False),
        (CardMark("FIX-1", "proposed", 900), True),
        (CardMark("FIX-1", "confirmed", 8), True),
        (CardMark("FIX-2", "confirmed", 900), False),
    ],
)
def test_a_card_that_is_ahead_is_enough(night: Night, mark: CardMark | None, *, ahead: bool) -> None:
    """By its record number or by its state; the card of another fix says nothing."""
    night.propose()
    if mark and mark.record == 8:
        mark = CardMark(mark.fix_id, mark.state, night.records()[-1].seq)
    night.chat.mark = mark
    night.restart()
    assert bool(night.database.older) == ahead


def test_what_was_once_found_older_stays_so_until_it_is_taken_over(night: Night) -> None:
    """By the record of its start, though its own records have caught up with the card's number."""
    night.propose()
    night.chat.mark = CardMark("FIX-1", "proposed", night.records()[-1].seq + 1)
    night.restart()
    night.chat.mark = None
    night.restart()
    assert night.database.older
    taken_over(night)
    assert night.database.older == ()


def test_a_card_that_cannot_be_read_now_holds_everything_until_it_can(night: Night) -> None:
    """Not known is not the same as fine; a deleted card, and one in a place that is gone, say nothing."""
    fix = night.propose()
    night.chat.mark = drawn(night)
    night.chat.broken.add("card")
    night.restart()
    night.tick(minutes=60)
    assert night.database.older is None
    assert night.state == State.PROPOSED
    assert not night.copy_check.look()
    night.chat.broken.clear()
    assert night.copy_check.look()
    assert night.database.older == ()
    night.chat.reason = "is_archived"
    night.chat.broken.add("card")
    assert night.copy_check.look()
    night.chat.broken.clear()
    night.chat.card_gone = True
    assert night.copy_check.look()
    assert night.database.older == ()
    assert fix.card_ts


def test_a_takeover_ends_what_is_open_as_lost_and_never_uses_a_number_twice(older: Night) -> None:
    """The lost fix is told as that; the next one starts far behind; approvals of before count for nothing."""
    what = taken_over(older)
    assert (older.state, what.lost) == (State.LOST, ("FIX-1",))
    assert "look at the node by hand" in str(older.fix().reason)
    assert older.topics() == ["lost"]
    assert (older.writes, older.root_ver) == (1, "1.1.4322.0")
    older.remote.cluster.set_root_ver(older.remote.cluster.node("EXCH-NODE2"), "0.0.0.0")
    assert older.propose().number == 101
    older.react(CAROL, fix=1)
    older.tick(minutes=1)
    assert (older.state, older.writes) == (State.LOST, 1)


def test_verify_accuses_nobody_after_a_takeover(older: Night) -> None:
    """What the copy shares with the lost file is told once, with who took it over."""
    size = older.records("start")[-1].seq - 1
    what = taken_over(older)
    assert what.size == size
    found = verify(older.database)
    assert found.faults == ()
    assert any(f"an older copy of {size} records was taken over by os:root" in one for one in found.remarks)


def test_an_anchor_from_elsewhere_tells_where_the_copy_ends(night: Night, tmp_path: Path) -> None:
    """Of this key only; without any, the copy goes on where it is, and time bounds the numbers."""
    night.propose()
    kept = night.copy()
    night.react(BOB)
    night.tick(seconds=6)
    (applied,) = (one for one in night.records("anchor"))
    channel = f"what somebody said: {applied.details['anchor']}"
    night.put_back(kept, last_anchor=False)
    size = len(night.records())
    assert planned(night).known is None
    night.watch.move(minutes=350)
    what = planned(night)
    assert (what.size, what.first_number) == (size, 401)
    assert is_plain(night.database, what)
    what = planned(night, channel)
    assert what.known is not None
    assert (what.size, str(what.known)) == (min(size, what.known.size - 1), applied.details["anchor"])
    assert not is_plain(night.database, what)
    other = Anchors(night.database, night.watch, SigningKey.generate(), tmp_path / "other.last")
    with night.database.read() as conn:
        assert len(known_anchors(conn, other, channel)) == 1  # the record still names the key before


def test_an_empty_file_beside_an_old_key_is_an_older_copy_too(night: Night) -> None:
    """A file that was lost is not a first start: its fix numbers are used up."""
    night.propose()
    night.anchors.keep_last()
    night.database.close()
    for file in night.folder.glob("rootver.db*"):
        file.unlink()
    night.open()
    assert night.database.older
    what = taken_over(night)
    assert (what.size, what.first_number) == (0, 101)
    with night.database.read() as conn:
        assert audit.head(conn)[0] > 0
    assert verify(night.database).faults == ()


def test_a_last_anchor_that_cannot_be_read_or_written_says_nothing(night: Night) -> None:
    """Damage beside the key is not an accusation, and a read-only secret holds nothing up."""
    night.propose()
    last = night.folder / "key.last"
    last.write_text("damage")
    night.restart()
    assert night.database.older == ()
    last.unlink()
    last.mkdir()
    night.anchors.keep_last()
    night.restart()
    assert night.database.older == ()


def test_the_last_anchor_of_a_file_that_was_taken_over_is_known(older: Night) -> None:
    """Where it could not be written anew; another record under the same number is an older copy all the
    same."""
    last = older.folder / "key.last"
    kept = last.read_text()
    taken_over(older)
    last.write_text(kept)
    older.restart()
    assert older.database.older == ()
    size = len(older.records())
    other = Anchor(size, "5e" * 32, "5e" * 8)
    last.write_text(f"{Anchor(size, other.hash, other.chain, KEY.sign(other.statement))}\n")
    older.restart()
    assert list(older.database.older or ()) == [
        f"The last anchor beside the signing key tells of another record {size} than this file."
    ]


def test_without_a_place_for_the_last_anchor_none_is_kept(night: Night) -> None:
    """The cards tell alone."""
    anchors = Anchors(night.database, night.watch, KEY)
    anchors.keep_last()
    with night.database.read() as conn:
        assert known_anchors(conn, anchors, "") == []


def test_another_key_is_told_unless_the_one_before_vouches_for_it(night: Night) -> None:
    """A lost key may be the work of somebody who wrote the file anew."""
    path = night.folder / "anchor.key"
    (night.folder / "anchor.key").write_text("")
    path.unlink()
    first = open_key(path)
    for key in (first, renew_key(path)):
        record_start(
            night.database, None, {}, Anchors(night.database, night.watch, key, renewals=renewals(path))
        )
    told = [one.details for one in night.told("audit")]
    assert told == [{"before": KEY.public, "now": first.public}]
    assert verify(night.database).faults == ()


def test_an_older_copy_that_is_found_out_later_is_told_all_the_same(night: Night) -> None:
    """The cards could not be read when it started."""
    night.database.older = ("The card of FIX-1 is ahead.",)
    tell_older(night.database)
    assert [one.topic for one in night.told("audit")] == ["older_copy"]


def test_nothing_that_waited_in_the_copy_is_told_after_a_takeover(older: Night) -> None:
    """It was told long ago, or is lost."""
    with older.database.write() as tx:
        notices.add(tx, NewNotice("thread", "reminder", 1, channel="C1", thread_ts="100.0"))
    taken_over(older)
    assert older.topics() == ["lost"]
    assert older.watch.now() - older.fix().created_at < timedelta(days=1)


def test_a_card_that_the_file_does_not_know_counts_for_nothing(night: Night) -> None:
    """Of another bot, or of a branch that was lost: whoever reacts is told once; any other message says
    nothing."""
    night.propose()
    night.react(CAROL, fix=7)
    assert night.told("reactor") == []
    night.chat.mark = CardMark("FIX-7", "proposed", 40)
    for emoji in (NO, NO):
        night.react(CAROL, emoji, fix=7)
    (told,) = night.told("reactor")
    assert (told.user, told.details) == (CAROL, {"card": "FIX-7"})
    (refusal,) = night.records("refusal")
    assert (refusal.actor, refusal.details["reason"], refusal.fix_id) == (CAROL, "unknown_card", None)
    night.chat.card_gone = True
    night.react(BOB, fix=7)
    assert len(night.told("reactor")) == 1
    assert night.state == State.PROPOSED
