"""Backups, changes, host reports, and readings as parameters."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.contract.results import decode_backup, decode_change, decode_host, parse_reading, reading_json
from handlers.contract.strict_json import BrokenContract
from handlers.kb906154.facts import Absent, Reading, RegistryData, RegistryValue, Unreadable, Value
from tests.handlers.kb906154.answers import (
    DENIED,
    MISSING_KEY,
    MISSING_VALUE,
    ZERO,
    Raw,
    decode_facts,
    healthy,
    root_ver,
    value,
)

# --- readings as parameters ---


def test_a_reading_is_compact_json() -> None:
    """As `-Expected` and `-Target` take it."""
    assert reading_json(Value(RegistryValue("REG_SZ", "0.0.0.0"))) == (
        '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'
    )
    assert reading_json(Absent("value")) == '{"is":"absent","missing":"value"}'
    assert reading_json(Unreadable("0x80070005", "no")) == (
        '{"is":"unreadable","code":"0x80070005","message":"no"}'
    )
    assert reading_json(Value(RegistryValue("REG_MULTI_SZ", ("ä", "")))) == (
        '{"is":"value","value":{"kind":"REG_MULTI_SZ","data":["\\u00e4",""]}}'
    )


DATA: dict[str, st.SearchStrategy[RegistryData]] = {
    "REG_SZ": st.text(),
    "REG_EXPAND_SZ": st.text(),
    "REG_LINK": st.text(),
    "REG_DWORD": st.integers(0, 2**32 - 1),
    "REG_QWORD": st.integers(0, 2**64 - 1),
    "REG_MULTI_SZ": st.lists(st.text()).map(tuple),
    "REG_BINARY": st.binary().map(bytes.hex),
    "REG_NONE": st.binary().map(bytes.hex),
}
VALUES = st.sampled_from(sorted(DATA)).flatmap(
    lambda kind: st.builds(RegistryValue, st.just(kind), DATA[kind])
)
READINGS: st.SearchStrategy[Reading[RegistryValue]] = (
    VALUES.map(Value)
    | st.sampled_from([Absent("key"), Absent("value")])
    | st.builds(Unreadable, st.from_regex("0x[0-9a-f]{8}", fullmatch=True), st.text())
)


@settings(deadline=None, max_examples=200)
@given(READINGS)
def test_a_reading_survives_its_way_through_json(reading: Reading[RegistryValue]) -> None:
    """Exactly, whatever characters are in it, and in plain ASCII."""
    text = reading_json(reading)
    assert text.isascii()
    assert parse_reading(json.loads(text)) == reading


@pytest.mark.parametrize(
    "tree", [None, [], "x", {}, {"is": "absent"}, {"is": "value"}, {"is": "value", "value": {}}]
)
def test_what_is_no_reading_is_not_parsed(tree: object) -> None:
    """The same strictness as for an answer."""
    with pytest.raises(BrokenContract):
        parse_reading(tree)


# --- backups ---

BACKUP: Raw = {
    "schema": 1,
    "module": "1.0.0",
    "computer": "EXCH-NODE1",
    "key": "HKLM\\SOFTWARE\\Microsoft\\ASP.NET",
    "tree": {
        "values": [
            {"name": "RootVer", "kind": "REG_SZ", "data": "0.0.0.0"},
            {"name": "", "kind": "REG_BINARY", "data": "00ff"},
            {"name": "list", "kind": "REG_MULTI_SZ", "data": ["a", "b"]},
        ],
        "keys": [
            {
                "name": "1.1.4322.0",
                "values": [{"name": "Size", "kind": "REG_DWORD", "data": 7}],
                "keys": [{"name": "deeper", "values": [], "keys": []}],
            }
        ],
    },
}


def test_a_backup_is_the_whole_tree() -> None:
    """Names, kinds and data, at every level."""
    backup = decode_backup(json.dumps(BACKUP))
    assert backup.key == "HKLM\\SOFTWARE\\Microsoft\\ASP.NET"
    assert [(one.name, one.kind, one.data) for one in backup.tree.values] == [
        ("RootVer", "REG_SZ", "0.0.0.0"),
        ("", "REG_BINARY", "00ff"),
        ("list", "REG_MULTI_SZ", ("a", "b")),
    ]
    assert backup.tree.keys[0].name == "1.1.4322.0"
    assert backup.tree.keys[0].values[0].data == 7
    assert backup.tree.keys[0].keys[0].name == "deeper"


def nested(levels: int) -> Raw:
    """A backup with that many levels of keys below its root."""
    tree: Raw = {"values": [], "keys": []}
    for _ in range(levels):
        tree = {"values": [], "keys": [{"name": "k", **tree}]}
    return {**BACKUP, "tree": tree}


def test_a_backup_may_be_30_levels_deep_and_no_more() -> None:
    """ConvertTo-Json would have cut a deeper one."""
    decode_backup(json.dumps(nested(30)))
    for levels in (31, 150):
        with pytest.raises(BrokenContract):
            decode_backup(json.dumps(nested(levels)))


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"key": "HKLM\\SOFTWARE\\Microsoft"},
        {"tree": None},
        {"tree": {"values": []}},
        {"tree": {"keys": []}},
        {"tree": {"values": {}, "keys": []}},
        {"tree": {"values": [{"name": "x", "kind": "REG_SZ", "data": 1}], "keys": []}},
        {"tree": {"values": [{"name": None, "kind": "REG_SZ", "data": ""}], "keys": []}},
        {"tree": {"values": [{"kind": "REG_SZ", "data": ""}], "keys": []}},
        {"tree": {"values": [DENIED], "keys": []}},
        {"tree": {"values": [], "keys": [{"values": [], "keys": []}]}},
        {"computer": 1},
    ],
)
def test_half_a_backup_is_none(changes: Raw) -> None:
    """Anything missing or misformed breaks the contract."""
    with pytest.raises(BrokenContract):
        decode_backup(json.dumps({**BACKUP, **changes}))


# --- changes ---

WRITTEN: Raw = {
    "schema": 1,
    "module": "1.0.0",
    "computer": "EXCH-NODE1",
    "fix": "FIX-12",
    "outcome": "written",
    "reason": None,
    "before": ZERO,
    "after": root_ver("1.1.4322.0"),
    "code": None,
    "at": "2026-11-01T12:00:00Z",
}


def change(**changes: Any) -> str:
    """The result of a change, with fields replaced."""
    return json.dumps({**copy.deepcopy(WRITTEN), **changes})


def test_a_written_change_tells_before_and_after() -> None:
    """And the node's own time."""
    result = decode_change(change(), "FIX-12", "EXCH-NODE1")
    assert (result.outcome, result.reason, result.code) == ("written", None, None)
    assert result.before == Value(RegistryValue("REG_SZ", "0.0.0.0"))
    assert result.after == Value(RegistryValue("REG_SZ", "1.1.4322.0"))
    assert result.at == datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [
        ("refused", "changed", None),
        ("refused", "unreadable", "0x80070005"),
        ("failed", "access_denied", "0x80070005"),
        ("failed", "write_failed", "0x8007001f"),
        ("failed", "read_back_differs", None),
    ],
)
def test_each_outcome_has_its_reasons(outcome: str, reason: str | None, code: str | None) -> None:
    """Refused: nothing was tried; failed: a write was."""
    result = decode_change(change(outcome=outcome, reason=reason, code=code), "FIX-12", "EXCH-NODE1")
    assert (result.outcome, result.reason, result.code) == (outcome, reason, code)


