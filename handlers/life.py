"""What the record says of the bot itself: its starts, stops and failures."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

from handlers.commit import running_commit
from handlers.record.anchoring import Anchors
from storage import notices
from storage.chain import audit
from storage.chain.anchors import Keys, last_key
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import SENTENCE, Fix, Json, NewNotice, Record, bounded

log = logging.getLogger(__name__)


def record_start(
    database: Database, settings_sha256: str | None, settings: Mapping[str, Json], anchors: Anchors
) -> None:
    """The bot starts with these settings (never a secret); what the check at the start found is told.

    `settings_sha256` is that of the settings file, in hex; None: there is no file. That anchors are signed by
    another key than before, which did not vouch for it, is told too.
    """
    anchor_key = anchors.key.public
    faults, older = database.faults, list(database.older or ())
    with database.read() as conn:
        before = last_key(conn)
    keys = Keys()
    for key in filter(None, [before, anchor_key]):
        keys.started(key, anchors.renewals, 0)
    started: dict[str, Json] = {
        "version": version("rootver-bot"),
        **({"commit": commit} if (commit := running_commit()) else {}),
        "host": platform.node(),
        "process": os.getpid(),
        "anchor_key": anchor_key,
        **({"older": [*older]} if older else {}),
        **({"anchor_key_renewals": list(anchors.renewals)} if anchors.renewals else {}),
        "faults": list(faults),
    }
    with database.write() as tx:
        audit.append(tx, Record("start", "error" if faults or older else "ok", "bot", details=started))
        loaded: dict[str, Json] = {"sha256": settings_sha256, "settings": dict(settings)}
        audit.append(tx, Record("settings", "ok", "bot", details=loaded))
        if faults:
            notices.add(tx, NewNotice("audit", "storage_fault", details={"faults": list(faults)}))
        if keys.unvouched:
            notices.add(tx, NewNotice("audit", "new_key", details={"before": before, "now": anchor_key}))
    if older:
        tell_older(database)
    for fault in faults:
        log.error("the audit failed its check, fixes are blocked: %s", fault)
    log.info("anchors are signed by the key %s", anchor_key)
    if keys.unvouched:
        log.error("the key that signed anchors before is not there any more: %s", before)


def tell_older(database: Database) -> None:
    """The file is an older copy: tell the log and the audit channel. Raises `StorageError`."""
    older: list[Json] = list(database.older or ())
    with database.write() as tx:
        notices.add(tx, NewNotice("audit", "older_copy", details={"older": older}))
    for sentence in older:
        log.error("the audit's file is an older copy, fixes are held (rootver takeover): %s", sentence)


def record_stop(database: Database) -> None:
    """The bot stops in order. Raises `StorageError`."""
    with database.write() as tx:
        audit.append(tx, Record("stop", "ok", "bot"))


def record_failure(database: Database, where: str, error: BaseException) -> int | None:
    """Something failed inside while `where` was done; returns the number of the record.

    None: the file cannot be written, which may be the very failure.
    """
    details: dict[str, Json] = {
        "where": where,
        "error": type(error).__name__,
        "reason": bounded(str(error), SENTENCE),
    }
    try:
        with database.write() as tx:
            return audit.append(tx, Record("error", "error", "bot", details=details)).seq
    except StorageError as failure:
        log.error("it could not be recorded: %s", failure)  # noqa: TRY400 - its cause is logged by the caller
        return None


def record_company(database: Database, *, there: bool) -> None:
    """Whether another bot stays connected with our app token, which blocks fixes. Raises `StorageError`."""
    if there:
        reason = "Another bot is connected with the same app token: fixes are blocked."
    else:
        reason = (
            "No other bot is connected with the same app token any more: fixes are no longer blocked by it."
        )
    details: dict[str, Json] = {"where": "counting Slack's connections", "reason": reason}
    with database.write() as tx:
        audit.append(tx, Record("error", "error" if there else "ok", "bot", details=details))
        notices.add(tx, NewNotice("audit", "another_bot" if there else "alone_again"))


def file_trouble(error: BaseException) -> tuple[str, str] | None:
    """What is the matter with the audit's file, and what to do next; None: something else has failed.

    (For a chat: the error's own sentence names a path of this machine.)
    """
    return (error.reason, error.advice) if isinstance(error, StorageError) else None


def record_untold(database: Database, what: str, reason: str, channel: str | None, fix: Fix | None) -> None:
    """Slack never takes what was to be told (`what`); `reason` is its code. Raises `StorageError`."""
    details: dict[str, Json] = {"where": f"telling {what}", "reason": reason, "channel": channel}
    node, fix_id = (fix.node, fix.id) if fix else (None, None)
    with database.write() as tx:
        audit.append(tx, Record("error", "error", "bot", node, fix_id, details))
