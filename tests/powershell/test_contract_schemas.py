"""The schemas say what docs/wire-contract.md says: what it allows is valid, what it forbids is not."""

import copy
import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]

from tests.powershell import CONTRACT
from tests.powershell.test_module_text import constant

UNREADABLE = {"is": "unreadable", "code": "0x80070005", "message": "Access is denied."}
TIME = "2026-11-23T10:05:12Z"
ZERO = {"is": "value", "value": {"kind": "REG_SZ", "data": "0.0.0.0"}}
HEAD = {"schema": 1, "module": "1.2.0", "computer": "EXCH-NODE2"}


def of(value: Any) -> dict[str, Any]:
    """The reading of something that is there."""
    return {"is": "value", "value": value}


FACTS: dict[str, Any] = {
    **HEAD,
    "host": "MGMT1",
    "collected": TIME,
    "system": of(
        {
            "name": "EXCH-NODE2", "domain_role": 3, "os_version": "5.0.2195", "service_pack": 4,
            "language": 1033, "local_time": TIME, "last_boot": TIME,
        }
    ),
    "root_ver": ZERO,
    "aspnet_versions": of(
        [{"version": "1.1.4322.0", "path": None, "dll": None, "dll_file": of({"version": "1.1", "size": 1})}]
    ),
    "frameworks": of([{"name": "v1.1.4322", "install": 1, "service_pack": None}]),
    "exchange": of({"version": "6.5.7638.2", "path": "C:\\Exchsrvr"}),
    "services": of(
        [
            {
                "name": "MSExchangeSA", "state": "Stopped", "start_mode": "Manual", "exit_code": 0,
                "account": "LocalSystem",
            }
        ]
    ),
    "cluster": of(
        {
            "name": "EXCH-CL1",
            "virtual_servers": ["EXCHVS1"],
            "resources": [
                {
                    "name": "SA", "type": "T", "state": "Offline", "owner": None, "state_code": 3,
                    "owner_from": "exchange", "persistent": 0, "pending_timeout_ms": 180000,
                }
            ],
            "members": ["EXCH-NODE1", "EXCH-NODE2"],
        }
    ),
    "events": of(
        {
            "since": TIME, "oldest": None, "oldest_error": None, "truncated": False,
            "records": [
                {
                    "record": 4711, "time": TIME, "source": "MSExchangeMU", "id": 1042, "text": "",
                    "computer": "EXCH-NODE2", "codes": ["0x80040a01"], "strings": ["80040a01"],
                }
            ],
        }
    ),
    "aspnet_account": of({"disabled": False, "locked": False}),
    "former_domain_controller": of(False),
    "write_access": of(True),
}  # fmt: skip

CHANGE: dict[str, Any] = {
    **HEAD,
    "fix": "FIX-12",
    "outcome": "written",
    "reason": None,
    "before": ZERO,
    "after": of({"kind": "REG_SZ", "data": "1.1.4322.0"}),
    "code": None,
    "at": TIME,
}

BACKUP: dict[str, Any] = {
    **HEAD,
    "key": "HKLM\\SOFTWARE\\Microsoft\\ASP.NET",
    "tree": {
        "values": [{"name": "", "kind": "REG_SZ", "data": ""}, {"name": "n", "kind": "REG_DWORD", "data": 1}],
        "keys": [{"name": "1.1.4322.0", "values": [], "keys": []}],
    },
}

HOST: dict[str, Any] = {
    **HEAD,
    "computer": None,
    "host": "MGMT1",
    "user": "CORP\\rootver",
    "powershell": "5.1.17763.1",
    "language_mode": "NoLanguage",
    "time": TIME,
    "nodes": [{"computer": "EXCH-NODE2", "reach": of(True), "write_access": UNREADABLE}],
}

EXAMPLES = {
    "get-rootverfact": FACTS,
    "set-rootver": CHANGE,
    "backup-aspnetkey": BACKUP,
    "test-rootverhost": HOST,
}

