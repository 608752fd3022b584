"""What is installed is what is here."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from setuptools import find_packages  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]


def test_every_package_is_found_for_the_build() -> None:
    """A package that the build does not find is missing from the wheel, not from the checkout."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    named = find_packages(str(ROOT), include=build["include"])
    here = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for top in ("bot", "handlers", "storage")
        for file in (ROOT / top).rglob("__init__.py")
    }
    assert set(named) == here


def test_what_an_older_checkout_built_is_not_installed(tmp_path: Path) -> None:
    """An upgrade in the same folder: a module that is gone from the checkout is gone from the build."""
    stale = tmp_path / "handlers" / "stale.py"
    stale.parent.mkdir()
    stale.touch()
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", tmp_path],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert (tmp_path / "handlers" / "approval.py").exists()
    assert not stale.exists()


def test_no_other_code_folder_is_at_the_top() -> None:
    """bot, handlers, storage and tests: arrows are checked between these."""
    folders = {file.parts[0] for file in (path.relative_to(ROOT) for path in ROOT.glob("*/**/*.py"))}
    assert {one for one in folders if not one.startswith((".", "build"))} == {
        "bot",
        "handlers",
        "storage",
        "tests",
    }
