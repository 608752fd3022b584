"""Settings files for the tests: texts that are valid, and what is read or told of a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings.file import SettingsError
from bot.settings.loading import load
from bot.settings.settings import Settings

FILE = "rootver.toml"
CANARY = "canary-5f1c-never-shown"
HOST = '[hosts.mgmt1]\nserver = "mgmt1.corp.example"\n'
CLUSTER = '[clusters.EXCH-CL1]\nhost = "mgmt1"\nnodes = ["exch-node1", "exch-node2"]\n'
GOOD = HOST + CLUSTER


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    """The settings that a file of this text and these variables give."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return load(folder / FILE, environ)


def refusals(folder: Path, text: str, **environ: str) -> list[str]:
    """What is told about them."""
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text, **environ)
    return list(caught.value.reasons)
