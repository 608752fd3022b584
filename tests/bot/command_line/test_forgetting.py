"""forget."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.command_line import main
from bot.command_line.account import actor
from bot.running.own_socket import OwnSocket
from bot.running.retention import FORGET, Retention
from handlers import untold
from handlers.approval import State
from handlers.ports import SystemClock
from storage import evidence, fixes, people
from storage.chain import audit
from storage.file.database import Database
from storage.records import Record
from tests.bot.command_line.invoking import Rootver, runner
from tests.storage.samples import new_fix

AUDIT = Path(__file__).parents[3] / "docs" / "audit.md"
ALICE = "U07ALICE000"


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Database]:
    """The database as a running bot has it open: names, a fix, and raw data behind a record."""
    with Database.open(tmp_path / "rootver.db", lambda: datetime(2026, 11, 23, tzinfo=UTC)) as database:
        with database.write() as tx:
            for id_, name in ((ALICE, "alice"), ("U07SMITH000", "Ann Smith"), ("U1", "bob"), ("U2", "Bob")):
                people.remember(tx, id_, name)
            raw = evidence.keep(tx, b"raw answer of a server")
            audit.append(tx, Record("probe", "ok", ALICE, "exch-node2", details={"evidence": raw}))
            fixes.insert(tx, new_fix(requester=ALICE, created_at=tx.now))
            audit.append(tx, Record("proposal", "pending", ALICE, "exch-node2", "FIX-1"))
        yield database


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("rootver.db*") if path.is_file())


def erasures(rootver: Rootver) -> list[dict[str, object]]:
    """The details of each erasure that was recorded, oldest first."""
    lines = rootver("history", "kind", "erasure", "--json").out.splitlines()
    return [json.loads(line)["body"]["details"] for line in reversed(lines)]


@pytest.mark.parametrize(
    ("words", "id_", "name"),
    [
        (["@alice"], ALICE, b"alice"),
        (["alice"], ALICE, b"alice"),
        (["ALICE"], ALICE, b"alice"),
        ([ALICE], ALICE, b"alice"),
        ([f"<@{ALICE}>"], ALICE, b"alice"),
        ([f"<@{ALICE}|alice>"], ALICE, b"alice"),
        (["Ann Smith"], "U07SMITH000", b"Ann Smith"),
        (["@ann", "smith"], "U07SMITH000", b"Ann Smith"),
    ],
)
def test_a_forgotten_name_is_gone_and_the_chain_is_whole(
    rootver: Rootver, bot: Database, tmp_path: Path, words: list[str], id_: str, name: bytes
) -> None:
    """However the person is named; not in the file, nor in its write-ahead log; only the id is recorded."""
    bot.close()
    ran = rootver("forget", *words, "--yes")
    assert (ran.code, ran.out) == (0, "Erased: 1. Recorded as #3.\n")
    assert name not in on_disk(tmp_path)
    assert erasures(rootver) == [{"person": id_, "count": 1}]
    ran = rootver("verify")
    assert ran.code == 0
    assert f"Erased, and the erasure recorded: {id_}" in ran.out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("@alise", "Did you mean alice?"),
        ("Zebulon Quartermain", "rootver history"),
        ("<@U07NOBODY00>", "rootver history"),
        ("os:zebulon", "rootver history"),
    ],
)
def test_whom_nobody_knows_ends_with_66_and_is_never_recorded(
    rootver: Rootver, bot: Database, tmp_path: Path, typed: str, said: str
) -> None:
    """What was typed may be a name: in the chain it could not be erased any more."""
    bot.close()
    before = on_disk(tmp_path)
    ran = rootver("forget", typed, "--yes")
    assert (ran.code, ran.out) == (66, "")
    assert "nothing was erased" in ran.err
    assert said in ran.err
    assert on_disk(tmp_path) == before


def test_a_name_of_several_people_lists_their_ids(rootver: Rootver, bot: Database) -> None:
    """None of them is erased; an id says who."""
    bot.close()
    ran = rootver("forget", "@bob", "--yes")
    assert (ran.code, ran.out) == (64, "")
    assert "U1, U2" in ran.err
    assert rootver("forget", "U2", "--yes").code == 0
    assert [one["person"] for one in erasures(rootver)] == ["U2"]


def test_a_name_that_is_an_id_of_somebody_else_means_that_person(rootver: Rootver, bot: Database) -> None:
    """Everybody chooses a name for themselves."""
    with bot.write() as tx:
        people.remember(tx, "U07MALLORY0", ALICE)
    bot.close()
    rootver("forget", ALICE, "--yes")
    assert [one["person"] for one in erasures(rootver)] == [ALICE]


def test_an_erasure_of_nothing_is_not_told_as_one(rootver: Rootver, bot: Database) -> None:
    """An account of the machine has no name stored: that it was asked for is recorded, no more."""
    with bot.write() as tx:
        audit.append(tx, Record("command", "ok", "os:root"))
    bot.close()
    assert rootver("forget", "os:root", "--yes").out == "Erased: 0. Recorded as #4.\n"
    assert "Erased" not in rootver("verify").out


def test_the_record_of_an_erasure_names_the_account_and_no_variable(rootver: Rootver, bot: Database) -> None:
    """Whoever runs the command could set a variable to anybody's name."""
    bot.close()
    rootver("forget", ALICE, "--yes", LOGNAME="ciso.bob", USER="ciso.bob")
    record = json.loads(rootver("history", "kind", "erasure", "--json").out)
    assert record["actor"] == actor()
    assert "ciso" not in record["actor"]


