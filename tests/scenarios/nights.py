"""Nights in which everything is said: incidents and their ends, commands right and wrong, and every table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from unittest import mock

from bot.answers import from_record
from bot.app import Bot
from bot.blocks import private_news, replies, untaken_news
from bot.blocks.audit_news import to_audit
from bot.blocks.card import Surroundings, card, prepare_line
from bot.blocks.explaining import _all, explained
from bot.blocks.news import News, for_the_channel, in_thread
from bot.commands import TABLE
from bot.doctor.findings import DoctorLine
from bot.lab.incidents import INCIDENTS
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.listeners.error_listener import failure_words, listener
from handlers.admission import NoEntry, Refused
from handlers.approval import ReactionRefusal, State, WordRefusal
from handlers.diagnose import Diagnoser
from handlers.fix.propose import NO_CARD, NotProposed, Proposed
from handlers.inventory import Inventory
from handlers.psrp.kinds_of_failure import KINDS
from handlers.remote_errors import RemoteError
from handlers.untold import KeptAnswer, keep_answers
from storage import notices
from storage.file.errors import StorageError
from storage.records import AuditTopic, Json, NewNotice, PrivateTopic, ThreadTopic
from tests.bot.blocks.test_news import NAMES, THREAD
from tests.bot.listeners.test_listeners import Dead
from tests.bot.samples import ALICE, ANCHOR, BOB, CAROL, FIX, START, fix_in
from tests.bot.samples import RULES as SAMPLE_RULES
from tests.bot.shift import NO, ONCALL, RULES, Shift, Standing
from tests.handlers.fix.night import lose_answer
from tests.scenarios.every_message import Collected

CARD = "https://practice.slack.example/archives/C07ONCALL00/p1000200"


def collect(folder: Path) -> Collected:
    """Play all of it."""
    collected = Collected()
    with collected.listening():
        for number, (name, play) in enumerate(_nights().items()):
            collected.about = name
            with _shift(folder / str(number), name) as shift:
                play(shift, collected)
        for name, make in _TABLES.items():
            collected.about = name
            make(collected)
    return collected


@contextmanager
def _shift(folder: Path, name: str) -> Iterator[Shift]:
    folder.mkdir()
    watch = Standing()
    incident, _, rest = name.partition(":")
    options: dict[str, Any] = _OPTIONS.get(rest, {})
    with WorkspaceServer(Workspace(clock=watch.seconds)) as server:
        shift = Shift(folder, server, watch, incident, **options)
        try:
            yield shift
        finally:
            shift.close()


_OPTIONS: dict[str, dict[str, Any]] = {
    "elsewhere": {"channels": frozenset({"C07AUDIT000"}), "direct_messages": False},
    "askers": {"askers": frozenset({BOB})},
    "few": {"per_minute": 1},
    "nobody": {"rules": replace(RULES, approver_groups=frozenset())},
}


def _nights() -> dict[str, Callable[[Shift, Collected], None]]:
    return {
        **dict.fromkeys(INCIDENTS, _whole_story),
        "zero:ends": _other_ends, "zero:late": _late, "zero:changes": _changes, "zero:commands": _commands,
        "zero:elsewhere": _at_the_door, "zero:askers": _at_the_door, "zero:few": _at_the_door,
        "zero:nobody": _whole_story, "zero:refusals": _refused_by_slack, "zero:failures": _failures_inside,
        "zero:errors": _every_error,
    }  # fmt: skip


# --- nights ---------------------------------------------------------------------------------------


def _whole_story(shift: Shift, collected: Collected) -> None:
    """Asked for the partner first, then for the owner; decided, applied, confirmed."""
    for target in ("exch-node1", "EXCH-CL1", "all", "exch-node2"):
        shift.say(f"diagnose {target}")
        shift.deliver_notices()
    if not shift.records("proposal"):
        return
    shift.react("dave")
    shift.react("alice")
    shift.react("bob")
    collected.about += ", approved by bob"
    shift.tick(seconds=6)
    shift.remote.cluster.bring_online()
    for minutes in (1, 5, 15):
        shift.tick(minutes=minutes)
    for asked in ("show FIX-1", "why FIX-1", "history", "summary"):
        shift.say(asked)


def _other_ends(shift: Shift, _: Collected) -> None:
    """Declined, cancelled, withdrawn, expired with a reminder, paused, an open one that is in the way."""
    ts = shift.propose()
    shift.react("bob", ts=shift.thread(ts)[1].ts)  # on the diagnosis, which decides nothing
    shift.deliver_notices()
    shift.say("diagnose exch-node2")
    shift.say("fixes")
    shift.react("bob")
    shift.unreact("bob")
    shift.deliver_notices()
    shift.say("pause", "bob")
    shift.react("carol")
    shift.say("resume", "carol")
    shift.react("carol", NO)
    shift.deliver_notices()
    for asked in ("cancel FIX-1", "show FIX-1", "why FIX-1", "restore FIX-1"):
        shift.say(asked)


def _late(shift: Shift, _: Collected) -> None:
    shift.propose()
    shift.tick(minutes=11)
    shift.tick(minutes=20)
    shift.react("bob")
    shift.deliver_notices()
    shift.propose()
    shift.say("cancel FIX-2")
    shift.deliver_notices()
    for asked in ("why FIX-1", "why FIX-2", "fixes"):
        shift.say(asked)


def _changes(shift: Shift, collected: Collected) -> None:
    """A lost answer that is read back, another value that stands there later, and what is put back."""
    shift.propose()
    shift.remote.faults["Set-RootVer"] = lose_answer
    shift.react("bob")
    collected.about += ", approved by bob"
    shift.tick(seconds=6)
    shift.tick(seconds=20)
    shift.tick(minutes=1)
    cluster = shift.remote.cluster
    cluster.set_root_ver(cluster.owner(), "2.0.50727.0")
    shift.tick(minutes=5)
    shift.say("restore FIX-1", "carol")
    shift.deliver_notices()
    shift.say("why FIX-2")
    shift.say("why FIX-1")
    shift.say("show FIX-1")


_STOPS = ("pause", "resume", "cancel")
_TYPED = (
    "", "help", "help xyzzy", "help histroy", *(f"help {spec.verb}" for spec in TABLE),
    *(one for spec in TABLE for one in spec.examples if spec.verb not in _STOPS),
    *(f"{spec.verb} and too many words" for spec in TABLE), *(spec.verb for spec in TABLE),
    "approve FIX-1", "status", "undo FIX-1", "rollback", "why", "phase", "canal", "xyzzy",
    "diagnoes exch-node2", "diagnose exch-nod2", "diagnose EXCHVS1", "diagnose nothing-like-it",
    "manual exch-nod2", "manual EXCHVS1", "manual EXCH-CL1",
    "show FIX-999", "why FIX-999", "restore FIX-999", "cancel FIX-999", "explain xyzzy",
    "history since lately", "history kind chnage", "history kind xyzzy", "history outcome good",
    "history by Zebulon", "history exch-nod2", "history last 0", "history @bob", "history 7d",
    "history since", "history records", "history kind refusal", "history until 2020-01-01",
    "history records until 2020-01-01", "history records summary", "export summary csv",
    "export before 3 jsonl", "export until 2020-01-01 csv", "export csv",
)  # fmt: skip


def _commands(shift: Shift, _: Collected) -> None:
    """Right and wrong ones, of people who may and who may not; in a thread, quoted, in a direct message."""
    shift.propose()
    shift.findings.append(DoctorLine("host mgmt1", "fail", "mgmt1: no answer within 60 s. Is the host up?"))
    shift.findings.append(
        DoctorLine("clock of mgmt1", "warn", "400 s from this machine's. Set the clocks right.")
    )
    for typed in _TYPED:
        shift.say(typed)
    for typed in ("cancel FIX-1", "pause", "resume"):
        shift.say(typed, "dave")
    ts = shift.say("history last 1")
    shift.say("more", thread_ts=ts)
    shift.tell("diagnose exch-node2")
    shift.tell("diagnose exch-node2", "alice")
    shift.during(lambda: shift.workspace.say("alice", ONCALL, "it says `@rootver pause`, @rootver"))
    with _limit(10):
        shift.say("export csv")
    with shift.database.write() as tx:
        tx.execute("DROP TRIGGER audit_no_update")
        tx.execute("UPDATE audit SET actor = 'UMALLORY' WHERE seq = 3")
    shift.say("verify")


@contextmanager
def _limit(size: int) -> Iterator[None]:
    with mock.patch.object(from_record, "LARGEST_EXPORT", size):
        yield


def _at_the_door(shift: Shift, _: Collected) -> None:
    for user in ("alice", "alice", "gina", "dave"):
        shift.say("nodes", user)
    shift.tell("nodes", "bob")
    shift.tell("nodes", "dave")


def _refused_by_slack(shift: Shift, _: Collected) -> None:
    """What is told elsewhere because a place does not take it."""
    faults = shift.workspace.faults
    ts = shift.propose()
    faults.add("error", "chat.update", error="edit_window_closed", times=-1)
    shift.react("bob")
    shift.tick(seconds=1)
    faults.clear()
    shift.workspace.channels[ONCALL].members.remove(shift.workspace.bot_user)
    for _second in range(40):
        shift.tick(seconds=1)
    shift.workspace.channels[ONCALL].members.append(shift.workspace.bot_user)
    shift.say("fixes")
    faults.add("error", "files.getUploadURLExternal", error="file_uploads_disabled", times=-1)
    shift.say("export csv")
    faults.clear()
    with shift.database.write() as tx:
        waiting = {"channel": ONCALL, "reason": "is_archived", "since": "2026-11-23T10:00:00.000000Z"}
        notices.add(
            tx, NewNotice("direct", "given_up", 1, ALICE, ONCALL, "1.0", details={**waiting, "fix": "FIX-1"})
        )
        lost = {"card": "FIX-7"}
        notices.add(tx, NewNotice("reactor", "unknown_card", user=BOB, channel=ONCALL, details={**lost}))
        reason = {"reason": "file_uploads_disabled"}
        notices.add(
            tx,
            NewNotice(
                "thread", "backup", 1, channel=ONCALL, thread_ts=shift.fix().thread_ts, details={**reason}
            ),
        )
    keep_answers(shift.database, [KeptAnswer(ONCALL, ts, "I look after 2 nodes.", (), ALICE)], "is_archived")
    (asker,) = [one for one in shift.waiting() if one.audience == "asker"]
    shift.telling.tell_asker(asker)
    faults.add("error", "files.getUploadURLExternal", error="file_uploads_disabled", times=-1)
    for _second in range(3):
        shift.tick(minutes=1)


def _failures_inside(shift: Shift, _: Collected) -> None:
    """A defect while somebody waits, a question that was left open, a reaction that cannot be judged."""

    shift.propose()
    jobs = shift.desk.workers.jobs
    shift.give_to(jobs=Dead())
    shift.say("diagnose exch-node2")
    shift.give_to(jobs=jobs)
    shift.desk.tell_what_is_left_open()

    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("a defect")

    with mock.patch.object(Diagnoser, "diagnose", broken):
        shift.say("diagnose exch-node2")
    with mock.patch.object(type(shift.decisions), "reacted", broken):
        shift.react("bob")
        shift.react("bob", ts=shift.thread(shift.say("nodes"))[0].ts)
    failed = listener(shift.desk.failures, shift.outbox)
    failed(RuntimeError("a defect"), {"event": {"channel": ONCALL, "ts": shift.say("nodes")}})
    shift.workspace.faults.add("error", "chat.update", error="edit_window_closed", times=-1)
    shift.say("verify")
    shift.workspace.faults.clear()
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("private", "hint", 1, BOB))
    (hint,) = [one for one in shift.waiting() if one.topic == "hint"]
    shift.telling.whisper(replace(hint, first_refused=START - timedelta(days=1)), shift.fix())
    bot: Any = mock.Mock(database=shift.database, outbox=shift.outbox)
    Bot._step_failed(bot, 1, RuntimeError("a defect"))


def _every_error(shift: Shift, _: Collected) -> None:
    """docs/errors.md: each as the verdict of a node that could not be read."""
    told = {
        "user": "CORP\\rootver", "auth": "ntlm", "needs": "NTLM", "offered": "Negotiate",
        "endpoint": "RootVer", "command": "Get-RootVerFact",
    }  # fmt: skip
    for kind in KINDS.values():
        filled = [_filled(text, told) for text in (kind.what, kind.advice)]

        def fail(_run: object, filled: list[str] = filled) -> str:
            raise RemoteError("mgmt1", *filled, node="EXCH-NODE2", code="0x80338012")

        shift.remote.faults["Get-RootVerFact"] = fail
        shift.say("diagnose exch-node2")
        shift.remote.faults.clear()


def _filled(text: str, told: Mapping[str, str]) -> str:
    """A sentence of a table with something in its braces."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: told.get(found[1], found[1].replace("_", " ")), text)


