"""A management host for the scripts that install and remove an endpoint: an engine, and stand-ins."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from bot.lab.windows.server import CimServer
from tests.powershell import ENDPOINT
from tests.powershell.engine import powershell_or_skip

STAND_INS = Path(__file__).with_name("windows_host.ps1")
ADMINISTRATORS, REMOTE_USERS = "S-1-5-32-544", "S-1-5-32-580"
SETTING: dict[str, Any] = {
    "accounts": {
        "CORP\\rootver": "S-1-5-21-1",
        "CORP\\rootver-fix": "S-1-5-21-2",
        "CORP\\rootver-read": "S-1-5-21-3",
        "CORP\\gmsa$": "S-1-5-21-4",
    },
    "groups": {"rootver@CORP": [], "rootver-fix@CORP": []},
    "members": {ADMINISTRATORS: ["S-1-5-21-500"], REMOTE_USERS: []},
    "policy": False,
    "fail": [],
    "foreign": "",
    "lost": "",
    "remote": False,
}
"""How a host is: whom it knows, its local groups and policy, whose its folders are, and what fails.

`lost`: an endpoint whose configuration file is gone.
"""

QUERY = {
    "Purpose": "Query",
    "Node": ["EXCH-NODE1", "EXCH-NODE2=exch-node2.corp.example", "EXCH-NODE3=EXCH-NODE3"],
    "Caller": ["CORP\\rootver"],
    "RunAsCredential": "CORP\\rootver-read",
}
CHANGE = {
    "Purpose": "Change",
    "Node": ["EXCH-NODE1", "EXCH-NODE2"],
    "Caller": ["CORP\\rootver-fix"],
    "RunAsVirtualAccount": True,
}


@dataclass(frozen=True)
class Done:
    """What came of a run: `calls` to Windows in order, configuration files by name, answers of `then`."""

    calls: list[str]
    said: list[str]
    warnings: list[str]
    registered: dict[str, str]
    sddl: list[str]
    answers: list[str]
    failure: str | None


def registering(
    parameters: dict[str, Any], *then: dict[str, Any], endpoint: Path = ENDPOINT, **setting: Any
) -> dict[str, Any]:
    """A run of the script that installs an endpoint; `then`: commands in a session of it."""
    script = str(endpoint / "Register-RootVerEndpoint.ps1")
    return {"script": script, "parameters": parameters, "setting": {**SETTING, **setting}, "then": then}


def removing(*, lost: str = "", **parameters: Any) -> dict[str, Any]:
    """A run of the script that removes endpoints."""
    script = str(ENDPOINT / "Unregister-RootVerEndpoint.ps1")
    return {"script": script, "parameters": parameters, "setting": {**SETTING, "lost": lost}, "then": ()}


def asked(endpoint: str, command: str, **parameters: Any) -> dict[str, Any]:
    """A command for `then`."""
    return {"endpoint": endpoint, "command": command, "parameters": parameters}


@dataclass(frozen=True)
class WindowsHost:
    """A host in a folder, over practice nodes."""

    folder: Path
    cim: CimServer

    @property
    def modules(self) -> Path:
        return self.folder / "Program Files" / "WindowsPowerShell" / "Modules"

    @property
    def data(self) -> Path:
        return self.folder / "ProgramData" / "RootVer"

    def versions(self) -> list[str]:
        """The versions of the module that are installed."""
        return sorted(path.parent.name for path in self.modules.glob("RootVer/*/RootVer.psd1"))

    def run(self, *runs: dict[str, Any]) -> Sequence[Done]:
        """Run scripts as an administrator at the console, one after the other, on a fresh host."""
        for name in ("Program Files", "ProgramData", "temp"):
            (self.folder / name).mkdir(exist_ok=True)
        plan = self.folder / "runs.json"
        plan.write_text(json.dumps(runs))
        run = subprocess.run(
            [str(powershell_or_skip()), "-File", str(STAND_INS), "-Runs", str(plan)],
            env={
                **os.environ,
                **self.cim.environment,
                "ProgramFiles": str(self.folder / "Program Files"),
                "ProgramData": str(self.folder / "ProgramData"),
                "PSModulePath": os.pathsep.join([str(self.modules), str(files("bot.lab.windows"))]),
                "COMPUTERNAME": "MGMT1",
                "TMPDIR": str(self.folder / "temp"),
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, ""), run.stdout
        # What -WhatIf says goes to the console first.
        return [Done(**one) for one in json.loads(run.stdout.splitlines()[-1])]
