"""Whatever a node answers, or fails to: the result keeps the contract, sessions close, nothing is written."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.incidents import build
from bot.lab.windows.classes import CLASSES, CimClass, Row
from tests.bot.lab.practice_client import Refused
from tests.powershell.conftest import NOW
from tests.powershell.engine import MODULE_TEXT, Engine
from tests.powershell.test_change import fix
from tests.powershell.test_sections import unreadable

pytestmark = pytest.mark.powershell

ANY_TIME = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LOST = ["0x800706ba", "0x800706be", "0x80010108", "0x80041033", "0x800705b4", "0x00040004"]
REFUSED = ["0x80041001", "0x80041002", "0x80041003", "0x80041010", "0x80041017", "0x8004100e", "0x80070005"]
CODES = st.sampled_from(LOST + REFUSED)
FAILURES = st.lists(
    st.tuples(CODES, st.sampled_from(["query", "invoke", "open"]), st.integers(0, 25), st.integers(1, 4)),
    min_size=1,
    max_size=4,
)


def let_fail(engine: Engine, failures: list[tuple[str, Any, int, int]]) -> None:
    for code, operation, skip, times in failures:
        engine.cim.faults.fail(code, operation=operation, skip=skip, times=times)


@given(FAILURES)
@ANY_TIME
def test_facts_keep_the_contract_whatever_fails(
    engine: Engine, failures: list[tuple[str, Any, int, int]]
) -> None:
    """Any operations, with any codes: valid by the schema, sessions closed, nothing written."""
    engine.use(build("zero", lambda: NOW)[0])
    let_fail(engine, failures)
    facts = engine.facts()
    told = {code for code, *_ in failures} | {"0x800705b4", "0x80070002"}
    assert set(unreadable(facts).values()) <= told


@given(FAILURES)
@ANY_TIME
def test_a_change_tells_the_truth_whatever_fails(
    engine: Engine, failures: list[tuple[str, Any, int, int]]
) -> None:
    """Written is what the node has counted, and a reading of afterwards is what is there."""
    cluster = engine.use(build("zero", lambda: NOW)[0])
    let_fail(engine, failures)
    result = fix(engine)
    value, writes = cluster.owner().root_ver(), cluster.owner().writes
    assert value is not None
    assert (result["outcome"] == "written") == bool(writes)
    if result["after"]["is"] == "value":
        assert result["after"]["value"]["data"] == value.data
    assert len(writes) <= 1


@given(FAILURES)
@ANY_TIME
def test_a_backup_is_whole_or_an_error_whatever_fails(
    engine: Engine, failures: list[tuple[str, Any, int, int]]
) -> None:
    """Nothing between the two."""
    engine.use(build("zero", lambda: NOW)[0])
    whole = engine.result("Backup-AspNetKey", ComputerName="exch-node2")
    let_fail(engine, failures)
    try:
        found = engine.result("Backup-AspNetKey", ComputerName="exch-node2")
    except Refused:
        assert engine.cim.calls.left_open() == set()
    else:
        assert found["tree"] == whole["tree"]


def let_the_cluster_answer(node: Node, known: CimClass) -> None:
    """Have the cluster's own classes asked, if it is one of them."""
    if known.name.startswith("MSCluster"):
        node.system.os_version, node.exchange_wmi = "5.2.3790", False


PROPERTIES = [
    (known, name) for known in CLASSES.values() for name in known.types if f"'{name}'" in MODULE_TEXT
]
"""Those that the module reads."""


@pytest.fixture
def alter(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replaces a class, as `alter(class, rows=…)`: its rows become what the function makes of them."""

    def altered(known: CimClass, rows: Any) -> None:
        def read(cluster: PracticeCluster, node: Node) -> Iterator[Row]:
            yield from rows(list(known.read(cluster, node)))

        entries = {key: replace(one, read=read) if one is known else one for key, one in CLASSES.items()}
        monkeypatch.setattr("bot.lab.windows.provider.CLASSES", entries)

    return altered


@pytest.mark.parametrize(("known", "name"), PROPERTIES, ids=lambda part: getattr(part, "name", part))
def test_a_property_that_is_null_breaks_no_contract(
    engine: Engine, node: Node, alter: Any, known: CimClass, name: str
) -> None:
    """At most the sections that need it are unreadable, never a guess."""
    let_the_cluster_answer(node, known)
    alter(known, rows=lambda rows: [{**row, name: None} for row in rows])
    assert set(unreadable(engine.facts()).values()) <= {"0x80041001", "0x80041002", "0x80070002"}


@pytest.mark.parametrize("known", CLASSES.values(), ids=lambda known: known.name)
def test_a_class_without_instances_breaks_no_contract(
    engine: Engine, node: Node, alter: Any, known: CimClass
) -> None:
    """Singletons that are not there make their sections unreadable; lists become empty."""
    let_the_cluster_answer(node, known)
    alter(known, rows=lambda _: [])
    left = unreadable(engine.facts())
    singletons = {"Win32_ComputerSystem", "Win32_OperatingSystem"}
    assert bool(left) == (known.name in {*singletons, "CIM_DataFile"})
