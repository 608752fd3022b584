"""Tells the stored notices until they are told: in order, again later where Slack refuses, never lost.

A notice is deleted once it was sent. A refusal ends nothing: all that waits for the same place waits on, with
growing pauses, for three days. What that comes to for people is in `handlers.untold`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.running.telling import Telling
from bot.slack.web_api import Nameless, NotSaid
from handlers import untold
from handlers.life import record_untold
from handlers.ports import Clock, MessageGone
from storage import notices
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Audience, NewNotice, Notice

log = logging.getLogger(__name__)

AT_ONCE = 10_000  # notices looked at in one run
LONGEST_PAUSE = timedelta(minutes=15)  # between two attempts, however often it failed
UNBELIEVABLE = timedelta(hours=1)  # no attempt lies so far ahead: the clock was set
HURRY_AFTER = timedelta(seconds=5)  # between two times that a sign of life from Slack ends all pauses
REMIND_AFTER = timedelta(minutes=1)  # between two lines in the log about what waits
GONE = "the message was deleted"
DEFECT_ATTEMPTS = 5  # for a notice that a defect of ours keeps from being sent
RATE_LIMITED = ("ratelimited", "rate_limited")  # no sign of life makes these come sooner

OF_FIXES: frozenset[Audience] = frozenset({"card", "thread", "direct"})

Unit = Sequence[Notice]  # what one message tells: one notice, or all that want the same card drawn


@dataclass(slots=True)
class Deliverer:
    """Works off what is to be told.

    `card_gone` is told that nobody can see a card any more (`Decisions.card_gone`). While the file is an
    older copy, or that is not known yet, nothing of fixes is drawn: it may know less than was told already.
    """

    database: Database
    clock: Clock
    telling: Telling
    card_gone: Callable[[int, str], None]
    _sent: dict[int, list[NewNotice]] = field(
        init=False, default_factory=dict
    )  # told in Slack, though the file could not be told so yet → what comes after it
    _turn: threading.Lock = field(init=False, default_factory=threading.Lock)
    _new_connection: bool = field(init=False, default=True)
    _sign_of_life: bool = field(init=False, default=False)
    _hurried: datetime | None = field(init=False, default=None)
    _reminded: datetime | None = field(init=False, default=None)

    def connected(self) -> None:
        """Slack said `hello`: with the next run every card is drawn anew, and all that waits is tried."""
        self._new_connection = True

    def hurry(self) -> None:
        """Somebody reacted or gave a command: places that refused may take messages again."""
        self._sign_of_life = True

    def run_once(self) -> None:
        """Tell everything that waits and is not resting after a refusal.

        Raises `StorageError` where the file cannot be written; what was sent by then is not sent again.
        """
        with self._turn:
            if not self.database.held:
                self._end_pauses()
            while self._run():
                pass
            self._remind()

    def waiting(self) -> str:
        """What Slack does not take, as a sentence; empty: nothing."""
        with self.database.read() as conn:
            found = untold.untold(conn)
        return found.sentence(self.clock.now()) if found else ""

    # --- one run ---

    def _run(self) -> bool:
        """Work off each queue once; whether there is more to tell because of it."""
        with self.database.read() as conn:
            waiting = notices.pending(conn, AT_ONCE)
        if self.database.held:
            waiting = [notice for notice in waiting if notice.audience not in OF_FIXES]
        late = untold.overdue(waiting, self.clock.now())
        for number, refused in late.items():
            untold.tell_directly(self.database, number, refused)
        more = [self._work_off(queue) for queue in _queues(waiting) if self._is_due(queue)]
        return any(more) or bool(late)

    def _is_due(self, queue: Iterable[Unit]) -> bool:
        """A queue rests as a whole, until something new comes into it."""
        now = self.clock.now()
        return any(
            notice.next_try is None or not timedelta(0) < notice.next_try - now < UNBELIEVABLE
            for unit in queue
            for notice in unit
        )

    def _work_off(self, queue: list[Unit]) -> bool:
        """Tell what waits in one queue; whether there is more to tell because of it."""
        more = False
        for at, unit in enumerate(queue):
            failure = None if unit[0].id in self._sent else self._attempt(unit[0])
            if failure is None:
                more = self._finish(unit) or more
            elif failure.meaning == "message":  # another message may be possible
                self._rest([unit], failure)
            else:
                self._rest(queue[at:], failure)
                break
        return more

    def _attempt(self, notice: Notice) -> NotSaid | None:
        """Tell one notice; what kept it from being told, None: nothing. Raises `StorageError`."""
        try:
            self._sent[notice.id] = self.telling.tell(notice)
        except Nameless as failure:
            if notice.topic == "prepare":
                return self._defect(notice, failure.code)
            self._sent[notice.id] = []
        except NotSaid as failure:
            return failure
        except MessageGone:
            fix = self.telling.fix_of(notice)
            record_untold(self.database, untold.label(notice), GONE, notice.channel, fix)
            self.card_gone(notice.fix or 0, "Its card was deleted.")
            self._sent[notice.id] = []
        except StorageError:
            raise
        except Exception as error:  # a defect in one notice must not hold up what others are told
            log.exception("%s %s could not be sent", notice.audience, notice.topic)
            return self._defect(notice, type(error).__name__)
        return None

    def _finish(self, unit: Unit) -> bool:
        following = self._sent[unit[0].id]
        with self.database.write() as tx:
            for notice in following:
                notices.add(tx, notice)
            for told in unit:
                untold.told(tx, told)
        del self._sent[unit[0].id]
        return bool(following)

    def _rest(self, units: Iterable[Unit], failure: NotSaid) -> None:
        """What the same place is to be told rests with what it refused; what is too old is given up."""
        refused = [notice for unit in units for notice in unit]
        first, now = refused[0], self.clock.now()
        seconds = max(2.0 ** min(max(one.attempts for one in refused), 20), failure.retry_after)
        pause = max(min(LONGEST_PAUSE, timedelta(seconds=seconds)), timedelta(seconds=failure.retry_after))
        log.warning("%s: %s Again in %g s.", untold.label(first), failure, pause.total_seconds())
        with self.database.write() as tx:
            notices.refused(tx, [one.id for one in refused], failure.code, pause)
        for one in refused:
            if untold.is_given_up(one, now):
                self._give_up(one, failure.code)

    def _defect(self, notice: Notice, reason: str) -> NotSaid | None:
        """A defect of ours: it is tried a few times, and holds up nothing else."""
        if notice.attempts + 1 >= DEFECT_ATTEMPTS:
            self._give_up(notice, reason)
            self._sent[notice.id] = []
            return None
        return NotSaid("a notice", reason)

    def _give_up(self, notice: Notice, reason: str) -> None:
        """A fix whose line never became a card ends: nobody may approve what was never shown."""
        log.error("%s is given up: %s", untold.label(notice), reason)
        untold.give_up(self.database, notice, reason, self.telling.fix_of(notice))
        if notice.topic == "prepare" and notice.fix is not None:
            self.card_gone(notice.fix, f"Its card could not be posted ({reason}).")

    # --- pauses, and what is said of them ---

    def _end_pauses(self) -> None:
        """Raises `StorageError`: then it is done with the next run."""
        now = self.clock.now()
        recently = self._hurried is not None and timedelta(0) <= now - self._hurried < HURRY_AFTER
        connected, hurry = self._new_connection, self._sign_of_life and not recently
        if not connected and not hurry:
            return
        self._new_connection = self._sign_of_life = False
        try:
            with self.database.write() as tx:
                if connected:
                    untold.redraw_cards(tx)
                notices.hurry(tx, () if connected else RATE_LIMITED)
        except StorageError:
            self._new_connection, self._sign_of_life = connected, hurry
            raise
        self._hurried = now

    def _remind(self) -> None:
        now = self.clock.now()
        if self._reminded is not None and timedelta(0) <= now - self._reminded < REMIND_AFTER:
            return
        self._reminded = now
        if waiting := self.waiting():
            log.warning("%s", waiting)


def _queues(waiting: Iterable[Notice]) -> list[list[Unit]]:
    """What has to stay in order, in order; notices that want the same card drawn are one."""
    queues: dict[Hashable, list[Unit]] = {}
    cards: dict[int | None, list[Notice]] = {}
    for notice in waiting:
        queue = queues.setdefault(_queue(notice), [])
        if (notice.audience, notice.topic) != ("card", "card"):
            queue.append([notice])
        elif notice.fix in cards:
            cards[notice.fix].append(notice)
        else:
            cards[notice.fix] = [notice]
            queue.append(cards[notice.fix])
    return list(queues.values())


def _queue(notice: Notice) -> Hashable:
    """A fix's card, its thread, what one person is told of it; what is convenient holds up none of that."""
    match notice:
        case Notice(topic="prepare") | Notice(topic="card"):
            return "card", notice.fix
        case Notice(audience="thread", topic="backup") | Notice(topic="emoji"):
            return notice.topic, notice.fix
        case Notice(audience="file"):
            return "file", notice.id
        case Notice(audience="audit"):
            return "audit"
        case Notice(audience="answer" | "question"):
            return notice.audience, notice.channel
        case _:
            return notice.audience, notice.fix, notice.user