SECTIONS = sorted(set(FACTS) - set(HEAD) - {"host", "collected"})
MAY_BE_ABSENT = {"root_ver", "exchange", "cluster", "aspnet_account", "frameworks", "aspnet_versions"}
"""docs/wire-contract.md, section 4; a `dll_file` too, which is inside a section."""

NULLABLE = {
    "get-rootverfact": {
        "computer", "aspnet_versions.value.0.path", "aspnet_versions.value.0.dll",
        "frameworks.value.0.install", "frameworks.value.0.service_pack", "cluster.value.resources.0.owner",
        "events.value.oldest", "events.value.oldest_error", "services.value.0.account",
        "cluster.value.resources.0.owner_from", "cluster.value.resources.0.persistent",
        "cluster.value.resources.0.pending_timeout_ms",
    },
    "set-rootver": {"computer", "reason", "code"},
    "backup-aspnetkey": {"computer"},
    "test-rootverhost": {"computer"},
}  # fmt: skip
"""What is written `|null` in docs/wire-contract.md."""

OPTIONAL = (
    "state_code", "account", "members", "owner_from", "persistent", "pending_timeout_ms", "oldest_error",
)  # fmt: skip
"""What may be left out: `state_code` where no number was told, the others by module 1.0."""


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema of the contract."""
    loaded = json.loads((CONTRACT / f"{name}.json").read_text("ascii"))
    assert isinstance(loaded, dict)
    return loaded


def is_valid(name: str, result: object) -> bool:
    """Whether a result is what the contract allows."""
    return bool(validator(name).is_valid(result))


@cache
def validator(name: str) -> Draft202012Validator:
    """What holds results against a schema of the contract."""
    return Draft202012Validator(schema(name))


def changed(name: str, path: str, value: Any) -> dict[str, Any]:
    """An example with one thing in it changed; `path` is dotted, numbers are places in a list."""
    result = copy.deepcopy(EXAMPLES[name])
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = result
    for part in parents:
        target = target[part]
    target[last] = value
    return result


def without(name: str, path: str) -> dict[str, Any]:
    """An example with one member left out."""
    parent, _, last = path.rpartition(".")
    result = copy.deepcopy(EXAMPLES[name])
    target: Any = result
    for part in parent.split(".") if parent else []:
        target = target[int(part) if part.isdigit() else part]
    del target[last]
    return result


def members(value: Any, path: str = "") -> list[str]:
    """The dotted path of every member of every object in a result."""
    if isinstance(value, list):
        return [deep for place, item in enumerate(value) for deep in members(item, f"{path}{place}.")]
    if not isinstance(value, dict):
        return []
    return [deep for name, item in value.items() for deep in (path + name, *members(item, f"{path}{name}."))]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_schema_is_a_schema_and_stands_alone(name: str) -> None:
    """Draft 2020-12, and every reference is within the file."""
    loaded = schema(name)
    Draft202012Validator.check_schema(loaded)
    assert loaded["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    text = json.dumps(loaded)
    assert text.count('"$ref": "#/$defs/') == text.count('"$ref"')


def test_there_is_a_schema_for_every_result() -> None:
    """Restore-RootVer gives the same object as Set-RootVer."""
    assert {path.stem for path in CONTRACT.glob("*.json")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_valid_also_with_more_in_it(name: str) -> None:
    """Unknown sections and fields are ignored, so that the module may learn to tell more."""
    assert is_valid(name, EXAMPLES[name])
    assert is_valid(name, {**EXAMPLES[name], "more": {"later": 1}})


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, example in EXAMPLES.items() for path in members(example)]
)
def test_every_member_must_be_there(name: str, path: str) -> None:
    """A missing section or field breaks the contract, but for those that module 1.0 did not have."""
    assert is_valid(name, without(name, path)) == (path.rpartition(".")[2] in OPTIONAL)


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, example in EXAMPLES.items() for path in members(example)]
)
def test_only_what_the_contract_says_may_be_null(name: str, path: str) -> None:
    """`|null` is written where it is meant."""
    assert is_valid(name, changed(name, path, None)) == (path in NULLABLE[name])


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_may_be_unreadable_and_some_absent(name: str) -> None:
    """Unreadable is never absent; RootVer's absence says what is missing."""
    assert is_valid("get-rootverfact", changed("get-rootverfact", name, UNREADABLE))
    absent = {"is": "absent", "missing": "value"}
    assert is_valid("get-rootverfact", changed("get-rootverfact", name, absent)) == (name in MAY_BE_ABSENT)
    bare = is_valid("get-rootverfact", changed("get-rootverfact", name, {"is": "absent"}))
    assert bare == (name in MAY_BE_ABSENT - {"root_ver"})
    assert not is_valid("get-rootverfact", changed("get-rootverfact", name, {"is": "unknown"}))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("services.value.0.account", "", True), ("services.value.0.account", 1, False),
        ("cluster.value.members", [], True), ("cluster.value.members", ["N", None], False),
        ("cluster.value.members", "EXCH-NODE1", False),
        ("cluster.value.resources.0.persistent", 1, True), ("cluster.value.resources.0.persistent", 2, False),
        ("cluster.value.resources.0.persistent", "0", False),
        ("cluster.value.resources.0.pending_timeout_ms", 0, True),
        ("cluster.value.resources.0.pending_timeout_ms", -1, False),
        ("cluster.value.resources.0.pending_timeout_ms", 0.5, False),
        ("cluster.value.resources.0.owner_from", "cluster", True),
        ("cluster.value.resources.0.owner_from", "registry", False),
        ("events.value.oldest_error", {"code": "0x00040004", "message": ""}, True),
        ("events.value.oldest_error", {"code": "0x40004", "message": ""}, False),
        ("events.value.oldest_error", {"code": "0x00040004"}, False),
        ("events.value.oldest_error", "0x00040004", False),
    ],
)  # fmt: skip
def test_what_module_1_1_tells_more_is_as_strict_as_the_rest(
    path: str, value: object, expected: bool
) -> None:
    """It may be left out, but not be anything."""
    assert is_valid("get-rootverfact", changed("get-rootverfact", path, value)) == expected


