"""Readings, times and lists in words, the same in chat and in JSON. Pure and deterministic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime

from handlers.kb906154.facts import Absent, Reading, RegistryData, RegistryValue, Unreadable

_SHOWN = 200  # characters of foreign text in a sentence
SENTENCE = 800  # characters of a sentence of our own that quotes foreign text
_PLAIN = re.compile(r"[!-~]+")


def exact(text: str) -> str:
    """Text that was compared exactly, so that nothing hides in it: quoted and escaped if not plain ASCII."""
    return _cut(text if _PLAIN.fullmatch(text) else json.dumps(text))


def prose(text: str, shown: int = _SHOWN) -> str:
    """A name or message of others on one line, without what cannot be printed."""
    one_line = " ".join(text.split())
    if not one_line.isprintable():
        one_line = "".join(char if char.isprintable() else "\ufffd" for char in one_line)
    return _cut(one_line, shown)


def _cut(text: str, shown: int = _SHOWN) -> str:
    return text if len(text) <= shown else f"{text[:shown]}… ({len(text)} characters)"


def data_words(data: RegistryData) -> str:
    """The data of a registry value."""
    if isinstance(data, tuple):
        return _cut(json.dumps(data))
    return exact(data) if isinstance(data, str) else str(data)


def root_ver_words(reading: Reading[RegistryValue]) -> str:
    """RootVer as somebody reads it in regedit."""
    if isinstance(reading, Unreadable):
        return unreadable_words(reading)
    if isinstance(reading, Absent):
        return "the ASP.NET key is missing" if reading.missing == "key" else "the value is missing"
    return f"{data_words(reading.value.data)} ({reading.value.kind})"


def unreadable_words(reading: Unreadable) -> str:
    """Why something could not be read, with the raw code."""
    return f"could not be read: {prose(reading.message)} ({reading.code})"


def when(time: datetime) -> str:
    """A time as the contract writes it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(names: Iterable[str], none: str = "none") -> str:
    """Names with commas between them."""
    return ", ".join(names) or none
