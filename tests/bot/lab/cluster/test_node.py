"""The practice cluster as data, and how a cluster behaves."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.lab.cluster.eventlog import Record
from bot.lab.cluster.healthy import (
    ASPNET_1_1,
    ASPNET_2_0,
    healthy_cluster,
    register_aspnet,
    unregister_aspnet,
)
from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import EXCHANGE_SERVICES, PracticeCluster
from bot.lab.cluster.registry import Key, RegistryValue

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def cluster() -> PracticeCluster:
    return healthy_cluster(lambda: NOW)


def logged(node: Node, since: datetime = NOW) -> list[tuple[str, int]]:
    """Return source and id of what the node itself has logged since then."""
    own = [event for event in node.log if event.computer == node.computer and event.time >= since]
    return [(event.record.source, event.record.id) for event in own]


def test_registry_is_found_without_case_and_keeps_its_spelling() -> None:
    """Paths and value names are matched as Windows does."""
    root = Key()
    root.create("SOFTWARE\\Microsoft\\ASP.NET").set("RootVer", "REG_SZ", "0.0.0.0")
    found = root.create("software\\MICROSOFT\\asp.net")
    found.set("ROOTVER", "REG_SZ", "1.1.4322.0")
    assert list(root.keys) == ["SOFTWARE"]
    assert found.values == {"RootVer": RegistryValue("REG_SZ", "1.1.4322.0")}


def test_registry_delete_says_whether_there_was_something() -> None:
    """Deleting a key or a value twice is told apart."""
    root = Key()
    root.create("A\\B").set("V", "REG_DWORD", 1)
    key = root.create("A\\B")
    assert (key.remove("v"), key.remove("v")) == (True, False)
    assert (root.delete("a\\b"), root.delete("a\\b"), root.delete("no\\such")) == (True, False, False)
    assert root.find("A\\B") is None
    assert root.find("A") is not None


def test_healthy_cluster_runs_on_its_owner_only(cluster: PracticeCluster) -> None:
    """EXCH-NODE2 owns EXCHVS1 and runs Exchange; the passive node has it stopped."""
    passive, owner = cluster.nodes
    assert cluster.owner() is owner
    assert cluster.virtual_servers == ["EXCHVS1"]
    assert {owner.services[name].state for name in EXCHANGE_SERVICES} == {"Running"}
    assert {passive.services[name].state for name in EXCHANGE_SERVICES} == {"Stopped"}
    assert [cluster.obstacle(node) for node in cluster.nodes] == [None, None]


def test_healthy_log_reaches_back_further_than_the_window_of_events(cluster: PracticeCluster) -> None:
    """The oldest record is older than the 72 hours that are read, and numbers rise by one."""
    for node in cluster.nodes:
        assert node.log[0].time < NOW - timedelta(hours=72)
        assert [event.number for event in node.log] == list(range(1, len(node.log) + 1))


@pytest.mark.parametrize(
    "name", ["exch-node2", "EXCH-NODE2", "Exch-Node2.corp.example", "EXCHVS1", "exchvs1"]
)
def test_names_of_a_node_and_of_the_virtual_server_reach_the_owner(
    cluster: PracticeCluster, name: str
) -> None:
    """A virtual server points at whoever owns it now; full names equal their first label."""
    assert cluster.node(name).computer == "EXCH-NODE2"


def test_an_unknown_name_reaches_nobody(cluster: PracticeCluster) -> None:
    """No computer answers to a name that nobody has."""
    with pytest.raises(KeyError):
        cluster.node("exch-node3")


def test_attendant_fails_with_the_articles_events_while_root_ver_is_invalid(cluster: PracticeCluster) -> None:
    """0.0.0.0: the resource fails and the owner logs E1 to E8, with their codes and resource names."""
    cluster.set_root_ver(cluster.owner(), "0.0.0.0")
    assert not cluster.bring_online()
    owner = cluster.owner()
    assert logged(owner) == [
        ("MSExchangeSA", 1031),
        ("MSExchangeMU", 1043),
        ("MSExchangeMU", 1042),
        ("POP3SVC", 1036),
        ("IMAP4SVC", 1036),
        ("MSExchangeCluster", 1019),
        ("MSExchangeCluster", 1003),
        ("MSExchangeCluster", 1012),
    ]
    strings = [event.record.strings for event in owner.log[-8:]]
    assert strings[1:3] == [("800706b5",), ("80040a01",)]
    assert strings[5] == (cluster.attendant().name,)
    assert cluster.attendant().state == "Failed"
    assert owner.services["MSExchangeSA"].state == "Stopped"


def test_attendant_comes_online_once_root_ver_is_valid(cluster: PracticeCluster) -> None:
    """The story closes: after the fix the same operation succeeds and the services run."""
    owner = cluster.owner()
    cluster.set_root_ver(owner, "0.0.0.0")
    cluster.bring_online()
    cluster.set_root_ver(owner, "1.1.4322.0")
    assert cluster.bring_online()
    assert {resource.state for resource in cluster.resources} == {"Online"}
    assert {owner.services[name].state for name in EXCHANGE_SERVICES} == {"Running"}


@pytest.mark.parametrize("data", ["0.0.0.0", "2.0.50727.0", "1.1.4322", "", None, " 1.1.4322.0"])
def test_a_root_ver_that_names_no_registered_version_is_an_obstacle(
    cluster: PracticeCluster, data: str | None
) -> None:
    """Only an exact, registered version lets the attendant start."""
    cluster.set_root_ver(cluster.owner(), data)
    assert cluster.obstacle(cluster.owner()) == "root_ver"


def test_any_registered_version_lets_the_attendant_start(cluster: PracticeCluster) -> None:
    """2.0 is coherent too once its DLL is there."""
    register_aspnet(cluster.owner(), ASPNET_2_0)
    cluster.set_root_ver(cluster.owner(), "2.0.50727.0")
    assert cluster.obstacle(cluster.owner()) is None
    unregister_aspnet(cluster.owner(), ASPNET_2_0)
    assert cluster.obstacle(cluster.owner()) == "root_ver"


def test_a_subkey_without_its_dll_is_a_left_over(cluster: PracticeCluster) -> None:
    """Registered means that the file is there."""
    del cluster.owner().files[ASPNET_1_1.dll]
    assert not cluster.owner().is_registered("1.1.4322.0")


def test_failover_moves_the_group_and_starts_it_there(cluster: PracticeCluster) -> None:
    """The other node owns the virtual server and runs it; the quorum stays where it is."""
    assert cluster.fail_over()
    new, old = cluster.nodes
    assert cluster.owner() is new
    assert (new.services["MSExchangeSA"].state, old.services["MSExchangeSA"].state) == ("Running", "Stopped")
    assert {resource.owner for resource in cluster.groups["EXCHVS1"]} == {"EXCH-NODE1"}
    assert {resource.owner for resource in cluster.groups["Cluster Group"]} == {"EXCH-NODE2"}


def test_failover_to_a_node_with_the_fault_fails_there(cluster: PracticeCluster) -> None:
    """RootVer belongs to the node: what was latent breaks mail at the next failover."""
    cluster.set_root_ver(cluster.nodes[0], "0.0.0.0")
    assert not cluster.fail_over()
    assert cluster.owner().computer == "EXCH-NODE1"
    assert ("MSExchangeMU", 1043) in logged(cluster.nodes[0])


def test_log_records_are_copied_to_the_partner_under_the_writers_name(cluster: PracticeCluster) -> None:
    """The passive node's log shows the owner's records too, marked with the owner's computer name."""
    passive, owner = cluster.nodes
    cluster.log(owner, Record("MSExchangeSA", 1031, "blocked"))
    assert passive.log[-1].computer == "EXCH-NODE2"
    cluster.replicates_log = False
    cluster.log(owner, Record("MSExchangeSA", 1032, "unblocked"))
    assert passive.log[-1].record.id == 1031


