"""The commands of docs/auditor.md, each as it stands there, against the file of a night in the lab."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs_links import ROOT
from tests.scenarios.stage import ONCALL, Stage, shown
from tests.scenarios.test_command_line import environ

PAGE = (ROOT / "docs" / "auditor.md").read_text()
COMMANDS = re.findall(r"^    rootver (.+)$", PAGE, re.MULTILINE)
TELLS = {
    "history since": ("FIX-1", "0.0.0.0", "1.1.4322.0", "alice", "bob", "dave"),
    "show": ("FIX-1", "alice", "bob", "dave"),
    "history records": ("dave", "FIX-1"),
    "verify": ("OK", "1 change approved by a second person", "bob", "anchor"),
    "export": ("records", "SHA-256"),
}
"""How a command begins, and what its answer has in it."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """alice asks, dave is refused, bob approves, mail is back; the auditor has the three files."""
    with Stage(tmp_path_factory.mktemp("night")) as stage:
        stage.say("alice", "@rootver diagnose exch-node2")
        stage.react("dave", stage.card())
        stage.wait(lambda: "refusal" in stage.kinds())
        stage.react("bob", stage.card())
        stage.becomes("applied")
        stage.cluster.bring_online()
        stage.becomes("confirmed")
        texts = [shown(one) for one in (*stage.messages(), *stage.workspace.messages(ONCALL, None))]
        (stage.folder / "channel.txt").write_text("\n".join(texts))
        (stage.folder / "key.pem").write_text(run(stage, "anchor-key").stdout)
        assert run(stage, "snapshot copy.db").returncode == 0
        yield stage


def run(stage: Stage, words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *words.split()]
    return subprocess.run(
        command, cwd=stage.folder, env=environ(stage), capture_output=True, text=True, timeout=60, check=False
    )


def test_the_page_has_five_questions_and_a_command_for_each() -> None:
    """Numbered, and each in a place of its own."""
    sections = re.split(r"^## \d\. ", PAGE, flags=re.MULTILINE)[1:]
    assert [len(re.findall(r"^    rootver ", one, re.MULTILINE)) for one in sections] == [1] * 5


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_answers_its_question(night: Stage, command: str) -> None:
    """Exit code 0, and the people and values of that night in the answer; the copy stays as it was."""
    before = Path(night.folder / "copy.db").read_bytes()
    done = run(night, command)
    told = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
    words = next(words for begins, words in TELLS.items() if command.startswith(begins))
    assert [word for word in words if word not in told] == []
    assert Path(night.folder / "copy.db").read_bytes() == before
