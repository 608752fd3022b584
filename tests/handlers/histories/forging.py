"""Histories: what people do, what is written into the record, and what somebody writes into the file."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from handlers.approval import ApprovalRules
from handlers.ports import Message, Person, Standing
from storage import evidence, queries
from storage.chain import audit, recorded
from storage.records import Json, Record
from storage.times import to_text
from tests.handlers.fix.night import ALICE, BOB, CAROL, DAVE, NO, YES, Night
from tests.storage.chain.mutants import forge, hash_alone, rehash

PEOPLE = (ALICE, BOB, CAROL, DAVE)
GROUP = "S1"
OTHER = '{"is":"value","value":{"data":"6.6.6.6","kind":"REG_SZ"}}'

Step = Callable[[random.Random, Night], object]


def rules(chance: random.Random) -> ApprovalRules:
    """Settings: mostly the usual ones."""
    grouped = chance.random() < 0.4
    return ApprovalRules(
        approvers=frozenset({BOB, CAROL} if not grouped else {CAROL})
        | ({ALICE} if chance.random() < 0.2 else set()),
        approver_groups=frozenset({GROUP} if grouped else ()),
        allow_self_approval=chance.random() < 0.1,
        required_approvals=chance.choice((1, 1, 1, 2)),
    )


# --- what people do ---


def approve(chance: random.Random, night: Night) -> None:
    night.react(chance.choice((BOB, BOB, CAROL, *PEOPLE)))


def approve_enough(_: random.Random, night: Night) -> None:
    night.react(BOB)
    night.react(CAROL)


def decline(chance: random.Random, night: Night) -> None:
    night.react(chance.choice(PEOPLE), NO)


def take_back(chance: random.Random, night: Night) -> None:
    night.unreact(chance.choice((BOB, CAROL)))


def card_alone(chance: random.Random, night: Night) -> None:
    """What stands on the card changes, and its event never comes; or Slack names only some of them."""
    if chance.random() < 0.2:
        night.chat.unnamed = {chance.choice(PEOPLE)}
    where = night.chat.standing[chance.choice((YES, YES, NO))]
    chance.choice((where.add, where.discard))(chance.choice(PEOPLE))


def time_passes(chance: random.Random, night: Night) -> None:
    night.tick(seconds=chance.choice((1, 3, 6, 6, 60, 700, 1790)))


def membership(chance: random.Random, night: Night) -> None:
    """Groups and accounts change, or cannot be read."""
    who = chance.choice((BOB, CAROL))
    match chance.randrange(4):
        case 0:
            night.chat.groups[GROUP] = frozenset(chance.sample(PEOPLE, 2))
        case 1:
            night.chat.people[who] = Person(who, who.lower(), ("deactivated",))
        case 2:
            night.chat.broken.add(chance.choice((GROUP, who, "card")))
        case _:
            night.chat.broken.clear()


def words(chance: random.Random, night: Night) -> None:
    who = chance.choice(PEOPLE)
    match chance.randrange(5):
        case 0:
            night.pause.pause(who)
        case 1:
            night.pause.resume(who)
        case 2:
            night.decisions.cancel(1, who)
        case 3:
            night.decisions.catch_up()
        case _:
            night.restart()


def node_changes(chance: random.Random, night: Night) -> None:
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), chance.choice(("0.0.0.0", "6.6.6.6")))


# --- what is recorded ---


def record(chance: random.Random, night: Night) -> None:
    """Any record of the fix, whatever came before it."""
    fix, who = night.fix(), chance.choice(PEOPLE)
    digest = chance.choice((fix.digest, fix.digest, "0" * 64))
    with night.database.write() as tx:
        stored = chance.choice((evidence.keep(tx, b"the key"), "be" * 32))
        kind, outcome, actor, details = chance.choice(_records(chance, night, who, digest, stored))
        audit.append(tx, Record(kind, outcome, actor, fix.node, fix.id, details))


def approval_recorded(chance: random.Random, night: Night) -> None:
    """An approval without anybody's reaction, as the record would have it: now, or when it is too late."""
    fix, who = night.fix(), chance.choice((BOB, CAROL, DAVE, ALICE))
    details: dict[str, Json] = {
        "decision": "approve", "via": chance.choice(("settings", "settings", GROUP, None)),
        "digest": chance.choice((fix.digest, fix.digest, fix.digest, "0" * 64)),
        "state": ["proposed", "approved"],
    }  # fmt: skip
    if chance.random() < 0.2:
        night.watch.move(minutes=31)
    with night.database.write() as tx:
        audit.append(tx, Record("decision", "ok", who, fix.node, fix.id, details))
    if chance.random() < 0.8:
        night.chat.standing[YES].add(who)


