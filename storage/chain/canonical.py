"""Canonical JSON (RFC 8785) for what is hashed: one text for one meaning.

Without floats the rules that differ between languages do not arise; `rfc8785` agrees byte for byte (tested).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from storage.records import Json

# RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles, exact up to here. Larger ones travel as text.
SAFE_INTEGER = 2**53 - 1
_TEXT = frozenset({str})
_SURROGATE = re.compile("[\ud800-\udfff]")
_encode = json.JSONEncoder(
    ensure_ascii=False
).encode  # escapes exactly what RFC 8785 section 3.2.2.2 asks for

_encode_sorted = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class NotCanonical(ValueError):
    """The value has no canonical form here: a float, a huge integer, or something that is not JSON."""


def canonical(value: Json) -> str:
    """The canonical JSON text of a value; unpaired surrogates become visible `\\uD800` text.

    Raises `NotCanonical` for floats, for integers beyond ±(2^53 - 1) and for what is not JSON.
    """
    if _is_plain(value):
        text = _encode_sorted(value)
        if text.isascii():  # then names sort the same by code point and by UTF-16, and no surrogate is there
            return text
    return _canonical(value)


def _is_plain(value: Json) -> bool:
    """Whether `json` itself writes this value canonically, as long as all text is ASCII: most records."""
    found: list[Any] = [value]
    for one in found:  # grows while it is walked
        kind = type(one)
        if kind is str or one is None or kind is bool:
            continue
        if kind is dict:
            if not _TEXT.issuperset(map(type, one)):
                return False
            found += one.values()
        elif kind is list:
            found += one
        elif kind is int:
            if not -SAFE_INTEGER <= one <= SAFE_INTEGER:
                return False
        else:
            return False
    return True


def _canonical(value: Json) -> str:
    """The same for every value, one by one."""
    match value:
        case None | bool():
            return _encode(value)
        case str():
            return _encode(visible(value))
        case int():
            return _integer(value)
        case list() | tuple():
            return f"[{','.join(map(_canonical, value))}]"
        case dict():
            return _object(value)
        case _:
            raise NotCanonical(f"{type(value).__name__} has no canonical form: {value!r:.80}")


def visible(text: str) -> str:
    """The text with unpaired surrogates, which no UTF-8 can carry, written out as `\\uD800`."""
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04X}", text)


def recordable(value: Json) -> Json:
    """The value with integers that canonical JSON cannot carry (a REG_QWORD, say) as decimal text."""
    match value:
        case bool():
            return value
        case int() if abs(value) > SAFE_INTEGER:
            return str(value)
        case list() | tuple():
            return [recordable(one) for one in value]
        case dict():
            return {key: recordable(one) for key, one in value.items()}
        case _:
            return value


def _integer(value: int) -> str:
    if abs(value) > SAFE_INTEGER:
        raise NotCanonical(f"{value} is beyond ±(2^53 - 1): write it as text")
    return str(int(value))


def _object(value: Mapping[str, Json]) -> str:
    """Members ordered by UTF-16 code units of their names (RFC 8785 section 3.2.3)."""
    if not all(isinstance(key, str) for key in value):
        raise NotCanonical("the names in an object must be text")
    named = {visible(key): one for key, one in value.items()}
    ordered = sorted(named, key=lambda key: key.encode("utf-16-be"))
    return f"{{{','.join(f'{_encode(key)}:{_canonical(named[key])}' for key in ordered)}}}"
