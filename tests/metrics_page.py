"""The table of metrics in docs/operating.md, from the metrics themselves: `python -m tests.metrics_page`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client.metrics_core import Metric

from bot.running.figures import Figures, Seen
from bot.running.health import Pulse, Status
from storage.chain import audit
from storage.file.database import Database
from storage.records import Record

PAGE = Path(__file__).parents[1] / "docs" / "operating.md"
OURS = "rootver_"
_TABLE = re.compile(r"(?s)\| metric \| labels \| meaning \|\n.*?\n(?=\n)")
# What each kind of metric is called where it is asked for (prometheus.io/docs/concepts/metric_types).
_ENDINGS = {
    "counter": ["_total"],
    "histogram": ["_bucket", "_sum", "_count"],
    "info": ["_info"],
    "gauge": [""],
}


@contextmanager
def figures() -> Iterator[Figures]:
    """Those of a bot that has made an anchor."""
    with TemporaryDirectory() as folder:
        database = Database.open(Path(folder, "rootver.db"), lambda: datetime.now(UTC))
        with database, database.write() as tx:
            audit.append(tx, Record("anchor", "ok", "bot"))
        with Database.open(Path(folder, "rootver.db"), lambda: datetime.now(UTC)) as opened:
            yield Figures(
                Seen(
                    {"version": "1.0", "commit": "unknown"}, ["mgmt1"], Pulse(),
                    lambda: Status(1, connected=True), opened, lambda: datetime.now(UTC),
                    lambda: {("mgmt1", "query"): False},
                )
            )  # fmt: skip


def families() -> list[tuple[Metric, list[str]]]:
    """Each metric of ours, with its labels."""
    with figures() as made:
        labels = {
            one._name: list(one._labelnames)  # type: ignore[attr-defined]
            for one in made.registry._collector_to_names
            if hasattr(one, "_labelnames")
        }
        return [
            (
                one,
                labels.get(one.name)
                or sorted({name for sample in one.samples for name in sample.labels} - {"le"}),
            )
            for one in made.registry.collect()
            if one.name.startswith(OURS)
        ]


def names() -> set[str]:
    """Every name that a question may ask for."""
    return {one.name + ending for one, _ in families() for ending in _ENDINGS[one.type]}


def table() -> str:
    """As it stands in the page."""
    rows = [
        f"| `{_named(one)}` | {', '.join(labels)} | {one.documentation} |"
        for one, labels in sorted(families(), key=lambda found: found[0].name)
    ]
    return "\n".join(["| metric | labels | meaning |", "|---|---|---|", *rows]) + "\n"


def _named(metric: Metric) -> str:
    """A histogram has three names, with the one that it is known by in common."""
    return metric.name if metric.type == "histogram" else metric.name + _ENDINGS[metric.type][0]


def main() -> None:
    """Write it."""
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text()))


if __name__ == "__main__":
    main()