def test_raw_data_is_erased_by_day(rootver: Rootver, bot: Database) -> None:
    """Whatever was stored before; the records stay."""
    bot.close()
    forget = ("forget", "--evidence", "before")
    assert rootver(*forget, "2026-11-01", "--yes").out == "Erased: 0. Recorded as #3.\n"
    assert rootver(*forget, "2026-12-01", "--yes").out == "Erased: 1. Recorded as #4.\n"
    ran = rootver("verify")
    assert ran.code == 0
    assert "Erased, and the erasure recorded: " in ran.out


@pytest.mark.parametrize("words", [["FIX-1"], ["fix", "1"], ["#1"]])
def test_raw_data_is_erased_by_fix(rootver: Rootver, bot: Database, words: list[str]) -> None:
    """What it rests on goes too."""
    bot.close()
    assert rootver("forget", "--evidence", *words, "--yes").out == "Erased: 1. Recorded as #3.\n"
    assert erasures(rootver)[0]["fix"] == "FIX-1"


def test_a_fix_that_is_not_there_ends_with_66_and_erases_nothing(rootver: Rootver, bot: Database) -> None:
    """A typo must not look like success."""
    bot.close()
    assert rootver("forget", "--evidence", "FIX-9", "--yes").code == 66
    assert erasures(rootver) == []


@pytest.mark.parametrize(
    "words",
    [["--evidence"], ["--evidence", "before"], ["--evidence", "before", "soon"], ["--evidence", "x"], []],
)
def test_words_that_name_nothing_end_with_64(rootver: Rootver, bot: Database, words: list[str]) -> None:
    """With the words as they should be."""
    bot.close()
    assert rootver("forget", *words, "--yes").code == 64
    assert erasures(rootver) == []


