from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import fixes, people
from storage.chain import audit
from storage.file.database import Database
from storage.records import Json, Record
from tests.bot.command_line.invoking import Rootver, runner
from tests.storage.samples import BAD, GOOD, Ticking, command, new_fix

PROPOSED: dict[str, Json] = {
    "kind": "fix", "computer": "EXCH-NODE2", "expected": json.dumps(BAD), "target": json.dumps(GOOD),
}  # fmt: skip
REFUSED: dict[str, Json] = {"asked": "approve", "reason": "not_an_approver"}


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Database]:
    """The database as a running bot has it open: four records, two nodes, one fix."""
    with Database.open(tmp_path / "rootver.db", Ticking()) as database:
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            audit.append(tx, command("diagnose exch-node1", node="exch-node1"))
        with database.write() as tx:
            fixes.insert(tx, new_fix(expected=PROPOSED["expected"], target=PROPOSED["target"]))
            audit.append(tx, Record("proposal", "pending", "UALICE", "exch-node2", "FIX-1", PROPOSED))
        with database.write() as tx:
            audit.append(
                tx,
                Record("refusal", "refused", "UDAVE", "exch-node2", "FIX-1", REFUSED),
            )
        with database.write() as tx:
            audit.append(tx, command("verify", actor="os:root"))
        yield database
