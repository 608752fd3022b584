"""Diagnoses of the practice incidents, as the use case gives them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from handlers.diagnose import ClusterReport, Diagnoser
from tests.bot.shift import INVENTORY
from tests.handlers.fix.night import LabRemote, Watch


def report_of_incident(incident: str, asked: str) -> list[ClusterReport]:
    """Diagnose the practice cluster with an incident, without recording it."""
    watch = Watch()
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(LabRemote(incident, watch), INVENTORY, watch, workers, {"mgmt1": 120.0})
        return diagnoser.diagnose(asked, "UALICE")
