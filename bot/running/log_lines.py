"""The log: one line for each event, with its time in UTC and the request that it belongs to."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Literal

from handlers.on_behalf import current, request
from storage.records import Entry

log = logging.getLogger("record")

Format = Literal["text", "json"]
Level = Literal["info", "warning", "error"]  # never DEBUG: there the libraries write whole messages


def set_up(form: Format, level: Level) -> None:
    """Have all of this process logged to standard error. Once, before anything is logged."""
    handler = logging.StreamHandler()
    handler.addFilter(_with_request)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("slack_bolt.App").addFilter(_is_news)


def log_records(entries: Iterable[Entry]) -> None:
    """What was recorded just now, by its number: from a line of the log to the record, and back."""
    for entry in entries:
        # Commands of several threads may be stored by one of them.
        event = entry.details.get("event") if entry.kind in {"command", "refusal"} else None
        about = " ".join(filter(None, [entry.kind, entry.outcome, entry.node, entry.fix_id]))
        with request(event) if isinstance(event, str) else nullcontext():
            log.info("recorded #%d: %s, by %s", entry.seq, about, entry.actor)


def _with_request(record: logging.LogRecord) -> bool:
    """On the thread that logs: nobody else knows for whom it works."""
    record.request = current()
    return True


def _is_news(record: logging.LogRecord) -> bool:
    """Not that Bolt has found the token in the environment too, and leaves it: it is the client's."""
    return "`token` will be unused" not in record.getMessage()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Text(logging.Formatter):
    """Time, level, request and logger before the words."""

    def format(self, record: logging.LogRecord) -> str:
        request = getattr(record, "request", "")
        named = f" [{request}]" if request else ""
        told = record.getMessage().replace("\n", "\\n")  # what a host says makes no line of its own
        line = f"{_time(record)} {record.levelname}{named} {record.name}: {told}"
        return "\n".join([line, self.formatException(record.exc_info)]) if record.exc_info else line


class _Json(logging.Formatter):
    """One object on one line; `request` and `error` only where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record), "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(),
        }  # fmt: skip
        if request := getattr(record, "request", ""):
            line["request"] = request
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)
