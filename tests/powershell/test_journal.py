"""The journal of the host, through the change endpoint as it is installed: NoLanguage, its commands alone."""

import fcntl
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.commands import Caller, CommandError, answer
from bot.lab.host.endpoint import CHANGE_USER, CONSTRAINED, Endpoint
from bot.lab.host.journal import Journal
from bot.lab.incidents import build
from bot.lab.windows.engine import engine_shells
from bot.lab.windows.server import CimServer
from tests.bot.lab.practice_client import Refused, open_pool, wsman
from tests.powershell.conftest import NOW
from tests.powershell.engine import VALIDATORS, Engine, invoked, powershell_or_skip
from tests.powershell.test_change import ABSENT, TARGET, ZERO, Reading, compact, outcome, reading

pytestmark = pytest.mark.powershell


class Pinned:
    """The change endpoint of a host, with its journal."""

    def __init__(self, cim: CimServer, pool: RunspacePool, folder: Path) -> None:
        self.cim, self._pool = cim, pool
        self.journal = folder / "RootVer" / "journal.jsonl"

    def result(self, command: str, **parameters: str) -> dict[str, Any]:
        """One command on EXCH-NODE2. Raises Refused."""
        given = {"ComputerName": "exch-node2", "FixId": "FIX-12", **parameters}
        (text,) = invoked(PowerShell(self._pool).add_cmdlet(command).add_parameters(given))
        result = json.loads(text)
        VALIDATORS[command].validate(result)
        assert isinstance(result, dict)
        return result

    def fix(self, expected: Reading = ZERO, **parameters: str) -> dict[str, Any]:
        return self.result("Set-RootVer", Expected=compact(expected), **parameters)

    def restore(self, target: Reading, expected: Reading = TARGET, **parameters: str) -> dict[str, Any]:
        texts = {"Expected": compact(expected), "Target": compact(target)}
        return self.result("Restore-RootVer", **texts, **parameters)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text("utf-8").splitlines()]

    def writes(self) -> int:
        return len([call for call in self.cim.calls if call.writes])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pinned]:
    folder = tmp_path_factory.mktemp("ProgramData")
    cluster = build("zero", lambda: NOW)[0]
    with CimServer(cluster) as cim:
        shells = engine_shells(powershell_or_skip(), cim, {"ProgramData": str(folder)})
        with Endpoint(cluster, configurations=CONSTRAINED, shell_factory=shells) as endpoint:
            pool = open_pool(wsman(endpoint, user=CHANGE_USER), "RootVerChange")
            yield Pinned(cim, pool, folder)


@pytest.fixture
def cluster(running: Pinned) -> PracticeCluster:
    cluster = build("zero", lambda: NOW)[0]
    running.cim.use(cluster)
    return cluster


@pytest.fixture
def node(cluster: PracticeCluster) -> Node:
    return cluster.owner()


@pytest.fixture
def pinned(running: Pinned, cluster: PracticeCluster) -> Pinned:
    """With an empty journal, as the registration script makes it."""
    running.journal.parent.mkdir(exist_ok=True)
    if running.journal.is_dir():
        running.journal.rmdir()
    running.journal.unlink(missing_ok=True)
    running.journal.touch()
    return running


def test_a_fix_leaves_a_line(pinned: Pinned) -> None:
    """Who, where, what was there and what is: and nothing else."""
    result = pinned.fix()
    assert outcome(result) == ("written", None, None)
    (line,) = pinned.lines()
    assert list(line) == ["time", "fix", "computer", "before", "after"]
    assert (line["fix"], line["computer"]) == ("FIX-12", "EXCH-NODE2")
    assert (line["before"], line["after"]) == (ZERO, TARGET)
    assert pinned.journal.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    "target",
    [
        reading("REG_SZ", "6.6.6.6"),
        reading("REG_SZ", "A" * 5000),
        reading("REG_BINARY", "00"),
        reading("REG_SZ", "0.0.0.0 "),
        reading("REG_EXPAND_SZ", "0.0.0.0"),
        ABSENT,
    ],
    ids=["another", "long", "binary", "a blank", "another kind", "absent"],
)
def test_only_what_a_fix_replaced_is_put_back(pinned: Pinned, target: Reading) -> None:
    """Kind and data exactly; the error names the journal, and what to do instead."""
    pinned.fix()
    with pytest.raises(Refused, match="no line that says") as raised:
        pinned.restore(target)
    assert raised.value.ids == ["NotInJournal"]
    assert str(pinned.journal) in str(raised.value)
    assert "regedit" in str(raised.value)
    assert pinned.writes() == 1
    assert pinned.restore(ZERO)["outcome"] == "written"


