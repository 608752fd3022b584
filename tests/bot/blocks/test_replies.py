from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given, settings

from bot import commands, parser
from bot.blocks import manual_steps, record_replies, replies
from bot.blocks.explaining import explained
from bot.blocks.helping import helped
from bot.doctor.findings import DoctorLine
from bot.slack.post import Post
from bot.slack.text import day_and_time
from handlers.admission import Refused
from handlers.approval import Refusal, State
from handlers.fix.propose import NotProposed, Proposed
from handlers.inventory import Cluster, Inventory, UnknownName
from handlers.kb906154.by_hand import Known
from handlers.kb906154.facts import RegistryValue, Value
from handlers.record.happenings import Line, Lines, Whereabouts
from handlers.record.history import Page
from handlers.record.last_known import LastKnown
from handlers.record.questions import Question, QuestionError
from handlers.record.story import Story
from storage.chain.verify import Verification
from storage.chain.walk import Fault
from storage.export import Exported
from storage.records import Entry
from tests.bot.message_checks import check, words
from tests.bot.samples import ALICE, BOB, CAROL, FIX, START, fix_in, hostile_fix, hostile_texts

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BODY = '{"kind": "command", "details": {"command": "x", "words": "of many words", "reason": "x"}}'


def entry(seq: int = 7, text: str = "exch-node2", body: str = BODY) -> Entry:
    return Entry(seq, AT, "command", "ok", text, text, "FIX-12", body, b"", b"")


def page(*entries: Entry, more: bool = False) -> Page:
    return Page(entries, more, Question(before=entries[-1].seq) if more else None)


def line(text: str, **changes: Any) -> Line:
    return replace(Line(7, AT, text, text, text, text, text, Whereabouts("C1", "2.0", "1.0")), **changes)


def happened(*lines: Line, more: bool = False) -> Lines:
    return Lines(lines, more, Question(before=lines[-1].seq) if more else None)


def address(where: Whereabouts) -> str:
    return f"https://x.example/{where.channel}/{where.ts}/{where.thread_ts}"


def story(text: str) -> Story:
    fix = hostile_fix(State.APPLIED, text)
    return Story(
        fix, (entry(text=text),), text, {"is": text}, {"is": text}, (entry(text=text),), MappingProxyType({}),
        (), MappingProxyType({text: text}), text, text, text,
    )  # fmt: skip


def last_known(text: str) -> LastKnown:
    known = Known(Value(RegistryValue(text, text)), None, "rootver_invalid")
    return LastKnown(text, text, known, AT, (text,), (text, AT), hostile_fix(State.APPLYING, text))


HOSTILE_ANSWERS: dict[str, Callable[[str], Post]] = {
    "unknown": lambda text: replies.unknown(commands.Unknown(text, text, text)),
    "help": helped,
    "explain": lambda text: explained(text, "https://docs.example/{page}"),
    "why": lambda text: record_replies.reasons(story(text)),
    "misunderstood": lambda text: record_replies.misunderstood(QuestionError(text, text, text)),
    "refused": lambda text: replies.refused(Refused("not_a_member", (text,)), ()),
    "open": lambda text: replies.open_fixes([hostile_fix(s, text) for s in State], {}, {text: text}),
    "proposed": lambda text: replies.proposal(Proposed(hostile_fix(State.PROPOSED, text)), None),
    "not proposed": lambda text: replies.proposal(NotProposed(text, "open", text), None),
    "cancelled": lambda text: replies.cancelled(hostile_fix(State.CANCELLED, text)),
    "not decided": lambda text: replies.not_decided(cast("Refusal", text), hostile_fix(State.FAILED, text)),
    "paused": lambda text: replies.paused((text, AT)),
    "page": lambda text: record_replies.page(page(*[entry(text=text)] * 20, more=True), {text: text}, [text]),
    "happened": lambda text: record_replies.happened(
        happened(*[line(text)] * 20, more=True), [text], address
    ),
    "summary": lambda text: record_replies.summarized([text] * 100),
    "story": lambda text: record_replies.story(story(text)),
    "no fix": record_replies.no_such_fix,
    "manual": lambda text: manual_steps.manual(last_known(text)),
    "no node": lambda text: manual_steps.no_node(UnknownName(text, (text,))),
    "exported": lambda text: record_replies.exported(Exported(1, text), b"", "csv"),
    "verified": lambda text: record_replies.verified(Verification(9, "", (Fault(text),) * 50), text, text),
    "nodes": lambda text: replies.nodes(Inventory((Cluster(text, text, {text: text}, (text,)),) * 60)),
    "doctor": lambda text: replies.examined([DoctorLine(text, "warn", text)] * 30),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_ANSWERS)
@given(hostile=hostile_texts())
@settings(deadline=None, max_examples=25)
def test_nothing_hostile_spoils_an_answer(name: str, hostile: str) -> None:
    """Names, records, faults, what was typed: harmless in every answer."""
    check(HOSTILE_ANSWERS[name](hostile), BOB)


