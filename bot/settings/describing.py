"""The tables of docs/settings.md, from the sections themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.settings.environment import NAMED, SINGLE, variable_of
from bot.settings.refused import toml

_WORDS = {str: "text", bool: "true/false", int: "number", float: "number", SecretStr: "secret"}
_EXPLAINED_IN_HOSTS = "hosts"  # docs/hosts.md has that table


def markdown() -> str:
    """A table for each section but the hosts'."""
    named = {name: model for name, model in NAMED.items() if name != _EXPLAINED_IN_HOSTS}
    single = [_table((name,), model) for name, model in SINGLE.items()]
    return "\n".join([*single, *(_table((name, "NAME"), model) for name, model in named.items())])


def _table(path: tuple[str, ...], model: type[BaseModel]) -> str:
    rows = "\n".join(_row(path, name, key) for name, key in model.model_fields.items())
    head = "| key | type | default | meaning | example | variable |\n|---|---|---|---|---|---|"
    return f"### [{'.'.join(path)}]\n\n{head}\n{rows}\n"


def _row(path: tuple[str, ...], name: str, key: FieldInfo) -> str:
    extra = key.json_schema_extra
    variable = str(extra["variable"]) if isinstance(extra, dict) else variable_of((*path, name))
    cells = (
        "only the variable" if isinstance(extra, dict) else f"`{name}`",
        " or ".join(_kinds(key.annotation)),
        _default(key),
        str(key.description),
        f"`{toml((key.examples or [None])[0])}`",
        f"`{variable}`",
    )
    return f"| {' | '.join(cells)} |"


def _default(key: FieldInfo) -> str:
    if key.is_required():
        return "required"
    value = list(key.default) if isinstance(key.default, tuple) else key.default
    return "none" if value in (None, []) else f"`{toml(value)}`"


def _kinds(kind: Any) -> Iterator[str]:
    """The words for a type; None is not a kind: it means that the key is missing."""
    if kind in _WORDS:
        yield _WORDS[kind]
    elif get_origin(kind) is tuple:
        yield f"list of {next(_kinds(get_args(kind)[0]))}s"
    elif get_origin(kind) is Literal:
        yield "text"
    elif get_origin(kind) is Annotated:
        yield from _kinds(get_args(kind)[0])
    else:
        for one in get_args(kind):
            yield from _kinds(one)
