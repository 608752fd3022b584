"""history, show, export, verify: the database alone, read-only, the same words as in chat."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sqlite3
from pathlib import Path

import pytest

from storage.chain import audit
from storage.chain.anchors import unsigned
from storage.chain.signing import pem_of
from storage.file.database import Database
from storage.snapshot import snapshot
from tests.bot.command_line.invoking import Rootver
from tests.storage.samples import KEY, anchored, started

READERS = [
    ["history"], ["summary"], ["fixes"], ["show", "FIX-1"], ["why", "FIX-1"], ["export", "csv"], ["verify"]
]  # fmt: skip


def test_history_comes_newest_first_with_names(rootver: Rootver, bot: Database) -> None:
    """In sentences, times in UTC and in columns, beside a running bot; or a line for each record."""
    ran = rootver("history")
    assert (ran.code, ran.err) == (0, "")
    refused, fix = ran.out.splitlines()
    assert refused.endswith("  FIX-1  exch-node2  UDAVE wanted to approve and was refused: not an approver")
    assert fix.startswith("2026-11-02 08:41:02 UTC  FIX-1  EXCH-NODE2  0.0.0.0 → 1.1.4322.0, waits for")
    assert fix.endswith("approval · alice asked")
    lines = rootver("history", "records").out.splitlines()
    assert [line.split()[1] for line in lines] == ["#4", "#3", "#2", "#1"]
    assert "alice (UALICE)" in lines[3]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("exch-node2", [3, 2]),
        ("EXCH-CL1", [3, 2]),
        ("by alice", [2, 1]),
        ("by @alice", [2, 1]),
        ("by UDAVE", [3]),
        ("outcome refused", [3]),
        ("kind command", [4, 1]),
        ("fix FIX-1", [3, 2]),
        ("FIX-1", [3, 2]),
        ("last 1", [4]),
        ("since 2026-11-01", [4, 3, 2, 1]),
        ("until 2026-11-01", []),
    ],
)
def test_history_understands_the_words_of_the_chat(
    rootver: Rootver, bot: Database, words: str, found: list[int]
) -> None:
    """The same words, the same answers."""
    ran = rootver("history", *words.split(), "--json")
    assert [json.loads(line)["seq"] for line in ran.out.splitlines()] == found
    assert ran.code == 0


def test_json_lines_carry_the_whole_record(rootver: Rootver, bot: Database) -> None:
    """The fields that a program may rely on."""
    record = json.loads(rootver("history", "last", "1", "--json").out)
    assert list(record) == ["seq", "ts", "kind", "outcome", "actor", "node", "fix", "body"]
    assert record["ts"].endswith("Z")
    assert record["body"]["actor"] == record["actor"] == "os:root"


def test_an_empty_history_is_fine(rootver: Rootver, bot: Database) -> None:
    """0, and nothing on standard output for a program to stumble over."""
    ran = rootver("history", "exch-node1", "outcome", "error")
    assert (ran.code, ran.out, ran.err) == (
        0,
        "",
        "Nothing matches. Next: `rootver history records` has every record.\n",
    )


def test_a_summary_counts(rootver: Rootver, bot: Database) -> None:
    """As bars, or as an object."""
    assert rootver("history", "summary").out.startswith("1 fix: 1 waits for an approval; 1 refusal.\n")
    counted = rootver("history", "records", "summary").out
    assert "4 records" in counted
    assert "       1  begun\n" in counted
    assert "       2  alice (UALICE)\n" in counted
    assert json.loads(rootver("history", "summary", "--json").out)["total"] == 4


@pytest.mark.parametrize(
    "words", [["exch-nod2"], ["since", "yesteryear"], ["by", "nobody"], ["outcome", "good"]]
)
def test_words_that_are_not_a_question_end_with_64_and_an_example(
    rootver: Rootver, bot: Database, words: list[str]
) -> None:
    """As in chat."""
    ran = rootver("history", *words)
    assert (ran.code, ran.out) == (64, "")
    assert "Example: `history" in ran.err


def test_export_writes_what_was_asked_for(rootver: Rootver, bot: Database) -> None:
    """csv for spreadsheets, jsonl exactly as hashed; to standard output."""
    rows = list(csv.reader(io.StringIO(rootver("export", "exch-node2", "csv").out)))
    assert [row[0] for row in rows] == ["seq", "2", "3"]
    assert len(rootver("export", "by", "alice", "jsonl").out.splitlines()) == 2
    everything = rootver("export", "JSONL").out.splitlines()
    with bot.read() as conn:
        assert everything == [row[0] for row in conn.execute("SELECT body FROM audit ORDER BY seq")]


def test_export_to_a_file_never_writes_over_one(rootver: Rootver, bot: Database, tmp_path: Path) -> None:
    """Mode 0600, and the hash is told so that it can be noted."""
    file = tmp_path / "audit.csv"
    ran = rootver("export", "csv", "--output", file)
    assert (ran.code, ran.out) == (0, "")
    assert f"4 records, SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}" in ran.err
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert rootver("export", "csv", "--output", file).code == 73
    assert file.read_bytes() == before


@pytest.mark.usefixtures("bot")
def test_one_record_is_told_as_one(rootver: Rootver, tmp_path: Path) -> None:
    """Not as `1 records`."""
    ran = rootver("export", "last", "1", "csv", "--output", tmp_path / "one.csv")
    assert ": 1 record, SHA-256" in ran.err


def test_the_newest_records_are_exported_oldest_first(rootver: Rootver, bot: Database) -> None:
    """As many as asked for."""
    rows = list(csv.reader(io.StringIO(rootver("export", "last", "2", "csv").out)))
    assert [row[0] for row in rows] == ["seq", "3", "4"]
    rows = list(csv.reader(io.StringIO(rootver("export", "exch-node2", "last", "1", "csv").out)))
    assert [row[0] for row in rows] == ["seq", "3"]


@pytest.mark.parametrize(
    ("words", "said"), [("summary csv", "A file has no summary"), ("before 3 jsonl", "A file has no pages")]
)
def test_a_file_has_no_pages_and_no_summary(
    rootver: Rootver, bot: Database, tmp_path: Path, words: str, said: str
) -> None:
    """Words that would be ignored are refused, and leave no file behind."""
    file = tmp_path / "audit.out"
    ran = rootver("export", *words.split(), "--output", file)
    assert ran.code == 64
    assert said in ran.err
    assert not file.exists()


def test_verify_says_that_the_record_is_whole_and_what_no_anchor_vouches_for(
    rootver: Rootver, bot: Database
) -> None:
    """Without an anchor nobody can say more."""
    ran = rootver("verify")
    assert ran.code == 0
    assert ran.out.startswith(
        "OK: 4 records. No change was sent.\n"
        "Not vouched for by any anchor given here (--anchors FILE): the newest 4 records.\n"
    )
    with bot.read() as conn:
        assert ran.out.rstrip().endswith(f"Now: {unsigned(conn)}")


def test_verify_does_not_send_to_itself(rootver: Rootver, bot: Database, tmp_path: Path) -> None:
    """A file that ends too early, and one without its records: what is wrong, and what to do now."""
    with bot.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
    short, empty = tmp_path / "short.db", tmp_path / "empty.db"
    short.write_bytes((tmp_path / "copy.db").read_bytes()[:5000])
    ran = rootver("verify", "--database", short)
    assert (ran.code, "run `rootver verify`" in ran.err) == (65, False)
    assert "newest snapshot that verifies" in ran.err
    empty.write_bytes((tmp_path / "copy.db").read_bytes())
    with sqlite3.connect(empty) as forger:
        forger.execute("DROP TABLE audit")
    forger.close()
    ran = rootver("verify", "--database", empty)
    assert ran.code == 1
    assert "no such table: audit" in ran.out


def test_verify_compares_anchors_from_any_text(
    rootver: Rootver, bot: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file, or from a pipe; with the key that an auditor kept, or with that of the record."""
    with bot.write() as tx:
        audit.append(tx, started())
        line = anchored(tx)
    log, key = tmp_path / "bot.log", tmp_path / "key.pem"
    log.write_text(f"noise\n2026-11-23 INFO {line} more noise\n")
    key.write_text(pem_of(KEY.public))
    ran = rootver("verify", "--anchors", log)
    assert ran.code == 0
    assert "Compared with 1 anchor." in ran.out
    assert "ot vouched for" not in ran.out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(log.read_bytes())))
    assert "Compared with 1 anchor." in rootver("verify", "--anchors", "-", "--key", key).out
    log.write_text(rootver("verify").out)
    assert "without a signature: they fit, and prove nothing alone" in rootver("verify", "--anchors", log).out


