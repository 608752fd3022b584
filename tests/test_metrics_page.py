"""What is written about the metrics: page, example alerts and dashboard name only what there is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.metrics_page import PAGE, figures, names, table

DOCS = Path(__file__).parents[1] / "docs"
CASES = Path(__file__).parent / "alerts.test.yaml"
NAME = re.compile(r"\b(?:rootver|process)_[a-z_]+")
# By Prometheus' own client (prometheus.github.io/client_python/collector).
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_start_time_seconds"}


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


def promtool(*words: str | Path, given: bytes = b"") -> str:
    """What Prometheus' own tool complains of; nothing where all is well."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool here: apt-get install prometheus, or unpack it from there")
    ran = subprocess.run([program, *words], input=given, capture_output=True, check=False, timeout=60)
    return (ran.stderr + (ran.stdout if ran.returncode else b"")).decode()


def test_promtool_finds_nothing_wrong_with_rules_and_metrics() -> None:
    """Names, meanings and units of what the bot serves too."""
    assert promtool("check", "rules", DOCS / "alerts.yaml") == ""
    with figures() as served:
        assert promtool("check", "metrics", given=served.text()) == ""
    assert promtool("check", "metrics", given=b"# TYPE rootver_x_total gauge\nrootver_x_total 1\n") != ""


def test_each_alert_fires_when_it_must_and_is_silent_else() -> None:
    """Played by promtool, from series that are written down."""
    assert promtool("test", "rules", CASES) == ""


def test_each_alert_is_played_both_ways() -> None:
    """A new one without a case fails here, also where there is no promtool."""
    played = {
        (case["alertname"], bool(case["exp_alerts"]))
        for story in yaml.safe_load(CASES.read_text())["tests"]
        for case in story["alert_rule_test"]
    }
    assert played == {(rule["alert"], fires) for rule in rules() for fires in (True, False)}


def test_what_is_counted_begins_at_zero() -> None:
    """Prometheus sees no increase where a series begins with 1: a host's first failure would be missed."""
    with figures() as made:
        values = {
            (sample.name, *sample.labels.values()): sample.value
            for family in made.registry.collect()
            for sample in family.samples
        }
    assert values["rootver_host_calls_total", "mgmt1", "Get-RootVerFact", "failed"] == 0
    assert values["rootver_host_calls_total", "mgmt1", "Set-RootVer", "ok"] == 0
    assert values["rootver_fix_moves_total", "confirmed"] == 0
    assert values["rootver_diagnoses_total", "rootver_invalid"] == 0
    assert values["rootver_refusals_total", "own_request"] == 0
    assert values["rootver_commands_total", "diagnose"] == 0


def test_the_panels_lie_beside_each_other() -> None:
    """None covers another one, and each has a number of its own."""
    panels = json.loads((DOCS / "grafana.json").read_text())["panels"]
    places = {(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels}
    assert len(places) == len({one["id"] for one in panels}) == len(panels)
