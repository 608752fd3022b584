"""What a fix rests on, as files: its backup, and the raw answers of the hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.blocks.reg_file import backup_file
from bot.slack.post import Attachment
from handlers.record.story import Story
from storage import evidence
from storage.transaction import Reader

LARGEST = 8 * 1024 * 1024  # bytes of raw answers in one chat message; `rootver show` has all of them


def raw_files(conn: Reader, story: Story) -> list[Attachment]:
    """The backup, then the raw answers in one file; what was erased or is damaged is left out."""
    fix = story.fix
    backup = _kept(conn, fix.backup) if fix.backup else None
    files = [] if backup is None else [backup_file(fix.id, backup)]
    answers = list(_answers(conn, story))
    if answers:
        content = json.dumps(answers, indent=1).encode()
        files.append(Attachment(f"{fix.id}-evidence.json", f"Raw answers that {fix.id} rests on", content))
    return files


def _answers(conn: Reader, story: Story) -> Iterator[dict[str, str]]:
    """Each as text, so that its hash can be compared."""
    room = LARGEST
    for one in story.evidence:
        room -= one.size or 0
        data = _kept(conn, one.sha256) if one.sha256 != story.fix.backup and room >= 0 else None
        if data is not None:
            yield {"sha256": one.sha256, "answer": data.decode("utf-8", "backslashreplace")}


def _kept(conn: Reader, sha256: str) -> bytes | None:
    try:
        return evidence.read(conn, sha256)
    except evidence.EvidenceAltered:
        return None
