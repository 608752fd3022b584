"""What happens once, what waits to be told, names and the pause switch."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from storage import fixes, notices, once, people, switches
from storage.file.database import Database
from storage.records import NewNotice, Notice
from tests.storage.samples import Ticking, new_fix


def test_a_key_is_new_once_even_for_eight_threads_and_after_a_restart(path: Path) -> None:
    """Of all who ask, one gets yes."""
    wins: list[int] = []
    with Database.open(path, Ticking()) as db:

        def ask() -> None:
            for number in range(100):
                with db.write() as tx:
                    if once.first_time(tx, once.event(f"Ev{number}")):
                        wins.append(number)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(wins) == list(range(100))
    with Database.open(path, Ticking()) as db, db.write() as tx:
        assert not once.first_time(tx, once.event("Ev7"))
        assert once.first_time(tx, once.event("ev7"))
        assert once.first_time(tx, once.event("odd \ud800"))


def test_a_key_of_a_failed_transaction_is_new_again(db: Database) -> None:
    """What came of it was rolled back as well."""
    with pytest.raises(KeyError), db.write() as tx:  # noqa: PT012 - the block is the transaction
        assert once.first_time(tx, once.event("Ev1"))
        raise KeyError
    with db.write() as tx:
        assert once.first_time(tx, once.event("Ev1"))


def test_judged_reactions_are_remembered_until_taken_away(db: Database) -> None:
    """Per fix, person and emoji; marking twice changes nothing."""
    with db.write() as tx:
        number = fixes.insert(tx, new_fix()).number
        once.mark_judged(tx, number, "UBOB", "x")
        once.mark_judged(tx, number, "UBOB", "x")
        once.mark_judged(tx, number, "UCAROL", "white_check_mark")
    with db.read() as conn:
        assert once.judged(conn, number) == {("UBOB", "x"), ("UCAROL", "white_check_mark")}
        assert once.judged(conn, number + 1) == set()
    with db.write() as tx:
        once.unmark_judged(tx, number, "UBOB", "x")
        once.unmark_judged(tx, number, "UBOB", "never")
        assert once.judged(tx, number) == {("UCAROL", "white_check_mark")}


def test_notices_wait_oldest_first_until_they_are_done(db: Database) -> None:
    """They come back as they were; ids are never used again."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        one = notices.add(
            tx,
            NewNotice("private", "refused", fix.number, "UBOB", "C1", "1.2", {"flags": ["guest", "\ud800"]}),
        )
        two = notices.add(tx, NewNotice("audit", "anchor"))
    with db.read() as conn:
        assert notices.pending(conn, 1) == [
            Notice(
                one, "private", "refused", fix.number, "UBOB", "C1", "1.2", {"flags": ["guest", "\ud800"]},
                stored_at=tx.now,
            )
        ]  # fmt: skip
        assert [notice.id for notice in notices.pending(conn, 10)] == [one, two]
    with db.write() as tx:
        notices.done(tx, one)
        notices.done(tx, two)
        notices.done(tx, two)
        assert notices.add(tx, NewNotice("audit", "anchor")) > two


def test_a_notice_that_was_refused_waits_on(db: Database) -> None:
    """With its attempts, the last reason, when it was refused first and when it is tried again."""
    with db.write() as tx:
        id_ = notices.add(tx, NewNotice("thread", "applied"))
        assert notices.untold(tx) == []
        notices.refused(tx, [id_], "ratelimited", timedelta(seconds=1))
        first = tx.now
    with db.write() as tx:
        notices.refused(tx, [id_], "channel_not_found", timedelta(seconds=2))
        (notice,) = notices.pending(tx, 10)
        assert (notice.attempts, notice.last_error) == (2, "channel_not_found")
        assert (notice.first_refused, notice.next_try) == (first, tx.now + timedelta(seconds=2))
        assert notices.untold(tx) == [notice]


def test_what_waits_is_hurried_on_unless_slack_said_when(db: Database) -> None:
    """A sign of life ends the pauses, but no rate limit."""
    with db.write() as tx:
        one, two = (notices.add(tx, NewNotice("audit", "anchor")) for _ in range(2))
        notices.refused(tx, [one], "ratelimited", timedelta(hours=1))
        notices.refused(tx, [two], "not_in_channel", timedelta(hours=1))
        notices.hurry(tx, ["ratelimited"])
        assert [notice.next_try is None for notice in notices.pending(tx, 10)] == [False, True]
        notices.hurry(tx)
        assert [notice.next_try is None for notice in notices.pending(tx, 10)] == [True, True]


def test_what_was_given_up_begins_anew_with_the_next_connection(db: Database) -> None:
    """Until then it waits for nothing."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        id_ = notices.add(tx, NewNotice("card", "card", fix.number))
        notices.refused(tx, [id_], "is_archived", timedelta(hours=1))
        notices.mark_known(tx, [id_], "directly")
        notices.rest(tx, id_)
        notices.hurry(tx)
        assert (notices.pending(tx, 10), notices.of_fix(tx, fix.number), notices.untold(tx)) == ([], [], [])
        notices.renew(tx)
        (again,) = notices.of_fix(tx, fix.number)
    assert (again.attempts, again.first_refused, again.next_try, again.known) == (0, None, None, None)


def test_the_times_of_what_waits_move_with_the_clock(db: Database) -> None:
    """Else a clock that was set would end three days at once, or let nothing be tried for hours."""
    with db.write() as tx:
        id_ = notices.add(tx, NewNotice("audit", "anchor"))
        notices.refused(tx, [id_], "is_archived", timedelta(seconds=1))
        notices.shift(tx, timedelta(hours=-2))
        (moved,) = notices.pending(tx, 10)
        assert moved.stored_at == moved.first_refused == tx.now - timedelta(hours=2)
        assert moved.next_try == tx.now - timedelta(hours=2) + timedelta(seconds=1)


def test_names_are_kept_up_to_date(db: Database) -> None:
    """The newest one counts; several people may share one."""
    with db.write() as tx:
        people.remember(tx, "UALICE", "alice")
        people.remember(tx, "UALICE", "Alice B.")
        people.remember(tx, "UOTHER", "alice b.")
    with db.read() as conn:
        assert people.name_of(conn, "UALICE") == "Alice B."
        assert people.name_of(conn, "UNOBODY") is None
        assert people.named(conn, "ALICE B.") == ["UALICE", "UOTHER"]
        assert people.names(conn, ["UOTHER", "UNOBODY"]) == {"UOTHER": "alice b."}
    with db.write() as tx:
        assert people.forget(tx, "UALICE")
        assert not people.forget(tx, "UALICE")


def test_the_pause_is_kept_across_restarts(path: Path) -> None:
    """Who paused first stays named; resuming ends it."""
    clock = Ticking()
    with Database.open(path, clock) as db:
        with db.write() as tx:
            assert switches.paused(tx) is None
            switches.pause(tx, "UALICE")
            since = tx.now
        with db.write() as tx:
            switches.pause(tx, "UBOB")
    with Database.open(path, clock) as db:
        with db.read() as conn:
            assert switches.paused(conn) == ("UALICE", since)
        with db.write() as tx:
            switches.resume(tx)
            assert switches.paused(tx) is None