def test_a_forged_record_is_found_with_1(rootver: Rootver, bot: Database, tmp_path: Path) -> None:
    """Told with its number, on a copy; as text and as an object."""
    bot.close()
    forged = tmp_path / "forged.db"
    forged.write_bytes((tmp_path / "rootver.db").read_bytes())
    with sqlite3.connect(forged) as conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute("UPDATE audit SET actor = 'UMALLORY' WHERE seq = 3")
    conn.close()
    ran = rootver("verify", "--database", forged)
    assert ran.code == 1
    assert ran.out.startswith("FAULT: ")
    assert "record 3: " in ran.out
    found = json.loads(rootver("verify", "--database", forged, "--json").out)
    assert found["ok"] is False
    assert 3 in [fault["seq"] for fault in found["faults"]]


@pytest.mark.parametrize(("text", "code"), [("nothing of the kind", 65), (None, 66)])
def test_anchors_that_are_none_prove_nothing(
    rootver: Rootver, bot: Database, tmp_path: Path, text: str | None, code: int
) -> None:
    """Comparing with nothing would look like a proof."""
    file = tmp_path / "anchors.txt"
    if text is not None:
        file.write_text(text)
    ran = rootver("verify", "--anchors", file)
    assert (ran.code, ran.out) == (code, "")


