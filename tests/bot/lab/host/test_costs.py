"""What each command costs, counted on the practice host's connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.lab.host.calls import Call, Exchange
from bot.lab.host.costs import Costs
from bot.lab.host.endpoint import Endpoint
from bot.lab.incidents import build

OPENING = ("Logon", "Logon", "Create", "Receive")


def connection(endpoint: Endpoint, number: int, actions: tuple[str, ...], command: str) -> None:
    """One connection, in its own thread as on the real endpoint: a call arrives with each Command."""
    for action in actions:
        endpoint.exchanges.append(Exchange(number, action))
        if action == "Command":
            endpoint.calls.add(Call(command, {}, "somebody"))


def test_a_command_costs_what_came_on_its_connection() -> None:
    """The first one bears logon and shell; another connection in between is not counted."""
    cluster, faults = build("healthy")
    with Endpoint(cluster, faults) as endpoint:
        costs = Costs(endpoint)
        first = (*OPENING, "Command", "Receive", "Command", "Receive", "Signal")
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
            one.submit(connection, endpoint, 1, first[:5], "A").result()
            other.submit(connection, endpoint, 2, (*OPENING, "Command", "Receive"), "B").result()
            one.submit(connection, endpoint, 1, first[5:], "A").result()
        assert [(call.command, count) for call, count in costs.with_costs()] == [("A", 6), ("B", 6), ("A", 3)]