@pytest.mark.parametrize("kind", ["absent", "unreadable"])
def test_a_dll_file_may_be_absent_or_unreadable(kind: str) -> None:
    """It is a reading inside a section."""
    reading = {"absent": {"is": "absent"}, "unreadable": UNREADABLE}[kind]
    assert is_valid(
        "get-rootverfact", changed("get-rootverfact", "aspnet_versions.value.0.dll_file", reading)
    )


@pytest.mark.parametrize(
    "code", ["0x8007000", "0x8007000Z", "0X80070005", "0x8007000A", "80070005", "0x080070005", 5, None, ""]
)
def test_a_code_is_0x_and_eight_lower_case_digits(code: object) -> None:
    """In a reading, and where an event names one."""
    assert not is_valid("get-rootverfact", changed("get-rootverfact", "system", {**UNREADABLE, "code": code}))
    path = "events.value.records.0.codes.0"
    assert not is_valid("get-rootverfact", changed("get-rootverfact", path, code))


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("1.0.0", True), ("10.20.30", True), ("1.2.0-rc.1+build.5", True), ("1.0", False),
        ("1.0.0.0", False), ("1.0.0 and more", False), ("v1.0.0", False), ("", False), (1, False),
    ],
)  # fmt: skip
def test_the_module_tells_a_semantic_version(name: str, module: object, expected: bool) -> None:
    """semver.org: the whole text, not its beginning; as the decoder has it."""
    assert is_valid(name, {**EXAMPLES[name], "module": module}) == expected


