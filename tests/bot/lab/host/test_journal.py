"""The practice host's journal, against what the module's own journal does on a real PowerShell."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.lab.cluster.node import ASPNET_KEY
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.commands import Caller, CommandError, answer
from bot.lab.host.endpoint import CHANGE_USER, CONSTRAINED, Endpoint
from bot.lab.host.journal import Journal
from bot.lab.incidents import build
from tests.bot.lab.host.calling import NOW, TARGET, ZERO, owner
from tests.bot.lab.practice_client import Refused, open_pool, run, wsman

OTHER = {"is": "value", "value": {"kind": "REG_SZ", "data": "6.6.6.6"}}
ABSENT = {"is": "absent", "missing": "value"}


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero", lambda: NOW)[0]


@pytest.fixture
def journal() -> Journal:
    return Journal()


Change = Callable[..., dict[str, Any]]


@pytest.fixture
def change(cluster: PracticeCluster, journal: Journal) -> Change:
    """Run a change on EXCH-NODE2 through an endpoint; readings as compact JSON."""
    caller = Caller(language_mode="NoLanguage", journal=journal)

    def run_it(command: str, **readings: Any) -> dict[str, Any]:
        texts = {name: json.dumps(reading) for name, reading in readings.items()}
        given = {"ComputerName": "exch-node2", "FixId": "FIX-12", **texts}
        result = json.loads(answer(cluster, command, given, caller))
        assert isinstance(result, dict)
        return result

    return run_it


def test_a_change_leaves_a_line_and_only_that_is_put_back(
    change: Change, journal: Journal, cluster: PracticeCluster
) -> None:
    """Whatever else is asked for is refused, and nothing is written."""
    change("Set-RootVer", Expected=ZERO)
    (line,) = journal.lines
    assert json.loads(line) == {
        "time": "2026-11-23T10:00:00Z", "fix": "FIX-12", "computer": "EXCH-NODE2", "before": ZERO,
        "after": TARGET,
    }  # fmt: skip
    for target in (OTHER, ABSENT):
        with pytest.raises(CommandError) as raised:
            change("Restore-RootVer", Expected=TARGET, Target=target)
        assert raised.value.error_id == "NotInJournal"
    assert len(owner(cluster).writes) == 1
    assert change("Restore-RootVer", Expected=TARGET, Target=ZERO)["outcome"] == "written"
    assert [json.loads(line)["after"] for line in journal.lines] == [TARGET, ZERO]


def test_without_a_journal_nothing_is_set(change: Change, journal: Journal, cluster: PracticeCluster) -> None:
    """A terminating error."""
    journal.writable = False
    with pytest.raises(CommandError) as raised:
        change("Set-RootVer", Expected=ZERO)
    assert raised.value.error_id == "JournalNotWritten"
    assert owner(cluster).writes == []


def test_a_write_that_fails_says_so_in_a_second_line(
    change: Change, journal: Journal, cluster: PracticeCluster
) -> None:
    """The first one came before it."""
    owner(cluster).writable = False
    assert change("Set-RootVer", Expected=ZERO)["reason"] == "access_denied"
    assert [json.loads(line)["after"] for line in journal.lines] == [TARGET, ZERO]


def test_nothing_tried_leaves_no_line(change: Change, journal: Journal, cluster: PracticeCluster) -> None:
    """Another value, no key, a node that is away."""
    assert change("Set-RootVer", Expected=OTHER)["reason"] == "changed"
    owner(cluster).registry.delete(ASPNET_KEY)
    assert change("Set-RootVer", Expected={"is": "absent", "missing": "key"})["outcome"] == "failed"
    owner(cluster).reachable = False
    assert change("Set-RootVer", Expected=ZERO)["reason"] == "unreadable"
    assert journal.lines == []


def test_a_host_keeps_one_journal_for_all_its_endpoints_sessions(cluster: PracticeCluster) -> None:
    """Each change opens a shell of its own; inline delivery and older modules are held by none."""
    target = {"FixId": "FIX-13", "Expected": json.dumps(TARGET), "Target": json.dumps(ZERO)}
    with Endpoint(cluster, configurations=CONSTRAINED) as endpoint:
        pool = open_pool(wsman(endpoint, user=CHANGE_USER), "RootVerChange")
        run(pool, "Set-RootVer", FixId="FIX-12", Expected=json.dumps(ZERO))
        pool = open_pool(wsman(endpoint, user=CHANGE_USER), "RootVerChange")
        with pytest.raises(Refused, match="no line that says"):
            run(pool, "Restore-RootVer", send=False, **{**target, "Target": json.dumps(OTHER)})
        run(pool, "Restore-RootVer", send=False, **target)
        assert len(endpoint.journal.lines) == 2
        endpoint.faults.module_1_0 = True
        run(pool, "Restore-RootVer", FixId="FIX-14", Expected=json.dumps(ZERO), Target=json.dumps(OTHER))
        assert len(endpoint.journal.lines) == 2
