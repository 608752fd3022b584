"""The environment's part of the settings: which variables there are, and what they put into the tree.

A variable's name is the key's in upper case, `__` between levels, every other character that is not a letter
or digit as `_`: ROOTVER_HOSTS__MGMT1__PASSWORD. An empty variable counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from bot.settings.file import CONFIG_VARIABLE
from bot.settings.host_sections import Change, Host
from bot.settings.sections import Approval, Audit, ClusterSection, Log, Metrics, NodeSection, Slack, Storage
from handlers.record.questions import near

PREFIX = "ROOTVER_"
OTHERS = (CONFIG_VARIABLE, "ROOTVER_PWSH")  # where the file is; which PowerShell the practice lab runs
SINGLE: Mapping[str, type[BaseModel]] = {
    "slack": Slack,
    "approval": Approval,
    "storage": Storage,
    "audit": Audit,
    "log": Log,
    "metrics": Metrics,
}
NAMED: Mapping[str, type[BaseModel]] = {"hosts": Host, "clusters": ClusterSection, "nodes": NodeSection}
# A host or cluster may stand in the environment alone; without this key it is a mistyped name.
_MAKES = {"hosts": "SERVER", "clusters": "NODES"}
_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}

KeyPath = tuple[str, ...]  # of a key: ("hosts", "mgmt1", "server")


@dataclass(slots=True)
class Overlay:
    """What the variables said: `origins` is key → variable; `reasons` are sentences."""

    origins: dict[KeyPath, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def variable_of(path: KeyPath) -> str:
    """The variable that stands for a key."""
    return PREFIX + "__".join(re.sub("[^A-Z0-9]", "_", part.upper()) for part in path)


def overlay(tree: dict[str, Any], environ: Mapping[str, str]) -> Overlay:
    """Put what the environment says into the tree, over what the file says there."""
    result, seen = Overlay(), set[str](OTHERS)
    given = {name: text for name, text in environ.items() if text}
    for section in (*SINGLE, *NAMED):  # clusters before nodes: a node's name is known from its cluster
        for variable, (path, kind) in _variables(section, tree, given).items():
            seen.add(variable)
            if variable in given and _put(tree, path, _value(given[variable], kind)):
                result.origins[path] = variable
    for variable in sorted(given):
        if variable.startswith(PREFIX) and variable not in seen:
            result.reasons.append(_unknown(variable, seen))
    return result


def _variables(
    section: str, tree: Mapping[str, Any], given: Mapping[str, str]
) -> dict[str, tuple[KeyPath, Any]]:
    """Variable → the key it stands for and that key's type."""
    if section in SINGLE:
        return dict(_keys((section,), SINGLE[section]))
    names = _names(section, tree, given)
    return {name: key for one in names for name, key in _keys((section, one), NAMED[section])}


def _keys(path: KeyPath, section: type[BaseModel]) -> Iterator[tuple[str, tuple[KeyPath, Any]]]:
    for name, key in section.model_fields.items():
        extra = key.json_schema_extra
        if name == "change":
            yield from _keys((*path, name), Change)
        elif isinstance(extra, dict):
            yield str(extra["variable"]), ((*path, name), key.annotation)
        else:
            yield variable_of((*path, name)), ((*path, name), key.annotation)


def _names(section: str, tree: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """The names that a section has, in the file or by the environment alone (in lower case then)."""
    names = list(_table(tree, section))
    if section == "nodes":
        listed = [
            _table(_table(tree, "clusters"), cluster).get("nodes") for cluster in _table(tree, "clusters")
        ]
        return names + [
            node for nodes in listed if isinstance(nodes, list) for node in nodes if isinstance(node, str)
        ]
    # A host's section `change` has a server too: that variable makes no host of its own.
    pattern = f"{PREFIX}{section.upper()}__(.+?)(?<!__CHANGE)__{_MAKES[section]}"
    told = [found[1] for variable in given if (found := re.fullmatch(pattern, variable))]
    there = {variable_of((section, name)) for name in names}
    return names + [name.lower() for name in told if variable_of((section, name)) not in there]


def _table(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tree.get(name)
    return table if isinstance(table, dict) else {}


def _put(tree: dict[str, Any], path: KeyPath, value: object) -> bool:
    """False where something else than a table stands in the way; that is told when the tree is validated."""
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            return False
    tree[path[-1]] = value
    return True


def _value(text: str, kind: Any) -> object:
    """A variable's text as the key's type; what is not of that type stays text, and validation refuses it."""
    if get_origin(kind) is tuple:
        return [_value(one.strip(), get_args(kind)[0]) for one in text.split(",") if one.strip()]
    kinds = {getattr(one, "__origin__", one) for one in (kind, *get_args(kind))}
    if bool in kinds and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    for number in (int, float):
        if number in kinds:
            try:
                return number(text)
            except ValueError:
                continue
    return text


def _unknown(variable: str, known: set[str]) -> str:
    hint = near(variable, sorted(known))
    advice = f"Did you mean {hint}?" if hint else "docs/settings.md lists all variables."
    return f"{variable} is unknown. {advice}"
