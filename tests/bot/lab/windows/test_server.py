"""WMI of the practice nodes for another process."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lab.cluster.healthy import healthy_cluster
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.windows.server import ADDRESS, TOKEN, CimServer, escaped, unescaped
from tests.bot.lab.windows.asking_wmi import CIMV2


def asked(server: CimServer, **request: Any) -> Any:
    """The reply to one line, as another process gets it; None if the connection is closed without one."""
    host, port = server.environment[ADDRESS].split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(json.dumps({"token": server.environment[TOKEN], **request}).encode() + b"\n")
        line = connection.makefile().readline()
    return json.loads(line) if line else None


@pytest.fixture
def server(cluster: PracticeCluster) -> Iterator[CimServer]:
    with CimServer(cluster) as running:
        yield running


def test_a_session_is_opened_used_and_closed(server: CimServer) -> None:
    """Each step is written down; afterwards the session is unknown."""
    session = asked(server, operation="open", computer="exch-node2", timeout=15)["session"]
    assert server.calls.left_open() == {session}
    question = {"operation": "query", "session": session, "namespace": escaped(CIMV2)}
    text = "SELECT FileSize FROM CIM_DataFile WHERE Name = 'C:\\\\WINNT\\\\dcpromo.log'"
    assert asked(server, **question, query=escaped(text))["instances"] == []
    name = "SELECT Name FROM Win32_ComputerSystem"
    (found,) = asked(server, **question, query=name, timeout=5)["instances"]
    assert found == {"class": "Win32_ComputerSystem", "properties": [["Name", "string", "EXCH-NODE2"]]}
    assert asked(server, operation="close", session=session) == {}
    assert asked(server, **question, query=name)["error"]["code"] == "0x80041008"
    opened, _, query_, closed, late = server.calls
    assert (opened.computer, opened.timeout, query_.class_name, query_.timeout, query_.rows) == (
        "exch-node2", 15, "Win32_ComputerSystem", 5, 1
    )  # fmt: skip
    assert (closed.operation, late.code, server.calls.left_open()) == ("close", "0x80041008", set())


def test_nobody_without_the_token_is_answered(server: CimServer) -> None:
    """The connection is closed, and nothing is written down."""
    for token in ("", "wrong", "\u20ac", None, 5):
        assert asked(server, operation="open", computer="exch-node2", token=token) is None
    assert [server.answer(line) for line in (b"GET / HTTP/1.1", b"[]", b"\xff", b"null")] == [None] * 4
    assert len(server.calls) == 0


@given(st.text(st.characters(exclude_categories=[])))
@settings(deadline=None)
def test_text_travels_in_plain_ascii(text: str) -> None:
    """Any text comes back, half surrogate pairs as well; two halves in a row become their character."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert escaped(text).isascii()
    assert escaped(text).isprintable()
    assert unescaped(escaped(text)) == joined


def test_rules_meet_the_calls_they_name(server: CimServer) -> None:
    """By any attribute, in any case; some may be spared first, and only so many be met."""
    server.faults.fail("0x80041001", computer="EXCH-NODE1", skip=1, times=1)
    met: list[str] = []
    server.faults.before(lambda: met.append("before"), operation="open")
    server.faults.after(lambda: met.append("after"), operation="open")

    def codes(computer: str, count: int) -> list[str | None]:
        replies = [asked(server, operation="open", computer=computer) for _ in range(count)]
        return [reply.get("error", {}).get("code") for reply in replies]

    assert codes("exch-node2", 2) == [None, None]
    assert codes("exch-node1", 3) == [None, "0x80041001", None]
    assert met == ["before", "after"]


def test_a_call_that_is_slow_ends_with_its_own_time_out(server: CimServer) -> None:
    """Without one it lasts as long as it lasts."""
    server.faults.slow(0.05, operation="open")
    assert "session" in asked(server, operation="open", computer="exch-node2")
    server.faults.slow(60.0, operation="open")
    server.faults.timed_out = "0x800705b4"
    assert asked(server, operation="open", computer="exch-node2", timeout=1)["error"]["code"] == "0x800705b4"


def test_another_cluster_begins_anew(server: CimServer) -> None:
    """No session, no call and no fault of the old one is left."""
    asked(server, operation="open", computer="exch-node2")
    server.faults.fail("0x80041001")
    server.use(healthy_cluster())
    assert len(server.calls) == 0
    assert "session" in asked(server, operation="open", computer="exch-node2")