@pytest.mark.parametrize(
    "time",
    ["2026-11-23 10:05:12Z", "2026-11-23T10:05:12", "2026-11-23T10.05.12Z", "2026-11-23T10:05:12+01:00", 1],
)
def test_a_time_is_utc_with_z(time: object) -> None:
    """ISO 8601; a Finnish host does not write dots."""
    assert not is_valid("get-rootverfact", changed("get-rootverfact", "collected", time))
    assert not is_valid("set-rootver", changed("set-rootver", "at", time))


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("REG_SZ", "", True), ("REG_SZ", 1, False), ("REG_SZ", ["a"], False), ("REG_SZ", {}, False),
        ("REG_EXPAND_SZ", "%a%", True), ("REG_DWORD", 4294967295, True), ("REG_DWORD", 4294967296, False),
        ("REG_DWORD", -1, False), ("REG_DWORD", "1", False), ("REG_DWORD", True, False),
        ("REG_QWORD", 18446744073709551615, True), ("REG_QWORD", 1.5, False),
        ("REG_MULTI_SZ", [], True), ("REG_MULTI_SZ", ["a"], True), ("REG_MULTI_SZ", "a", False),
        ("REG_MULTI_SZ", [1], False), ("REG_BINARY", "00ff", True), ("REG_BINARY", "00FF", False),
        ("REG_BINARY", "0", False), ("REG_NONE", "", True), ("REG_LINK", "anything", True), ("SZ", "", False),
    ],
)  # fmt: skip
def test_registry_data_has_the_type_of_its_kind(kind: str, data: object, expected: bool) -> None:
    """In a reading of RootVer and in a backup."""
    value = {"kind": kind, "data": data}
    assert is_valid("get-rootverfact", changed("get-rootverfact", "root_ver", of(value))) == expected
    named = {"name": "n", **value}
    assert is_valid("backup-aspnetkey", changed("backup-aspnetkey", "tree.values.0", named)) == expected


@pytest.mark.parametrize(
    ("outcome", "reason", "code", "expected"),
    [
        ("written", None, None, True), ("written", "changed", None, False),
        ("written", None, "0x80070005", False),
        ("refused", "changed", None, True), ("refused", "changed", "0x80070005", False),
        ("refused", None, None, False), ("refused", "write_failed", "0x80070005", False),
        ("failed", "access_denied", "0x80070005", True), ("failed", "access_denied", None, False),
        ("failed", "write_failed", "0x80070002", True), ("failed", "read_back_differs", None, True),
        ("failed", "read_back_differs", "0x80070002", False), ("failed", "changed", None, False),
        ("done", None, None, False),
    ],
)  # fmt: skip
def test_outcome_reason_and_code_belong_together(
    outcome: str, reason: str | None, code: str | None, expected: bool
) -> None:
    """`refused`: nothing was tried. `failed`: a write was tried. `code` is the failing call's."""
    assert is_valid("set-rootver", {**CHANGE, "outcome": outcome, "reason": reason, "code": code}) == expected


def test_refused_as_unreadable_shows_what_was_unreadable() -> None:
    """`before` is then no value."""
    refused = {**CHANGE, "outcome": "refused", "reason": "unreadable", "code": "0x80070005"}
    assert is_valid("set-rootver", {**refused, "before": UNREADABLE, "after": UNREADABLE})
    assert not is_valid("set-rootver", refused)


def test_a_written_value_may_be_unreadable_afterwards() -> None:
    """The bot then reads it back later."""
    assert is_valid("set-rootver", {**CHANGE, "after": UNREADABLE})


def test_the_sections_of_the_schema_are_those_that_the_module_reads() -> None:
    """Neither has one more."""
    assert set(schema("get-rootverfact")["required"]) == {*HEAD, "host", "collected", *SECTIONS}
    assert sorted(line.split()[0] for line in constant("RootVerSections").splitlines()[1:-1]) == SECTIONS
