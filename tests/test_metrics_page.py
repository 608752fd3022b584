"""What is written about the metrics: page, example alerts and dashboard name only what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.metrics_page import PAGE, names, table

DOCS = Path(__file__).parents[1] / "docs"
NAME = re.compile(r"\b(?:rootver|process)_[a-z_]+")
# By Prometheus' own client (prometheus.github.io/client_python/collector).
OF_THE_PROCESS = {"process_resident_memory_bytes"}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DOCS / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def questions() -> Iterator[str]:
    """Every expression of both files."""
    for rule in rules():
        yield rule["expr"]
    for panel in json.loads((DOCS / "grafana.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_the_page_prints_the_metrics() -> None:
    """`python -m tests.metrics_page` writes it."""
    assert table() in PAGE.read_text()


def test_each_question_asks_for_metrics_that_there_are() -> None:
    """A name that was changed would leave an alert that never comes."""
    known = names() | OF_THE_PROCESS
    for question in questions():
        asked = set(NAME.findall(question))
        assert asked
        assert asked <= known, question
        assert question.count("(") == question.count(")")
        assert question.count("{") == question.count("}")


def test_each_alert_says_what_is_and_what_to_do() -> None:
    """With the fields that Prometheus knows, and no others."""
    for rule in rules():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "next"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_the_panels_lie_beside_each_other() -> None:
    """None covers another one, and each has a number of its own."""
    panels = json.loads((DOCS / "grafana.json").read_text())["panels"]
    places = {(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels}
    assert len(places) == len({one["id"] for one in panels}) == len(panels)
