"""A host whose endpoint has an older module goes on working, and the log says so."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.lab.host.commands import Caller, answer
from bot.lab.host.older import MODULE_1_0
from bot.lab.incidents import build
from handlers.approval import Permit
from handlers.diagnose import Diagnoser
from handlers.older_modules import OlderModules
from handlers.ports import Query
from tests.bot.shift import INVENTORY
from tests.handlers.fix.night import Watch

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class PracticeRemote:
    """The practice host itself, with a version of the module."""

    def __init__(self, module: str) -> None:
        self._cluster, _ = build("zero")
        self._caller = Caller(module=module)

    def query(self, host: str, query: Query) -> str:
        return answer(self._cluster, query.name, query.parameters, self._caller)

    def change(self, permit: Permit) -> str:
        raise AssertionError(permit)


@pytest.mark.parametrize(("module", "lines"), [(MODULE_1_0, 1), ("1.2.0", 0)])
def test_a_diagnosis_with_module_1_0_is_told_once_a_day(
    module: str, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Both nodes answer, the verdict is the same, and the host is named in the log."""
    caplog.set_level(logging.WARNING)
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(PracticeRemote(module), INVENTORY, Watch(), workers, {"mgmt1": 120.0})
        for _ in range(2):
            (report,) = diagnoser.diagnose("EXCH-CL1", "UALICE")
    assert {one.node: one.verdict for one in report.diagnoses} == {
        "exch-node1": "healthy",
        "exch-node2": "rootver_invalid",
    }
    assert {facts.module for facts in report.facts.values()} == {module}
    told = [one.getMessage() for one in caplog.records if one.name == "handlers.older_modules"]
    assert len(told) == lines
    assert all("host mgmt1: Module 1.0.0 is older" in line for line in told)


def test_each_host_is_told_of_again_on_the_next_day(caplog: pytest.LogCaptureFixture) -> None:
    """Days are those of UTC."""
    older = OlderModules()
    for host in ("mgmt1", "mgmt2"):
        for at in (MORNING, MORNING + timedelta(hours=15), MORNING + timedelta(hours=16)):
            older.note(host, "1.0.0", at)
    assert [one.getMessage().split(":")[0] for one in caplog.records] == [
        "host mgmt1", "host mgmt1", "host mgmt2", "host mgmt2",
    ]  # fmt: skip