# --- tables ---------------------------------------------------------------------------------------


def _topics(collected: Collected) -> None:
    """Every topic of a thread, in the states in which it is told, late too."""
    for topic in get_args(ThreadTopic):
        for state in State:
            fix = fix_in(state, approver=BOB)
            told = News(
                fix, {**THREAD.get(topic, {"reason": "internal_error"})}, SAMPLE_RULES, CARD, names=NAMES
            )
            if topic != "prepare" and (said := in_thread(topic, told)):
                collected.note(said, "post", broadcast=for_the_channel(topic, fix))
    restore = fix_in(State.APPLIED, kind="restore", restores=11)
    collected.note(
        in_thread("applied", News(restore, {}, SAMPLE_RULES, CARD, names=NAMES)), "post", broadcast=True
    )


def _cards(collected: Collected) -> None:
    for state in State:
        for changes in ({}, {"kind": "restore", "restores": 11}, {"reason": "Nobody decided in time."}):
            fix = fix_in(state, **changes)
            paused = Surroundings(SAMPLE_RULES, (BOB, START), CAROL, None, frozenset({"x"}))
            for around in (Surroundings(SAMPLE_RULES, None, BOB), paused):
                collected.note(card(fix, around), "edit")
    collected.note(prepare_line(FIX), "post")
    collected.note(prepare_line(replace(FIX, details={**FIX.details, "able": []})), "post")


