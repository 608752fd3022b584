"""The practice management host over real sockets, and remotes to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from bot.lab.host.endpoint import CONSTRAINED, Endpoint
from bot.lab.incidents import build
from handlers.host_options import HostOptions
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session_limits import Limits
from tests.handlers.psrp.practice_host import MODULE, options_for

AT_ONCE = Limits(pause=0)
"""A second try does not wait."""


class MakeRemote(Protocol):
    """Makes a remote to the practice host `mgmt1`; closed when the test ends."""

    def __call__(
        self, limits: Limits | None = None, change: HostOptions | None = None, **options: Any
    ) -> PsrpRemote: ...


@pytest.fixture
def host() -> Iterator[Endpoint]:
    """The practice host in the incident `zero`."""
    with Endpoint(*build("zero")) as endpoint:
        yield endpoint


@pytest.fixture
def constrained() -> Iterator[Endpoint]:
    """The same with NoLanguage endpoints that have the module."""
    with Endpoint(*build("zero"), configurations=CONSTRAINED) as endpoint:
        yield endpoint


@pytest.fixture
def make_remote(request: pytest.FixtureRequest) -> Iterator[MakeRemote]:
    """Makes remotes to the host of this test."""
    name = "constrained" if "constrained" in request.fixturenames else "host"
    endpoint: Endpoint = request.getfixturevalue(name)
    made: list[PsrpRemote] = []

    def make(limits: Limits | None = None, change: HostOptions | None = None, **options: Any) -> PsrpRemote:
        hosts = {"mgmt1": options_for(endpoint, change=change, **options)}
        made.append(PsrpRemote(hosts, module=lambda: MODULE, limits=limits or AT_ONCE))
        return made[-1]

    yield make
    endpoint.faults.clear()
    endpoint.faults.release()
    for remote in made:
        remote.close(5)


@pytest.fixture
def remote(make_remote: MakeRemote) -> PsrpRemote:
    """A remote with the usual options: NTLM, message encryption, query identity only."""
    return make_remote()
