"""Readings, times and lists in words, the same in chat and in JSON. Pure and deterministic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from handlers.kb906154.article import TARGET_KIND
from handlers.kb906154.facts import Absent, EventRecord, Reading, RegistryData, RegistryValue, Unreadable
from handlers.spelling import LONGEST, exactly, spelt_out

_SHOWN = LONGEST  # characters of foreign text in a sentence
SENTENCE = 800  # characters of a sentence of our own that quotes foreign text


def exact(text: str) -> str:
    """Text that was compared exactly, so that nothing hides in it."""
    return _cut(exactly(text) or '""')


def prose(text: str, shown: int = _SHOWN) -> str:
    """A name or message of others on one line; what cannot be seen is spelt out."""
    return _cut(spelt_out(" ".join(text.split())), shown)


def quoted(name: str) -> str:
    """A name of others between quotation marks. It ends no code span, in which advice has its commands."""
    return '"' + prose(name).replace("`", "'").replace("\u02cb", "'") + '"'


def _cut(text: str, shown: int = _SHOWN) -> str:
    return text if len(text) <= shown else f"{text[:shown]}… ({len(text)} characters)"


def data_words(data: RegistryData) -> str:
    """The data of a registry value."""
    if isinstance(data, tuple):
        return exact(json.dumps(data))
    return exact(data) if isinstance(data, str) else str(data)


def root_ver_words(reading: Reading[RegistryValue]) -> str:
    """RootVer as somebody reads it in regedit; its type only where that is not the one it must have."""
    if isinstance(reading, Unreadable):
        return unreadable_words(reading)
    if isinstance(reading, Absent):
        return "the ASP.NET key is missing" if reading.missing == "key" else "the value is missing"
    kind = "" if reading.value.kind == TARGET_KIND else f" ({reading.value.kind})"
    return f"{data_words(reading.value.data)}{kind}"


def unreadable_words(reading: Unreadable) -> str:
    """Why something could not be read, with the raw code."""
    return f"could not be read: {prose(reading.message)} ({reading.code})"


def when(time: datetime) -> str:
    """A time as the contract writes it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(names: Iterable[str], none: str = "none") -> str:
    """Names with commas between them."""
    return ", ".join(names) or none


def events_words(records: Iterable[EventRecord], most: int = 8) -> str:
    """Records by source, id and code, each kind once, in the order of the log."""
    kinds = list(
        dict.fromkeys(
            f"{prose(one.source)} {one.id}{f' ({one.codes[0]})' if one.codes else ''}" for one in records
        )
    )
    more = f" and {len(kinds) - most} more" if len(kinds) > most else ""
    return f"{listed(kinds[:most])}{more}"
