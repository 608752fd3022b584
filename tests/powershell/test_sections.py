"""One section failing leaves the others; spent time and dead sessions cost no more than they must."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.lab.cluster.healthy import EXCHANGE, NDP_KEY
from bot.lab.cluster.node import ASPNET_KEY, Account, FileInfo, Node
from bot.lab.windows import classes, values
from tests.powershell.engine import Engine

pytestmark = pytest.mark.powershell

SECTIONS = (
    "root_ver",
    "system",
    "services",
    "cluster",
    "events",
    "aspnet_versions",
    "frameworks",
    "exchange",
    "aspnet_account",
    "former_domain_controller",
    "write_access",
)
SETUP_KEY = "SOFTWARE\\Microsoft\\Exchange\\Setup"
DOMAIN_CONTROLLER_KEY = "SYSTEM\\CurrentControlSet\\Services\\NTDS\\Parameters"


@pytest.fixture(autouse=True)
def windows_folder(node: Node) -> None:
    """Where a Windows says in its registry that it is."""
    key = node.registry.create("SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")
    key.set("SystemRoot", "REG_SZ", "C:\\WINNT")


def unreadable(facts: Mapping[str, Any]) -> dict[str, str]:
    """The sections that could not be read, with their codes."""
    return {name: facts[name]["code"] for name in SECTIONS if facts[name]["is"] == "unreadable"}


ALONE: list[tuple[str, dict[str, Any]]] = [
    ("root_ver", {"method": "GetStringValue", "key": ASPNET_KEY}),
    ("system", {"class_name": "Win32_OperatingSystem"}),
    ("services", {"class_name": "Win32_Service"}),
    ("cluster", {"method": "EnumValues", "key": "Cluster"}),
    ("events", {"class_name": "Win32_NTLogEvent"}),
    ("aspnet_versions", {"method": "EnumKey", "key": ASPNET_KEY}),
    ("aspnet_versions", {"method": "EnumValues", "key": f"{ASPNET_KEY}\\1.1.4322.0"}),
    ("frameworks", {"method": "EnumKey", "key": NDP_KEY}),
    ("frameworks", {"method": "EnumValues", "key": f"{NDP_KEY}\\v1.1.4322"}),
    ("exchange", {"method": "EnumValues", "key": SETUP_KEY}),
    ("aspnet_account", {"class_name": "Win32_UserAccount"}),
    ("former_domain_controller", {"method": "EnumValues", "key": DOMAIN_CONTROLLER_KEY}),
    ("write_access", {"method": "CheckAccess"}),
]
CODES = ("0x80041001", "0x80041003", "0x80070005", "0x800705b4", "0x00040004", "0x8004106c", "0x80041010")


@pytest.mark.parametrize(("section", "where"), ALONE)
def test_a_section_fails_alone(engine: Engine, section: str, where: dict[str, Any]) -> None:
    """Its code is told; the others are what they are without the failure."""
    whole = engine.facts()
    # Without the node's own time, the window of events ends at the host's.
    others = set(SECTIONS) - {section} - ({"events"} if section == "system" else set())
    for code in ("0x80041001", "0x80041003", "0x80070005"):
        engine.cim.faults.clear()
        engine.cim.faults.fail(code, **where)
        facts = engine.facts()
        assert unreadable(facts) == {section: code}
        assert {name: facts[name] for name in others} == {name: whole[name] for name in others}


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_told_as_it_came(engine: Engine, code: str) -> None:
    """Whether of WMI, of Windows or of CIM."""
    engine.cim.faults.fail(code, class_name="Win32_Service")
    assert unreadable(engine.facts()) == {"services": code}


def test_a_resource_state_does_not_depend_on_the_exchange_provider(engine: Engine, node: Node) -> None:
    """Where the class fails in whatever way, names, types and virtual servers come from HKLM\\Cluster."""
    told = engine.facts()["cluster"]["value"]
    for code in ("0x80041010", "0x80041001", "0x80070005"):
        engine.cim.faults.clear()
        engine.cim.faults.fail(code, class_name="ExchangeClusterResource")
        configured = engine.facts()["cluster"]["value"]
        assert configured["virtual_servers"] == told["virtual_servers"] == ["EXCHVS1"]
        assert {resource["state"] for resource in configured["resources"]} == {"Unknown"}
        assert {resource["owner"] for resource in configured["resources"]} == {None}
        names = {(resource["name"], resource["type"]) for resource in configured["resources"]}
        assert names > {(resource["name"], resource["type"]) for resource in told["resources"]}
    engine.cim.faults.clear()
    node.exchange_wmi = False
    assert engine.facts()["cluster"]["value"] == configured


@pytest.mark.parametrize(
    ("state", "told"),
    [(2, "Online"), (3, "Offline"), (4, "Failed"), (128, "Pending"), (129, "Pending"), (130, "Pending")]
    + [(number, "Unknown") for number in (0, 1, 5, 127, 131, 4294967295)],
)
def test_each_state_of_a_resource_has_its_word_and_its_number(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, state: int, told: str
) -> None:
    """CLUSTER_RESOURCE_STATE; every other number is Unknown."""
    monkeypatch.setattr(classes, "STATE_CODES", {**classes.STATE_CODES, "Failed": state})
    attendant = engine.facts()["cluster"]["value"]["resources"][0]
    assert (attendant["state"], attendant["state_code"]) == (told, state)


def test_a_node_that_is_no_cluster_node_has_no_cluster(engine: Engine, node: Node) -> None:
    """Without HKLM\\Cluster the section is absent."""
    node.registry.delete("Cluster")
    assert engine.facts()["cluster"] == {"is": "absent"}


def test_a_network_name_counts_only_beside_a_system_attendant(engine: Engine, node: Node) -> None:
    """A virtual server of another application is none of Exchange."""
    node.exchange_wmi = False
    resources = node.registry.create("Cluster\\Resources")
    for id_, type_ in (("file-1", "File Share"), ("name-1", "Network Name")):
        key = resources.create(id_)
        key.set("Name", "REG_SZ", id_)
        key.set("Type", "REG_SZ", type_)
    resources.create("name-1\\Parameters").set("Name", "REG_SZ", "FILEVS1")
    node.registry.create("Cluster\\Groups\\files").set("Contains", "REG_MULTI_SZ", ["file-1", "name-1"])
    assert engine.facts()["cluster"]["value"]["virtual_servers"] == ["EXCHVS1"]


def test_an_exchange_key_without_its_program_is_unreadable(engine: Engine, node: Node) -> None:
    """0x80070002; without the key Exchange is absent."""
    del node.files[f"{EXCHANGE}\\bin\\store.exe"]
    assert unreadable(engine.facts()) == {"exchange": "0x80070002"}
    node.registry.delete(SETUP_KEY)
    assert engine.facts()["exchange"] == {"is": "absent"}


def test_a_dll_that_cannot_be_looked_at_costs_only_itself(engine: Engine) -> None:
    """The version stays in the list, with its file unreadable."""
    engine.cim.faults.fail("0x80041001", class_name="CIM_DataFile", times=1)
    facts = engine.facts()
    assert unreadable(facts) == {}
    (version,) = facts["aspnet_versions"]["value"]
    assert version["dll_file"]["code"] == "0x80041001"
    assert version["dll"].endswith("aspnet_isapi.dll")


def test_paths_are_told_expanded_and_null_where_there_are_none(engine: Engine, node: Node) -> None:
    """Of REG_EXPAND_SZ and REG_SZ; another kind, or no value, is no path, and then there is no file."""
    keys = node.registry.create(ASPNET_KEY)
    expanding = keys.create("2.0.50727.0")
    expanding.set("DllFullPath", "REG_EXPAND_SZ", "%systemroot%\\aspnet '1'.dll")
    expanding.set("Path", "REG_DWORD", 5)
    keys.create("0.0.0.0")
    node.files["C:\\WINNT\\aspnet '1'.dll"] = FileInfo(None, 2**33)
    versions = {item["version"]: item for item in engine.facts()["aspnet_versions"]["value"]}
    assert versions["2.0.50727.0"] == {
        "version": "2.0.50727.0",
        "path": None,
        "dll": "C:\\WINNT\\aspnet '1'.dll",
        "dll_file": {"is": "value", "value": {"version": "", "size": 2**33}},
    }
    assert versions["0.0.0.0"]["dll_file"] == {"is": "absent"}


def test_a_framework_without_numbers_has_nulls(engine: Engine, node: Node) -> None:
    """Install and SP may be missing, or no numbers; without any framework the section is absent."""
    key = node.registry.create(f"{NDP_KEY}\\v4\\Full")
    key.set("Install", "REG_SZ", "1")
    found = {item["name"]: item for item in engine.facts()["frameworks"]["value"]}
    assert found["v4\\Full"] == {"name": "v4\\Full", "install": None, "service_pack": None}
    node.registry.delete(NDP_KEY)
    assert engine.facts()["frameworks"] == {"is": "absent"}


def test_an_account_is_told_with_its_state(engine: Engine, node: Node) -> None:
    """By its key on the node; without it the section is absent."""
    node.accounts["ASPNET"] = Account(disabled=True, locked=True)
    assert engine.facts()["aspnet_account"]["value"] == {"disabled": True, "locked": True}
    node.accounts.clear()
    assert engine.facts()["aspnet_account"] == {"is": "absent"}


@pytest.mark.parametrize("trace", ["key", "file"])
def test_one_trace_of_a_domain_controller_is_enough(engine: Engine, node: Node, trace: str) -> None:
    """The key of the directory service, or dcpromo's log."""
    assert engine.facts()["former_domain_controller"]["value"] is False
    if trace == "key":
        node.registry.create(DOMAIN_CONTROLLER_KEY)
    else:
        node.files["C:\\WINNT\\debug\\dcpromo.log"] = FileInfo(None, 1)
        engine.cim.faults.fail("0x80070005", method="EnumValues", key=DOMAIN_CONTROLLER_KEY)
    assert engine.facts()["former_domain_controller"]["value"] is True


