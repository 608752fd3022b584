"""The decoder of `Get-RootVerFact`: everything the contract promises is believed, and nothing else."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from handlers.contract.strict_json import BrokenContract
from handlers.kb906154.facts import Absent, RegistryValue, Unreadable, Value
from tests.handlers.contract.rich_answer import (
    FIELDS,
    MAY_BE_ABSENT,
    NEVER_ABSENT,
    NULLABLE,
    OPTIONAL,
    RICH,
    Path,
    at,
    changed,
    decode,
    paths,
    without,
)
from tests.handlers.kb906154.answers import (
    ABSENT,
    DENIED,
    E3,
    MISSING_KEY,
    MISSING_VALUE,
    Raw,
    cluster,
    events,
    healthy,
    resource,
    root_ver,
    system,
    version,
    versions,
)


def test_a_whole_answer_is_decoded_without_loss() -> None:
    """Every section, under its own name."""
    facts = decode(RICH)
    assert facts.root_ver == Value(RegistryValue("REG_SZ", "1.1.4322.0"))
    assert isinstance(facts.events, Value)
    assert facts.events.value.records[0].codes == ("0x80040a01",)
    assert facts.events.value.records[0].time == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert isinstance(facts.cluster, Value)
    assert facts.cluster.value.resources[0].owner == "EXCH-NODE1"
    assert (facts.host, facts.computer, facts.module) == ("MGMT1", "EXCH-NODE1", "1.0.0")


def test_what_newer_modules_tell_is_decoded_too() -> None:
    """Accounts, members, what a resource is kept at, and why the oldest record is not known."""
    facts = decode(RICH)
    assert isinstance(facts.services, Value)
    assert facts.services.value[0].account == "LocalSystem"
    assert isinstance(facts.cluster, Value)
    (found,) = facts.cluster.value.resources
    assert (found.persistent, found.pending_timeout_ms, found.owner_from) == (1, 180000, "exchange")
    assert facts.cluster.value.members == ("EXCH-NODE1",)
    assert isinstance(facts.events, Value)
    assert facts.events.value.oldest_error == Unreadable(
        "0x800705b4", "This operation returned because of a time-out."
    )


@pytest.mark.parametrize("path", OPTIONAL, ids=lambda path: ".".join(map(str, path)))
def test_what_an_older_module_leaves_out_is_not_known(path: Path) -> None:
    """Unknown, never a breach."""
    decode(without(path))


def test_an_older_module_tells_none_of_it() -> None:
    """All left out at once."""
    facts = decode(healthy())
    assert isinstance(facts.services, Value)
    assert {one.account for one in facts.services.value} == {None}
    assert isinstance(facts.cluster, Value)
    (found,) = facts.cluster.value.resources
    assert (found.persistent, found.pending_timeout_ms, found.owner_from) == (None, None, None)
    assert facts.cluster.value.members is None
    assert isinstance(facts.events, Value)
    assert facts.events.value.oldest_error is None


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("cluster", "value", "resources", 0, "persistent"), 2),
        (("cluster", "value", "resources", 0, "persistent"), -1),
        (("cluster", "value", "resources", 0, "pending_timeout_ms"), -1),
        (("cluster", "value", "resources", 0, "owner_from"), "registry"),
        (("events", "value", "oldest_error"), {"code": "0X1", "message": ""}),
        (("events", "value", "oldest_error"), {"code": "0x800705b4"}),
        (("cluster", "value", "members"), None),
    ],
    ids=repr,
)
def test_what_newer_modules_tell_is_held_as_strictly(path: Path, wrong: object) -> None:
    """A value that the contract does not know breaks it, in the schema as in the decoder."""
    assert not decodes(changed(path, wrong))
    assert not VALIDATOR.is_valid(changed(path, wrong))


@pytest.mark.parametrize(
    "path", [path for path in FIELDS if path not in OPTIONAL], ids=lambda path: ".".join(map(str, path))
)
def test_every_field_must_be_there(path: Path) -> None:
    """One that is left out breaks the contract, and the error says where."""
    with pytest.raises(BrokenContract) as broken:
        decode(without(path))
    assert broken.value.reason


@pytest.mark.parametrize("path", list(paths(RICH)), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("wrong", [None, True, 1, 1.5, "text", [], {}, [None], ["a"]], ids=repr)
def test_every_part_has_its_type(path: Path, wrong: object) -> None:
    """Another JSON type than the contract says breaks it; null only where `|null` is written."""
    right = at(path)
    if type(wrong) is type(right) or (wrong is None and path in NULLABLE):
        return
    with pytest.raises(BrokenContract):
        decode(changed(path, wrong))


SCHEMA = json.loads((files("handlers.powershell") / "contract" / "get-rootverfact.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("wrong", [None, True, 1, 1.5, "text", [], {}], ids=repr)
def test_schema_and_decoder_agree_on_what_breaks_the_contract(wrong: object) -> None:
    """Whatever the published schema refuses the decoder refuses, and the other way round."""
    answers = [RICH, *(without(path) for path in FIELDS), *(changed(path, wrong) for path in paths(RICH))]
    for answer in answers:
        assert VALIDATOR.is_valid(answer) is decodes(answer) or is_lenient(answer)


def decodes(answer: object) -> bool:
    """Whether the decoder takes it."""
    try:
        decode(answer)
    except BrokenContract:
        return False
    return True


def is_lenient(answer: Any) -> bool:
    """The decoder takes more than the module writes: a resource state outside the list."""
    state: object = answer["cluster"]["value"]["resources"][0]["state"]
    return state == "text"


@pytest.mark.parametrize("path", NULLABLE, ids=lambda path: ".".join(map(str, path)))
def test_null_is_taken_where_the_contract_writes_it(path: Path) -> None:
    """And reads as None."""
    decode(changed(path, None))


@pytest.mark.parametrize("path", [(), ("system", "value"), ("cluster", "value", "resources", 0), ("events",)])
def test_unknown_sections_and_fields_are_ignored(path: Path) -> None:
    """The module may learn to tell more."""
    answer = copy.deepcopy(RICH)
    part: Any = answer
    for name in path:
        part = part[name]
    part["new"] = {"anything": [1.5, None]}
    assert decode(answer) == decode(RICH)


@pytest.mark.parametrize("schema", [0, 2, "1", 1.0, True, None])
def test_another_schema_is_another_contract(schema: object) -> None:
    """true and 1.0 are not 1 either."""
    with pytest.raises(BrokenContract) as broken:
        decode(healthy() | {"schema": schema})
    assert broken.value.path == "schema"


@pytest.mark.parametrize("section", MAY_BE_ABSENT)
def test_some_sections_may_be_absent(section: str) -> None:
    """Asked, and not there."""
    assert getattr(decode(healthy() | {section: ABSENT}), section) == Absent()


@pytest.mark.parametrize("section", NEVER_ABSENT)
def test_the_others_may_not(section: str) -> None:
    """There is always a system, a list of services, a log."""
    with pytest.raises(BrokenContract):
        decode(healthy() | {section: ABSENT})


@pytest.mark.parametrize("section", [*MAY_BE_ABSENT, *NEVER_ABSENT, "root_ver"])
def test_every_section_may_be_unreadable(section: str) -> None:
    """With its code and its message."""
    found = getattr(decode(healthy() | {section: DENIED}), section)
    assert found == Unreadable("0x80070005", "Access is denied.")


def test_a_file_may_be_absent_or_unreadable() -> None:
    """A subkey whose DLL is gone is a left-over."""
    listed = versions(version(dll_file=ABSENT), version("2.0.50727.0", DENIED))
    found = decode(healthy(aspnet_versions=listed)).aspnet_versions
    assert isinstance(found, Value)
    assert [type(one.dll_file) for one in found.value] == [Absent, Unreadable]


def test_absent_root_ver_says_what_is_missing() -> None:
    """The key or the value, and nothing else."""
    assert decode(healthy(root_ver=MISSING_KEY)).root_ver == Absent("key")
    assert decode(healthy(root_ver=MISSING_VALUE)).root_ver == Absent("value")
    for missing in ({}, {"missing": None}, {"missing": "everything"}, {"missing": ["key"]}):
        with pytest.raises(BrokenContract):
            decode(healthy(root_ver={"is": "absent", **missing}))


@pytest.mark.parametrize(
    "reading", [{"is": "Value"}, {"is": "unknown"}, {"is": ""}, {"value": 1}, {"is": None}]
)
def test_a_reading_is_one_of_three(reading: Raw) -> None:
    """Any other word is no reading."""
    with pytest.raises(BrokenContract):
        decode(healthy(exchange=reading))


@pytest.mark.parametrize(
    "code",
    ["0x8007000", "0x800700055", "0x8007000A", "0X80070005", "80070005", "", "0x8007000g", "5", " 0x80070005",
     "0x80070005\n", "0x\uff180070005"],
)  # fmt: skip
def test_a_code_is_0x_and_eight_lower_case_hex_digits(code: str) -> None:
    """In a reading and in an event alike."""
    with pytest.raises(BrokenContract):
        decode(healthy(exchange={**DENIED, "code": code}))
    with pytest.raises(BrokenContract):
        decode(healthy(events=events({**E3, "codes": ["0x80040a01", code]})))


@pytest.mark.parametrize(
    "time",
    ["", "2026-11-01", "2026-11-01T10:00:00", "2026-11-01T10:00:00+00:00", "2026-11-01 10:00:00Z",
     "20261101T100000Z", "2026-13-01T10:00:00Z", "2026-11-01T25:00:00Z", "2026-11-01T10:00:00z",
     "0000-11-01T10:00:00Z", "2026-11-01T10:00:00.Z", "2026-11-01T10:00:00Z\n", "\uff12026-11-01T10:00:00Z"],
)  # fmt: skip
def test_a_time_is_in_utc_with_z(time: str) -> None:
    """Anything else breaks the contract."""
    with pytest.raises(BrokenContract):
        decode(healthy() | {"collected": time})


@pytest.mark.parametrize("fraction", ["", ".5", ".123", ".1234567"])
def test_a_time_may_have_a_fraction(fraction: str) -> None:
    """.NET writes seven digits."""
    facts = decode(healthy() | {"collected": f"2026-11-01T10:00:00{fraction}Z"})
    assert facts.collected.replace(microsecond=0) == datetime(2026, 11, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("REG_SZ", ""),
        ("REG_SZ", " ünï\x00\ud800 "),
        ("REG_EXPAND_SZ", "%SystemRoot%"),
        ("REG_DWORD", 0),
        ("REG_DWORD", 2**32 - 1),
        ("REG_QWORD", 2**64 - 1),
        ("REG_MULTI_SZ", []),
        ("REG_MULTI_SZ", ["a", ""]),
        ("REG_BINARY", ""),
        ("REG_BINARY", "00ff"),
        ("REG_NONE", "0a"),
        ("REG_LINK", "text"),
        ("REG_DWORD_BIG_ENDIAN", 7),
        ("REG_RESOURCE_LIST", ["a"]),
        ("REG_FULL_RESOURCE_DESCRIPTOR", "text"),
    ],
)
def test_data_is_exact_and_of_the_form_of_its_kind(kind: str, data: object) -> None:
    """No trimming, no case change; any `REG_…` is taken."""
    found = decode(healthy(root_ver=root_ver(data, kind))).root_ver
    assert found == Value(RegistryValue(kind, tuple(data) if isinstance(data, list) else data))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("REG_SZ", 0),
        ("REG_SZ", None),
        ("REG_SZ", ["a"]),
        ("REG_EXPAND_SZ", 1),
        ("REG_DWORD", "0"),
        ("REG_DWORD", True),
        ("REG_DWORD", 0.0),
        ("REG_DWORD", -1),
        ("REG_DWORD", 2**32),
        ("REG_QWORD", 2**64),
        ("REG_MULTI_SZ", "a"),
        ("REG_MULTI_SZ", ["a", 1]),
        ("REG_BINARY", "0A"),
        ("REG_BINARY", "0"),
        ("REG_BINARY", [0]),
        ("REG_NONE", "xx"),
        ("REG_LINK", None),
        ("REG_LINK", True),
        ("REG_LINK", 1.5),
        ("REG_LINK", {}),
        ("REG_LINK", [1]),
        ("REG_", ""),
        ("SZ", ""),
        ("reg_sz", ""),
        ("REG_SZ ", ""),
        ("", ""),
    ],
)
def test_data_of_another_form_breaks_the_contract(kind: str, data: object) -> None:
    """So does a kind that is no `REG_…`."""
    with pytest.raises(BrokenContract):
        decode(healthy(root_ver=root_ver(data, kind)))


@pytest.mark.parametrize("word", ["online", "Initializing", "", "128"])
def test_a_resource_state_outside_the_list_reads_as_unknown(word: str) -> None:
    """The class may answer what nobody has written down."""
    found = decode(healthy(cluster=cluster(resource(word)))).cluster
    assert isinstance(found, Value)
    assert found.value.resources[0].state == "Unknown"


@pytest.mark.parametrize("role", [-1, 6, 100])
def test_a_domain_role_is_0_to_5(role: int) -> None:
    """Another one is no role."""
    with pytest.raises(BrokenContract):
        decode(healthy(system=system(domain_role=role)))


@pytest.mark.parametrize(
    "changes",
    [{"strings": [""] * 9}, {"strings": ["x" * 257]}, {"text": "x" * 2049}],
    ids=["nine strings", "long string", "long text"],
)
def test_an_event_keeps_its_caps(changes: Raw) -> None:
    """At most 8 strings of 256, and 2,048 characters of text."""
    with pytest.raises(BrokenContract):
        decode(healthy(events=events({**E3, **changes})))
    decode(healthy(events=events({**E3, "strings": ["x" * 256] * 8, "text": "x" * 2048})))
