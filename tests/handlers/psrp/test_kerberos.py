"""Kerberos with a KDC of its own: tickets, refusals and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from bot.lab.host.endpoint import Endpoint
from handlers.psrp.remote import PsrpRemote
from handlers.remote_errors import NotSent
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.kdc import HOST, REALM, Realm, missing, realm
from tests.handlers.psrp.practice_host import FACTS, actions

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"no Kerberos here: {missing()} is missing")

RIGHT = "Practice-Query-1"


@pytest.fixture(scope="module")
def corp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A realm with the key of the management host."""
    with realm(tmp_path_factory.mktemp("kdc")) as made:
        yield made


@pytest.fixture
def user(corp: Realm, monkeypatch: pytest.MonkeyPatch) -> str:
    """An account of the realm, nobody's before; Kerberos finds its way there."""
    for name, value in corp.environment.items():
        monkeypatch.setenv(name, value)
    name = f"rootver{uuid4().hex[:8]}"
    corp.add(name, RIGHT)
    return name


@pytest.fixture
def ask(make_remote: MakeRemote, user: str) -> Callable[..., PsrpRemote]:
    """Makes remotes that log on as that account."""

    def make(**options: Any) -> PsrpRemote:
        given = {
            "auth": "kerberos", "negotiate_hostname_override": HOST, "username": f"{user}@{REALM}",
            "password": RIGHT,
        }  # fmt: skip
        return make_remote(**{**given, **options})

    return make


def refusal(remote: PsrpRemote) -> NotSent:
    """What a query comes to."""
    with pytest.raises(NotSent) as failed:
        remote.query("mgmt1", FACTS)
    return failed.value


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
def test_a_logon_with_a_password(
    host: Endpoint, ask: Callable[..., PsrpRemote], user: str, auth: str
) -> None:
    """One exchange less than NTLM, the messages sealed with the ticket's key; then warm as ever."""
    remote = ask(auth=auth)
    for _ in range(2):
        assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert len(actions(host)) == 7 + 2
    assert [(logon.user, logon.accepted) for logon in host.logons] == [(f"{user}@{REALM}", True)]


def test_a_logon_with_the_ticket_of_the_account_that_the_bot_runs_as(
    corp: Realm, host: Endpoint, ask: Callable[..., PsrpRemote], user: str
) -> None:
    """Then no password is set anywhere."""
    corp.ticket(user, RIGHT)
    assert ask(username=None, password=None).query("mgmt1", FACTS).startswith('{"schema":1')
    assert [logon.user for logon in host.logons] == [f"{user}@{REALM}"]


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
def test_a_wrong_password_is_one_refused_logon(
    corp: Realm, host: Endpoint, ask: Callable[..., PsrpRemote], user: str, auth: str
) -> None:
    """Of the KDC, which counts it; NTLM does not try the same password after it, and nobody asks again."""
    remote = ask(auth=auth, password="Wrong-1")
    with ThreadPoolExecutor(16) as workers:
        told = list(workers.map(lambda _: str(refusal(remote)), range(32)))
    assert corp.refused(user) == 1
    assert host.logons == []
    assert all("was refused" in text and "Kerberos 24" in text for text in told)


def test_after_another_look_at_the_account_it_is_tried_once_more(
    corp: Realm, ask: Callable[..., PsrpRemote], user: str
) -> None:
    """As with every other way of logging on."""
    remote = ask(password="Wrong-1")
    refusal(remote)
    remote.forget_refusals("mgmt1")
    refusal(remote)
    assert corp.refused(user) == 2


def test_negotiate_takes_ntlm_for_an_account_that_the_realm_does_not_know(
    host: Endpoint, ask: Callable[..., PsrpRemote]
) -> None:
    """It may be one of the host's own."""
    assert ask(auth="negotiate", username="CORP\\rootver").query("mgmt1", FACTS).startswith('{"schema":1')
    assert [logon.accepted for logon in host.logons] == [True]


@pytest.mark.parametrize(
    ("change", "number"), [("-pwexpire yesterday", 23), ("-expire yesterday", 1), ("-allow_tix", 18)]
)
def test_an_account_that_may_not_log_on(
    corp: Realm, ask: Callable[..., PsrpRemote], user: str, change: str, number: int
) -> None:
    """An expired password, an expired account, one that is barred: the KDC's words are shown."""
    corp.change(user, change)
    failed = refusal(ask())
    assert failed.what.startswith(f"the logon of {user}@{REALM} was refused: ")
    assert failed.code == f"Kerberos {number}"


@pytest.mark.parametrize(
    ("options", "what", "step"),
    [
        ({"username": None, "password": None}, "there is no valid Kerberos ticket", "kinit"),
        ({"negotiate_hostname_override": "other.corp.example"}, "Kerberos gave no ticket", "full name"),
        ({"username": "rootver@OTHER.EXAMPLE"}, "Kerberos gave no ticket", "krb5.conf"),
        ({"username": "CORP\\rootver"}, "was refused", "user name"),
    ],
)
def test_what_is_missing_is_named(
    corp: Realm, ask: Callable[..., PsrpRemote], options: dict[str, Any], what: str, step: str
) -> None:
    """Nothing was asked of the host, and each has its own next step."""
    corp.no_ticket()
    failed = refusal(ask(**options))
    assert failed.what.startswith(what) or what in failed.what
    assert step in failed.advice


def test_a_ticket_that_has_run_out(corp: Realm, ask: Callable[..., PsrpRemote], user: str) -> None:
    """It is named as what it is, and bars nothing: the next one is taken at once."""
    corp.ticket(user, RIGHT, "-s", "-2h", "-l", "1h")
    remote = ask(username=None, password=None)
    assert '"Ticket expired"' in refusal(remote).what
    corp.ticket(user, RIGHT)
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
