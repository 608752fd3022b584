"""version and --version: which commit is running, or plainly that nobody knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from handlers.commit import commit, of_checkout
from tests.bot.command_line.invoking import Rootver, clean_environment, runner

ROOT = Path(__file__).parents[3]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
SOURCES = ("bot", "handlers", "storage", "pyproject.toml", "setup.py", "README.md", "LICENSE")


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


def git(folder: Path, *words: str) -> str:
    """Git without anybody's settings."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        environ |= {f"GIT_{who}_NAME": "x", f"GIT_{who}_EMAIL": "x@example.org"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit of one file."""
    root = tmp_path / "checkout"
    (root / "handlers").mkdir(parents=True)
    (root / "handlers" / "x.py").write_text("1\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")
    return root


def test_a_checkout_is_asked_and_says_when_it_was_changed(checkout: Path) -> None:
    """A tag does not take the commit's place."""
    git(checkout, "tag", "-am", "x", "v9")
    head = git(checkout, "rev-parse", "HEAD")[:12]
    assert commit(checkout / "handlers") == head
    (checkout / "handlers" / "x.py").write_text("2\n")
    assert commit(checkout / "handlers") == f"{head}-dirty"


def test_what_was_built_says_what_it_was_built_from(checkout: Path) -> None:
    """Whatever is around it now."""
    (checkout / "handlers" / "commit.txt").write_text("abc123\n")
    assert commit(checkout / "handlers") == "abc123"


def test_without_git_nothing_is_made_up(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert of_checkout(tmp_path) is None
    (tmp_path / ".git").mkdir()
    assert of_checkout(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert of_checkout(checkout) is None


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ('{"vcs_info": {"vcs": "git", "commit_id": "0123456789abcdef"}}', "0123456789ab"),
        ('{"dir_info": {}}', None),
        ("no json", None),
        (None, None),
    ],
)
def test_pip_knows_the_commit_where_it_fetched_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None, told: str | None
) -> None:
    """By direct_url.json, which it leaves beside the package."""
    info = tmp_path / "rootver_bot-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rootver-bot\nVersion: 0.1.0\n")
    if kept is not None:
        (info / "direct_url.json").write_text(kept)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert commit(tmp_path / "handlers") == told


def sources(folder: Path) -> Path:
    """What a build takes, without a checkout around it."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        subprocess.run(["cp", "-R", str(ROOT / name), str(source / name)], check=True)
    return source


def build(source: Path, out: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Build a wheel into a folder of its own."""
    return subprocess.run(
        [sys.executable, "-c", BUILD, str(out)],
        cwd=source, env={**clean_environment(), **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def carried(out: Path) -> str | None:
    """The commit in the wheel that was built there."""
    (wheel,) = out.glob("*.whl")
    with ZipFile(wheel) as archive:
        there = "handlers/commit.txt" in archive.namelist()
        return archive.read("handlers/commit.txt").decode().strip() if there else None


def test_a_build_from_a_checkout_carries_its_commit(tmp_path: Path) -> None:
    """And one from sources alone carries none."""
    source = sources(tmp_path)
    build(source, tmp_path / "without")
    git(source, "init", "-q")
    git(source, "add", "README.md")
    git(source, "commit", "-qm", "x")
    build(source, tmp_path / "with")
    assert carried(tmp_path / "without") is None
    assert carried(tmp_path / "with") == git(source, "rev-parse", "HEAD")[:12]


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef01234567", "0123456789ab-dirty", ""])
def test_a_build_is_told_its_commit(tmp_path: Path, given: str) -> None:
    """As the Dockerfile's is; an argument that was left out is empty there."""
    build(sources(tmp_path), tmp_path / "out", SOURCE_COMMIT=given)
    assert carried(tmp_path / "out") == (given or None)


def test_what_is_not_a_commit_ends_the_build(tmp_path: Path) -> None:
    """A branch is another commit tomorrow."""
    done = build(sources(tmp_path), tmp_path / "out", SOURCE_COMMIT="main")
    assert done.returncode != 0
    assert "SOURCE_COMMIT is 'main', which is not the name of a commit" in done.stderr


def test_the_command_tells_it(rootver: Rootver, monkeypatch: pytest.MonkeyPatch) -> None:
    """As lines, as an object, and in one line behind --version."""
    monkeypatch.setattr("bot.command_line.versioning.commit", lambda: "abc123")
    assert "commit  abc123\n" in rootver("version").out
    assert json.loads(rootver("version", "--json").out)["commit"] == "abc123"
    assert rootver("--version").out.endswith(", commit abc123\n")
    monkeypatch.setattr("bot.command_line.versioning.commit", lambda: None)
    assert "commit  unknown: " in rootver("version").out
    assert json.loads(rootver("version", "--json").out)["commit"] is None
    assert rootver("--version").out.endswith(", commit unknown\n")
