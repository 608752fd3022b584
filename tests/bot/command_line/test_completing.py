"""completion: what the Tab key offers, in the shells themselves where they are installed."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.command_line import main
from bot.command_line.completing import SHELLS
from storage import fixes
from storage.file.database import Database
from tests.bot.command_line.invoking import Ran, Rootver, clean_environment, runner
from tests.storage.samples import Ticking, new_fix

ROOT = Path(__file__).parents[3]
SETTINGS = '[clusters.EXCH-CL1]\nhost = "mgmt1"\nnodes = ["exch-node1", "exch-node2"]\n'
SECONDS = 60.0  # for a shell to answer


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    (tmp_path / "rootver.toml").write_text(SETTINGS)
    return runner(monkeypatch, capsys, tmp_path)


def offered(rootver: Rootver, line: str) -> list[str]:
    """What is offered behind the last word of a line, or in place of it where no blank follows it."""
    words = line.split(" ")
    environ = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_ROOTVER_COMPLETE": "bash_complete"}
    ran: Ran = rootver(**environ)
    assert (ran.code, ran.err) == (0, "")
    return [one.partition(",")[2] for one in ran.out.split()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rootver dia", ["diagnose"]),
        ("rootver ", list(main.COMMANDS)),
        ("rootver diagnose ", ["EXCH-CL1", "exch-node1", "exch-node2", "all"]),
        ("rootver diagnose EXCH-NODE", ["exch-node1", "exch-node2"]),
        ("rootver manual e", ["exch-node1", "exch-node2"]),
        ("rootver diagnose --j", ["--json"]),
        ("rootver history --no", ["--no-color"]),
        ("rootver history ki", ["kind"]),
        ("rootver history kind e", ["expiry", "export", "erasure", "error"]),
        ("rootver history outcome r", ["refused"]),
        ("rootver history since y", ["yesterday"]),
        ("rootver history by ", []),
        ("rootver export exch-node1 c", ["csv"]),
        ("rootver show ", []),
        ("rootver completion f", ["fish"]),
    ],
)
def test_the_tab_key_offers_what_may_follow(rootver: Rootver, line: str, words: list[str]) -> None:
    """Commands from their table, nodes from the settings, words from the grammar."""
    assert offered(rootver, line) == words


def test_fixes_are_offered_out_of_the_database(rootver: Rootver, tmp_path: Path) -> None:
    """The newest first."""
    with Database.open(tmp_path / "rootver.db", Ticking()) as database, database.write() as tx:
        for node in ("exch-node1", "exch-node2"):
            fixes.insert(tx, new_fix(node=node))
    assert offered(rootver, "rootver show ") == ["FIX-2", "FIX-1"]


@pytest.mark.parametrize(
    "text", ["no = [toml", "clusters = 5", "[clusters]\nCL = 5", "[clusters.CL]\nnodes = 7"]
)
def test_settings_that_cannot_be_used_offer_nothing(rootver: Rootver, tmp_path: Path, text: str) -> None:
    """And print nothing into the line that is being typed."""
    (tmp_path / "rootver.toml").write_text(text)
    assert offered(rootver, "rootver manual ") == []


def test_the_settings_that_the_line_names_count(rootver: Rootver, tmp_path: Path) -> None:
    """Before the command and behind it."""
    (tmp_path / "other.toml").write_text(SETTINGS.replace("exch", "mail"))
    assert offered(rootver, "rootver --config other.toml manual ") == ["mail-node1", "mail-node2"]
    assert offered(rootver, "rootver manual --config other.toml ") == ["mail-node1", "mail-node2"]


def test_a_shell_that_asks_only_half_gets_a_code(rootver: Rootver) -> None:
    """The variable alone, set by mistake, is no defect."""
    assert rootver(_ROOTVER_COMPLETE="bash_complete").code == 64
    assert rootver(_ROOTVER_COMPLETE="nonsense", COMP_WORDS="", COMP_CWORD="0").code == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(rootver: Rootver, shell: str) -> None:
    ran = rootver("completion", shell)
    assert ran.code == 0
    assert f"_ROOTVER_COMPLETE={shell}_complete" in ran.out


# --- in the shells --------------------------------------------------------------------------------


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """`rootver` is on the path, and the settings are in the working directory."""
    (tmp_path / "rootver.toml").write_text(SETTINGS)
    program = tmp_path / "bin" / "rootver"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m bot "$@"\n')
    program.chmod(0o755)
    clean = clean_environment()
    return {**clean, "PATH": f"{program.parent}:{clean['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_bash_completes(environ: dict[str, str], tmp_path: Path) -> None:
    """Its own completion calls our function with the words of the line."""
    script = """
        eval "$(rootver completion bash)"
        complete -p rootver
        COMP_WORDS=(rootver diagnose exch-node); COMP_CWORD=2
        _rootver_completion rootver; printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", script],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[1:] == ["exch-node1", "exch-node2"]
    assert "-F _rootver_completion rootver" in done.stdout


def test_fish_completes_with_explanations(environ: dict[str, str], tmp_path: Path) -> None:
    script = "rootver completion fish | source; complete -C 'rootver dia'; complete -C 'rootver manual '"
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", script],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, *nodes = done.stdout.splitlines()
    assert first.split("\t")[0] == "diagnose"
    assert nodes == ["exch-node1", "exch-node2"]


def test_zsh_completes(environ: dict[str, str], tmp_path: Path) -> None:
    """As typed, with the Tab key: its completion works in a terminal only."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [shell("zsh"), "-f", "-i"], cwd=tmp_path, env=environ,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as zsh:  # fmt: skip
        os.close(theirs)
        try:
            os.write(ours, b"autoload -U compinit; compinit -u -D; ")
            os.write(ours, b"eval \"$(rootver completion zsh)\"; PS1='re''ady'\n")
            _until(ours, "ready")
            os.write(ours, b"rootver diag\t")
            _until(ours, "nose ")  # it writes what it adds
            os.write(ours, b"exch-node2 --js\t")
            _until(ours, "on ")
        finally:
            os.close(ours)
            zsh.kill()


def _until(terminal: int, text: str) -> None:
    seen, end = "", time.monotonic() + SECONDS
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"no {text!r} within {SECONDS} s in {seen!r}"
        seen += os.read(terminal, 4096).decode("utf-8", "replace")
