"""Diagnoses as the JSON object of `diagnose --json` and `replay --json`, and the exit code they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from handlers.contract.collection import Collection, answers
from handlers.inventory import Cluster, Inventory, UnknownName
from handlers.kb906154.assess import Diagnosis, assess, refused
from handlers.kb906154.root_ver import reading_object
from storage.records import Json

# Exit codes: a verdict that says something is wrong, or a System Attendant that is down elsewhere, is 1; a
# verdict that could not tell is 2.
FINE = 0
FOUND_SOMETHING = 1
COULD_NOT_TELL = 2
_DOUBTFUL = ("inconclusive", "refused", "out_of_scope")


def to_json(asked: str, cluster: str | None, at: datetime, diagnoses: Sequence[Diagnosis]) -> dict[str, Json]:
    """One cluster's diagnoses as plain data; `cluster` is None where the name that was asked is refused."""
    return {
        "schema": 1,
        "asked": asked,
        "cluster": cluster,
        "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "nodes": [_node(diagnosis) for diagnosis in diagnoses],
    }


def exit_code(reports: Iterable[Mapping[str, Json]]) -> int:
    """The process exit code for `to_json` objects."""
    nodes = [node for report in reports for node in _nodes(report)]
    verdicts = {node["verdict"] for node in nodes}
    if verdicts - {"healthy", *_DOUBTFUL} or any(_down_elsewhere(node) for node in nodes):
        return FOUND_SOMETHING
    return COULD_NOT_TELL if verdicts & set(_DOUBTFUL) else FINE


def replay(collection: Collection) -> tuple[Diagnosis, ...]:
    """Diagnose a saved collection: every node of its cluster, or the refusal of the name that was asked."""
    members = collection.members
    cluster = Cluster(collection.cluster, "", members.nodes, members.virtual_servers)
    try:
        if collection.asked.casefold() != "all":
            Inventory((cluster,)).resolve(collection.asked)
    except UnknownName as unknown:
        return (refused(collection.asked, str(unknown)),)
    return assess(members, answers(collection), collection.fixed)


def _nodes(report: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    nodes = report["nodes"]
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []


def _down_elsewhere(node: Mapping[str, Json]) -> bool:
    """An outage on a node that nobody asked is one all the same."""
    related = node.get("related")
    return isinstance(related, list) and "attendant_elsewhere" in related


def _node(diagnosis: Diagnosis) -> dict[str, Json]:
    return {
        "node": diagnosis.node,
        "computer": diagnosis.computer,
        "verdict": diagnosis.verdict,
        "confidence": diagnosis.confidence,
        "root_ver": _root_ver(diagnosis),
        "owner": diagnosis.owner,
        "offered": diagnosis.offered,
        "findings": list(diagnosis.findings),
        "notes": list(diagnosis.notes),
        "related": [one.id for one in diagnosis.related],
        "not_checked": list(diagnosis.not_checked),
        "checks": [
            {
                "id": check.id,
                "result": check.result,
                "seen": check.seen,
                "expected": check.expected,
                "reference": check.reference,
            }
            for check in diagnosis.checks
        ],
    }


def _root_ver(diagnosis: Diagnosis) -> Json:
    if diagnosis.root_ver is None:
        return None
    value = reading_object(diagnosis.root_ver).get("value")
    known = value if isinstance(value, dict) else {"kind": None, "data": None}
    return {"class": diagnosis.root_ver_class, **known}