def _private(collected: Collected) -> None:
    for topic in get_args(PrivateTopic):
        for reason in get_args(ReactionRefusal):
            for state in (State.PROPOSED, State.APPLYING, State.EXPIRED):
                details = {"reason": reason, "want": "approve", "approver": BOB, "flags": ["guest"]}
                told = News(fix_in(state), details, SAMPLE_RULES, CARD, names=NAMES)
                collected.note(private_news.to_one(topic, told), "whisper")
    collected.note(private_news.of_unknown_card({"card": "FIX-7"}), "whisper")


def _audit(collected: Collected) -> None:
    details: dict[str, dict[str, Json]] = {
        "anchor": {"anchor": ANCHOR}, "storage_fault": {"faults": ["record 3: columns differ"]},
        "new_key": {"before": "aa" * 32, "now": "bb" * 32}, "older_copy": {"older": ["It knows less."]},
    }  # fmt: skip
    waiting: dict[str, Json] = {
        "channel": ONCALL, "reason": "is_archived", "fix": "FIX-1", "told": [ALICE], "since": None,
    }  # fmt: skip
    for topic in get_args(AuditTopic):
        collected.note(to_audit(topic, details.get(topic, waiting)), "post", "audit")
    collected.note(untaken_news.given_up_directly(FIX, waiting), "tell")


