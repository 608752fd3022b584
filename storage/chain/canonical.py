"""Canonical JSON (RFC 8785) for what is hashed: one text for one meaning.

The text is `rfc8785`'s. Most records are plain enough for `json` to write the same in a sixth of the time.
"""

from __future__ import annotations

import json
import re
from typing import Any

import rfc8785

from storage.records import Json

# RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles, exact up to here. Larger ones travel as text.
SAFE_INTEGER = 2**53 - 1
_TEXT = frozenset({str})
_SURROGATE = re.compile("[\ud800-\udfff]")
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
    try:
        return rfc8785.dumps(_for_rfc8785(value)).decode()
    except rfc8785.CanonicalizationError as error:
        raise NotCanonical(str(error)) from error


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


def _for_rfc8785(value: Json) -> Any:
    """The value with visible surrogates, which `rfc8785` refuses, and without floats, which it writes."""
    match value:
        case float():
            raise NotCanonical(f"{value!r} is a float, which not every language writes alike")
        case str():
            return visible(value)
        case list() | tuple():
            return [_for_rfc8785(one) for one in value]
        case dict():
            return {_name(key): _for_rfc8785(one) for key, one in value.items()}
        case _:
            return value


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise NotCanonical("the names in an object must be text")
    return visible(key)


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
