"""Settings as plain data, for people and for the audit: of a secret only that there is one, and no floats."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pydantic import BaseModel, SecretStr

from bot.settings.host_sections import SECRETS
from handlers.host_options import HostOptions
from storage.records import Json

SET = "(set)"  # stands for a secret


def shown(value: object) -> Json:
    """A section or a value; what is not set and has no default is left out. 0.5 is written "0.5"."""
    match value:
        case SecretStr():
            return SET
        case BaseModel():
            return _table({name: getattr(value, name) for name in type(value).model_fields})
        case HostOptions():
            items = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
            return _table({name: SET if name in SECRETS and it else it for name, it in items.items()})
        case tuple():
            return [shown(one) for one in value]
        case float():
            return int(value) if value.is_integer() else repr(value)
        case str() | int():
            return value
    raise TypeError(f"no kind of setting: {type(value)}")


def _table(items: Mapping[str, object]) -> Json:
    return {name: shown(value) for name, value in items.items() if value is not None}
