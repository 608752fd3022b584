"""RootVer of every kind, whole keys, and what cannot be read of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.lab.cluster.healthy import healthy_cluster
from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData
from bot.lab.host.commands import answer
from bot.lab.windows.stdregprov import Manner
from tests.bot.lab.practice_client import Refused
from tests.powershell.conftest import NOW
from tests.powershell.engine import Engine

pytestmark = pytest.mark.powershell

KINDS: list[tuple[str, RegistryData, Any]] = [
    ("REG_SZ", "0.0.0.0", "0.0.0.0"),
    ("REG_SZ", "", ""),
    ("REG_SZ", " 1.1.4322.0 ", " 1.1.4322.0 "),
    ("REG_SZ", "%SystemRoot%", "%SystemRoot%"),
    ("REG_SZ", "l'\"\\\n\x01\u20ac\U0001f600", "l'\"\\\n\x01\u20ac\U0001f600"),
    ("REG_SZ", "\ud800 half", "\ud800 half"),
    ("REG_SZ", "/Date(1)/", "/Date(1)/"),
    ("REG_SZ", "null", "null"),
    ("REG_EXPAND_SZ", "%SystemRoot%\\v1", "%SystemRoot%\\v1"),
    ("REG_DWORD", 0, 0),
    ("REG_DWORD", 4294967295, 4294967295),
    ("REG_BINARY", b"", ""),
    ("REG_BINARY", b"\x00\x0a\xff", "000aff"),
    ("REG_BINARY", b"\x07", "07"),
    ("REG_MULTI_SZ", [], []),
    ("REG_MULTI_SZ", ["one"], ["one"]),
    ("REG_MULTI_SZ", ["", "two\n"], ["", "two\n"]),
]


def root_ver(engine: Engine) -> Any:
    return engine.facts()["root_ver"]


@pytest.mark.parametrize(("kind", "data", "told"), KINDS)
def test_root_ver_is_told_exactly(
    engine: Engine, cluster: PracticeCluster, node: Node, kind: str, data: RegistryData, told: Any
) -> None:
    """Kind and data as they are stored: no trimming, no expansion, lists of one and of none stay lists."""
    cluster.set_root_ver(node, data, kind)
    assert root_ver(engine) == {"is": "value", "value": {"kind": kind, "data": told}}


@pytest.mark.parametrize(
    ("kind", "data"),
    [("REG_NONE", b"\x01"), ("REG_QWORD", 5), ("REG_LINK", "x"), ("REG_DWORD_BIG_ENDIAN", 1)],
)
def test_a_kind_without_a_method_is_unreadable(
    engine: Engine, cluster: PracticeCluster, node: Node, kind: str, data: RegistryData
) -> None:
    """0x80041005, never guessed; nothing else suffers."""
    cluster.set_root_ver(node, data, kind)
    facts = engine.facts()
    assert facts["root_ver"] == {
        "is": "unreadable",
        "code": "0x80041005",
        "message": facts["root_ver"]["message"],
    }
    assert facts["aspnet_versions"]["is"] == "value"


def test_an_expandable_value_that_is_not_given_raw_is_unreadable(
    engine: Engine, cluster: PracticeCluster, node: Node
) -> None:
    """The expanded text would be another one than what is stored; a backup of it fails too."""
    cluster.set_root_ver(node, "%SystemRoot%", "REG_EXPAND_SZ")
    engine.use(cluster, Manner(raw_expand=False))
    assert root_ver(engine)["code"] == "0x80041005"
    with pytest.raises(Refused, match="could not be read whole"):
        engine.result("Backup-AspNetKey", ComputerName="exch-node2")


@pytest.mark.parametrize("missing", ["key", "value"])
def test_what_is_missing_is_said(engine: Engine, cluster: PracticeCluster, node: Node, missing: str) -> None:
    """The value, or the whole key."""
    if missing == "key":
        node.registry.delete(ASPNET_KEY)
    else:
        cluster.set_root_ver(node, None)
    assert root_ver(engine) == {"is": "absent", "missing": missing}


def test_a_key_without_values_is_no_missing_key(engine: Engine, node: Node) -> None:
    """EnumValues gives null for both of its lists then."""
    node.registry.create(ASPNET_KEY).values.clear()
    assert root_ver(engine) == {"is": "absent", "missing": "value"}


def test_the_value_is_found_in_any_case(engine: Engine, node: Node) -> None:
    """As the registry compares names."""
    key = node.registry.create(ASPNET_KEY)
    key.values.clear()
    key.set("ROOTVER", "REG_SZ", "1.1.4322.0")
    assert root_ver(engine)["value"]["data"] == "1.1.4322.0"


@pytest.mark.parametrize("denied", [ASPNET_KEY, "SOFTWARE\\Microsoft"])
def test_a_key_that_may_not_be_read_is_unreadable(engine: Engine, node: Node, denied: str) -> None:
    """Return value 5 is 0x80070005; what write access there is, is then known too."""
    node.denied_keys.add(denied)
    facts = engine.facts()
    assert (facts["root_ver"]["is"], facts["root_ver"]["code"]) == ("unreadable", "0x80070005")
    assert facts["aspnet_versions"]["code"] == "0x80070005"
    assert facts["write_access"] == {"is": "value", "value": False}


@pytest.mark.parametrize("manner", [Manner(), Manner(denies_by_answer=True)])
def test_write_access_is_denied_in_either_way(
    engine: Engine, cluster: PracticeCluster, manner: Manner
) -> None:
    """By return value 5, or by the answer alone."""
    cluster.owner().writable = False
    engine.use(cluster, manner)
    assert engine.facts()["write_access"] == {"is": "value", "value": False}


def test_without_the_key_write_access_cannot_be_told(engine: Engine, node: Node) -> None:
    """0x80070002, and no version is registered."""
    node.registry.delete(ASPNET_KEY)
    facts = engine.facts()
    assert facts["write_access"]["code"] == "0x80070002"
    assert facts["aspnet_versions"] == {"is": "absent"}


# ---- Backup


def backup(engine: Engine) -> Any:
    return engine.result("Backup-AspNetKey", ComputerName="exch-node2")


def same_as_in_python(engine: Engine, cluster: PracticeCluster) -> bool:
    """Whether the backup is what the practice host in Python tells of the same key."""
    expected = json.loads(answer(cluster, "Backup-AspNetKey", {"ComputerName": "exch-node2"}))
    found = backup(engine)
    return bool(found["tree"] == expected["tree"] and found["key"] == expected["key"])


def test_a_backup_is_lossless(engine: Engine, cluster: PracticeCluster, node: Node) -> None:
    """Every kind, odd names, the unnamed value, keys below keys, empty keys."""
    key = node.registry.create(ASPNET_KEY)
    for number, (kind, data, _) in enumerate(KINDS):
        key.set(f"v{number} '\"\\\u20ac\ud800", kind, data)
    key.set("", "REG_SZ", "unnamed")
    node.registry.create(f"{ASPNET_KEY}\\a'\"\u20ac\\\U0001f600\\empty")
    assert same_as_in_python(engine, cluster)
    assert not [call for call in engine.cim.calls if call.writes]


def test_an_unnamed_value_that_is_not_listed_is_found(
    engine: Engine, cluster: PracticeCluster, node: Node
) -> None:
    """EnumValues of some systems leaves it out."""
    node.registry.create(ASPNET_KEY).set("", "REG_SZ", "unnamed")
    engine.use(cluster, Manner(default_value=False))
    values = {value["name"]: value["data"] for value in backup(engine)["tree"]["values"]}
    assert values == {"RootVer": "0.0.0.0", "": "unnamed"}


def test_an_unnamed_value_that_is_listed_but_not_set_is_none(
    engine: Engine, cluster: PracticeCluster
) -> None:
    """EnumValues may always name it (its MSDN page); reading it then finds nothing."""
    engine.use(cluster, Manner(unset_default=True))
    assert root_ver(engine)["value"]["data"] == "0.0.0.0"
    assert same_as_in_python(engine, cluster)


NAMES = st.text(st.characters(exclude_characters="\\\x00"), min_size=1, max_size=8)
VALUES = st.one_of(
    st.tuples(st.sampled_from(["REG_SZ", "REG_EXPAND_SZ"]), st.text(max_size=12)),
    st.tuples(st.just("REG_DWORD"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("REG_BINARY"), st.binary(max_size=6)),
    st.tuples(st.just("REG_MULTI_SZ"), st.lists(st.text(max_size=6), max_size=3)),
)


@given(st.dictionaries(NAMES, VALUES, max_size=8), st.lists(NAMES, max_size=3))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_backup_of_any_key_is_lossless(
    engine: Engine, values: dict[str, tuple[str, RegistryData]], path: list[str]
) -> None:
    """Whatever stands in it, at whatever depth."""
    cluster = healthy_cluster(lambda: NOW)
    key = cluster.owner().registry.create("\\".join([ASPNET_KEY, *path]))
    for name, (kind, data) in values.items():
        key.set(name, kind, data)
    engine.use(cluster)
    assert same_as_in_python(engine, cluster)


@pytest.mark.parametrize(("levels", "whole"), [(30, True), (31, False)])
def test_a_backup_has_at_most_thirty_levels(engine: Engine, node: Node, levels: int, whole: bool) -> None:
    """Deeper trees would be cut silently on their way into JSON."""
    node.registry.create("\\".join([ASPNET_KEY] + ["k"] * (levels - 1))).set("deep", "REG_DWORD", 1)
    if whole:
        assert '"deep"' in json.dumps(backup(engine))
    else:
        with pytest.raises(Refused, match="30 levels"):
            backup(engine)
    assert engine.cim.calls.left_open() == set()


def deny(node: Node) -> None:
    node.denied_keys.add(f"{ASPNET_KEY}\\1.1.4322.0")


def add_kind(node: Node) -> None:
    node.registry.create(f"{ASPNET_KEY}\\1.1.4322.0").set("Odd", "REG_NONE", b"")


def remove(node: Node) -> None:
    node.registry.delete(ASPNET_KEY)


def cut_off(node: Node) -> None:
    node.reachable = False


@pytest.mark.parametrize(
    ("break_it", "code"),
    [(deny, "0x80070005"), (add_kind, "0x80041005"), (remove, "0x80070002"), (cut_off, "0x800706ba")],
)
def test_half_a_backup_is_none(
    engine: Engine, node: Node, break_it: Callable[[Node], None], code: str
) -> None:
    """A terminating error with the code; no output."""
    break_it(node)
    with pytest.raises(Refused, match=code):
        backup(engine)
    assert engine.cim.calls.left_open() == set()