@pytest.mark.parametrize(
    ("kind", "data"),
    [("REG_SZ", "\u20ac \U0001f600 \"'\\"), ("REG_MULTI_SZ", ["a"]), ("REG_MULTI_SZ", []), ("REG_DWORD", 7)],
)
def test_every_kind_comes_back_from_the_journal(
    pinned: Pinned, cluster: PracticeCluster, node: Node, kind: str, data: Any
) -> None:
    """Through JSON, a file, and JSON again."""
    cluster.set_root_ver(node, data, kind)
    before = node.root_ver()
    pinned.fix(reading(kind, data))
    assert outcome(pinned.restore(reading(kind, data))) == ("written", None, None)
    assert node.root_ver() == before


def test_what_was_absent_is_put_back_by_deleting(
    pinned: Pinned, cluster: PracticeCluster, node: Node
) -> None:
    """The journal says that there was none."""
    cluster.set_root_ver(node, None)
    pinned.fix(ABSENT)
    assert outcome(pinned.restore({"is": "absent"})) == ("written", None, None)
    assert node.root_ver() is None


def test_a_restore_leaves_its_line_too(pinned: Pinned) -> None:
    """Its own number; what it replaced can be put back again, as it was there."""
    pinned.fix()
    pinned.restore(ZERO, FixId="FIX-13")
    assert [(line["fix"], line["before"], line["after"]) for line in pinned.lines()] == [
        ("FIX-12", ZERO, TARGET),
        ("FIX-13", TARGET, ZERO),
    ]
    assert pinned.restore(TARGET, ZERO)["outcome"] == "written"


def test_a_line_of_another_computer_does_not_count(pinned: Pinned) -> None:
    """What was on one node is not put on another; names are compared as Windows does."""
    line = {"time": "", "fix": "FIX-1", "computer": "EXCH-NODE1", "before": ZERO, "after": TARGET}
    pinned.journal.write_text(json.dumps(line) + "\n")
    with pytest.raises(Refused, match="on EXCH-NODE2 before"):
        pinned.restore(ZERO, ZERO)
    line["computer"] = "exch-node2"
    pinned.journal.write_text(json.dumps(line) + "\n")
    assert pinned.restore(ZERO, ZERO)["outcome"] == "written"


@pytest.mark.parametrize("spoil", ["no file", "not writable", "no folder"])
def test_without_a_journal_nothing_is_set(pinned: Pinned, spoil: str, node: Node) -> None:
    """A terminating error that says what to do; it is never made by a change."""
    pinned.journal.unlink()
    if spoil == "no folder":
        pinned.journal.parent.rmdir()
    elif spoil == "not writable":
        pinned.journal.mkdir()
    with pytest.raises(Refused, match=r"Nothing was changed.*Register-RootVerEndpoint\.ps1") as raised:
        pinned.fix()
    assert raised.value.ids == ["JournalNotWritten"]
    assert (node.writes, pinned.writes()) == ([], 0)
    with pytest.raises(Refused) as raised:
        pinned.restore(ZERO, ZERO)
    assert raised.value.ids == ["JournalNotRead"]
    assert pinned.journal.exists() == (spoil == "not writable")


def test_the_line_is_there_before_the_value_is(pinned: Pinned) -> None:
    """Whatever happens then: a value is never replaced without a line."""
    seen: list[int] = []
    pinned.cim.faults.before(lambda: seen.append(len(pinned.lines())), method="SetStringValue")
    pinned.cim.faults.fail("0x800706be", method="SetStringValue", times=1)
    assert outcome(pinned.fix()) == ("failed", "write_failed", "0x800706be")
    assert seen == [1]
    assert [line["after"] for line in pinned.lines()] == [TARGET, ZERO]


