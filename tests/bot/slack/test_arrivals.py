"""What came in and is not handled yet."""

from __future__ import annotations

import json
import threading

import pytest

from bot.slack.arrivals import Arrivals, event_of


def test_what_came_in_is_waited_for_until_the_last_one_lets_it_go() -> None:
    """The socket holds an event, and so does whoever judges it."""
    arrivals = Arrivals()
    assert arrivals.settled(0)
    arrivals.hold("Ev1")
    arrivals.hold("Ev1")
    arrivals.let_go("Ev1")
    assert not arrivals.settled(0)
    settled = threading.Thread(target=arrivals.settled, args=(60,))
    settled.start()
    with arrivals.held("Ev1"):
        pass
    settled.join(30)
    assert not settled.is_alive()


def test_what_comes_in_meanwhile_is_not_waited_for() -> None:
    """A flood that goes on holds nothing up."""
    arrivals, answers = Arrivals(), list[bool]()
    arrivals.hold("Ev1")
    waiting = threading.Thread(target=lambda: answers.append(arrivals.settled(60)))
    waiting.start()
    while not arrivals._changed._waiters:  # type: ignore[attr-defined]
        waiting.join(0.001)
    arrivals.hold("Ev2")
    arrivals.let_go("Ev1")
    waiting.join(30)
    assert answers == [True]
    assert not arrivals.settled(0)


def test_what_fails_is_let_go_too() -> None:
    """Else no change would ever be sent again."""
    arrivals = Arrivals()
    arrivals.hold("Ev1")
    with pytest.raises(ZeroDivisionError), arrivals.held("Ev1"):
        raise ZeroDivisionError
    assert arrivals.settled(0)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "events_api", "payload": {"event_id": "Ev1"}}, "Ev1"),
        ({"type": "hello"}, None),
        ({"type": "events_api", "payload": {}}, None),
        ({"type": "disconnect", "payload": {"event_id": "Ev1"}}, None),
        ([], None),
    ],
    ids=str,
)
def test_a_message_of_the_socket_may_carry_an_event(message: object, event: str | None) -> None:
    """Others are not counted: nobody would let them go."""
    assert event_of(json.dumps(message)) == event


def test_what_is_no_json_carries_none() -> None:
    """Slack's client answers such a ping itself."""
    assert event_of("Ping from applink") is None
