"""The import contracts: each is broken on purpose, in a copy, and `lint-imports` refuses it by its name."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application.use_cases import lint_imports

ROOT = Path(__file__).parents[1]
TOPS = ("bot", "handlers", "storage")
configuration.configure()

LAYERS, CIRCLE, RING = "Three layers, arrows one way", "No circle among modules", "The outer ring"
LAB, LAB_ALONE = "The practice lab", "The practice lab sees neither handlers nor storage"
USE_CASES, FILE = "The use cases", "Storage: the file does not know the chain"
PURE = "Knowledge, state machine and decoder do no I/O"
NO_FILE, NO_NETWORK = "Blocks are pure: no file", "Blocks are pure: no network"
PYPSRP, SQLITE = "Only handlers.psrp knows pypsrp", "Only storage speaks SQLite"
RECORD, LISTENERS = "The outer ring records nothing by itself", "Listeners never see storage"
SLACK = "Handlers and storage never see Slack"

IN_A_FUNCTION = "def later() -> None:\n    from bot.settings import loading"
FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bot.settings import loading"

# A module, what is added at its end, and every contract which that breaks. (Blocks take a class from some of
# these modules: what such a module imports is theirs as well.)
PLANTS = [
    ("storage/snapshot.py", "from handlers import inventory", {LAYERS}),
    ("bot/settings/file.py", IN_A_FUNCTION, {CIRCLE}),
    ("bot/settings/file.py", FOR_TYPES, {CIRCLE}),
    ("storage/chain/audit.py", "from storage.chain import verify", {CIRCLE}),
    ("bot/lab/payload.py", "from bot.slack import limits", {RING}),
    ("bot/lab/host/soap.py", "from bot.lab.workspace import cast", {LAB}),
    ("bot/lab/payload.py", "from handlers import inventory", {LAB_ALONE}),
    ("bot/lab/payload.py", "from storage import times", {LAB_ALONE}),
    ("handlers/admission.py", "from handlers import life", {USE_CASES}),
    ("storage/file/lock.py", "from storage.chain import kinds", {FILE, CIRCLE}),
    ("handlers/kb906154/truth.py", "import pathlib", {PURE}),
    ("handlers/approval.py", "from storage.file import errors", {PURE}),
    ("handlers/inventory.py", "import subprocess", {PURE}),
    ("bot/blocks/card.py", "import sqlite3", {NO_FILE, SQLITE}),
    ("bot/blocks/card.py", "from storage.file import database", {NO_FILE}),
    ("bot/blocks/card.py", "import slack_sdk", {NO_NETWORK}),
    ("bot/blocks/card.py", "from bot.slack import web_api", {NO_NETWORK}),
    ("handlers/record/history.py", "import pypsrp", {PYPSRP, NO_NETWORK}),
    ("bot/doctor/hosts.py", "import pypsrp.wsman", {PYPSRP}),
    ("bot/app.py", "import sqlite_utils", {SQLITE}),
    ("handlers/life.py", "import sqlite3", {SQLITE}),
    ("bot/lab/page/stream.py", "import sqlite3", {SQLITE}),
    ("bot/running/delivery.py", "from storage.chain import audit", {RECORD}),
    ("bot/listeners/mentions.py", "from storage import fixes", {LISTENERS}),
    ("handlers/life.py", "import slack_sdk.errors", {SLACK}),
    ("storage/snapshot.py", "import slack_bolt", {SLACK}),
]  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The product's modules and its contracts, where the linter looks for them.

    It runs within this process (a fifth of the time) and asks Python where the packages are: in the copy, if
    those of this process are out of sight.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for top in TOPS:
        monkeypatch.delitem(sys.modules, top, raising=False)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file in (file for top in TOPS for file in (ROOT / top).rglob("*.py")):
        there = tmp_path / file.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, there)
    return tmp_path


@pytest.fixture
def broken(copied: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], set[str]]:
    """Asks `lint-imports` which contracts are broken in the copy, and sees that it has judged all of them.

    (It is the function behind the command: the command itself silences all loggers of the process.)
    """

    def ask() -> set[str]:
        kept = lint_imports(cache_dir=None)
        told = capsys.readouterr().out
        judged = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", told, re.MULTILINE))
        assert judged.keys() == names(), told
        found = {name for name, verdict in judged.items() if verdict == "BROKEN"}
        assert kept == (not found)
        return found

    return ask


def names() -> set[str]:
    """The contracts of pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def plant(tree: Path, module: str, text: str) -> None:
    """Add text at the end of a module, which may be a new one."""
    with (tree / module).open("a") as file:
        file.write(f"\n{text}\n")


def test_the_tree_as_it_is_keeps_every_contract(broken: Callable[[], set[str]]) -> None:
    """Else what is planted below would prove nothing."""
    assert broken() == set()


def test_every_contract_is_broken_below() -> None:
    """A contract that nobody has seen refuse anything may refuse nothing."""
    assert set[str]().union(*(contracts for _, _, contracts in PLANTS)) == names()


@pytest.mark.parametrize(("module", "text", "contracts"), PLANTS)
def test_what_a_contract_forbids_is_refused_by_its_name(
    copied: Path, broken: Callable[[], set[str]], module: str, text: str, contracts: set[str]
) -> None:
    """And nothing else is."""
    plant(copied, module, text)
    assert broken() == contracts


def test_a_module_that_nobody_has_given_a_place_is_refused(
    copied: Path, broken: Callable[[], set[str]]
) -> None:
    """Directly in a layer or in the lab; modules within a room have no place of their own."""
    for room in ("bot", "bot/lab", "handlers", "storage"):
        plant(copied, f"{room}/helpers.py", "")
    assert broken() == {RING, LAB, USE_CASES, FILE}


def test_the_lab_may_not_import_a_new_module_of_the_bot(copied: Path, broken: Callable[[], set[str]]) -> None:
    """Also where that module has its room: no list of names has to be kept."""
    plant(copied, "bot/slack/novelty.py", "")
    plant(copied, "bot/lab/payload.py", "from bot.slack import novelty")
    assert broken() == {RING}
