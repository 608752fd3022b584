"""The units for systemd: what systemd says of them, and that they name codes and variables that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.command_line.exits import Exit
from bot.settings.environment import SINGLE, variable_of

DOCS = Path(__file__).parents[1] / "docs"
UNIT = DOCS / "rootver.service"


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """(Only the path of the program is this machine's.)"""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    names = ("rootver.service", "rootver-snapshot.service", "rootver-snapshot.timer")
    units = [tmp_path / name for name in names]
    for unit in units:
        text = (DOCS / unit.name).read_text()
        unit.write_text(text.replace("/opt/rootver/bin/rootver", sys.executable))
    ran = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False, timeout=60
    )
    assert [line for line in ran.stderr.splitlines() if "rootver" in line] == []


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


def test_the_commands_of_root_mean_the_bot_that_the_unit_runs() -> None:
    """The file that docs/install.md has them make: as in the unit, the tokens where it takes them from."""
    page = (DOCS / "install.md").read_text()
    shell = dict(re.findall(r"(?m)^    export (\w+)=(\S+)$", page))
    unit = dict(re.findall(r"(?m)^Environment=(\w+)=(\S+)$", UNIT.read_text()))
    taken = dict(re.findall(r"(?m)^LoadCredential=(\w+):(\S+)$", UNIT.read_text()))
    assert shell
    for name, value in shell.items():
        of_unit = unit[name]
        assert value == (taken[of_unit[3:]] if of_unit.startswith("%d/") else of_unit)
    (folder,) = re.findall(r"unix:(/run/\w+)/", (DOCS / "operating.md").read_text())
    assert f"RuntimeDirectory={Path(folder).name}" in UNIT.read_text()
