"""Erasing beside the running bot: what a command asks for over its own socket, and what is too old."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.running import own_socket
from bot.running.own_socket import Answer, NoAnswer, Question
from handlers.ports import Clock
from handlers.record.erasing import Erased, NotErased, Wanted, erase, erase_old
from storage.file.database import Database
from storage.file.errors import StorageError

log = logging.getLogger(__name__)

FORGET = "forget"  # the question
ERASE_SECONDS = 600.0  # for an answer: years of raw data may go


class Retention:
    """Erases in the bot's own database. `days`: how long raw answers are kept; None: for good."""

    def __init__(self, database: Database, clock: Clock, days: int | None) -> None:
        self._database, self._clock, self._days = database, clock, days

    def step(self) -> None:
        """Erase what was stored before the days that count, whole days (UTC): so it is done once a day."""
        if self._days is None or self._database.held:
            return
        today = self._clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        before = today - timedelta(days=self._days)
        if count := erase_old(self._database, before):
            log.info("raw data stored before %s was erased: %d", f"{before:%Y-%m-%d}", count)

    def forget(self, question: Question) -> Answer:
        """Erase what a command asks for; whoever may ask may open the database as well."""
        try:
            done = erase(self._database, _wanted(question), str(question["by"]), running=True)
        except (StorageError, NotErased) as error:
            return {"error": str(error)}
        return {"count": done.count, "records": list(done.records), "gone": done.gone}


def ask_to_forget(database: Path, wanted: Wanted, by: str) -> Erased:
    """Have the bot of this database erase it. Raises `NotErased`, `own_socket.NobodyThere`."""
    before = wanted.before.isoformat() if wanted.before else None
    question = {"ask": FORGET, "person": wanted.person, "fix": wanted.fix, "before": before, "by": by}
    try:
        told = own_socket.ask(database, question, ERASE_SECONDS)
    except NoAnswer:
        raise NotErased("The running bot gave no answer. See with: rootver history kind erasure") from None
    if "error" in told:
        raise NotErased(str(told["error"]))
    return Erased(int(told["count"]), tuple(map(int, told["records"])), told["gone"] is True)


def _wanted(question: Question) -> Wanted:
    before = question.get("before")
    return Wanted(
        question.get("person"), question.get("fix"), datetime.fromisoformat(before) if before else None
    )