def test_services_that_do_not_exist_are_left_out(engine: Engine, node: Node) -> None:
    """One or none may be left; the list stays a list."""
    node.services = {name: node.services[name] for name in ("W3SVC",)}
    (service,) = engine.facts()["services"]["value"]
    assert service == {
        "name": "W3SVC",
        "state": "Running",
        "start_mode": "Auto",
        "exit_code": 0,
        "account": "LocalSystem",
    }
    node.services = {}
    assert engine.facts()["services"] == {"is": "value", "value": []}


def test_large_numbers_survive(engine: Engine, node: Node) -> None:
    """An exit code is an unsigned 32-bit number."""
    node.services["MSExchangeSA"].exit_code = 4294967295
    services = {item["name"]: item for item in engine.facts()["services"]["value"]}
    assert services["MSExchangeSA"]["exit_code"] == 4294967295


# ---- Time and connection


@pytest.mark.parametrize(("code", "name"), [("0x800706ba", "exch-node9"), ("0x80070005", "exch-node2")])
def test_a_node_that_cannot_be_connected_is_asked_once(
    engine: Engine, node: Node, code: str, name: str
) -> None:
    """Every section carries the code, no name is told, and no second connection is tried."""
    node.access_denied = True
    facts = engine.facts(name)
    assert unreadable(facts) == dict.fromkeys(SECTIONS, code)
    assert facts["computer"] is None
    assert [call.operation for call in engine.cim.calls] == ["open"]


