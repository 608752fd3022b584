"""What each command cost in HTTP exchanges, for the lab's page."""

import threading
from collections import defaultdict
from collections.abc import Iterator

from bot.lab.host.calls import Call, CallLog, Exchange
from bot.lab.host.endpoint import Endpoint


class Costs:
    """Counts the exchanges of each command of an endpoint: from the moment it exists, so before it starts.

    A client sends one request after the other on its connection. So a command costs all that came on its
    connection, from what followed the command before: the first one bears the logon and the opening of the
    shell.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._exchanges = _Exchanges()
        self._calls = _Calls(self._exchanges)
        endpoint.exchanges, endpoint.calls = self._exchanges, self._calls

    def with_costs(self) -> Iterator[tuple[Call, int]]:
        """Every command that reached the host, in order, with the number of its exchanges so far."""
        groups = _by_command(list(self._exchanges))
        before: dict[int | None, int] = defaultdict(int)
        for call, connection in self._calls.with_connections():
            mine = groups.get(connection, [])
            number, before[connection] = before[connection], before[connection] + 1
            yield call, mine[number] if number < len(mine) else 0


def _by_command(exchanges: list[Exchange]) -> dict[int | None, list[int]]:
    """Count the exchanges of each connection, split where a command is sent."""
    counts: dict[int | None, list[int]] = {}
    sent: set[int] = set()
    for exchange in exchanges:
        mine = counts.setdefault(exchange.connection, [0])
        if exchange.action == "Command":
            if exchange.connection in sent:
                mine.append(0)
            sent.add(exchange.connection)
        mine[-1] += 1
    return counts


class _Exchanges(list[Exchange]):
    """The endpoint's list; knows which connection the calling thread serves, for each has one."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def append(self, exchange: Exchange) -> None:
        """Write down a request."""
        self._here.connection = exchange.connection
        super().append(exchange)

    @property
    def connection(self) -> int | None:
        """The connection whose request the calling thread carries out."""
        return getattr(self._here, "connection", None)


class _Calls(CallLog):
    """The endpoint's log; knows on which connection each command came."""

    def __init__(self, exchanges: _Exchanges) -> None:
        super().__init__()
        self._exchanges = exchanges
        self._connections: list[int | None] = []

    def add(self, call: Call) -> None:
        """Write down a command that has just arrived."""
        with self._changed:
            super().add(call)
            self._connections.append(self._exchanges.connection)

    def with_connections(self) -> list[tuple[Call, int | None]]:
        """Every command, with its connection."""
        with self._changed:
            return list(zip(self._calls, self._connections, strict=True))