@pytest.mark.parametrize("missing", ["value", "key"])
def test_nothing_tried_leaves_no_line(pinned: Pinned, node: Node, missing: str) -> None:
    """Another value, no key, a node that is away."""
    if missing == "key":
        node.registry.delete(ASPNET_KEY)
        assert pinned.fix({"is": "absent", "missing": "key"})["outcome"] == "failed"
    assert outcome(pinned.fix(reading("REG_SZ", "5")))[:2] == ("refused", "changed")
    node.reachable = False
    assert outcome(pinned.fix())[:2] == ("refused", "unreadable")
    assert pinned.lines() == []


def test_a_long_number_of_a_fix_does_not_fill_the_disk(pinned: Pinned) -> None:
    """Whoever calls the endpoint chooses it, and the journal keeps it."""
    for command in (pinned.fix, partial(pinned.restore, ZERO)):
        with pytest.raises(Refused) as raised:
            command(FixId="F" * 65)
        assert raised.value.ids[0].startswith("ParameterArgumentValidationError")
    assert (pinned.lines(), pinned.writes()) == ([], 0)
    assert pinned.fix(FixId="F" * 64)["outcome"] == "written"


def test_a_line_that_was_cut_off_spoils_no_other(pinned: Pinned) -> None:
    """After a power failure; and lines that are no JSON, no object, of another kind."""
    odd = b'[1]\nnull\n{"computer":1}\n{"computer":"EXCH-NODE2","before":{"is":"value","value":5}}\n'
    pinned.journal.write_bytes(odd + b'{"time":"2026-1')
    pinned.fix()
    assert pinned.journal.read_bytes().splitlines()[4] == b'{"time":"2026-1'
    assert pinned.restore(ZERO)["outcome"] == "written"
    assert len(pinned.journal.read_bytes().splitlines()) == 7


def test_a_journal_that_another_session_writes_is_waited_for(pinned: Pinned) -> None:
    """On Windows the file is opened for one; a lock stands for that here."""
    with pinned.journal.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        timer = threading.Timer(0.2, fcntl.flock, (held, fcntl.LOCK_UN))
        timer.start()
        assert pinned.fix()["outcome"] == "written"
        timer.join()


def test_where_script_text_is_taken_nothing_is_pinned(engine: Engine) -> None:
    """With inline delivery there is no journal: who sends the text could leave it out."""
    told = engine.result(
        "Restore-RootVer",
        ComputerName="exch-node2",
        FixId="FIX-1",
        Expected=compact(ZERO),
        Target=compact(reading("REG_SZ", "6.6.6.6")),
    )
    assert told["outcome"] == "written"


def test_the_practice_host_keeps_the_same_journal(pinned: Pinned, node: Node) -> None:
    """Change by change, what went wrong included: the lab's host in Python, and the module."""
    practice, journal = build("zero", lambda: NOW)[0], Journal()
    caller = Caller(language_mode="NoLanguage", journal=journal)

    def both(command: str, **readings: Reading) -> None:
        texts = {name: compact(one) for name, one in readings.items()}
        told: list[Any] = []
        for ask in (
            partial(pinned.result, command, **texts),
            partial(_asked, practice, caller, command, texts),
        ):
            try:
                told.append(outcome(ask()))
            except Refused as error:
                told.append(error.ids)
            except CommandError as error:
                told.append([error.error_id])
        assert told[0] == told[1]

    both("Restore-RootVer", Expected=ZERO, Target=ZERO)
    both("Set-RootVer", Expected=TARGET)
    both("Set-RootVer", Expected=ZERO)
    both("Restore-RootVer", Expected=TARGET, Target=reading("REG_SZ", "6.6.6.6"))
    both("Restore-RootVer", Expected=ZERO, Target=ZERO)
    both("Restore-RootVer", Expected=TARGET, Target=ZERO)
    node.writable = practice.owner().writable = False
    both("Set-RootVer", Expected=ZERO)
    node.reachable = practice.owner().reachable = False
    both("Set-RootVer", Expected=ZERO)
    module = [{**line, "time": ""} for line in pinned.lines()]
    assert module == [{**json.loads(line), "time": ""} for line in journal.lines]
    assert len(module) == 4


def _asked(practice: PracticeCluster, caller: Caller, command: str, texts: dict[str, str]) -> dict[str, Any]:
    result = json.loads(
        answer(practice, command, {"ComputerName": "exch-node2", "FixId": "FIX-12", **texts}, caller)
    )
    assert isinstance(result, dict)
    return result
