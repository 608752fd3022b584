"""The unit for systemd: what systemd says of it, and that it names exit codes and variables that there
are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.command_line.exits import Exit
from bot.settings.environment import SINGLE, variable_of

UNIT = Path(__file__).parents[1] / "docs" / "rootver.service"


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """(Only the path of the program is this machine's.)"""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    unit = tmp_path / "rootver.service"
    unit.write_text(UNIT.read_text().replace("/opt/rootver/bin/rootver", sys.executable))
    ran = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60
    )
    assert [line for line in ran.stderr.splitlines() if "rootver.service" in line] == []


def test_it_is_not_started_again_where_somebody_has_to_act() -> None:
    """After bad words, files, tokens and settings; after a lost connection and a defect it is."""
    (codes,) = re.findall(r"RestartPreventExitStatus=(.*)", UNIT.read_text())
    stay = {
        Exit.USAGE, Exit.BAD_DATA, Exit.MISSING, Exit.CANNOT_CREATE, Exit.REFUSED, Exit.SETTINGS
    }  # fmt: skip
    assert {int(code) for code in codes.split()} == {int(one) for one in stay}


def test_its_variables_are_those_of_the_settings() -> None:
    """A misspelt one would stop the bot at its start."""
    named = re.findall(r"Environment=(ROOTVER_(?:STORAGE|AUDIT)__\w+)=", UNIT.read_text())
    known = {
        variable_of((section, key))
        for section in ("storage", "audit")
        for key in SINGLE[section].model_fields
    }
    assert named
    assert set(named) <= known
