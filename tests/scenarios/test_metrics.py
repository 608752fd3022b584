"""What a watch outside sees of a night: the figures of the running bot, over HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.scenarios.question import Enter, asked
from tests.scenarios.stage import Stage


class Measured(Stage):
    """A scenario whose bot serves its figures."""

    def _settings(self) -> str:
        return super()._settings() + '[metrics]\nlisten = "127.0.0.1:0"\n'

    def page(self, path: str) -> str:
        assert self.bot is not None
        assert self.bot.watching.listener is not None
        with urlopen(f"http://127.0.0.1:{self.bot.watching.listener.port}{path}") as answer:
            return str(answer.read().decode())

    def figures(self) -> dict[str, float]:
        """Each sample, by its name with its labels."""
        return {
            sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.page("/metrics"))
            for sample in family.samples
        }


def test_a_night_in_figures(tmp_path: Path) -> None:
    """From the record what was done, from the bot how it is."""
    with (stage := Measured(tmp_path)):
        asked(stage)
        stage.react("alice", stage.card())
        stage.wait(lambda: "refusal" in stage.kinds())
        stage.react("bob", stage.card())
        stage.becomes("applied")
        stage.wait(lambda: stage.figures().get("rootver_fix_moves_total|applied") == 1)
        told = stage.figures()
        assert {
            "rootver_commands_total|diagnose": 1, "rootver_diagnoses_total|rootver_invalid": 1,
            "rootver_refusals_total|own_request": 1, "rootver_fix_moves_total|proposed": 1,
            "rootver_fix_moves_total|approved": 1, "rootver_fix_moves_total|applying": 1,
            "rootver_approval_seconds_count": 1,
            "rootver_host_calls_total|Set-RootVer|ok|mgmt1": 1,
            "rootver_live": 1, "rootver_ready": 1, "rootver_connected": 1, "rootver_paused": 0,
            "rootver_trouble|file": 0, "rootver_host_barred|mgmt1|query": 0,
            "rootver_host_barred|mgmt1|change": 0, "rootver_open_fixes|proposed": 0,
            "rootver_untold_refused": 0,
        }.items() <= told.items()  # fmt: skip
        assert told["rootver_host_call_exchanges_sum|Set-RootVer|mgmt1"] >= 6
        assert told["rootver_audit_records"] >= 15
        assert 0 <= told["rootver_anchor_age_seconds"] < 60
        assert told["rootver_file_bytes"] > 0
        built = r'rootver_build_info\{commit="[0-9a-z-]+",version="[0-9.]+"\} 1\.0'
        assert re.search(built, stage.page("/metrics"))
        assert stage.page("/readyz").startswith("The bot runs and is connected.")
        assert stage.page("/healthz") == "The bot lives.\n"


def test_without_the_setting_nothing_listens(enter: Enter) -> None:
    """And Prometheus' client is not loaded for it."""
    stage = enter()
    assert stage.bot is not None
    assert (stage.bot.watching.listener, stage.bot.watching.heartbeat) == (None, None)
