"""Who works on the command line: what the system says."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from bot.command_line.account import actor

ME = pwd.getpwuid(os.getuid()).pw_name
FREE = next(uid for uid in range(60_001, 65_000) if uid not in {one.pw_uid for one in pwd.getpwall()})


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"])
def test_no_variable_of_the_environment_says_who_works(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "ciso.bob")
    assert actor(tmp_path / "not there") == f"os:{ME}"


@pytest.mark.parametrize(
    ("told", "behind"),
    [
        ("4294967295", ""),  # no login began this process
        (str(os.getuid()), ""),
        (str(FREE), f"/{FREE}"),
        ("no number", ""),
        ("", ""),
    ],
)
def test_the_login_behind_sudo_stands_beside_the_account(told: str, behind: str, tmp_path: Path) -> None:
    file = tmp_path / "loginuid"
    file.write_text(told, encoding="ascii")
    assert actor(file) == f"os:{ME}{behind}"


def test_the_name_of_the_login_is_told_too(tmp_path: Path) -> None:
    other = next(
        one for one in pwd.getpwall() if one.pw_uid not in {os.getuid(), 0} and one.pw_name.isalnum()
    )
    (tmp_path / "loginuid").write_text(str(other.pw_uid), encoding="ascii")
    told = actor(tmp_path / "loginuid")
    assert told == f"os:{ME}/{pwd.getpwuid(other.pw_uid).pw_name}"
    assert len(told.split()) == 1
