"""What comes back is judged: state, error stream, and exactly one JSON text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from psrpcore import Command, ServerPipeline
from psrpcore.types import NETException

from bot.lab.host.endpoint import Endpoint
from bot.lab.host.faults import Garbage
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import Configuration, Shell
from bot.lab.incidents import build
from handlers.ports import Query
from handlers.psrp.remote import PsrpRemote
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import BACKUP, FACTS, MODULE, eventually, options_for


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("malformed", "no JSON object"),
        ("not_json", "no JSON object"),
        ("nothing", "answered with nothing"),
        ("huge", "longer than 12 MB"),
    ],
)
def test_garbage_is_told_and_the_shell_thrown_away(
    host: Endpoint, make_remote: MakeRemote, how: Garbage, words: str
) -> None:
    """Malformed CLIXML arrives as a text without any error: it must not pass for an answer."""
    remote = make_remote()
    host.faults.garble("Get-RootVerFact", how)
    with pytest.raises(RemoteError, match=words):
        remote.query("mgmt1", FACTS)
    assert eventually(lambda: not host.shells())
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')


def test_a_terminating_error_is_told_with_its_id(host: Endpoint, make_remote: MakeRemote) -> None:
    """The pipeline's state is Failed: the reason PowerShell gives, and its error id as the code."""
    host.cluster.node("EXCH-NODE2").reachable = False
    with pytest.raises(RemoteError, match="could not be read whole") as error:
        make_remote().query("mgmt1", BACKUP)
    assert error.value.code == "BackupIncomplete"
    assert str(error.value).startswith("EXCH-NODE2 through mgmt1: Backup-AspNetKey could not run: ")
    assert not isinstance(error.value, NotSent)


def test_a_missing_module_is_told(host: Endpoint, make_remote: MakeRemote) -> None:
    """Command not found, at an endpoint that should have it."""
    with pytest.raises(RemoteError, match='or set delivery = "inline"') as error:
        make_remote(delivery="endpoint").query("mgmt1", FACTS)
    assert error.value.code == "CommandNotFoundException"


def test_script_text_for_a_constrained_endpoint_is_told(
    constrained: Endpoint, make_remote: MakeRemote
) -> None:
    """The usual mistake: a NoLanguage endpoint, and delivery left at inline."""
    with pytest.raises(RemoteError, match='Set delivery = "endpoint"'):
        make_remote(configuration_name="RootVerQuery").query("mgmt1", FACTS)


def test_an_unknown_host_is_told(make_remote: MakeRemote, host: Endpoint) -> None:
    """A name that the settings do not have."""
    with pytest.raises(NotSent, match=r"^mgmt9: no such management host"):
        make_remote().query("mgmt9", FACTS)


Writes = Callable[[ServerPipeline], None]


class Odd(HostShell):
    """A shell whose commands write what a test wants."""

    writes: Writes

    def _run(self, pipeline: ServerPipeline, commands: Iterable[Command]) -> None:
        self.writes(pipeline)
        pipeline.complete()


@contextmanager
def odd(writes: Writes) -> Iterator[PsrpRemote]:
    """A remote to a host whose commands write something odd."""
    cluster, faults = build("zero")

    def shell(configuration: Configuration, user: str) -> Shell:
        made = Odd(cluster, configuration, user)
        made.writes = writes
        return made

    with Endpoint(cluster, faults, shell_factory=shell) as host:
        remote = PsrpRemote({"mgmt1": options_for(host)}, module=lambda: MODULE)
        yield remote
        remote.close()


def _two(pipeline: ServerPipeline) -> None:
    pipeline.write_output("{}")
    pipeline.write_output("{}")


def _number(pipeline: ServerPipeline) -> None:
    pipeline.write_output(7)


def _error_only(pipeline: ServerPipeline) -> None:
    pipeline.write_error(NETException(Message="The node is away."), fully_qualified_error_id="NodeAway")


def _access_denied(pipeline: ServerPipeline) -> None:
    exception = NETException(Message="The key could not be read whole: Access is denied. (0x80070005)")
    pipeline.write_error(exception, fully_qualified_error_id="HRESULT 0x80070005,Backup-AspNetKey")


def _error_beside(pipeline: ServerPipeline) -> None:
    _error_only(pipeline)
    pipeline.write_output('{"schema":1}')


@pytest.mark.parametrize(
    ("writes", "words"),
    [(_two, "2 outputs"), (_number, "no JSON object"), (_error_only, 'could not run: "The node is away')],
)
def test_anything_but_one_text_is_not_an_answer(writes: Writes, words: str) -> None:
    """Also a pipeline that completed: an error without output is how a statement of several fails."""
    with odd(writes) as remote, pytest.raises(RemoteError, match=words):
        remote.query("mgmt1", Query("Test-RootVerHost"))


def test_a_node_that_denies_access_leads_to_the_second_hop() -> None:
    """The usual cause behind a management host, with its remedies; the code is told once."""
    with odd(_access_denied) as remote, pytest.raises(RemoteError) as error:
        remote.query("mgmt1", BACKUP)
    assert error.value.code == "0x80070005"
    assert 'Access is denied." (0x80070005). See that the account that the endpoint' in str(error.value)
    assert "second hop" in error.value.advice


def test_errors_beside_an_answer_are_evidence_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The answer counts (it says itself what could not be read); the error is not lost."""
    with odd(_error_beside) as remote, caplog.at_level(logging.WARNING):
        assert remote.query("mgmt1", Query("Test-RootVerHost")) == '{"schema":1}'
    assert "The node is away." in caplog.text
