"""snapshot, browse, forget."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import util
from pathlib import Path

import pytest

from storage import audit, evidence, people
from storage.database import Database
from storage.records import Record
from tests.bot.command_line import Rootver, runner


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Database]:
    """The database as a running bot has it open: a name, and raw data behind a record."""
    with Database.open(tmp_path / "rootver.db", lambda: datetime(2026, 11, 23, tzinfo=UTC)) as database:
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            raw = evidence.keep(tx, b"raw answer of a server")
            audit.append(tx, Record("probe", "ok", "UALICE", "exch-node2", details={"evidence": raw}))
        yield database


def test_a_snapshot_is_taken_while_the_bot_runs_and_is_whole(
    rootver: Rootver, bot: Database, tmp_path: Path
) -> None:
    """It can be read and verified like the file itself; it never replaces a file."""
    copy = tmp_path / "copy.db"
    assert rootver("snapshot", copy).code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rootver("verify", "--database", copy).out.startswith("OK: 1 records.")
    before = copy.read_bytes()
    assert rootver("snapshot", copy).code == 73
    assert copy.read_bytes() == before


@pytest.mark.parametrize(("target", "code"), [("missing/copy.db", 73), (".", 73)])
def test_a_snapshot_that_cannot_be_made_says_why(
    rootver: Rootver, bot: Database, target: str, code: int
) -> None:
    """And without a database there is none."""
    ran = rootver("snapshot", target)
    assert ran.code == code
    assert ran.err.startswith("rootver: ")
    assert rootver("snapshot", "x.db", "--database", "nowhere.db").code == 66


@pytest.mark.skipif(util.find_spec("datasette") is not None, reason="Datasette is installed here")
def test_browsing_without_datasette_names_the_extra(rootver: Rootver, bot: Database) -> None:
    """It is an optional part."""
    ran = rootver("browse")
    assert ran.code == 69
    assert "rootver-bot[browse]" in ran.err


@pytest.mark.parametrize("who", ["UALICE", "alice", "ALICE"])
def test_a_forgotten_name_is_gone_and_the_chain_is_whole(
    rootver: Rootver, bot: Database, tmp_path: Path, who: str
) -> None:
    """Not in the file, nor in its write-ahead log; the erasure is recorded."""
    bot.close()
    ran = rootver("forget", "--person", who, "--yes")
    assert (ran.code, ran.out) == (0, "Erased: 1. Recorded as #2.\n")
    assert b"alice" not in b"".join(path.read_bytes() for path in tmp_path.glob("rootver.db*"))
    record = json.loads(rootver("history", "last", "1", "--json").out)
    assert (record["kind"], record["body"]["details"]["person"]) == ("erasure", "UALICE")
    assert rootver("verify").code == 0


def test_raw_data_is_erased_by_day(rootver: Rootver, bot: Database) -> None:
    """Whatever was stored before; the records stay."""
    bot.close()
    assert rootver("forget", "--before", "2026-11-01", "--yes").out == "Erased: 0. Recorded as #2.\n"
    assert rootver("forget", "--before", "2026-12-01", "--yes").out == "Erased: 1. Recorded as #3.\n"
    ran = rootver("verify")
    assert ran.code == 0
    assert "Erased, and the erasure recorded: " in ran.out


def test_a_fix_that_is_not_there_ends_with_66_and_erases_nothing(rootver: Rootver, bot: Database) -> None:
    """A typo must not look like success."""
    bot.close()
    assert rootver("forget", "--fix", "FIX-9", "--yes").code == 66
    assert rootver("history", "kind", "erasure").out == ""


def test_erasing_is_asked_for_again_and_nothing_happens_without_an_answer(
    rootver: Rootver, bot: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no way back; a script says --yes."""
    bot.close()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ran = rootver("forget", "--person", "UALICE")
    assert ran.code == 130
    assert "This cannot be undone" in ran.err
    assert rootver("history", "kind", "erasure").out == ""


def test_saying_no_ends_with_77(rootver: Rootver, bot: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, by you."""
    bot.close()
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    ran = rootver("forget", "--person", "UALICE")
    assert (ran.code, ran.err) == (77, "rootver: Nothing was erased.\n")


def test_a_running_bot_keeps_forget_out(rootver: Rootver, bot: Database) -> None:
    """One writer to a file."""
    ran = rootver("forget", "--person", "UALICE", "--yes")
    assert ran.code == 75
    assert "another rootver process" in ran.err


def test_one_thing_is_erased_at_a_time_and_never_from_nothing(
    rootver: Rootver, bot: Database, tmp_path: Path
) -> None:
    """A mistyped path makes no new file."""
    assert rootver("forget", "--person", "U1", "--fix", "FIX-1", "--yes").code == 64
    assert rootver("forget", "--before", "soon", "--yes").code == 64
    assert rootver("forget", "--person", "U1", "--yes", "--database", "typo.db").code == 66
    assert not (tmp_path / "typo.db").exists()