@pytest.mark.parametrize("words", READERS)
def test_readers_write_nothing_and_need_no_settings(
    rootver: Rootver, bot: Database, tmp_path: Path, words: list[str]
) -> None:
    """A copy on the auditor's machine, without settings, stays as it is."""
    bot.close()
    auditor = tmp_path / "auditor"
    auditor.mkdir()
    copy = auditor / "copy.db"
    copy.write_bytes((tmp_path / "rootver.db").read_bytes())
    before = (copy.read_bytes(), copy.stat().st_mtime_ns)
    (tmp_path / "rootver.toml").write_text("[nonsense]\n")
    assert rootver(*words, "--database", copy, ROOTVER_NONSENSE="1").code == 0
    assert (copy.read_bytes(), copy.stat().st_mtime_ns) == before
    assert list(auditor.iterdir()) == [copy]


@pytest.mark.parametrize("words", READERS)
def test_readers_find_the_database_of_the_settings(
    rootver: Rootver, bot: Database, tmp_path: Path, words: list[str]
) -> None:
    """By --config before or behind the command, by ROOTVER_CONFIG; only [storage] is looked at."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    config = folder / "x.toml"
    config.write_text('[storage]\npath = "../rootver.db"\n[nonsense]\n')
    os.chdir(folder)
    assert rootver(*words, "--config", config).code == 0
    assert rootver("--config", config, *words).code == 0
    assert rootver(*words, ROOTVER_CONFIG=str(config)).code == 0
    assert rootver(*words, ROOTVER_STORAGE__PATH=str(tmp_path / "rootver.db")).code == 0
    assert rootver(*words).code == 66


@pytest.mark.parametrize("words", READERS)
@pytest.mark.parametrize(("content", "code"), [(None, 66), (b"no database", 65), (b"", 65)])
def test_a_file_that_is_not_our_database_is_refused(
    rootver: Rootver, tmp_path: Path, words: list[str], content: bytes | None, code: int
) -> None:
    """66 where there is no file, 65 where it is something else; no file is made."""
    file = tmp_path / "x.db"
    if content is not None:
        file.write_bytes(content)
    ran = rootver(*words, "--database", file)
    assert (ran.code, ran.out) == (code, "")
    assert str(file) in ran.err
    assert file.exists() is (content is not None)


@pytest.mark.parametrize("words", [*READERS, ["verify", "--anchors", "bot.log"], ["config"]])
def test_a_file_without_read_permission_is_not_a_wrong_argument(
    rootver: Rootver, bot: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """The parser of the words does not look; whoever opens the file says what is wrong, with its own code."""
    (tmp_path / "bot.log").write_text(rootver("verify").out)
    (tmp_path / "x.toml").write_text("")
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    database = () if words == ["config"] else ("--database", tmp_path / "rootver.db")
    assert rootver("--config", "x.toml", *words, *database, "--config", "x.toml").code == 0


@pytest.mark.parametrize("words", READERS)
def test_a_folder_that_may_not_be_searched_is_told_to_who_reads(
    rootver: Rootver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Not only to who writes."""

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "locked/rootver.db")

    monkeypatch.setattr(Database, "read_only", denied)
    ran = rootver(*words)
    assert ran.code == 73
    assert "locked/rootver.db: Permission denied." in ran.err
    assert "who may read" in ran.err


def test_times_count_from_now(rootver: Rootver, bot: Database) -> None:
    """The records of this test are from a fixed day: an hour ago there was nothing."""
    assert rootver("history", "since", "1h").out == ""
