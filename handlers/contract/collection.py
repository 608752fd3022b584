"""A collection: what every node of one cluster answered, kept whole so that it can be diagnosed again.

`diagnose --save` writes one, `replay` reads it (docs/wire-contract.md, section 13).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from handlers.contract.readings import facts_of
from handlers.contract.strict_json import BrokenContract, Part, flaw, parse, parse_leniently, schema_1
from handlers.inventory import same_name
from handlers.kb906154.facts import Answer, BrokenAnswer, Unreachable
from handlers.kb906154.ownership import Members
from storage.records import Json

_EXCERPT = 80  # characters of an unreadable answer that its error shows


class NotACollection(ValueError):
    """A file that is no collection. `reason` says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"this is no collection: {self.reason}. `rootver diagnose NODE --save FILE` writes one, "
            "and `rootver diagnose all --save FOLDER` one file for each cluster"
        )


@dataclass(frozen=True, slots=True)
class Collection:
    """Raw answers of one cluster and what is needed to judge them.

    `results`: node → what came, as parsed JSON (`raw_result`); text that is no clean JSON stays a string.
    `fixed`: node → when our last change on it was made, by the node's own clock.
    """

    asked: str
    cluster: str
    at: datetime
    members: Members
    fixed: Mapping[str, datetime]
    results: Mapping[str, Json]


def raw_result(text: str) -> Json:
    """A command's output as a collection keeps it: the object, or the text where it is no clean JSON."""
    try:
        return cast(Json, parse(text))
    except BrokenContract:
        return text


def unreachable(code: str | None, message: str) -> Json:
    """The result of a node that did not answer, as a collection keeps it."""
    return {"unreachable": {"code": code, "message": message}}


def answers(collection: Collection) -> dict[str, Answer]:
    """Node → what it answered, for every node of the inventory."""
    return {node: _answer(collection.results, node) for node in collection.members.nodes}


def dump_collection(collection: Collection) -> str:
    """The collection as a JSON text that `load_collection` reads back without loss."""
    members = collection.members
    envelope = {
        "schema": 1,
        "asked": collection.asked,
        "cluster": collection.cluster,
        "at": _iso(collection.at),
        "inventory": {"nodes": dict(members.nodes), "virtual_servers": list(members.virtual_servers)},
        "fixed": {node: _iso(at) for node, at in collection.fixed.items()},
        "results": dict(collection.results),
    }
    return json.dumps(envelope, indent=1, allow_nan=False) + "\n"


def load_collection(text: str) -> Collection:
    """Read a saved collection; raises `NotACollection`.

    A result that breaks the contract does so for its node alone, and shows in `answers`.
    """
    try:
        return _collection(schema_1(Part(parse_leniently(text.removeprefix("\ufeff")))))
    except BrokenContract as broken:
        where = f"{broken.path}: " if broken.path else ""
        raise NotACollection(f"{where}{broken.reason}") from broken


def _collection(envelope: Part) -> Collection:
    inventory = envelope.field("inventory")
    nodes = {name: part.text() for name, part in inventory.field("nodes").fields().items()}
    if not nodes:
        raise inventory.field("nodes").broken("no node in it")
    return Collection(
        asked=envelope.field("asked").text(),
        cluster=envelope.field("cluster").text(),
        at=envelope.field("at").time(),
        members=Members(nodes, inventory.field("virtual_servers").texts()),
        fixed=_fixed(envelope.field("fixed"), nodes),
        results=_results(envelope.field("results"), nodes),
    )


def _fixed(part: Part, nodes: Mapping[str, str]) -> dict[str, datetime]:
    times = ((_spelled(name, nodes), one.time()) for name, one in part.fields().items())
    return {node: time for node, time in times if node is not None}


def _results(part: Part, nodes: Mapping[str, str]) -> dict[str, Json]:
    results: dict[str, Json] = {}
    for name, one in part.fields().items():
        node = _spelled(name, nodes)
        if node is None:
            raise one.broken("no node of the inventory")
        if node in results:
            raise one.broken("a second result of the same node")
        results[node] = flaw(one.value) or cast(Json, one.value)
    return results


def _spelled(name: str, nodes: Mapping[str, str]) -> str | None:
    """The inventory's spelling of a node's name."""
    return name if name in nodes else next((node for node in nodes if same_name(node, name)), None)


def _answer(results: Mapping[str, Json], node: str) -> Answer:
    if node not in results:
        return Unreachable(None, "it was not asked")
    result = results[node]
    try:
        if isinstance(result, str):
            raise _no_answer(result)
        if isinstance(result, dict) and "unreachable" in result and "schema" not in result:
            away = Part(result).field("unreachable")
            return Unreachable(away.field("code").optional(Part.text), away.field("message").text())
        return facts_of(result)
    except BrokenContract as broken:
        return BrokenAnswer(str(broken))


def _no_answer(text: str) -> BrokenContract:
    """Why a text that was kept as it came is no answer."""
    try:
        parse(text)
    except BrokenContract as broken:
        return BrokenContract("", f"{broken.reason}: {text[:_EXCERPT]!r}")
    return BrokenContract("", "a text, no object")


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