def _refusals(collected: Collected) -> None:
    for entry in get_args(NoEntry):
        collected.note(replies.refused(Refused(entry, ("guest",)), [ONCALL]), "post")
    for word in get_args(WordRefusal):
        for fix in (FIX, None):
            collected.note(replies.not_decided(word, fix, "FIX-12"), "post")
    for reason, why in NO_CARD.items():
        made = NotProposed("exch-node2", reason, _filled(why.sentence, _INTO_BRACES))
        collected.note(replies.proposal(made, None), "post")
    collected.note(replies.proposal(Proposed(FIX), None), "post")
    collected.note(replies.paused(("bot", START)), "post")
    full = StorageError(Path("rootver.db"), "the disk is full", "Make room, then ask again")
    collected.note(failure_words(full, None), "post")
    collected.note(replies.nodes(Inventory(())), "post")


def _words(collected: Collected) -> None:
    for one in _all():
        collected.note(explained(one.id, "https://docs.example/{page}"), "post")
        collected.note(explained(one.id, None), "post")


_INTO_BRACES = {
    "fix": "FIX-11", "host": "mgmt1", "computer": "EXCH-NODE2", "most": "200", "number": "999",
    "why": "mgmt1: no answer in time. Ask again.", "then": "decide on its card.",
}  # fmt: skip
_TABLES: dict[str, Callable[[Collected], None]] = {
    "topics": _topics, "cards": _cards, "private": _private, "audit": _audit, "refusals": _refusals,
    "words": _words,
}  # fmt: skip
