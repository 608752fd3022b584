"""diagnose and replay against the practice host, over real PowerShell remoting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER, Endpoint
from bot.lab.incidents import build
from storage.file.database import Database
from tests.bot.command_line.invoking import Ran, Rootver, runner

PASSWORD = "ROOTVER_HOSTS__MGMT1__PASSWORD"


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def host() -> Iterator[Endpoint]:
    """A practice host in the incident `zero`."""
    with Endpoint(*build("zero")) as endpoint:
        yield endpoint


def settings(folder: Path, port: int, more: str = "") -> None:
    """Settings of the practice cluster behind this port."""
    (folder / "rootver.toml").write_text(f"""
[hosts.mgmt1]
server = "127.0.0.1"
port = {port}
ssl = false
auth = "ntlm"
username = '{QUERY_USER}'
deadline_seconds = 20
[clusters.EXCH-CL1]
host = "mgmt1"
nodes = ["exch-node1", "exch-node2"]
virtual_servers = ["EXCHVS1"]
{more}""")


@pytest.fixture
def asked(rootver: Rootver, host: Endpoint, tmp_path: Path) -> Rootver:
    """`rootver` with settings that lead to the practice host."""
    settings(tmp_path, host.port)
    return lambda *words: rootver(*words, **{PASSWORD: ACCOUNTS[QUERY_USER]})


def records(folder: Path) -> list[tuple[Any, ...]]:
    """Kind, outcome, actor and node of everything recorded."""
    with Database.read_only(folder / "rootver.db") as database, database.read() as conn:
        return conn.execute("SELECT kind, outcome, actor, node FROM audit ORDER BY seq").fetchall()


def test_a_broken_node_is_told_in_words_and_ends_with_1(asked: Rootver) -> None:
    """Verdict, evidence, checks, what is ruled out, what was not checked; the partner beside it."""
    ran = asked("diagnose", "exch-node2")
    assert ran.code == 1
    for words in (
        "EXCH-NODE2: mail is down, RootVer is invalid (confirmed)",
        "FAIL    RootVer: 0.0.0.0; expected: 1.1.4322.0",
        "FAIL    System Attendant",
        "OK      Remote Registry",
        "Next: ask in chat, `@rootver diagnose exch-node2`",
        "Ruled out: ",
        "Not checked: ",
        "  EXCH-NODE1: OK; RootVer 1.1.4322.0, passive",
    ):
        assert words in ran.out
    assert "\x1b" not in ran.out


def test_it_is_recorded_with_who_asked(asked: Rootver, tmp_path: Path) -> None:
    """As in chat: the command, each probe, the diagnosis of what was asked for."""
    asked("diagnose", "EXCH-NODE2")
    found = records(tmp_path)
    assert [(kind, outcome, node) for kind, outcome, _, node in found] == [
        ("command", "ok", None),
        ("probe", "ok", "exch-node1"),
        ("probe", "ok", "exch-node2"),
        ("diagnosis", "ok", "exch-node2"),
    ]
    assert all(actor.startswith("os:") for _, _, actor, _ in found)


def test_a_bot_that_has_the_database_is_not_disturbed(asked: Rootver, tmp_path: Path) -> None:
    """The answer comes all the same, and standard error says that it was not recorded."""
    with Database.open(tmp_path / "rootver.db", lambda: datetime.now(UTC)):
        ran = asked("diagnose", "exch-node2")
    assert ran.code == 1
    assert "EXCH-NODE2: mail is down, RootVer is invalid" in ran.out
    assert "was not recorded" in ran.err
    assert "another rootver process" in ran.err
    assert records(tmp_path) == []


def test_a_node_can_be_looked_at_where_nothing_can_be_recorded(
    rootver: Rootver, host: Endpoint, tmp_path: Path
) -> None:
    """In the night the answer matters more."""
    settings(tmp_path, host.port, '[storage]\npath = "missing/rootver.db"\n')
    ran = rootver("diagnose", "exch-node2", **{PASSWORD: ACCOUNTS[QUERY_USER]})
    assert ran.code == 1
    assert "was not recorded" in ran.err


def test_json_is_the_object_of_the_design(asked: Rootver) -> None:
    """One object with every node; nothing else on standard output."""
    ran = asked("diagnose", "exch-node2", "--json")
    report = json.loads(ran.out)
    assert (ran.code, report["schema"], report["asked"], report["cluster"]) == (
        1,
        1,
        "exch-node2",
        "EXCH-CL1",
    )
    assert [(one["node"], one["verdict"]) for one in report["nodes"]] == [
        ("exch-node1", "healthy"),
        ("exch-node2", "rootver_invalid"),
    ]


def test_all_gives_a_list_with_one_object_for_each_cluster(asked: Rootver) -> None:
    """Also where there is only one."""
    ran = asked("diagnose", "all", "--json")
    assert [one["cluster"] for one in json.loads(ran.out)] == ["EXCH-CL1"]
    assert ran.code == 1


def test_a_saved_collection_is_diagnosed_alike(asked: Rootver, tmp_path: Path, host: Endpoint) -> None:
    """`replay` asks nobody, gives the same object and the same code, from a file and from a pipe."""
    saved = tmp_path / "node2.json"
    first = asked("diagnose", "exch-node2", "--json", "--save", saved)
    calls = len(host.calls)
    again = asked("replay", saved, "--json")
    assert (again.code, json.loads(again.out)) == (first.code, json.loads(first.out))
    assert "RootVer is invalid (confirmed)" in asked("replay", saved).out
    assert len(host.calls) == calls


def test_saving_all_makes_a_folder_with_one_file_for_each_cluster(asked: Rootver, tmp_path: Path) -> None:
    """One collection holds one cluster."""
    asked("diagnose", "all", "--save", tmp_path / "saved")
    assert [one.name for one in (tmp_path / "saved").iterdir()] == ["EXCH-CL1.json"]
    assert asked("replay", tmp_path / "saved" / "EXCH-CL1.json").code == 1


def test_a_file_that_is_there_is_never_written_over(asked: Rootver, tmp_path: Path) -> None:
    """The diagnosis is shown all the same."""
    (tmp_path / "kept.json").write_text("mine")
    for target, file in (("exch-node2", "kept.json"), ("all", "kept.json"), ("exch-node2", "missing/x.json")):
        ran = asked("diagnose", target, "--save", file)
        assert ran.code == 73
        assert "RootVer is invalid" in ran.out
        assert file in ran.err
    assert (tmp_path / "kept.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("exch-node3", "exch-node3 is not in the inventory. Did you mean exch-node"),
        ("EXCHVS1", "EXCHVS1 is a virtual server"),
    ],
)
def test_a_name_that_is_not_a_node_is_refused_with_2_and_recorded(
    asked: Rootver, tmp_path: Path, name: str, told: str
) -> None:
    """It could not tell; no server was asked."""
    ran = asked("diagnose", name)
    assert ran.code == 2
    assert told in ran.out
    report = json.loads(asked("diagnose", name, "--json").out)
    assert report["cluster"] is None
    assert [one["verdict"] for one in report["nodes"]] == ["refused"]
    assert [row[:2] for row in records(tmp_path)] == [("command", "ok"), ("diagnosis", "refused")] * 2


def test_a_host_that_is_away_is_inconclusive_with_the_sentence(
    rootver: Rootver, host: Endpoint, tmp_path: Path
) -> None:
    """2: it could not tell. Which host, what failed and what to do."""
    settings(tmp_path, 1)
    ran = rootver("diagnose", "exch-node2", **{PASSWORD: "x"})
    assert ran.code == 2
    assert "EXCH-NODE2: could not be read" in ran.out
    assert "mgmt1" in ran.out
    assert "Or by hand: `rootver manual exch-node2`." in ran.out
    assert "Traceback" not in ran.err


def test_a_wrong_password_is_told_without_the_password(
    rootver: Rootver, host: Endpoint, tmp_path: Path
) -> None:
    """Neither on the screen nor in the record."""
    settings(tmp_path, host.port)
    canary = "canary-wrong-password"
    ran = rootver("diagnose", "all", **{PASSWORD: canary})
    assert ran.code == 2
    assert "refused" in ran.out
    assert "So that it is not locked out, the bot does not try again" in ran.out
    assert ".." not in ran.out
    assert ran.out.splitlines()[1].count("401") == 1
    assert canary not in ran.out + ran.err
    assert canary.encode() not in (tmp_path / "rootver.db").read_bytes()


def test_without_settings_there_is_nothing_to_ask(rootver: Rootver, tmp_path: Path) -> None:
    """An empty inventory refuses every name; broken settings end with 78 before anything is asked."""
    assert "Known: nothing yet" in rootver("diagnose", "exch-node2").out
    assert "no cluster" in rootver("diagnose", "all").out
    assert "docs/settings.md shows an example" in rootver("diagnose", "exch-node2").err
    (tmp_path / "rootver.toml").write_text("[hosts.mgmt1]\n")
    ran = rootver("diagnose", "exch-node2")
    assert (ran.code, ran.out) == (78, "")
    assert "hosts.mgmt1.server is missing" in ran.err


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, 66), (b"{", 65), (b"\xff", 65), (b"{}", 65), (b'{"schema": 1}', 65), (b"[]", 65), (b"", 65)],
)
def test_a_file_that_is_not_a_collection_is_refused(
    rootver: Rootver, tmp_path: Path, content: bytes | None, code: int
) -> None:
    """65 for bad data, 66 for no file; a sentence about the file, no traceback."""
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    ran = rootver("replay", "x.json")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("rootver: x.json")
    assert "Traceback" not in ran.err


def test_hostile_text_of_a_server_cannot_act_on_the_terminal(asked: Rootver, tmp_path: Path) -> None:
    """Escape sequences in a value arrive as visible text."""
    saved = tmp_path / "node2.json"
    asked("diagnose", "exch-node2", "--save", saved)
    collection = json.loads(saved.read_text())
    for result in collection["results"].values():
        result["root_ver"]["value"]["data"] = "\x1b[2J\x07\u202e<!channel>"
        result["cluster"]["value"]["name"] = "\x1b]0;owned\x07"
        result["host"] = "\x1b[31m"
    saved.write_text(json.dumps(collection))
    ran: Ran = asked("replay", saved)
    assert ran.code == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)


@pytest.mark.parametrize("words", [["diagnose", "all"], ["diagnose", "exch-node2"], ["manual", "exch-node2"]])
def test_without_settings_no_file_is_made(rootver: Rootver, tmp_path: Path, words: list[str]) -> None:
    """Whoever tries it in some folder leaves nothing behind there."""
    assert rootver(*words).code in (0, 2)
    assert list(tmp_path.iterdir()) == []
