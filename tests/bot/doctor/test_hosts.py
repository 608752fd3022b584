"""The self-check of management hosts: what is good of one stays beside what is wrong with a node of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.doctor.findings import DoctorLine
from bot.doctor.hosts import Hosts
from bot.doctor.self_check import checks
from bot.lab.host.commands import answer
from bot.lab.host.endpoint import CHANGE_USER
from bot.settings.loading import load
from handlers.ports import Query
from handlers.psrp.remote import PsrpRemote
from handlers.remote_errors import RemoteError
from tests.bot import practice_bot
from tests.bot.doctor.around import Practice


def results(found: dict[str, DoctorLine], *names: str) -> list[str]:
    return [found[name].result for name in names]


def test_a_host_that_is_away_is_told_in_the_remotes_words(practice: Practice) -> None:
    """Which host, what failed, what to do; its nodes are not guessed at."""
    practice.environ = {"ROOTVER_HOSTS__MGMT1__PORT": "1"}
    found = practice.look()
    assert found["host mgmt1"].result == "fail"
    assert found["host mgmt1"].text.startswith("mgmt1: ")
    assert "node EXCH-NODE1" not in found


def test_an_answer_that_breaks_the_contract_is_not_believed(practice: Practice) -> None:
    """Garbage is never an OK."""
    for _ in range(4):  # both identities ask at once, for the nodes and then without them
        practice.host.faults.garble("Test-RootVerHost", "not_json")
    found = practice.look()
    assert results(found, "host mgmt1", "changes on mgmt1") == ["fail", "fail"]
    assert "no JSON object" in found["host mgmt1"].text


class OldModule:
    """A host that answers in another version of the contract."""

    def query(self, host: str, query: Query) -> str:
        return '{"schema": 2}'

    def forget_refusals(self, host: str) -> None: ...


def test_an_answer_of_another_contract_is_not_believed(practice: Practice) -> None:
    """It names what is wrong in the answer."""
    settings = load(
        practice_bot.write(practice.folder, practice.host), practice_bot.environment(practice.server)
    )
    found = {line.name: line for line in checks(settings, OldModule(), None, None, practice.clock)}
    assert "breaks the wire contract at schema" in found["host mgmt1"].text


class HostWithModule:
    """A host that answers as a module of this version does."""

    def __init__(self, module: str) -> None:
        self._module = module

    def query(self, host: str, query: Query) -> str:
        head = {"schema": 1, "module": self._module, "computer": None, "host": "MGMT1", "user": "u"}
        shell = {"powershell": "5.1", "language_mode": "NoLanguage", "time": "2026-11-01T12:00:00Z"}
        return json.dumps({**head, **shell, "nodes": []})

    def forget_refusals(self, host: str) -> None: ...


@pytest.mark.parametrize(
    ("module", "result"), [("0.0.1", "warn"), ("0.9.0-rc.1", "warn"), ("1.2.0", "ok"), ("99.0.0", "ok")]
)
def test_a_host_with_an_older_module_is_told_with_what_it_lacks(
    practice: Practice, module: str, result: str
) -> None:
    """It goes on working; a newer one tells no less."""
    settings = load(
        practice_bot.write(practice.folder, practice.host), practice_bot.environment(practice.server)
    )
    lines = checks(settings, HostWithModule(module), None, None, practice.clock)
    (found,) = (line for line in lines if line.name == "host mgmt1")
    assert found.result == result
    assert f"module {module} (the bot's own: 1.2)" in found.text
    assert ("accounts of services" in found.text) is (result == "warn")


def test_an_endpoint_with_module_1_0_goes_on_working(practice: Practice) -> None:
    """Which host has it, and what to do; its nodes are looked at all the same."""
    practice.host.faults.module_1_0 = True
    found = practice.look()
    assert found["host mgmt1"].result == "warn"
    assert "Module 1.0.0 is older than the bot's own" in found["host mgmt1"].text
    assert "the nodes of the cluster" in found["host mgmt1"].text
    assert results(found, "node EXCH-NODE1", "node EXCH-NODE2") == ["ok", "ok"]


def test_a_node_that_the_host_cannot_reach_says_what_to_check(practice: Practice) -> None:
    """Its partner is told apart."""
    practice.host.cluster.node("exch-node1").reachable = False
    found = practice.look()
    assert results(found, "node EXCH-NODE1", "node EXCH-NODE2") == ["fail", "ok"]
    assert "MGMT1 does not reach it" in found["node EXCH-NODE1"].text
    assert "firewall" in found["node EXCH-NODE1"].text


def test_access_denied_on_one_node_is_that_nodes(practice: Practice) -> None:
    """Its partner is reached, so it is not the second hop."""
    practice.host.cluster.node("exch-node2").access_denied = True
    found = practice.look()
    assert results(found, "node EXCH-NODE1", "node EXCH-NODE2") == ["ok", "fail"]
    assert "right to (DCOM, WMI namespace, registry key) on that node" in found["node EXCH-NODE2"].text
    assert "second hop of mgmt1" not in found


def test_access_denied_on_every_node_is_the_second_hop(practice: Practice) -> None:
    """The usual trap of a first set-up, with its three remedies, once."""
    for node in practice.host.cluster.nodes:
        node.access_denied = True
    found = practice.look()
    hop = found["second hop of mgmt1"]
    assert hop.result == "fail"
    for word in ("configuration_name", "credssp", "negotiate_delegate"):
        assert word in hop.text
        assert word not in found["node EXCH-NODE1"].text
    assert found["node EXCH-NODE1"].text.endswith("See the second hop.")


def test_a_dead_node_does_not_hide_the_second_hop(practice: Practice) -> None:
    """Nobody can say what it would have answered; all others refused access."""
    practice.host.cluster.node("exch-node1").reachable = False
    practice.host.cluster.node("exch-node2").access_denied = True
    found = practice.look()
    assert found["second hop of mgmt1"].text.startswith("every node that answered refused access.")
    assert found["node EXCH-NODE2"].text.endswith("See the second hop.")
    assert "firewall" in found["node EXCH-NODE1"].text


class NarrowHost:
    """A host whose endpoint lists some nodes, and what PowerShell says where another one is asked for."""

    def __init__(self, practice: Practice, *listed: str) -> None:
        self._practice, self._listed = practice, {"", *listed}

    def query(self, host: str, query: Query) -> str:
        asked = query.parameters["ComputerName"]
        assert isinstance(asked, list)
        unlisted = [one for one in asked if one not in self._listed]
        if unlisted:
            told = 'RootVerQuery does not list this node: "The argument does not belong to the set."'
            code = "ParameterArgumentValidationError"
            raise RemoteError(host, told, "Run Register-RootVerEndpoint.ps1 again.", code=code)
        return answer(self._practice.host.cluster, query.name, query.parameters)

    def forget_refusals(self, host: str) -> None: ...


def looked_at(practice: Practice, remote: Hosts) -> dict[str, DoctorLine]:
    settings = load(
        practice_bot.write(practice.folder, practice.host), practice_bot.environment(practice.server)
    )
    return {line.name: line for line in checks(settings, remote, None, None, practice.clock)}


def test_a_node_that_the_endpoint_does_not_list_leaves_the_others(practice: Practice) -> None:
    """Host, clock and the other node stay visible beside it."""
    found = looked_at(practice, NarrowHost(practice, "EXCH-NODE1"))
    assert results(found, "host mgmt1", "clock of mgmt1", "node EXCH-NODE1") == ["ok", "ok", "ok"]
    missing = found["node EXCH-NODE2"]
    assert missing.result == "fail"
    assert missing.text.startswith("RootVerQuery does not list this node: ")
    assert missing.text.endswith(
        "(ParameterArgumentValidationError). Run Register-RootVerEndpoint.ps1 again."
    )


class HangingHost(NarrowHost):
    """A host that says nothing at all once it is asked for a node."""

    def query(self, host: str, query: Query) -> str:
        if query.parameters["ComputerName"]:
            raise RemoteError(host, "it gave no answer", "Ask again.")
        return super().query(host, query)


def test_a_host_is_told_though_no_node_of_it_is(practice: Practice) -> None:
    """What it is and has is known all the same."""
    found = looked_at(practice, HangingHost(practice))
    assert results(found, "host mgmt1", "node EXCH-NODE1", "node EXCH-NODE2") == ["ok", "fail", "fail"]
    assert found["node EXCH-NODE1"].text == "it gave no answer. Ask again."


def test_write_access_is_that_of_whoever_makes_the_changes(practice: Practice) -> None:
    """With an identity for changes that one, else the only one."""
    practice.host.cluster.node("exch-node2").writable = False
    found = practice.look()
    assert found["node EXCH-NODE1"].text == "reached, with write access"
    assert found["node EXCH-NODE2"].text == (
        "reached; but CORP\\rootver-fix has no write access (denied), so an approved fix would fail"
    )
    practice.written = {"change": ""}
    practice.environ = {"ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD": ""}
    found = practice.look()
    assert results(found, "node EXCH-NODE1", "node EXCH-NODE2") == ["ok", "warn"]
    assert found["node EXCH-NODE1"].text == "reached, with write access"
    assert "no fix is proposed" in found["node EXCH-NODE2"].text
    assert "changes on mgmt1" not in found


class UnreadableAccess(NarrowHost):
    """A host that cannot tell whether its account may write."""

    def query(self, host: str, query: Query) -> str:
        told = json.loads(answer(self._practice.host.cluster, query.name, query.parameters))
        for node in told["nodes"]:
            node["write_access"] = {"is": "unreadable", "code": "0x80041010", "message": "odd"}
        return json.dumps(told)


def test_write_access_that_cannot_be_read_is_not_called_denied(practice: Practice) -> None:
    """A fix may fail; nobody knows."""
    text = looked_at(practice, UnreadableAccess(practice))["node EXCH-NODE1"].text
    assert text.startswith("reached; but whether CORP\\rootver can write is not known (")
    assert text.endswith("so an approved fix may fail")


def test_an_identity_for_changes_that_is_refused_hides_nothing(practice: Practice) -> None:
    """One refused logon of that account; what the other one sees stays visible."""
    practice.environ = {"ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD": "an old one"}
    found = practice.look()
    assert found["changes on mgmt1"].result == "fail"
    assert results(found, "host mgmt1", "clock of mgmt1", "node EXCH-NODE1") == ["ok", "ok", "ok"]
    assert found["node EXCH-NODE1"].text == "reached; whether a fix can write there is not known"
    assert [one.accepted for one in practice.host.logons].count(False) == 1


def test_both_identities_are_told_where_neither_gets_in(practice: Practice) -> None:
    """Each with its own account."""
    practice.host.faults.refuse_logons = True
    found = practice.look()
    assert results(found, "host mgmt1", "changes on mgmt1") == ["fail", "fail"]
    assert CHANGE_USER in found["changes on mgmt1"].text


class NarrowChanges(NarrowHost):
    """A host whose endpoint for changes lists fewer nodes than that for questions."""

    def query(self, host: str, query: Query) -> str:
        if query.identity == "query":
            return answer(self._practice.host.cluster, query.name, query.parameters)
        return super().query(host, query)


def test_a_node_that_the_endpoint_for_changes_lacks_is_named(practice: Practice) -> None:
    """The query endpoint lists it, so that only a fix would have met it."""
    found = looked_at(practice, NarrowChanges(practice, "EXCH-NODE1"))
    assert results(found, "node EXCH-NODE1", "node EXCH-NODE2") == ["ok", "warn"]
    assert "not seen as CORP\\rootver (RootVerQuery does not list" in found["node EXCH-NODE2"].text


def test_a_logon_that_was_refused_is_tried_again(practice: Practice) -> None:
    """Afterwards everybody's next try is allowed too: the self-check is the way out of the bar."""
    practice.look()
    remote = practice.remotes[-1]
    practice.host.faults.refuse_logons = True
    remote.close(5)
    settings = load(practice.folder / "rootver.toml", practice_bot.environment(practice.server))
    remote = PsrpRemote(settings.hosts())
    practice.remotes.append(remote)
    question = Query("Test-RootVerHost", {"ComputerName": []})
    for _ in range(2):
        with pytest.raises(RemoteError, match="refused"):
            remote.query("mgmt1", question)
    practice.host.faults.refuse_logons = False
    with pytest.raises(RemoteError, match="refused"):  # still barred
        remote.query("mgmt1", question)
    found = checks(settings, remote, None, None, practice.clock)
    assert "OK   host mgmt1" in "\n".join(map(str, found))


@pytest.mark.parametrize(("minutes", "result"), [(0, "ok"), (4, "ok"), (6, "warn"), (-6, "warn")])
def test_a_clock_that_kerberos_would_refuse_is_told(practice: Practice, minutes: int, result: str) -> None:
    """More than five minutes apart."""
    practice.clock.by = timedelta(minutes=minutes)
    assert practice.look()["clock of mgmt1"].result == result