def _records(
    chance: random.Random, night: Night, who: str, digest: str, stored: str
) -> list[tuple[Any, Any, str, Mapping[str, Any]]]:
    state = night.state

    def moved(to: str) -> dict[str, Any]:
        return {"state": [state, to]} if chance.random() < 0.7 else {}

    proposal = {
        "kind": "fix", "computer": "EXCH-NODE2", "digest": digest, "target": OTHER,
        "expires_at": to_text(night.watch.now() + timedelta(minutes=30)),
    }  # fmt: skip
    approval = {"decision": "approve", "digest": digest, "via": "settings"}
    return [
        ("decision", "ok", who, {**approval, **moved("approved")}),
        ("decision", "ok", who, {"decision": "decline", **moved("declined")}),
        ("decision", "refused", who, approval),
        ("withdrawal", "ok", who, {"by": who, **moved("proposed")}),
        ("withdrawal", "pending", who, {"by": who}),
        ("withdrawal", "refused", "bot", moved("proposed")),
        ("expiry", "ok", "bot", moved("expired")),
        ("restore_copy", "unknown", "bot", moved("lost")),
        ("recheck", "ok", "bot", {"digest": digest, "changed": {}}),
        ("recheck", "refused", "bot", {"digest": digest, "changed": {}}),
        ("backup", "ok", "bot", {"evidence": stored}),
        ("change", "pending", "bot", {"step": "begin", **moved("applying")}),
        ("change", "pending", "bot", {"step": "send", "target": OTHER}),
        ("change", "ok", "bot", moved("applied")),
        ("change", "refused", "bot", moved("voided")),
        ("proposal", "pending", who, proposal),
    ]  # fmt: skip


# --- what somebody writes into the file ---


def row(chance: random.Random, night: Night) -> None:
    """A few columns of the fix, whatever they were."""
    now = night.watch.now()
    columns: Mapping[str, tuple[object, ...]] = {
        "state": ("approved", "approved", "applying", "proposed"), "approver": (BOB, CAROL, DAVE, None),
        "approved_at": (to_text(now),), "due_at": (to_text(now),), "requester": (DAVE, BOB),
        "expires_at": (to_text(now + timedelta(hours=9)),), "target": (OTHER,), "expected": (OTHER,),
        "computer": ("EXCH-NODE1",), "digest": ("0" * 64,), "kind": ("restore",), "sent_at": (None,),
        "backup": ("be" * 32,), "basis": ("{}",),
    }  # fmt: skip
    _write(
        night,
        {name: chance.choice(columns[name]) for name in chance.sample([*columns], chance.randint(1, 4))},
    )


def row_as_recorded(chance: random.Random, night: Night) -> None:
    """The whole row as the records tell it, due now and for hours to come: whoever forges knows the rules."""
    with night.database.read() as conn:
        told = recorded.of(queries.story(conn, "FIX-1")).columns
    now = night.watch.now()
    times = {"due_at": to_text(now), "expires_at": to_text(now + timedelta(hours=9))}
    _write(night, {**{name: _stored(one) for name, one in told.items()}, **times})
    if chance.random() < 0.5:
        night.tick()


def approved_row(chance: random.Random, night: Night) -> None:
    """As bob's approval would have left it; his reaction may stand on the card, too."""
    now = to_text(night.watch.now())
    _write(night, {"state": "approved", "approver": BOB, "approved_at": now, "due_at": now})
    if chance.random() < 0.7:
        night.chat.standing[YES].add(BOB)


