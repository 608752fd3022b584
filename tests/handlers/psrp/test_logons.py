"""A refused logon counts towards the lock-out of the account: it happens once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bot.lab.host.endpoint import Endpoint
from handlers.host_options import HostOptions
from handlers.psrp.failures import Failed, Failure
from handlers.psrp.logons import FRESH_SECONDS, Door, Doors
from handlers.psrp.remote import PsrpRemote
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import (
    BASIC,
    FACTS,
    MODULE,
    PERMIT,
    actions,
    change_identity,
    options_for,
)

REFUSED = Failure("the logon was refused", "Look after it.", refused=True)
LOST = Failure("the connection was lost", "Ask again.", again=True)
AWAY = Failure("no connection to it", "See that it is up.", unsent=True)


def ask(remote: PsrpRemote, host: str = "mgmt1") -> str:
    """The answer, or the error's sentence."""
    try:
        return remote.query(host, FACTS)
    except RemoteError as error:
        return str(error)


@pytest.mark.parametrize("options", [{}, {"auth": "ntlm"}, BASIC], ids=["negotiate", "ntlm", "basic"])
def test_two_hundred_queries_with_a_wrong_password_are_one_logon(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """Sixteen workers at once: one tries, all hear the same sentence, nobody tries again."""
    remote = make_remote(password="wrong", **options)
    with ThreadPoolExecutor(16) as workers:
        told = set(workers.map(lambda _: ask(remote), range(200)))
    assert [logon.accepted for logon in host.logons] == [False]
    assert len(told) == 1
    assert "the logon of CORP\\rootver was refused (401)" in told.pop()
    assert set(actions(host)) == {"Logon"}


def test_a_refusal_stands_until_somebody_asks_for_another_try(
    host: Endpoint, make_remote: MakeRemote
) -> None:
    """`forget_refusals` is the doctor's: one more logon, and if it is good everything goes on."""
    remote = make_remote()
    host.faults.refuse_logons = True
    with pytest.raises(NotSent, match="refused"):
        remote.query("mgmt1", FACTS)
    host.faults.refuse_logons = False
    with pytest.raises(NotSent, match="refused"):
        remote.query("mgmt1", FACTS)
    assert len(host.logons) == 1
    remote.forget_refusals("mgmt1")
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert len(host.logons) == 2


def test_a_refusal_bars_one_user_not_the_host(host: Endpoint, make_remote: MakeRemote) -> None:
    """The change identity has an account of its own."""
    remote = make_remote(password="wrong", change=change_identity(host))
    with pytest.raises(NotSent):
        remote.query("mgmt1", FACTS)
    assert '"written"' in remote.change(PERMIT)


def test_a_refusal_bars_the_user_under_every_name_of_the_host(host: Endpoint) -> None:
    """Two sections with the same server and user are one account to lock."""
    options = options_for(host, password="wrong")
    remote = PsrpRemote({"a": options, "b": options}, module=lambda: MODULE)
    assert "refused" in ask(remote, "a")
    assert "refused" in ask(remote, "b")
    assert len(host.logons) == 1
    remote.close()


def test_a_host_that_is_away_has_not_refused_the_logon(make_remote: MakeRemote, host: Endpoint) -> None:
    """Nothing is barred: the next query tries again."""
    remote = make_remote()
    host.faults.next_exchange("reset", "Create")
    host.faults.next_exchange("reset", "Create")
    assert "connection was lost" in ask(remote)
    assert ask(remote).startswith('{"schema":1')


# --- the door itself ---


def test_others_wait_for_the_first_logon_and_then_go_together() -> None:
    """While one goes alone, nobody else logs on; once it was good, everybody who waited may."""
    door, inside = Door(), threading.Event()
    first = door.enter(1)
    with ThreadPoolExecutor(4) as workers:
        waiting = [workers.submit(door.enter, 5) for _ in range(4)]
        inside.wait(0.05)
        assert not any(future.done() for future in waiting)
        door.leave(first, None)
        assert [future.result().alone for future in waiting] == [False] * 4


def test_where_nothing_is_under_way_one_goes_alone_again() -> None:
    """However fresh the last good logon is: the password may have changed right after it."""
    door = Door()
    door.leave(door.enter(1), None)
    second = door.enter(1)
    assert second.alone
    door.leave(second, None)


def test_while_others_are_under_way_a_fresh_logon_speaks_for_those_that_come() -> None:
    """Sixteen workers at once are not held up; but a logon of a while ago speaks for nobody."""
    door = Door()
    first = door.enter(1)
    with ThreadPoolExecutor(1) as worker:
        waiting = worker.submit(door.enter, 5)
        while not door._changed._waiters:  # type: ignore[attr-defined]
            threading.Event().wait(0.005)
        door.leave(first, None)
        waiting.result()
    assert not door.enter(1).alone
    door._good_since -= FRESH_SECONDS
    assert door.enter(1).alone


def test_those_who_waited_share_a_host_that_is_not_reached_and_the_next_one_tries() -> None:
    """A dead host costs one connection attempt for all who wait, not one after the other."""
    door = Door()
    first = door.enter(1)
    with ThreadPoolExecutor(4) as workers:
        waiting = [workers.submit(door.enter, 5) for _ in range(4)]
        while len(door._changed._waiters) < 4:  # type: ignore[attr-defined]
            threading.Event().wait(0.005)
        door.leave(first, AWAY)
        errors = [future.exception() for future in waiting]
    assert all(isinstance(error, Failed) and error.failure == AWAY for error in errors)
    assert door.enter(1).alone


def test_where_the_connection_broke_the_next_who_waits_goes_alone() -> None:
    """That says nothing of the others' connections."""
    door = Door()
    first = door.enter(1)
    with ThreadPoolExecutor(1) as worker:
        waiting = worker.submit(door.enter, 5)
        door.leave(first, LOST)
        assert waiting.result().alone


def test_waiting_for_a_logon_ends_with_the_time_given() -> None:
    """The asker's deadline holds at the door, too."""
    door = Door()
    door.enter(1)
    with pytest.raises(Failed) as error:
        door.enter(0.02)
    assert "first logon" in error.value.failure.what


def test_what_fetches_an_answer_waits_for_nobody_and_nobody_for_it() -> None:
    """Where every exchange is a logon, one may take minutes; a door that is shut is shut for it too."""
    door = Door()
    fetching = door.enter(1, waits=False)
    assert not fetching.alone
    alone = door.enter(1)
    assert alone.alone
    assert not door.enter(1, waits=False).alone
    door.leave(fetching, REFUSED)
    with pytest.raises(Failed):
        door.enter(1, waits=False)


def test_a_refused_door_stays_shut_until_it_is_reopened() -> None:
    """The same failure for everybody."""
    door = Door()
    door.leave(door.enter(1), REFUSED)
    for _ in range(2):
        with pytest.raises(Failed) as error:
            door.enter(1)
        assert error.value.failure is REFUSED
    door.reopen()
    assert door.enter(1).alone


def test_the_door_of_an_old_password_stays_shut() -> None:
    """Sessions that have it may not log on any more: it would be refused."""
    door = Door()
    door.retire()
    door.reopen()
    with pytest.raises(Failed, match="read anew"):
        door.enter(1)


def test_a_door_is_one_host_one_user_and_one_password() -> None:
    """Names of hosts and accounts do not differ by case."""
    doors = Doors()
    one = HostOptions(server="mgmt1", username="CORP\\rootver", password="a")
    assert doors.of(one) is doors.of(replace(one, server="MGMT1", username="corp\\RootVer"))
    assert doors.of(one) is not doors.of(replace(one, username="CORP\\rootver-fix"))
    assert doors.of(one) is not doors.of(replace(one, server="mgmt2"))
    assert doors.of(one) is not doors.of(replace(one, password="b"))
