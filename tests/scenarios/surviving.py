"""A night that goes on to its end whatever becomes of the bot, and what must be true of it then."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.chain.verify import check
from storage.file.database import Database
from tests.scenarios.process import ProcessStage
from tests.scenarios.stage import NO, ONCALL, YES

TIMES = {
    "grace_seconds": "0.05",
    "follow_up_minutes": "[0.005, 0.02, 0.05, 0.1, 0.3, 1]",  # some are missed while no bot runs
    "remind_minutes": "0.01",
}
HOST = "deadline_seconds = 5"  # an old value is believed after that
AGAIN = (0.2,) * 10  # seconds between deliveries of an event that was not acknowledged
UNDONE = {"voided", "failed", "cancelled", "expired"}  # how a fix may end because the bot did
LAST_STATES = {"confirmed", "declined", "cancelled", "expired", "voided", "failed", "drifted"}


@dataclass(frozen=True)
class Plan:
    """What is wrong, how people react to the card, in which state the night ends, after how many writes."""

    incident: str
    emoji: str | None
    ends: str
    writes: int
    restores: bool = False
    times: Mapping[str, str] = field(default_factory=dict)


PLANS = {
    "fix": Plan("zero", YES, "confirmed", 1),
    "doubt": Plan("lost-answer", YES, "confirmed", 1),
    "restore": Plan("zero", YES, "confirmed", 2, restores=True),
    "decline": Plan("zero", NO, "declined", 0),
    "drift": Plan("drift", YES, "voided", 0),
    "expiry": Plan("zero", None, "expired", 0, times={"expires_minutes": "0.02"}),
}


@dataclass
class Survival:
    """How a night went. `kills`: bots that ended at a fatal crossing; `faults`: what must never be."""

    kills: int
    ends: Counter[str]
    faults: list[str]
    crossed: list[str]


def survive(name: str, *fatal: str) -> Survival:
    """Play a night through, with a bot that is killed at these crossings and started again after each."""
    with tempfile.TemporaryDirectory(prefix="rootver-kill-") as folder:
        return Night(Path(folder), PLANS[name], fatal).through()


class Night:
    """The people of one night. They do the next thing there is to do, and repeat what came to nothing."""

    def __init__(self, folder: Path, plan: Plan, fatal: tuple[str, ...]) -> None:
        self.plan = plan
        self.stage = ProcessStage(
            folder, plan.incident, approval={**TIMES, **plan.times}, host=HOST, fatal=fatal
        )
        self.faults: list[str] = []
        self.threads: list[str] = []
        self._asked: tuple[int, ...] = ()
        self._kills = 0

    def through(self) -> Survival:
        """Play it to its end and look."""
        for command in ("Set-RootVer", "Restore-RootVer"):
            self._look_before(command)
        self.stage.server.sockets.set_delivery(retry_delays=AGAIN)
        with self.stage:
            self.stage.wait(self._over)
            crossed = self.stage.crossed()
            self.stage.kill()
            self._look()
        return Survival(self._kills, Counter(fix["state"] for fix in self._fixes()), self.faults, crossed)

    # --- what people do ---

    def _over(self) -> bool:
        """Do what is next; True once nothing is."""
        if not self.stage.alive:
            self._revive()
        fixes = self._fixes()
        newest = fixes[-1] if fixes else None
        if (
            newest
            and newest["state"] == self.plan.ends
            and (newest["kind"] == "restore") == self.plan.restores
        ):
            return self.stage.sql("SELECT count(*) FROM notice") == [(0,)] and self.stage.alive
        if newest is None or newest["state"] in UNDONE | {"confirmed"}:
            self._ask(fixes)
        elif newest["state"] == "proposed" and newest["card_ts"]:
            self._react(newest["card_ts"])
        elif newest["state"] == "applied" and newest["looks"]:
            self.stage.cluster.bring_online()
        return False

    def _revive(self) -> None:
        if self.stage.exitcode != -9:
            self.faults.append(f"the bot ended by itself: {self.stage.exitcode}")
        self._kills += 1
        self.stage.kill()
        self.stage.start()

    def _ask(self, fixes: list[dict[str, Any]]) -> None:
        """Once for each fix that came to nothing, and again if the bot died over it or could not tell."""
        told = self.stage.sql('SELECT count(*) FROM audit WHERE body LIKE \'%"verdict":"inconclusive"%\'')
        question = (len(fixes), self.stage.starts, told[0][0])
        if question == self._asked or self.stage.server.sockets.unfinished:
            return
        self._asked = question
        done = [fix["number"] for fix in fixes if fix["state"] == "confirmed"]
        command = f"restore FIX-{done[0]}" if done else "diagnose exch-node2"
        self.threads.append(self.stage.say("alice", f"@rootver {command}"))

    def _react(self, card: str) -> None:
        if self.plan.emoji is None:
            return
        message = self.stage.workspace.message(self.stage.workspace.id_of(ONCALL), card)
        if self.stage.workspace.id_of("bob") not in message.reactions.get(self.plan.emoji, []):
            self.stage.react("bob", message, self.plan.emoji)

    # --- what must be true ---

    def _look_before(self, command: str) -> None:
        """The moment a change reaches the host, its intent must be in the file, whoever is dead by then."""

        def look(parameters: Mapping[str, Any]) -> None:
            fix = parameters["FixId"]
            steps = [json.loads(body)["details"].get("step") for (body,) in self._records("change", fix)]
            if steps.count("send") != 1:
                self.faults.append(f"{fix}: {command} without its record, {steps}")
            self._look_before(command)

        self.stage.faults.before(command, look)

    def _look(self) -> None:
        self._look_at_the_record()
        self._look_at_the_host()
        for fix in self._fixes():
            self._look_at(fix)
        for thread in self.threads:
            self._look_at_the_answer(thread)
        fixes = self._fixes()
        cards = {fix["card_ts"] for fix in fixes if fix["card_ts"]}
        decidable = {one.ts for one in self._said() if self.stage.workspace.bot_user in _reactors(one)}
        if not decidable <= cards:
            self.faults.append(f"messages that look like cards and are not: {decidable - cards}")

    def _look_at_the_record(self) -> None:
        path = self.stage.folder / "rootver.db"
        with Database.read_only(path) as database, database.read() as conn:
            self.faults += [f"the record: {fault}" for fault in check(conn, []).faults]

    def _look_at_the_host(self) -> None:
        calls = [
            str(call.parameters["FixId"])
            for command in ("Set-RootVer", "Restore-RootVer")
            for call in self.stage.endpoint.calls.named(command)
        ]
        self.faults += [f"{fix} was sent {times} times" for fix, times in Counter(calls).items() if times > 1]
        if self.stage.writes != self.plan.writes:
            self.faults.append(f"{self.stage.writes} writes instead of {self.plan.writes}")

    def _look_at(self, fix: Mapping[str, Any]) -> None:
        """One fix: it has ended, its records and everything told say how."""
        name, state = f"FIX-{fix['number']}", fix["state"]
        if state not in LAST_STATES:
            self.faults.append(f"{name} is left {state}")
        moves = [json.loads(body)["details"].get("state") for (body,) in self._records("%", name)]
        reached = [move[1] for move in moves if move]
        if reached[-1] != state or max(Counter(reached).values()) > 1:
            self.faults.append(f"{name} is {state}, its records say {reached}")
        self._look_at_what_was_told(fix, name, state)

    def _look_at_what_was_told(self, fix: Mapping[str, Any], name: str, state: str) -> None:
        told = [one for one in self._said() if f"{name} {state}" in one.text]
        on_card = [one for one in told if one.ts == fix["card_ts"]]
        if fix["card_ts"] and not on_card:
            self.faults.append(f"{name} is {state}, its card does not say so")
        if state != "declined" and not 1 <= len(told) - len(on_card) <= 1 + self._kills:
            self.faults.append(f"{name} is {state}, the thread was told {len(told) - len(on_card)} times")
        backups = [file.name for one in self._said() for file in one.files].count(f"{name}-backup.reg")
        # At most once: a bot that is killed while it shares it cannot know whether it shows.
        if state in {"confirmed", "failed"} and not (self._kills == 0) <= backups <= 1:
            self.faults.append(f"{name} is {state}, its backup is attached {backups} times")

    def _look_at_the_answer(self, thread: str) -> None:
        """A command that was taken has its answer, or its thread says that it has not."""
        taken = self.stage.sql("SELECT 1 FROM audit WHERE kind = 'command' AND body LIKE ?", f"%{thread}%")
        said = [one.text for one in self.stage.workspace.messages(ONCALL, thread)[1:]]
        verdict = any(re.match(r"<@\w+> EXCH-NODE2: ", one) for one in said)  # in a message of its own
        waits = not verdict and (not said or said[0].startswith(("Checking", "Reading")))
        if taken and waits and not any("was not answered to its end" in one for one in said):
            self.faults.append(f"a command of {thread} is left without an answer: {said}")

    # --- inside ---

    def _fixes(self) -> list[dict[str, Any]]:
        names = ("number", "kind", "state", "card_ts", "looks")
        rows = self.stage.sql(f"SELECT {', '.join(names)} FROM fix ORDER BY number")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _records(self, kind: str, fix: str) -> list[tuple[Any, ...]]:
        return self.stage.sql(
            "SELECT body FROM audit WHERE kind LIKE ? AND fix_id = ? ORDER BY seq", kind, fix
        )

    def _said(self) -> list[Any]:
        return [one for thread in self.threads for one in self.stage.workspace.messages(ONCALL, thread)[1:]]


def _reactors(message: Any) -> set[str]:
    return {user for users in message.reactions.values() for user in users}