def test_what_another_program_still_reads_is_told_with_73(
    rootver: Rootver, bot: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older state stays on disk until it ends; the command that then finishes it names no name."""
    monkeypatch.setattr("storage.file.opening.BUSY_MS", 50)
    bot.close()
    uri = f"{(tmp_path / 'rootver.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM audit").fetchone()
        ran = rootver("forget", "@alice", "--yes")
        assert (ran.code, ran.out) == (73, "Erased: 1. Recorded as #3.\n")
        assert f"End that program, then run again: rootver forget {ALICE}\n" in ran.err
    assert rootver("forget", ALICE, "--yes").code == 0
    assert b"alice" not in on_disk(tmp_path)


def test_erasing_is_asked_for_again_and_nothing_happens_without_an_answer(
    rootver: Rootver, bot: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no way back; a script says --yes."""
    bot.close()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ran = rootver("forget", "@alice")
    assert ran.code == 130
    assert f"Erase the name of {ALICE}? This cannot be undone." in ran.err
    assert "Nothing was erased. Answer y, or say --yes" in ran.err
    assert erasures(rootver) == []


def test_saying_no_ends_with_77(rootver: Rootver, bot: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, by you."""
    bot.close()
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    ran = rootver("forget", ALICE)
    assert (ran.code, ran.err) == (77, "rootver: Nothing was erased.\n")


@pytest.fixture
def listening(bot: Database) -> Iterator[Database]:
    """The running bot, asked over its own socket."""
    own = OwnSocket(bot.path, {FORGET: Retention(bot, SystemClock(), None).forget})
    own.open()
    yield bot
    own.close()


def end_fix(database: Database) -> None:
    """Nothing of it is needed any more."""
    with database.write() as tx:
        assert fixes.move(tx, 1, State.PROPOSED, State.CANCELLED)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["@alice"], [{"person": ALICE, "count": 1}]),
        (["--evidence", "before", "2026-11-24"], [{"before": "2026-11-24T00:00:00.000000Z", "count": 1}]),
    ],
)
def test_a_running_bot_is_asked_to_erase(
    rootver: Rootver, listening: Database, tmp_path: Path, words: list[str], told: list[dict[str, object]]
) -> None:
    """Recorded as ever, with who asked; nothing of it stays in the write-ahead log."""
    end_fix(listening)
    ran = rootver("forget", *words, "--yes")
    assert (ran.code, ran.out) == (0, "Erased: 1. Recorded as #3.\n")
    assert [{name: one[name] for name in told[0]} for one in erasures(rootver)] == told
    assert f'"actor":"{actor()}"' in rootver("history", "kind", "erasure", "--json").out.replace(
        '": "', '":"'
    )
    assert (b"alice" in on_disk(tmp_path)) is (words[0] != "@alice")


def test_what_the_running_bot_still_needs_stays(rootver: Rootver, listening: Database) -> None:
    """The raw data of an open fix, and a file that waits to be sent; both are named."""
    with listening.write() as tx:
        raw = evidence.keep(tx, b"what FIX-1 rests on")
        audit.append(tx, Record("backup", "ok", "bot", "exch-node2", "FIX-1", {"evidence": raw}))
    untold.keep_file(listening, b"a file", name="a.json", title="a", channel="C1", thread_ts="1.0")
    ran = rootver("forget", "--evidence", "FIX-1", "--yes")
    assert ran.code == 77
    assert "FIX-1 is open, and needs its raw data. Cancel it, or wait for its end." in ran.err
    assert erasures(rootver) == []
    assert rootver("forget", "--evidence", "before", "2027-01-01", "--yes").out.startswith("Erased: 0. ")
    end_fix(listening)
    assert rootver("forget", "--evidence", "FIX-1", "--yes").out.startswith("Erased: 2. ")


def test_a_process_that_has_the_file_and_cannot_be_asked_keeps_forget_out(
    rootver: Rootver, bot: Database
) -> None:
    """Another command that records, or a bot that just starts."""
    ran = rootver("forget", ALICE, "--yes")
    assert ran.code == 75
    assert "another rootver process" in ran.err


def test_nothing_is_erased_from_nothing(rootver: Rootver, bot: Database, tmp_path: Path) -> None:
    """A mistyped path makes no new file."""
    assert rootver("forget", "U1", "--yes", "--database", "typo.db").code == 66
    assert not (tmp_path / "typo.db").exists()


def shown_commands() -> list[str]:
    """Every command line of the page: in code spans, and in indented lines; without a redirection."""
    prose = AUDIT.read_text(encoding="utf-8").split("## Every kind of record")[0]
    found = re.findall(r"`rootver ([^`]+)`", prose) + re.findall(r"^    rootver (.+)$", prose, re.MULTILINE)
    return [one.split(" > ")[0] for one in found]


@pytest.mark.parametrize("shown", shown_commands())
def test_every_command_line_of_the_page_about_the_audit_is_understood(shown: str) -> None:
    """Its options and words are those of the command."""
    with main.rootver.make_context("rootver", shown.split()) as context:
        name, command, rest = main.rootver.resolve_command(context, shown.split())
        assert command is not None
        command.make_context(name, rest, parent=context).close()


def test_the_erasures_of_the_page_are_carried_out(rootver: Rootver, bot: Database) -> None:
    """As they are printed."""
    with bot.write() as tx:
        for number in range(2, 13):
            fixes.insert(tx, new_fix(node=f"node{number}"))
    bot.close()
    erasing = [shown for shown in shown_commands() if shown.startswith("forget")]
    assert [rootver(*shown.split(), "--yes").code for shown in erasing] == [0, 0, 0]
