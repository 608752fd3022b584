"""The log: its forms, its times, and whose request a line belongs to."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.running.log_lines import _Json, _Text, _with_request, log_records
from handlers.on_behalf import Pool, current, request
from storage.records import Entry

AT = datetime(2026, 11, 23, 10, 6, 12, 345_000, tzinfo=UTC)


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("handlers.diagnose", logging.INFO, "", 0, message, args, more.get("exc_info"))
    made.created = AT.timestamp()
    _with_request(made)
    return made


def test_a_line_of_text_has_its_time_in_utc_with_offset() -> None:
    """And the request in brackets, where there is one."""
    assert _Text().format(record("%s read", "EXCH-NODE1")) == (
        "2026-11-23T10:06:12.345+00:00 INFO handlers.diagnose: EXCH-NODE1 read"
    )
    with request("Ev07"):
        assert " INFO [Ev07] handlers.diagnose: " in _Text().format(record("read"))


def test_what_a_host_says_makes_no_line_of_its_own() -> None:
    """Else it could write lines that look like ours."""
    assert "\n" not in _Text().format(record("said %s", "a\n2026-11-23T10:06:13.000+00:00 ERROR x"))


def test_a_line_of_json_is_one_object() -> None:
    """With names that log collectors take; nothing that is not there."""
    assert json.loads(_Json().format(record("ä\n%d", 1))) == {
        "time": "2026-11-23T10:06:12.345+00:00", "level": "info", "logger": "handlers.diagnose",
        "message": "ä\n1",
    }  # fmt: skip
    try:
        int("broken")
    except ValueError:
        failed = record("failed", exc_info=sys.exc_info())
    with request("FIX-12"):
        _with_request(failed)
    told = json.loads(_Json().format(failed))
    assert told["request"] == "FIX-12"
    assert told["error"].endswith("base 10: 'broken'")
    assert _Text().format(failed).endswith("base 10: 'broken'")


def test_a_worker_works_for_whoever_gave_it_the_task() -> None:
    """On whatever thread, also where one task gives another; afterwards for nobody."""
    with Pool(1) as first, Pool(1) as second:
        with request("Ev1"):
            nested = first.submit(lambda: second.submit(current).result())
        assert nested.result() == "Ev1"
        assert (first.submit(current).result(), current()) == ("", "")


def test_each_record_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    """From the log to the record, and back."""
    entry = Entry(41, AT, "decision", "ok", "U07BOB00000", "exch-node2", "FIX-12", "{}", b"", b"")
    with caplog.at_level(logging.INFO, "record"):
        log_records([entry])
    assert caplog.messages == ["recorded #41: decision ok exch-node2 FIX-12, by U07BOB00000"]
