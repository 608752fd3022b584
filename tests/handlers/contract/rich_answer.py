"""A rich answer of `Get-RootVerFact`, its parts, and copies with one part changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from handlers.kb906154.facts import NodeFacts
from tests.handlers.kb906154.answers import (
    Raw,
    cluster,
    decode_facts,
    event,
    events,
    healthy,
    resource,
    value,
    version,
    versions,
)

Path = tuple[str | int, ...]
NEWER_RESOURCE = {**resource(), "persistent": 1, "pending_timeout_ms": 180000, "owner_from": "exchange"}

# What the newest module tells, every optional field included.
RICH = healthy(
    aspnet_versions=versions(version()),
    services=value(
        [
            {
                "name": "MSExchangeSA", "state": "Running", "start_mode": "Manual", "exit_code": 0,
                "account": "LocalSystem",
            }
        ]
    ),
    cluster=value({**cluster(NEWER_RESOURCE)["value"], "members": ["EXCH-NODE1"]}),
    events=events(
        event("MSExchangeMU", 1042, "0x80040a01", strings=("80040a01",), text="…"),
        oldest=None,
        oldest_error={"code": "0x800705b4", "message": "This operation returned because of a time-out."},
    ),
)  # fmt: skip

# What only module 1.1 and later tell: left out, it is not known.
OPTIONAL = (
    ("services", "value", 0, "account"),
    ("cluster", "value", "members"),
    ("cluster", "value", "resources", 0, "persistent"),
    ("cluster", "value", "resources", 0, "pending_timeout_ms"),
    ("cluster", "value", "resources", 0, "owner_from"),
    ("events", "value", "oldest_error"),
)

# What the contract writes as `|null`.
NULLABLE = (
    ("computer",),
    ("aspnet_versions", "value", 0, "path"),
    ("aspnet_versions", "value", 0, "dll"),
    ("frameworks", "value", 0, "install"),
    ("frameworks", "value", 0, "service_pack"),
    ("cluster", "value", "resources", 0, "owner"),
    ("events", "value", "oldest"),
    *(path for path in OPTIONAL if path[-1] != "members"),
)
MAY_BE_ABSENT = ("exchange", "cluster", "aspnet_account", "frameworks", "aspnet_versions")
NEVER_ABSENT = ("system", "services", "events", "former_domain_controller", "write_access")


def decode(answer: object) -> NodeFacts:
    """Through JSON, as it comes."""
    return decode_facts(json.dumps(answer))


def paths(tree: object, here: Path = ()) -> Iterator[Path]:
    """The path of every part of an answer."""
    if here:
        yield here
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, child in children:
        yield from paths(child, (*here, name))


def changed(path: Path, new: object) -> Raw:
    """The rich answer with one part replaced."""
    answer = copy.deepcopy(RICH)
    part: Any = answer
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = new
    return answer


def without(path: Path) -> Raw:
    """The rich answer with one field left out."""
    answer = copy.deepcopy(RICH)
    part: Any = answer
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return answer


def at(path: Path) -> Any:
    """A part of the rich answer."""
    part: Any = RICH
    for name in path:
        part = part[name]
    return part


FIELDS = [path for path in paths(RICH) if isinstance(path[-1], str)]
LEAVES = [path for path in paths(RICH) if not isinstance(at(path), dict | list)]