@pytest.mark.parametrize("reading", [MISSING_VALUE, MISSING_KEY, DENIED])
def test_before_and_after_are_readings(reading: Raw) -> None:
    """Also absent and unreadable ones."""
    result = decode_change(
        change(outcome="refused", reason="changed", before=reading, after=reading), "FIX-12", "EXCH-NODE1"
    )
    assert result.before == result.after == parse_reading(reading)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"fix": "FIX-13"},
        {"fix": "fix-12"},
        {"fix": None},
        {"outcome": "done"},
        {"outcome": None},
        {"outcome": ["written"]},
        {"reason": "changed"},
        {"outcome": "refused"},
        {"outcome": "refused", "reason": "write_failed"},
        {"outcome": "failed", "reason": "changed"},
        {"outcome": "failed", "reason": None},
        {"outcome": "failed", "reason": "sunspots"},
        {"outcome": "refused", "reason": "changed", "code": "0x80070005"},
        {"outcome": "failed", "reason": "read_back_differs", "code": "0x80070005"},
        {"outcome": "refused", "reason": "unreadable"},
        {"outcome": "failed", "reason": "access_denied"},
        {"outcome": "failed", "reason": "write_failed"},
        {"code": "0x80070005"},
        {"code": "5"},
        {"code": 5},
        {"before": None},
        {"before": {"is": "absent"}},
        {"after": {"kind": "REG_SZ", "data": "1.1.4322.0"}},
        {"after": value({"kind": "REG_SZ"})},
        {"at": "now"},
        {"at": None},
    ],
    ids=str,
)
def test_a_result_that_contradicts_itself_is_not_believed(changes: Raw) -> None:
    """What happened is then unknown, and is read back."""
    with pytest.raises(BrokenContract):
        decode_change(change(**changes), "FIX-12", "EXCH-NODE1")