def test_a_node_logs_by_its_own_clock(cluster: PracticeCluster) -> None:
    """A clock that is wrong shows in the log."""
    owner = cluster.owner()
    owner.clock_offset = timedelta(hours=-3)
    cluster.log(owner, Record("MSExchangeSA", 1031, "blocked"))
    assert owner.log[-1].time == NOW - timedelta(hours=3)


def test_writes_from_outside_are_counted_and_those_behind_the_back_are_not(cluster: PracticeCluster) -> None:
    """The count of writes is the lab's own evidence of what was changed."""
    owner = cluster.owner()
    cluster.set_root_ver(owner, "0.0.0.0")
    assert owner.writes == []
    assert cluster.write_value(owner, ASPNET_KEY, "RootVer", "REG_SZ", "1.1.4322.0") == 0
    assert cluster.delete_value(owner, ASPNET_KEY, "RootVer") == 0
    assert [write.value for write in owner.writes] == [RegistryValue("REG_SZ", "1.1.4322.0"), None]


def test_refused_writes_change_and_count_nothing(cluster: PracticeCluster) -> None:
    """Denied is 5 and missing is 2, as StdRegProv says; neither leaves a trace."""
    owner = cluster.owner()
    before = owner.root_ver()
    assert cluster.write_value(owner, "SOFTWARE\\No such", "RootVer", "REG_SZ", "x") == 2
    assert cluster.delete_value(owner, ASPNET_KEY, "No such") == 2
    owner.writable = False
    assert cluster.write_value(owner, ASPNET_KEY, "RootVer", "REG_SZ", "x") == 5
    assert (owner.root_ver(), owner.writes) == (before, [])


def test_a_denied_key_denies_what_is_under_it() -> None:
    """Access is refused for a key and its subkeys, not for keys whose names begin alike."""
    node = healthy_cluster().nodes[0]
    node.denied_keys.add("software\\microsoft\\asp.net")
    assert node.is_denied(ASPNET_KEY)
    assert node.is_denied(ASPNET_KEY + "\\1.1.4322.0")
    assert not node.is_denied(ASPNET_KEY + "X")


def test_text_is_expanded_as_the_node_would() -> None:
    """Known variables in any case; unknown ones stay."""
    node = healthy_cluster().nodes[0]
    assert node.expand("%SYSTEMROOT%\\x %No such%") == "C:\\WINNT\\x %No such%"
