"""A real file for every test: SQLite is its own fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.file.database import Database
from tests.storage.samples import Ticking


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rootver.db"


@pytest.fixture
def db(path: Path, clock: Ticking) -> Iterator[Database]:
    with Database.open(path, clock) as database:
        yield database