@pytest.mark.parametrize("field", sorted(WRITTEN))
def test_every_field_of_a_result_must_be_there(field: str) -> None:
    """A result with a hole in it is none."""
    with pytest.raises(BrokenContract):
        decode_change(
            json.dumps({name: one for name, one in WRITTEN.items() if name != field}), "FIX-12", "EXCH-NODE1"
        )


@pytest.mark.parametrize("computer", ["EXCH-NODE1", "exch-node1.corp.example", None])
def test_a_node_may_give_its_name_in_any_way_or_not_at_all(computer: str | None) -> None:
    """Names compare without case, a full one by its first label; null is no name."""
    assert decode_change(change(computer=computer), "FIX-12", "EXCH-NODE1").computer == computer
    assert decode_backup(json.dumps({**BACKUP, "computer": computer}), "EXCH-NODE1").computer == computer


def test_the_answer_of_another_computer_is_not_believed() -> None:
    """The name that was asked may point elsewhere by now."""
    with pytest.raises(BrokenContract, match="another computer than EXCH-NODE1 answered: STRANGER"):
        decode_change(change(computer="STRANGER"), "FIX-12", "EXCH-NODE1")
    with pytest.raises(BrokenContract, match="another computer than EXCH-NODE1 answered: STRANGER"):
        decode_backup(json.dumps({**BACKUP, "computer": "STRANGER"}), "EXCH-NODE1")


def test_what_stands_after_a_write_may_be_unreadable() -> None:
    """Then it is read back later."""
    result = decode_change(change(after=DENIED), "FIX-12", "EXCH-NODE1")
    assert isinstance(result.after, Unreadable)


# --- the host ---

HOST: Raw = {
    "schema": 1,
    "module": "1.0.0",
    "computer": None,
    "host": "MGMT1",
    "user": "CORP\\rootver",
    "powershell": "5.1.17763.1",
    "language_mode": "FullLanguage",
    "time": "2026-11-01T12:00:00Z",
    "nodes": [{"computer": "EXCH-NODE1", "reach": value(True), "write_access": DENIED}],
}


def test_a_host_tells_of_itself_and_of_the_nodes() -> None:
    """Whether it reaches them and may write there are readings."""
    report = decode_host(json.dumps(HOST))
    assert (report.host, report.user, report.powershell) == ("MGMT1", "CORP\\rootver", "5.1.17763.1")
    assert report.nodes[0].reach == Value(True)
    assert report.nodes[0].write_access == Unreadable("0x80070005", "Access is denied.")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"nodes": {}},
        {"nodes": [{"computer": "X", "reach": True, "write_access": value(True)}]},
        {"nodes": [{"computer": "X", "reach": value(1), "write_access": value(True)}]},
        {"nodes": [{"computer": "X", "reach": {"is": "absent"}, "write_access": value(True)}]},
        {"time": ""},
        {"user": None},
        {"computer": "MGMT1"},
        {"computer": 5},
    ],
)
def test_a_host_report_is_read_strictly_too(changes: Raw) -> None:
    """The self-check must not be fooled either."""
    with pytest.raises(BrokenContract):
        decode_host(json.dumps({**HOST, **changes}))


@pytest.mark.parametrize("field", HOST)
def test_every_field_of_a_host_report_is_needed(field: str) -> None:
    """The contract lets none be missing."""
    with pytest.raises(BrokenContract):
        decode_host(json.dumps({name: one for name, one in HOST.items() if name != field}))


DECODERS: dict[str, tuple[Raw, Callable[[str], Any]]] = {
    "facts": (healthy(), decode_facts),
    "backup": (BACKUP, decode_backup),
    "change": (WRITTEN, lambda text: decode_change(text, "FIX-12", "EXCH-NODE1")),
    "host": (HOST, decode_host),
}


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    "version", ["", "1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0 or so", "1.0.0\n", "\u0661.0.0"]
)
def test_an_answer_of_no_version_breaks_the_contract(name: str, version: str) -> None:
    """A fix is bound to the module's version: a text that is none would bind it to nothing."""
    answer, decode = DECODERS[name]
    assert decode(json.dumps({**answer, "module": "1.12.0-beta.1+7"})).module == "1.12.0-beta.1+7"
    with pytest.raises(BrokenContract, match="module"):
        decode(json.dumps({**answer, "module": version}))


@pytest.mark.parametrize("text", ["", "null", "[" * 100_000, '{"schema":1,"schema":1}', '{"schema":NaN}'])
def test_garbage_breaks_every_contract(text: str) -> None:
    """The same for all commands."""
    for decode in (decode_backup, decode_host, lambda one: decode_change(one, "FIX-12", "EXCH-NODE1")):
        with pytest.raises(BrokenContract):
            decode(text)