def test_time_that_is_spent_leaves_the_rest_unread(engine: Engine) -> None:
    """What was read stays; what is left carries 0x800705b4, and the object is written all the same."""
    engine.cim.faults.slow(0.6, operation="query")
    facts = engine.facts(BudgetSeconds=1)
    left = unreadable(facts)
    assert set(left.values()) == {"0x800705b4"}
    assert list(left) == list(SECTIONS[-len(left) :])
    assert "root_ver" not in left
    assert "write_access" in left
    asked = sum(call.operation == "query" for call in engine.cim.calls)
    assert asked <= 3


def test_a_session_that_dies_costs_no_more_operations(engine: Engine, node: Node) -> None:
    """After the connection is lost, the node is asked once whether it lives, and not again."""

    def die() -> None:
        node.reachable = False

    engine.cim.faults.before(die, class_name="Win32_Service")
    facts = engine.facts()
    left = unreadable(facts)
    assert left == {"services": "0x800706ba"} | dict.fromkeys(SECTIONS[3:], "0x800705b4")
    assert facts["root_ver"]["is"] == facts["system"]["is"] == "value"
    failed = [call for call in engine.cim.calls if call.code == "0x800706ba"]
    assert len(failed) <= 1 + len(left)
    assert facts["computer"] == "EXCH-NODE2"


def test_every_question_is_bounded(engine: Engine, node: Node) -> None:
    """No class is read whole but the two singletons and the cluster's resources with their owners."""
    node.system.os_version = "5.2.3790"
    engine.facts()
    node.exchange_wmi = False
    engine.facts()
    whole = {call.class_name for call in engine.cim.calls.of("query") if " WHERE " not in call.query}
    assert whole == {
        "Win32_ComputerSystem",
        "Win32_OperatingSystem",
        "ExchangeClusterResource",
        "MSCluster_Resource",
        "MSCluster_NodeToActiveResource",
    }
    assert all(call.rows < 30 for call in engine.cim.calls.of("query"))


def test_messages_are_shown_as_they_come(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the language of the host; nothing depends on them."""
    finnish = {**values.MESSAGES, "0x80041010": "Virheellinen luokka \u00e4\u00f6"}
    monkeypatch.setattr(values, "MESSAGES", finnish)
    engine.cim.faults.fail("0x80041010", class_name="Win32_Service")
    services = engine.facts()["services"]
    assert services == {
        "is": "unreadable",
        "code": "0x80041010",
        "message": "Virheellinen luokka \u00e4\u00f6",
    }