def altered_record(chance: random.Random, night: Night) -> None:
    """A record says something else; sometimes its own hash does too, or the whole chain."""
    then, now = chance.sample((BOB, CAROL, DAVE, ALICE, "decline", "approve", "refused", "ok"), 2)
    kind = chance.choice(("decision", "withdrawal", "proposal", "recheck", "refusal"))
    anew = chance.choice((None, rehash, hash_alone))

    def alter(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE audit SET body = replace(body, ?, ?) WHERE kind = ?", (then, now, kind))
        if chance.random() < 0.8:
            columns = "actor = replace(actor, ?1, ?2), outcome = replace(outcome, ?1, ?2)"
            conn.execute(f"UPDATE OR IGNORE audit SET {columns} WHERE kind = ?3", (then, now, kind))
        if anew is not None:
            anew(conn)

    _forge(night, alter)


def record_taken_out(chance: random.Random, night: Night) -> None:
    """The last record of a kind is gone, and the chain is written anew without it, or not."""
    kind = chance.choice(("decision", "withdrawal", "recheck", "expiry"))
    anew = chance.random() < 0.7

    def take_out(conn: sqlite3.Connection) -> None:
        (seq,) = conn.execute("SELECT max(seq) FROM audit WHERE kind = ?", (kind,)).fetchone()
        if seq is not None:
            conn.execute("DELETE FROM audit WHERE seq = ?", (seq,))
            if anew:
                conn.execute("UPDATE audit SET seq = -seq WHERE seq > ?", (seq,))
                conn.execute("UPDATE audit SET seq = -seq - 1 WHERE seq < 0")
                rehash(conn)

    _forge(night, take_out)


def evidence_altered(chance: random.Random, night: Night) -> None:
    statement = chance.choice(("UPDATE evidence SET data = x'00'", "DELETE FROM evidence"))
    _forge(night, lambda conn: conn.execute(statement))


def _forge(night: Night, mutate: Callable[[sqlite3.Connection], object]) -> None:
    forge(night.folder / "rootver.db", mutate)


def _write(night: Night, columns: Mapping[str, object]) -> None:
    """A state that the table cannot have (a second open fix, an unknown word) is not written."""
    conn = sqlite3.connect(night.folder / "rootver.db")
    with conn:
        sets = ", ".join(f"{name} = ?" for name in columns)
        conn.execute(f"UPDATE OR IGNORE fix SET {sets} WHERE number = 1", (*columns.values(),))
    conn.close()


def _stored(value: object) -> object:
    if isinstance(value, datetime):
        return to_text(value)
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else value


PEOPLE_DO: tuple[Step, ...] = (
    approve, approve, approve_enough, decline, take_back, card_alone, time_passes, membership, words,
    node_changes,
)  # fmt: skip
FORGED: tuple[Step, ...] = (
    record, record, record, record, approval_recorded, row, row_as_recorded, row_as_recorded, approved_row,
    altered_record, record_taken_out, evidence_altered,
)  # fmt: skip


def play(chance: random.Random, night: Night, watch: Callable[[], None]) -> None:
    """One history, to the moment when nothing more is due. `watch` is called once the fix is proposed."""
    night.chat.groups[GROUP] = frozenset({BOB, DAVE})
    night.propose()
    watch()
    begin = chance.choice(((approve_enough,), (approval_recorded,), (approval_recorded,) * 2, ()))
    steps = [*begin, *chance.choices(PEOPLE_DO + FORGED, k=chance.randint(0, 4))]
    if chance.random() < 0.6:
        steps.append(row_as_recorded)
    for step in steps:
        if step not in begin and chance.random() < 0.25:
            _in_the_middle(chance, night)
        else:
            step(chance, night)
    night.chat.standing[YES] |= {BOB} if chance.random() < 0.5 else set()
    for seconds in (0, 6, 6):
        night.tick(seconds=seconds)


def _in_the_middle(chance: random.Random, night: Night) -> None:
    """Something happens while the bot reads the node, backs it up, or reads the card."""
    at = chance.choice(("Get-RootVerFact", "Backup-AspNetKey", "card"))
    # Who may approve and what stands on the card is looked at here for the last time: later is too late.
    steps = [one for one in PEOPLE_DO if at != "card" or one not in (membership, card_alone)]
    step = chance.choice((*steps, *FORGED, record, record, record))
    if at != "card":
        night.remote.before[at] = partial(_step, step, chance, night)
        return
    read = night.chat.reactions

    def after_that(card: Message) -> Standing:
        standing = read(card)
        night.chat.reactions = read  # type: ignore[method-assign]
        step(chance, night)
        return standing

    night.chat.reactions = after_that  # type: ignore[method-assign]


def _step(step: Step, chance: random.Random, night: Night) -> None:
    step(chance, night)
