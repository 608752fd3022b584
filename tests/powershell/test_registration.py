"""The scripts that install and remove an endpoint, on a real PowerShell with stand-ins for Windows."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.lab.incidents import build
from bot.lab.windows.server import CimServer
from tests.powershell import COMMANDS, POWERSHELL
from tests.powershell.conftest import NOW
from tests.powershell.registering import (
    ADMINISTRATORS,
    CHANGE,
    QUERY,
    REMOTE_USERS,
    WindowsHost,
    asked,
    registering,
    removing,
)
from tests.powershell.test_change import TARGET, ZERO, compact, reading

pytestmark = pytest.mark.powershell


@pytest.fixture
def host(tmp_path: Path) -> Iterator[WindowsHost]:
    with CimServer(build("zero", lambda: NOW)[0]) as cim:
        yield WindowsHost(tmp_path, cim)


def settings_of(text: str) -> dict[str, str]:
    """The settings of a configuration file, as they are written."""
    lines = [line.partition(" = ") for line in text.splitlines() if not line.startswith("#")]
    return {name: content for name, _, content in lines if content}


def test_an_endpoint_for_questions(host: WindowsHost) -> None:
    """The module in the folder of its version, and nothing but its three commands for the listed nodes."""
    (done,) = host.run(registering(QUERY, asked("RootVerQuery", "Set-RootVer")))
    assert done.failure is None
    transcripts = f"{host.data}/Transcripts/RootVerQuery"
    whole = "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
    assert done.calls == [
        f"Set-Acl RootVer {whole}",
        f"Set-Acl RootVerQuery {whole}(A;OICI;FRFWFX;;;S-1-5-21-3)",
        "Register RootVerQuery",
        "Restart-Service WinRM",
        "New-PSSession RootVerQuery",
    ]
    assert Path(transcripts).is_dir()
    assert done.sddl == ["O:NSG:BAD:P(A;;GA;;;BA)(A;;GXGR;;;S-1-5-21-1)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"]
    text = done.registered["RootVerQuery"]
    settings = settings_of(text)
    assert settings["SessionType"] == "'RestrictedRemoteServer'"
    assert settings["LanguageMode"] == "'NoLanguage'"
    assert settings["TranscriptDirectory"] == f"'{transcripts}'"
    assert "RunAsVirtualAccount" not in settings
    assert settings["ModulesToImport"].endswith(f"'{host.modules}/RootVer/1.2.0/RootVer.psd1'")
    nodes = "'EXCH-NODE1', 'EXCH-NODE2', 'exch-node2.corp.example', 'EXCH-NODE3'"
    assert text.count(f"'ValidateSet' = {nodes} }}") == 3
    for command in ("Get-RootVerFact", "Backup-AspNetKey", "Test-RootVerHost"):
        part = text.partition(f"'Name' = '{command}'")[2].partition("} }")[0]
        assert all(f"'Name' = '{name}'" in part for name in COMMANDS[command])
    assert "not recognized" in done.answers[0]
    assert done.said[0].endswith("module 1.2.0, NoLanguage.")
    assert [line.split(" is ")[0] for line in done.said[1:]] == [
        "EXCH-NODE1", "EXCH-NODE2", "exch-node2.corp.example",
    ]  # fmt: skip
    (warning,) = done.warnings
    assert warning.startswith("EXCH-NODE3 is not reached: ")
    assert not (host.data / "journal.jsonl").exists()


def test_an_endpoint_for_changes_pins_what_is_written(host: WindowsHost) -> None:
    """With the journal that the script made: no other value, and no other node."""
    given = {"ComputerName": "EXCH-NODE2", "FixId": "FIX-12"}
    now = {**given, "Expected": compact(TARGET)}
    (done,) = host.run(
        registering(
            CHANGE,
            asked("RootVerChange", "Set-RootVer", **{**given, "ComputerName": "EXCH-NODE9"}, Expected="{}"),
            asked("RootVerChange", "Set-RootVer", **given, Expected=compact(ZERO)),
            *(
                asked("RootVerChange", "Restore-RootVer", **now, Target=target)
                for target in (
                    compact(reading("REG_SZ", "6.6.6.6")),
                    compact(reading("REG_SZ", "A" * 5000)),
                    compact(reading("REG_BINARY", "00")),
                    '{"is":"absent"}',
                    compact(ZERO),
                )
            ),
        )
    )
    assert done.failure is None
    assert "Set-Acl journal.jsonl O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)" in done.calls
    assert settings_of(done.registered["RootVerChange"])["RunAsVirtualAccount"] == "$true"
    unlisted, fixed, *others, restored = done.answers
    assert unlisted.startswith("ParameterArgumentValidationError,Set-RootVer: ")
    assert json.loads(fixed)["outcome"] == "written"
    assert all(other.startswith("NotInJournal: The journal ") for other in others)
    assert json.loads(restored)["after"] == ZERO
    assert len((host.data / "journal.jsonl").read_text().splitlines()) == 2


def test_the_journals_rights_and_a_managed_account(host: WindowsHost) -> None:
    """The account of the endpoint may write the journal, and nothing beside it."""
    account = {"GroupManagedServiceAccount": "CORP\\gmsa$"}
    given = {name: content for name, content in CHANGE.items() if name != "RunAsVirtualAccount"} | account
    (done,) = host.run(registering(given, policy=True))
    assert done.failure is None
    assert "Set-Acl journal.jsonl O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)(A;;FRFW;;;S-1-5-21-4)" in done.calls
    assert "Set-Acl RootVer O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)" in done.calls
    assert settings_of(done.registered["RootVerChange"])["GroupManagedServiceAccount"] == "'CORP\\gmsa'"


def test_the_new_one_answers_before_the_old_one_goes(host: WindowsHost) -> None:
    """Under another name; running the script again gives the same endpoint, and the journal stays."""
    first, again = host.run(registering(CHANGE), registering(CHANGE))
    assert again.failure is None
    assert [call for call in again.calls if not call.startswith("Set-Acl")] == [
        "Register RootVerChange.new", "Restart-Service WinRM", "New-PSSession RootVerChange.new",
        "Unregister RootVerChange", "Register RootVerChange", "Restart-Service WinRM",
        "New-PSSession RootVerChange", "Unregister RootVerChange.new",
    ]  # fmt: skip
    assert again.registered == first.registered
    assert again.said == first.said


def product(folder: Path, old: str, new: str) -> Path:
    """The scripts beside a module with something else in it."""
    shutil.copytree(POWERSHELL / "endpoint", folder / "endpoint")
    (folder / "RootVer").mkdir()
    for name in ("RootVer.psm1", "RootVer.psd1"):
        text = (POWERSHELL / "RootVer" / name).read_text()
        (folder / "RootVer" / name).write_text(text.replace(old, new))
    return folder / "endpoint"


def test_an_upgrade_and_a_downgrade_are_another_run(host: WindowsHost, tmp_path: Path) -> None:
    """Each endpoint is pinned to its version, whichever others are installed."""
    older = product(tmp_path / "older", "'1.2.0'", "'1.1.0'")
    runs = host.run(
        registering(CHANGE, endpoint=older),
        registering(QUERY),
        registering(CHANGE, asked("RootVerQuery", "Test-RootVerHost")),
        registering(CHANGE, asked("RootVerQuery", "Test-RootVerHost"), endpoint=older),
    )
    assert [run.failure for run in runs] == [None] * 4
    told = [run.said[0].partition(", module ")[2].partition(",")[0] for run in runs]
    assert told == ["1.1.0", "1.2.0", "1.2.0", "1.1.0"]
    assert [json.loads(run.answers[0])["module"] for run in runs[2:]] == ["1.2.0", "1.2.0"]
    assert host.versions() == ["1.1.0", "1.2.0"]


STEPS = [
    *(f"Set-Acl {nth}" for nth in (1, 3)), "Register 1", "Restart-Service 1", "New-PSSession 1",
    "Unregister 1", "Register 2", "Restart-Service 2", "New-PSSession 2",
]  # fmt: skip
"""Where renewing may fail, in order: folders, journal, trial, the swap, the proof of what was swapped."""


def test_what_fails_half_way_is_put_back(host: WindowsHost, tmp_path: Path) -> None:
    """At every step: the endpoint and the module of before are there, and answer."""
    other = product(tmp_path / "other", "$RootVerTimeout = [uint32]15", "$RootVerTimeout = [uint32]16")
    asks = asked("RootVerChange", "Test-RootVerHost")
    first, *runs = host.run(
        registering(CHANGE, asks),
        *(registering(CHANGE, asks, fail=[step], endpoint=other) for step in STEPS),
    )
    for step, run in zip(STEPS, runs, strict=True):
        assert run.failure is not None, step
        assert f"{step} does not go" in run.failure
        assert run.warnings == [], step
        assert run.registered == first.registered, step
        assert json.loads(run.answers[0])["module"] == "1.2.0", step
    assert host.versions() == ["1.2.0"]
    shipped = (POWERSHELL / "RootVer" / "RootVer.psm1").read_bytes()
    assert (host.modules / "RootVer" / "1.2.0" / "RootVer.psm1").read_bytes() == shipped


def test_where_putting_back_fails_too_the_next_step_is_told(host: WindowsHost) -> None:
    """What has answered stays, under its other name, and another run puts all in order."""
    first, failed, again = host.run(
        registering(CHANGE), registering(CHANGE, fail=["Register 2", "Register 3"]), registering(CHANGE)
    )
    assert list(failed.registered) == ["RootVerChange.new"]
    assert "failed too: Register 3 does not go" in failed.warnings[0]
    assert "run the script again" in failed.warnings[0]
    assert (again.failure, again.registered) == (None, first.registered)


def test_a_first_installation_that_fails_leaves_nothing(host: WindowsHost) -> None:
    """No endpoint, no module; what was made for records stays, and the next run finds it."""
    runs = host.run(*(registering(QUERY, fail=[f"{step} 1"]) for step in ("Register", "New-PSSession")))
    assert all(run.failure and run.registered == {} for run in runs)
    assert host.versions() == []


def test_an_endpoint_that_takes_script_text_is_not_kept(host: WindowsHost, tmp_path: Path) -> None:
    """What the file says is not believed: it is tried."""
    open_ = product(tmp_path / "open", "", "")
    file = open_ / "RootVerChange.pssc"
    file.write_text(file.read_text().replace("NoLanguage", "FullLanguage"))
    first, failed = host.run(registering(CHANGE), registering(CHANGE, endpoint=open_))
    assert "takes script text" in (failed.failure or "")
    assert failed.registered == first.registered


def test_a_password_that_windows_does_not_give_back_is_told(host: WindowsHost) -> None:
    """The old endpoint ran as another account: the new one stays under its other name."""
    virtual = {name: content for name, content in QUERY.items() if name != "RunAsCredential"}
    _, failed, same = host.run(
        registering(QUERY),
        registering({**virtual, "RunAsVirtualAccount": True}, fail=["Register 2"]),
        registering(QUERY),
    )
    assert list(failed.registered) == ["RootVerQuery.new"]
    assert "does not give back the password of CORP\\rootver-read" in failed.warnings[-1]
    assert "stays under that name" in failed.warnings[-1]
    assert list(same.registered) == ["RootVerQuery"]


def test_a_managed_account_is_put_back(host: WindowsHost) -> None:
    """Windows tells its name as it tells that of a stored password, but there is none to be given again."""
    managed = {name: content for name, content in QUERY.items() if name != "RunAsCredential"}
    managed["GroupManagedServiceAccount"] = "CORP\\gmsa$"
    first, failed = host.run(registering(managed), registering(managed, fail=["Register 2"]))
    assert failed.failure is not None
    assert (failed.warnings, failed.registered) == ([], first.registered)


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    (
        "an administrator", QUERY, {"members": {ADMINISTRATORS: ["S-1-5-21-1"], REMOTE_USERS: []}},
        "CORP\\rootver is an administrator of this host", "would hold nobody back",
    ),
    (
        "through a group", QUERY, {"groups": {"rootver@CORP": [ADMINISTRATORS]}},
        "CORP\\rootver is an administrator of this host", "would hold nobody back",
    ),
    (
        "one of two callers", {**QUERY, "Caller": ["CORP\\rootver", "CORP\\rootver-fix"]},
        {"groups": {"rootver@CORP": [], "rootver-fix@CORP": [ADMINISTRATORS]}},
        "CORP\\rootver-fix is an administrator", "",
    ),
    *(
        ("everybody", {**QUERY, "Caller": [name]}, {"accounts": {name: sid}}, "is everybody who", "")
        for name, sid in (
            ("Everyone", "S-1-1-0"), ("NT AUTHORITY\\Authenticated Users", "S-1-5-11"),
            ("BUILTIN\\Users", "S-1-5-32-545"), ("CORP\\Domain Users", "S-1-5-21-1-2-3-513"),
        )
    ),
    *(
        (name, {**QUERY, "Caller": [name]}, {"accounts": {name: sid}}, "is an admin", "hold nobody back")
        for name, sid in (("BUILTIN\\Administrators", ADMINISTRATORS), ("NT AUTHORITY\\SYSTEM", "S-1-5-18"))
    ),
    ("nobody", {**QUERY, "Caller": ["CORP\\nobody"]}, {}, "There is no account CORP\\nobody", ""),
    ("itself", {**QUERY, "Caller": ["CORP\\rootver-read"]}, {}, "must not run as its caller", ""),
    ("policy", QUERY, {"policy": True}, "-RunAsVirtualAccount, or try -GroupManagedServiceAccount", ""),
    ("remote", QUERY, {"remote": True}, "at the console of the host", ""),
    ("a folder of others", QUERY, {"foreign": "RootVer"}, "does not belong to the administrators", ""),
    ("a journal of others", CHANGE, {"foreign": "journal.jsonl"}, "not belong to the administrators", ""),
]  # fmt: skip


def test_what_would_not_be_safe_is_refused_before_anything_is_registered(host: WindowsHost) -> None:
    """Each with its reason and what to do; the host is as before."""
    host.data.mkdir(parents=True)
    (host.data / "journal.jsonl").touch()
    runs = host.run(*(registering(given, **setting) for _, given, setting, _, _ in REFUSALS))
    assert len(runs) == len(REFUSALS)
    for (name, _, _, words, warning), run in zip(REFUSALS, runs, strict=True):
        assert words in (run.failure or ""), name
        assert warning in " ".join(run.warnings), name
        assert run.registered == {}, name
        assert not [call for call in run.calls if not call.startswith("Set-Acl")], name
    assert host.versions() == []


def test_a_link_that_somebody_made_is_refused(host: WindowsHost) -> None:
    """Its rights would be set on what it leads to, a folder of Windows, say."""
    elsewhere = host.folder / "elsewhere"
    elsewhere.mkdir()
    host.data.parent.mkdir(parents=True)
    host.data.symlink_to(elsewhere)
    (done,) = host.run(registering(CHANGE))
    assert "is a junction or a link" in (done.failure or "")
    assert (done.calls, done.registered) == ([], {})


def test_what_is_not_known_or_weak_is_told(host: WindowsHost) -> None:
    """And the endpoint is installed: the domain may not answer, a group may hold the dead."""
    managed = {name: content for name, content in CHANGE.items() if name != "RunAsVirtualAccount"}
    weak, unknown, policy, virtual = host.run(
        registering(CHANGE, groups={"rootver-fix@CORP": [REMOTE_USERS]}),
        registering(CHANGE, groups={}, members={}),
        registering({**managed, "GroupManagedServiceAccount": "CORP\\gmsa$"}, policy=True),
        registering(CHANGE, policy=True),
    )
    assert "may refuse a group managed service account too" in policy.warnings[0]
    assert "policy" not in " ".join(virtual.warnings)
    assert (policy.failure, virtual.failure) == (None, None)
    assert "opens sessions of full language" in weak.warnings[0]
    assert "net localgroup Administrators" in unknown.warnings[0]
    assert (weak.failure, unknown.failure) == (None, None)


def test_what_if_touches_nothing(host: WindowsHost) -> None:
    """It says what it would do."""
    (done,) = host.run(registering({**CHANGE, "WhatIf": True}))
    assert (done.failure, done.calls, done.registered) == (None, [], {})
    assert list(host.folder.glob("ProgramData/*")) == []


def test_removing_leaves_only_records(host: WindowsHost) -> None:
    """One endpoint after the other; the module goes with the last one, records when asked for."""
    _, _, one, all_, again = host.run(
        registering(QUERY), registering(CHANGE), removing(Name=["RootVerQuery"], IncludeRecords=True),
        removing(), removing(IncludeRecords=True),
    )  # fmt: skip
    assert list(one.registered) == ["RootVerChange"]
    assert "The module stays: RootVerChange uses it." in one.said
    assert (all_.registered, all_.calls) == ({}, ["Unregister RootVerChange", "Restart-Service WinRM"])
    assert any("stays: it is the record" in line for line in all_.said)
    assert "Left to do: the accounts" in again.said[-1]
    assert not (host.modules / "RootVer").exists()
    assert not host.data.exists()
    assert again.calls == ["Restart-Service WinRM"]


def test_another_programs_broken_endpoint_holds_nothing_up(host: WindowsHost) -> None:
    """Its configuration file is gone: the module goes all the same."""
    mine, others = registering(QUERY), registering({**QUERY, "Name": "Other"})
    _, _, removed = host.run(mine, others, removing(lost="Other"))
    assert removed.failure is None
    assert any(line.startswith(str(host.modules / "RootVer")) for line in removed.said)
    assert not (host.modules / "RootVer").exists()