def test_what_is_not_understood_is_answered_with_what_may_have_been_meant() -> None:
    """Never silence."""
    command = parser.parse("diagnos exch-node2")
    assert isinstance(command, commands.Unknown)
    assert "diagnose exch-node2" in replies.unknown(command).text


@pytest.mark.parametrize(
    ("refusal", "part"),
    [
        (Refused("not_verified"), "try again"),
        (Refused("not_here"), "ask in <#C07ONCALL00>"),
        (Refused("no_direct_messages"), "ask in a channel"),
        (Refused("not_a_member", ("guest", "other workspace")), "(here: guest and other workspace)"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(refusal: Refused, part: str) -> None:
    """Each reason in words."""
    told = replies.refused(refusal, {"C07ONCALL00"})
    check(told)
    assert part in told.text
    assert "Next: " in told.text


def test_open_fixes_are_listed_with_their_cards_and_ping_nobody() -> None:
    """Names instead of mentions."""
    told = replies.open_fixes([FIX, fix_in(State.APPLYING)], {12: "https://x.example/c"}, {ALICE: "alice"})
    check(told)
    assert told.text == "2 fixes are open: FIX-12 and FIX-12."
    assert (
        "*FIX-12* EXCH-NODE2: `0.0.0.0` → `1.1.4322.0`, waits for an approval · alice asked · open until"
        in words(told)
    )
    assert " · <https://x.example/c|its card>" in words(told)


def test_one_open_fix_is_told_in_the_first_line() -> None:
    """A restore says what it puts back."""
    restore = replace(FIX, kind="restore", restores=11)
    told = replies.open_fixes([restore], {}, {})
    assert told.text == "1 fix is open: FIX-12 on EXCH-NODE2, waits for an approval."
    assert "EXCH-NODE2: puts back what FIX-11 replaced: `0.0.0.0` → `1.1.4322.0`, waits" in words(told)


def test_no_open_fix_is_an_answer() -> None:
    """Not an empty list."""
    assert replies.open_fixes([], {}, {}).text.startswith("No fix is open. ")


def test_a_proposal_is_announced_and_an_obstacle_explained() -> None:
    """With a link to the card that is in the way."""
    assert replies.proposal(Proposed(FIX), None).text.startswith(
        "FIX-12 proposed: set RootVer on EXCH-NODE2."
    )
    other = NotProposed("exch-node2", "open", "FIX-12 is already open.", FIX)
    told = replies.proposal(other, "https://x.example/c").text
    assert told == "No new fix for exch-node2: FIX-12 is already open. <https://x.example/c|Its card.>"


@pytest.mark.parametrize(
    "reason", ["no_such_fix", "too_late", "not_a_member", "not_an_approver", "not_verified"]
)
@pytest.mark.parametrize("fix", [None, FIX])
def test_what_was_not_decided_says_why(reason: str, fix: object) -> None:
    """For cancel, pause and resume."""
    told = replies.not_decided(reason, fix)  # type: ignore[arg-type]
    check(told, ALICE)
    assert "Next: " in told.text


def test_what_happened_is_told_in_sentences_with_links_and_in_the_times_of_the_reader() -> None:
    """Newest first; a notification shows the newest; what is not known leaves no gap."""
    fix = line(
        "FIX-12", node="EXCH-NODE2", told="0.0.0.0 → 1.1.4322.0, confirmed", people="alice asked", took="19 s"
    )
    pause = Line(5, AT, "", "", "bob paused fixes")
    told = record_replies.happened(happened(fix, pause, more=True), ["since", "7d"], address)
    check(told)
    assert told.text.splitlines()[0] == "The newest: FIX-12 EXCH-NODE2: `0.0.0.0` → `1.1.4322.0`, confirmed"
    when = day_and_time(AT)
    for said in (
        f"{when} · *FIX-12* EXCH-NODE2 · `0.0.0.0` → `1.1.4322.0`, confirmed · alice asked · 19 s · "
        "<https://x.example/C1/2.0/1.0|thread>",
        f"{when} · bob paused fixes",
        "Older ones: `@rootver history since 7d before 5`, or `@rootver more` in this thread",
    ):
        assert said in words(told)


def test_a_history_of_nothing_says_what_else_to_ask() -> None:
    """Every record, for instance."""
    assert (
        "Next: `@rootver history records`" in record_replies.happened(Lines((), more=False), [], address).text
    )


def test_a_page_shows_records_newest_first_and_how_to_go_on() -> None:
    """The same question, before the last record shown."""
    asked = ["exch-node2", "since", "7d", "before", "400"]
    told = record_replies.page(page(entry(9), entry(8, BOB), more=True), {BOB: "bob"}, asked)
    check(told)
    assert "#9 · " in words(told)
    assert " · bob · x" in words(told)
    following = "`@rootver history exch-node2 since 7d before 8`"
    assert f"Older ones: {following}, or `@rootver more` in this thread" in words(told)


def test_a_page_goes_on_with_as_many_as_are_left() -> None:
    """Of the last 30, ten follow on the second page."""
    shown = Page((entry(9),), more=True, following=Question(last=10, before=9))
    assert "`@rootver history last 10 before 9`" in words(record_replies.page(shown, {}, ["last", "30"]))


def test_a_story_is_told_in_the_times_of_the_reader() -> None:
    """As a history is: when it was asked for, when it was approved, and each of its records."""
    shown = words(record_replies.story(story("exch-node2")))
    token = re.compile(r"<!date\^[0-9]+\^{date_num} {time_secs}\|2026-[^>]+ UTC>")
    assert len(token.findall(shown)) == 1
    assert not re.search("2026-[0-9]{2}-[0-9]{2}T", shown)
    assert shown.startswith("FIX-12 exch-node2: exch-node2")


def test_a_long_story_is_cut_at_a_record_and_whole_in_its_file() -> None:
    """Fifty records, each as long as they are: the file has them all."""
    told = replace(story("exch-node2"), entries=tuple(entry(number, "n" * 200) for number in range(1, 51)))
    shown = record_replies.story(told)
    check(shown)
    assert "the attached file has all of it" in words(shown)
    assert len(json.loads(shown.files[0].content)["records"]) == 50


def test_nothing_that_follows_is_an_answer() -> None:
    """With what to ask instead."""
    assert "Next: ask" in record_replies.nothing_follows().text


def test_twenty_long_records_fit() -> None:
    """As many sections as they need."""
    body = '{"details": {"reason": "' + "word " * 200 + '"}}'
    check(record_replies.page(page(*(entry(number, "x" * 200, body) for number in range(20))), {}, []))


def test_no_record_is_an_answer() -> None:
    """That nothing was found is not a failure."""
    assert record_replies.page(Page((), False), {}, []).text.startswith("No record matches. Next: ")


def test_a_whole_audit_is_ok_in_words_with_its_anchor() -> None:
    """The line can be kept."""
    told = record_replies.verified(
        Verification(120, "", ()), "No change was sent.", f"anchor 120 {'5e' * 32}"
    )
    check(told)
    assert "OK: 120 records, the chain is whole" in told.text
    assert "anchor 120" in told.text


def test_one_record_is_told_in_the_singular() -> None:
    """In every answer that counts them."""
    said = [
        record_replies.verified(Verification(1, "", ()), "", "").text,
        record_replies.verified(Verification(1, "", (Fault("gone", 1),)), "", "").text,
        (exported := record_replies.exported(Exported(1, "5e" * 32), b"{}", "csv")).text,
        exported.files[0].title,
    ]
    assert all("1 record" in one and "records" not in one for one in said)


def test_faults_are_listed_and_counted() -> None:
    """Twenty of them; the rest is for the command line."""
    found = Verification(9, "", tuple(Fault("gone", number) for number in range(30)), more_faults=5)
    told = record_replies.verified(found, "", "")
    check(told)
    assert "FAULT: 35 found in 9 records" in told.text
    assert "record 19: gone" in told.text
    assert "… and 15 more" in told.text


@pytest.mark.parametrize("faults", [(), (Fault("gone", 3),)])
def test_what_no_anchor_vouches_for_and_what_was_erased_is_told(faults: tuple[Fault, ...]) -> None:
    """Whether the rest is whole or not."""
    found = Verification(
        9, "", faults, unpublished=2, erased_evidence=("5e" * 32, "6f" * 32), erased_people=(ALICE,)
    )
    told = record_replies.verified(found, "", "")
    check(told)
    assert "The newest 2 records came after the last anchor that was published" in told.text
    assert "Erased, and the erasure recorded: 1 name and 2 raw answers" in told.text
    assert "Erased" not in record_replies.verified(Verification(9, "", faults, 0, 1), "", "").text


def test_an_empty_export_attaches_nothing() -> None:
    """Slack refuses empty files."""
    assert record_replies.exported(Exported(0, "5e" * 32), b"", "csv").files == ()


def test_nodes_are_listed_by_cluster() -> None:
    """With the virtual servers, which are not nodes."""
    told = replies.nodes(Inventory((Cluster("EXCH-CL1", "mgmt1", {"n1": "N1", "n2": "N2"}, ("VS1",)),)))
    check(told)
    assert "I look after 2 nodes in 1 cluster." in told.text
    assert "EXCH-CL1: n1 and n2, read through mgmt1; its virtual servers: VS1." in words(told)
    assert "Next: name them in the settings" in replies.nodes(Inventory(())).text


def test_a_pause_names_who_and_a_resume_says_what_holds() -> None:
    """Both end in what comes next."""
    check(replies.paused((CAROL, START)), CAROL)
    assert "by the bot (the audit's file" in replies.paused(("bot", START)).text
    assert "Resumed" in replies.paused(None).text


def test_a_cancelled_fix_is_confirmed_in_another_thread() -> None:
    """Its own thread is told by a notice."""
    assert replies.cancelled(replace(FIX, state=State.CANCELLED)).text.startswith("FIX-12 cancelled")
