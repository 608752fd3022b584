"""A bot that was killed leaves shells on the host: the next one deletes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.lab.host.endpoint import Endpoint
from handlers.psrp.kept_shells import KeptShell, KeptShells
from handlers.psrp.remote import PsrpRemote
from handlers.remote_errors import RemoteError
from tests.handlers.psrp.practice_host import (
    FACTS,
    MODULE,
    MUCH_LESS,
    PERMIT,
    change_identity,
    eventually,
    options_for,
)

QUOTA = 4


@contextmanager
def bot(host: Endpoint, file: Path, **options: object) -> Iterator[PsrpRemote]:
    """The remote of one run of the bot, which is killed: nobody closes it, and its connections go."""
    remote = PsrpRemote({"mgmt1": options_for(host, **options)}, module=lambda: MODULE, kept=KeptShells(file))
    remote.end_left_shells()
    yield remote
    host.cut_connections()


def fill(host: Endpoint, remote: PsrpRemote) -> None:
    """Open as many shells as the host allows."""
    all_at_once = threading.Barrier(QUOTA)

    def together(_: object) -> None:
        all_at_once.wait(MUCH_LESS)

    for _ in range(QUOTA):
        host.faults.before("Get-RootVerFact", together)
    with ThreadPoolExecutor(QUOTA) as workers:
        list(workers.map(lambda _: remote.query("mgmt1", FACTS), range(QUOTA)))
    assert len(host.shells()) == QUOTA


def test_a_bot_that_is_killed_again_and_again_is_not_locked_out(host: Endpoint, tmp_path: Path) -> None:
    """With a quota of four: each run finds room, since it deletes what the last one left."""
    host.faults.max_shells = QUOTA
    for killed in (True, True, False):
        with bot(host, tmp_path / "shells") as remote:
            assert remote.query("mgmt1", FACTS).startswith("{")
            assert eventually(lambda: len(host.shells()) == 1)
            fill(host, remote)
            if not killed:
                remote.close()
    assert host.shells() == []
    assert KeptShells(tmp_path / "shells").left() == []


def test_a_shell_that_was_being_opened_is_left_too(host: Endpoint, tmp_path: Path) -> None:
    """It is written down before it is asked for."""
    host.faults.next_exchange("truncated", "Create")
    host.faults.next_exchange("reset", "Create")
    host.faults.next_exchange("hang", "Delete")
    with bot(host, tmp_path / "shells") as remote, pytest.raises(RemoteError):
        remote.query("mgmt1", FACTS)
    host.faults.clear()
    host.faults.release()
    left = KeptShells(tmp_path / "shells").left()
    assert [shell.id for shell in left if shell.id in host.shells()] == host.shells()
    with bot(host, tmp_path / "shells"):
        assert eventually(lambda: not host.shells())


def test_what_is_gone_already_is_forgotten(host: Endpoint, tmp_path: Path) -> None:
    """The host was restarted, or the settings lead to another one: nothing to delete, nothing to keep."""
    kept = KeptShells(tmp_path / "shells")
    kept.add(KeptShell.of(options_for(host), "00000000-0000-0000-0000-000000000000"))
    kept.add(KeptShell("mgmt9.corp.example", "CORP\\rootver", "RootVerQuery", "1"))
    with bot(host, tmp_path / "shells"):
        assert eventually(lambda: not KeptShells(tmp_path / "shells").left())


def test_a_wrong_password_is_tried_once_for_all_that_is_left(host: Endpoint, tmp_path: Path) -> None:
    """Deleting goes through the same door; what could not be deleted stays for the next start."""
    with bot(host, tmp_path / "shells") as remote:
        fill(host, remote)
    with bot(host, tmp_path / "shells", password="wrong") as remote:
        assert eventually(lambda: not remote._ending)
        with pytest.raises(RemoteError, match="refused"):
            remote.query("mgmt1", FACTS)
    assert sum(not logon.accepted for logon in host.logons) == 1
    assert len(KeptShells(tmp_path / "shells").left()) == QUOTA


UNHASHABLE = '[{"server":[],"user":"","configuration_name":"","id":""}]'


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", '{"a":1}', "[1]", '[{"server":"mgmt1"}]', "\u00e9", UNHASHABLE, "[" * 60_000],
    ids=["empty", "none", "object", "number", "parts", "bytes", "list", "deep"],
)
def test_a_file_that_cannot_be_read_holds_nobody_up(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so; the next shell makes it anew."""
    file = tmp_path / "shells"
    file.write_text(text, encoding="utf-8")
    kept = KeptShells(file)
    assert kept.left() == []
    assert str(file) in caplog.text
    shell = KeptShell("mgmt1", "CORP\\rootver", "RootVerQuery", "1")
    kept.add(shell)
    assert KeptShells(file).left() == [shell]


def test_a_file_that_cannot_be_written_holds_nobody_up(
    host: Endpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk is no reason for not looking at a node."""
    with bot(host, tmp_path / "no folder" / "shells") as remote:
        assert remote.query("mgmt1", FACTS).startswith("{")
        remote.close()
    assert "could not be written down" in caplog.text


@pytest.mark.parametrize("own_account", [True, False])
def test_a_change_that_runs_when_the_bot_is_killed_runs_to_its_end(
    host: Endpoint, tmp_path: Path, *, own_account: bool
) -> None:
    """The next run deletes what was left of reading; of the change it reads back what came of it."""
    options = {"change": change_identity(host)} if own_account else {}
    host.faults.slow["Set-RootVer"] = 2.0
    with bot(host, tmp_path / "shells", **options) as remote:
        remote.query("mgmt1", FACTS)
        threading.Thread(target=suppressed, args=(remote,), daemon=True).start()
        host.calls.wait_for("Set-RootVer")
        with bot(host, tmp_path / "shells", **options):
            assert eventually(lambda: [one.end for one in host.calls.named("Set-RootVer")] == ["done"])


def suppressed(remote: PsrpRemote) -> None:
    with suppress(RemoteError):
        remote.change(PERMIT)
