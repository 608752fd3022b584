"""What an approval is bound to, taken from facts."""

from __future__ import annotations

import json

from handlers.contract.results import decode_backup, reading_json
from handlers.kb906154.article import ASPNET_KEY, TARGET
from handlers.kb906154.assess import Diagnosis, digest_facts
from handlers.kb906154.facts import NodeFacts, Reading, RegistryValue, Unreadable
from storage.records import Fix, Json

Basis = dict[str, Json]

# Set-RootVer writes this and nothing else (docs/wire-contract.md, section 10).
TARGET_READING: Json = {"is": "value", "value": {"kind": "REG_SZ", "data": TARGET}}
ABSENT_READING: Json = {"is": "absent", "missing": "value"}


def of_fix(facts: NodeFacts, diagnosis: Diagnosis) -> Basis:
    """What a fix is bound to: the exact reading, and all that makes the new value the right one."""
    return {
        **digest_facts(facts, diagnosis),
        "node": diagnosis.node,
        "key": ASPNET_KEY,
        "root_ver": as_json(facts.root_ver),
        "target": TARGET_READING,
        "module": facts.module,
    }


def of_restore(node: str, facts: NodeFacts, target: Json) -> Basis:
    """What a restore is bound to: the reading now and the reading to put back."""
    return {
        "node": node,
        "key": ASPNET_KEY,
        "root_ver": as_json(facts.root_ver),
        "target": target,
        "module": facts.module,
    }


def now(fix: Fix, facts: NodeFacts, diagnosis: Diagnosis) -> Basis:
    """The basis that a fix would have if it were proposed on these facts."""
    if fix.kind == "restore":
        return of_restore(fix.node, facts, fix.basis["target"])
    return of_fix(facts, diagnosis)


def as_json(reading: Reading[RegistryValue]) -> Json:
    """A reading of RootVer in its form on the wire (docs/wire-contract.md, section 4)."""
    value: Json = json.loads(reading_json(reading))
    return value


def parameter(reading: Json) -> str:
    """A reading as `-Expected` and `-Target` take it: compact JSON."""
    return json.dumps(reading, separators=(",", ":"))


def same(reading: Reading[RegistryValue], text: str) -> bool:
    """Whether a reading is exactly the one that a fix carries as compact JSON."""
    return parameter(as_json(reading)) == text


def readable(reading: Reading[RegistryValue]) -> bool:
    """Whether it is known what is there."""
    return not isinstance(reading, Unreadable)


def root_ver_of_backup(stored: bytes) -> Json:
    """The reading of RootVer in a stored backup of the ASP.NET key."""
    for value in decode_backup(stored.decode()).tree.values:
        if value.name.casefold() == "rootver":
            return {"is": "value", "value": {"kind": value.kind, "data": _listed(value.data)}}
    return ABSENT_READING


def _listed(data: object) -> Json:
    return list(data) if isinstance(data, tuple) else data  # type: ignore[return-value]
