"""What `make release-check` finds: nothing here but the missing date, and each fault that is planted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs_links import ROOT, tree
from tests.release import changelog, locks, main, wheel

DATE = "2026-12-01"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout, ready to be released: its changelog has a date."""
    root = tmp_path_factory.mktemp("release") / "clean"
    for file in tree().files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, root / file)
    change(root, "CHANGELOG.md", r"^(## \S+ \S ).*", rf"\g<1>{DATE}")
    return root


@pytest.fixture
def copy(clean: Path, tmp_path: Path) -> Path:
    """One that a test may spoil."""
    return shutil.copytree(clean, tmp_path / "copy")


def change(root: Path, file: str, pattern: str, text: str) -> None:
    """Change the first place that fits."""
    before = (root / file).read_text()
    after = re.sub(pattern, text, before, count=1, flags=re.MULTILINE)
    assert after != before, f"{pattern} is not in {file}"
    (root / file).write_text(after)


def found_by(check: str, root: Path) -> list[str]:
    """What one of the checks finds in a copy."""
    here, project = tree(root), tomllib.loads((root / "pyproject.toml").read_text())
    if check == "changelog":
        return [*changelog(here, project["project"]["version"])]
    return [*{"locks": locks, "wheel": wheel}[check](here, project)]


def test_a_clean_copy_has_no_finding(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So what is found in the others is what was planted."""
    assert (main(clean), capsys.readouterr().out) == (0, "Nothing stands in the way of a release.\n")


LOCK, RUN_LOCK = "requirements.lock", "requirements-run.lock"
PLANTED = [
    ("changelog", "pyproject.toml", '^version = ".*"', 'version = "0.9.0"', "is at version 0.9.0"),
    ("changelog", "CHANGELOG.md", DATE, "unreleased", "Write the day of the release"),
    ("changelog", "CHANGELOG.md", r"^## .*", "What was", "CHANGELOG.md has no heading of a version"),
    ("locks", LOCK, r"^click==.*", "click==8.0", "requirements.lock has click 8.0"),
    ("locks", LOCK, r"^hypothesis==.*", "", "requirements.lock does not have hypothesis"),
    ("locks", LOCK, r"^uvicorn==.*", "uvicorn==0.1", "requirements.lock has uvicorn 0.1"),
    ("locks", LOCK, r"^setuptools==.*", "setuptools==70", "asks for setuptools>=80"),
    ("locks", RUN_LOCK, r"^pydantic==.*", "", "requirements-run.lock does not have pydantic"),
    ("locks", RUN_LOCK, r"^certifi==.*", "certifi==1", "has certifi at 1, and requirements.lock has it at"),
    ("locks", RUN_LOCK, r"^certifi==.*", "extra==1", "requirements.lock does not have it"),
    ("locks", "requirements-docs.lock", r"^mkdocs-material==.*", "", "does not have mkdocs-material"),
    ("wheel", "pyproject.toml", r'"contract/\*", ', "", "contract/set-rootver.json is not in the wheel"),
    ("wheel", "pyproject.toml", r'^rootver = ".*"', 'rootver = "bot.gone:main"', "starts bot.gone:main"),
    ("wheel", "pyproject.toml", r"^include = .*", "include = 1", "cannot be built"),
]


@pytest.mark.parametrize(("check", "file", "pattern", "text", "told"), PLANTED)
def test_what_is_planted_is_told(
    copy: Path, check: str, file: str, pattern: str, text: str, told: str
) -> None:
    """As a sentence with a next step."""
    change(copy, file, pattern, text)
    found = found_by(check, copy)
    assert any(told in one for one in found), found
    assert all(". " in one for one in found), found


def test_tests_in_the_wheel_are_told(copy: Path) -> None:
    """They would be installed as a package of that name."""
    change(copy, "pyproject.toml", '"storage(\\*?)"', r'"storage\1", "tests\1"')
    found = found_by("wheel", copy)
    assert any("tests/__init__.py is in the wheel and should not be" in one for one in found), found


def test_the_command_prints_the_findings_and_ends_with_1(copy: Path) -> None:
    """Those of every check."""
    change(copy, "CHANGELOG.md", DATE, "unreleased")
    change(copy, LOCK, r"^click==.*", "click==8.0")
    change(copy, "README.md", r"\Z", "[gone](docs/nothing)\n")
    command = [sys.executable, "-m", "tests.release", str(copy)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert re.findall(r"^\S+", ran.stdout, re.MULTILINE)[:2] == ["CHANGELOG.md", "requirements.lock"]
    assert "README.md links to docs/nothing, which is not there" in ran.stdout
