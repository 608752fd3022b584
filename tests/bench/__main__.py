"""`python -m tests.bench [--json FILE] [ROW …]`: one table, each figure as a ratio against its floor."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import chat_rows, fleet_rows, growth_rows, other_clients, remote_rows, storage_rows
from tests.bench.table import Row, as_json, render

ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "cold": remote_rows.cold,
    "warm": remote_rows.warm,
    "others": other_clients.others,
    "fleet": fleet_rows.fleet,
    "mention": chat_rows.mention,
    "first": chat_rows.first,
    "approval": chat_rows.approval,
    "decision": chat_rows.decision,
    "append": storage_rows.append,
    "history": storage_rows.history,
    "verify": storage_rows.verify,
    "growth": growth_rows.growth,
    "start": chat_rows.start,
}


def main(arguments: list[str]) -> None:
    """Run the rows that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"any of {', '.join(ROWS)}; none: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    given = parser.parse_args(arguments)
    if unknown := set(given.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}. There are {', '.join(ROWS)}.")
    measured = [row for name in given.rows or ROWS for row in _run(name)]
    sys.stdout.write(render(measured) + "\n")
    if given.json:
        given.json.write_text(json.dumps([as_json(row) for row in measured], indent=1) + "\n")


def _run(name: str) -> list[Row]:
    began = time.monotonic()
    rows = list(ROWS[name]())
    sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
