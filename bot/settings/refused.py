"""What is wrong with a key, as a sentence with an example. Never with the value: it may be a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.settings.environment import NAMED, SINGLE, KeyPath
from bot.settings.host_sections import SECRETS, Change
from handlers.record.questions import near

# Types of pydantic's errors: https://docs.pydantic.dev/latest/errors/validation_errors/
_MUST_BE: Mapping[str, str] = {
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "model_type": "must be a section",
    "dict_type": "must be a section",
    "literal_error": "must be {expected}",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be {ge:.10g} or more",
    "less_than_equal": "must be {le:.10g} or less",
}


def sentences(error: ValidationError, origins: Mapping[KeyPath, str]) -> Iterator[str]:
    """One sentence per key that is wrong. `origins`: keys that come from a variable → that variable."""
    told = set[KeyPath]()
    for one in error.errors(include_url=False, include_input=False):
        path, model = _place(tuple(map(str, one["loc"])))
        if path not in told:  # a list has an error for each item, and `true or a path` has two
            told.add(path)
            yield _sentence(one, path, model, origins.get(path))


def _place(loc: KeyPath) -> tuple[KeyPath, type[BaseModel] | None]:
    """The key that an error is about, and the section that the key belongs to."""
    if loc[0] in SINGLE:
        return loc[:2], SINGLE[loc[0]]
    if loc[0] not in NAMED:
        return loc[:1], None
    return (loc[:4], Change) if loc[2:3] == ("change",) and len(loc) > 3 else (loc[:3], NAMED[loc[0]])


def _sentence(error: ErrorDetails, path: KeyPath, model: type[BaseModel] | None, variable: str | None) -> str:
    shown, kind = variable or ".".join(path), error["type"]
    if kind == "extra_forbidden":
        return _unknown(path, list(model.model_fields) if model else [*SINGLE, *NAMED])
    if kind == "missing":
        what = "is missing"
    elif kind == "value_error":
        what = str(error["ctx"]["error"])  # a check of ours: it knows better than to repeat the value
    else:
        what = _MUST_BE.get(kind, "is not valid").format(**error.get("ctx", {}))
    return f"{shown} {what}.{_example(path, model, variable)}"


def _unknown(path: KeyPath, known: list[str]) -> str:
    hint = near(path[-1], known)
    return f"{'.'.join(path)} is unknown. " + (
        f"Did you mean {hint}?" if hint else f"Known there: {', '.join(sorted(known))}."
    )


def _example(path: KeyPath, model: type[BaseModel] | None, variable: str | None) -> str:
    key = model.model_fields.get(path[-1]) if model else None
    if key is None or not key.examples or path[-1] in SECRETS:
        return ""
    value = key.examples[0]
    if variable:
        return (
            f" Example: {variable}={','.join(map(str, value)) if isinstance(value, list) else plain(value)}"
        )
    return f" Example: {path[-1]} = {toml(value)}"


def plain(value: object) -> str:
    """A value as a variable holds it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def toml(value: Any) -> str:
    """A value as it stands in the settings file."""
    if isinstance(value, str) and "\\" in value and "'" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)
