"""What ten times as many records cost: the file, the start, a question, a copy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.record.history import answer
from handlers.record.questions import Question
from storage.chain.verify import start_check
from storage.file.database import Database
from storage.queries import Filter
from storage.snapshot import snapshot
from tests.bench import million
from tests.bench.million import RECORDS
from tests.bench.table import Row, take_turns


def growth() -> Iterator[Row]:
    """The same in a file of a tenth of the records (floor) and in the whole one (product)."""
    with TemporaryDirectory(prefix="rootver-bench-") as folder:
        small, large = Path(folder, "small.db"), Path(folder, "large.db")
        million.build(small, RECORDS // 10)
        million.build(large, RECORDS)
        sizes = [file.stat().st_size / 1e6 for file in (small, large)]
        per_record = sizes[1] * 1e6 / RECORDS
        yield Row(
            f"file, {RECORDS:,} records against a tenth", sizes[1], sizes[0], "MB",
            note=f"{per_record:.0f} bytes for each record and its places in the indexes",
        )  # fmt: skip
        with Database.read_only(small) as before, Database.read_only(large) as after:
            for name, work in _WORK.items():
                floor, product = take_turns(_timed(work, before), _timed(work, after), 3)
                yield Row(f"  {name}", product * 1000, floor * 1000)
            floor, product = take_turns(_timed(_copy, before), _timed(_copy, after), 1)
            yield Row("  snapshot", product, floor, "s")


def _start(database: Database) -> None:
    with database.read() as conn:
        start_check(conn)


def _ask(database: Database) -> None:
    with database.read() as conn:
        answer(conn, Question(Filter(nodes=(million.node_name(7),))))


def _copy(database: Database) -> None:
    with TemporaryDirectory(prefix="rootver-bench-") as folder, database.read() as conn:
        snapshot(conn, Path(folder, "copy.db"))


_WORK: dict[str, Callable[[Database], None]] = {
    "quick check at a start": _start,
    "history of a node, newest page": _ask,
}


def _timed(work: Callable[[Database], None], database: Database) -> Callable[[], float]:
    def seconds() -> float:
        began = time.perf_counter()
        work(database)
        return time.perf_counter() - began

    return seconds
