"""Event delivery: to a bare WebSocket, where every envelope is seen, and to an unmodified slack-bolt app."""

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from slack_bolt import App
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.web.socket_mode import MAX_SOCKETS
from bot.lab.workspace.workspace import Workspace
from tests.bot.lab.practice_slack import acknowledge, bare_socket, bolt, next_message, web_client

ONCALL = "#exchange-oncall"


@pytest.fixture
def server(workspace: Workspace) -> Iterator[WorkspaceServer]:
    with WorkspaceServer(workspace) as running:
        running.sockets.set_delivery(ack_seconds=10, retry_delays=(0.0, 0.2, 0.4))
        yield running


def outcomes(server: WorkspaceServer) -> list[tuple[int, str]]:
    return [(delivery.attempt, delivery.outcome) for delivery in server.sockets.deliveries]


def all_finished(server: WorkspaceServer, count: int) -> None:
    """Wait until nothing is under way and `count` attempts were made."""
    sockets = server.sockets
    server.workspace.wait_for(lambda: len(sockets.deliveries) >= count and not sockets.unfinished)


def echo(app: App) -> None:
    """Answer every mention in its thread, and say which reaction came."""

    @app.event("app_mention")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(text=f"heard {event['ts']}", thread_ts=event.get("thread_ts") or event["ts"])

    @app.event("message")
    def answer_directly(event: dict[str, Any], say: Any) -> None:
        say(text="heard you")

    @app.event("reaction_added")
    def note(event: dict[str, Any], client: Any) -> None:
        item = event["item"]
        client.chat_postMessage(
            channel=item["channel"], thread_ts=item["ts"], text=f"{event['user']} put {event['reaction']}"
        )

    @app.event("reaction_removed")
    def ignore(event: dict[str, Any]) -> None: ...


def test_an_envelope_carries_an_event_and_is_acknowledged_once(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """As the Socket Mode page words it; after the acknowledgement it is not sent again."""
    with bare_socket(server) as websocket:
        ts = workspace.say("alice", ONCALL, "@rootver help")
        envelope = next_message(websocket)
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("events_api", False)
        assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
        assert envelope["payload"]["event"]["ts"] == ts
        acknowledge(websocket, envelope)
        all_finished(server, 1)
    assert outcomes(server) == [(0, "acked")]


def test_an_unacknowledged_event_comes_four_times_and_is_given_up(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """Each time with the same event id, the attempt's number and the reason."""
    server.sockets.set_delivery(ack_seconds=0.3)
    with bare_socket(server) as websocket:
        workspace.say("alice", ONCALL, "@rootver help")
        envelopes = [next_message(websocket) for _ in range(4)]
        all_finished(server, 4)
    assert [e["retry_attempt"] for e in envelopes] == [0, 1, 2, 3]
    assert [e["retry_reason"] for e in envelopes] == ["", "timeout", "timeout", "timeout"]
    assert len({e["payload"]["event_id"] for e in envelopes}) == 1
    assert len({e["envelope_id"] for e in envelopes}) == 4
    assert outcomes(server) == [(n, "timeout") for n in range(4)]


def test_an_event_without_any_socket_waits_for_the_next_one(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """Slack retries what it could not deliver: the retry is then the only delivery the app sees."""
    server.sockets.set_delivery(retry_delays=(0.0, 1.0, 1.0, 1.0))
    workspace.say("alice", ONCALL, "@rootver help")
    workspace.wait_for(lambda: server.sockets.deliveries)
    with bare_socket(server) as websocket:
        envelope = next_message(websocket)
        acknowledge(websocket, envelope)
        all_finished(server, 2)
    assert envelope["retry_attempt"] > 0
    assert outcomes(server)[-1][1] == "acked"
    assert {outcome for _, outcome in outcomes(server)[:-1]} == {"connection_failed"}


def test_what_is_said_before_the_server_runs_is_not_lost(workspace: Workspace) -> None:
    """The page shows a new practice before its server runs; somebody may write at once."""
    server = WorkspaceServer(workspace)
    server.sockets.set_delivery(retry_delays=(0.0, 1.0, 1.0, 1.0))
    workspace.say("alice", ONCALL, "@rootver help")
    with server, bare_socket(server) as websocket:
        envelope = next_message(websocket)
        acknowledge(websocket, envelope)
        all_finished(server, 1)
    assert envelope["payload"]["event"]["text"].endswith("help")
    assert outcomes(server)[-1][1] == "acked"


def test_each_event_goes_to_one_of_several_sockets(workspace: Workspace, server: WorkspaceServer) -> None:
    """At random: two bots on one app token share the events."""
    with bare_socket(server) as one, bare_socket(server) as other:
        for number in range(20):
            workspace.say("alice", ONCALL, f"@rootver {number}")
        received = take_all(server, one, other)
    assert sorted(word for words in received for word in words) == sorted(str(n) for n in range(20))
    assert all(received)


def take_all(server: WorkspaceServer, *websockets: ClientConnection) -> list[list[str]]:
    """Acknowledge until nothing is under way; the last words of the texts that came over each socket."""
    received: list[list[str]] = [[] for _ in websockets]
    while server.sockets.unfinished:
        for words, websocket in zip(received, websockets, strict=True):
            with suppress(TimeoutError):
                envelope = next_message(websocket, 0.02)
                acknowledge(websocket, envelope)
                words.append(envelope["payload"]["event"]["text"].split()[-1])
    return received


def test_events_can_come_several_times_and_out_of_order(workspace: Workspace) -> None:
    """Between 2 and 4 copies of each, spread over time."""
    with WorkspaceServer(workspace) as server:
        server.sockets.set_delivery(copies=(2, 4), spread=0.5)
        with bare_socket(server) as websocket:
            for number in range(10):
                workspace.say("alice", ONCALL, f"@rootver {number}")
            (words,) = take_all(server, websocket)
    assert all(2 <= words.count(str(n)) <= 4 for n in range(10))
    assert words != sorted(words)


def test_held_events_come_when_they_are_released_and_lost_ones_never(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """A bot that was away: with or without what happened meanwhile."""
    with bare_socket(server) as websocket:
        server.sockets.set_delivery(flow="held")
        workspace.say("alice", ONCALL, "@rootver held")
        server.sockets.set_delivery(flow="lost")
        workspace.say("alice", ONCALL, "@rootver lost")
        server.sockets.release()
        workspace.say("alice", ONCALL, "@rootver flowing")
        (words,) = take_all(server, websocket)
    assert sorted(words) == ["flowing", "held"]


def test_a_past_event_can_be_delivered_again(workspace: Workspace, server: WorkspaceServer) -> None:
    """With its old event id."""
    with bare_socket(server) as websocket:
        workspace.say("alice", ONCALL, "@rootver help")
        first = next_message(websocket)
        acknowledge(websocket, first)
        server.sockets.redeliver(first["payload"]["event_id"])
        assert next_message(websocket)["payload"] == first["payload"]


def test_a_ticket_opens_one_socket_once(workspace: Workspace, server: WorkspaceServer) -> None:
    """The address of apps.connections.open cannot be used twice, nor guessed."""
    url = web_client(server).apps_connections_open(app_token=workspace.app_token)["url"]
    with connect(url, proxy=None) as websocket:
        assert next_message(websocket)["num_connections"] == 1
    with pytest.raises(InvalidStatus, match="403"), connect(url, proxy=None):
        pass


def test_a_hello_counts_every_open_connection(workspace: Workspace, server: WorkspaceServer) -> None:
    """Also one that was asked to leave and stays for a moment."""

    def greeted(stack: ExitStack) -> int:
        url = web_client(server).apps_connections_open(app_token=workspace.app_token)["url"]
        websocket = stack.enter_context(connect(url, proxy=None))
        return int(next_message(websocket)["num_connections"])

    with ExitStack() as stack:
        assert [greeted(stack), greeted(stack)] == [1, 2]
        server.sockets.strangers = 4
        server.sockets.ask_to_leave()
        assert greeted(stack) == 7


def test_one_socket_too_many_is_sent_away(workspace: Workspace, server: WorkspaceServer) -> None:
    """Ten may be open; the next gets a reason and is closed."""
    urls = [
        web_client(server).apps_connections_open(app_token=workspace.app_token)["url"]
        for _ in range(MAX_SOCKETS + 1)
    ]
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect(url, proxy=None)) for url in urls]
        assert [next_message(socket)["type"] for socket in sockets[:-1]] == ["hello"] * MAX_SOCKETS
        assert next_message(sockets[-1])["reason"] == "too_many_websockets"
        with pytest.raises(ConnectionClosed):
            sockets[-1].recv(60)


def test_the_server_answers_pings(server: WorkspaceServer) -> None:
    """The built-in client lives by them."""
    with bare_socket(server) as websocket:
        assert websocket.ping().wait(60)


def test_a_silent_socket_answers_nothing_and_swallows_events(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """Until the app opens another: then it is dropped, and a retry reaches the new one."""
    with bare_socket(server) as silent:
        server.sockets.set_delivery(ack_seconds=0.3, retry_delays=(1.0,) * 30)
        server.sockets.silence()
        workspace.say("alice", ONCALL, "@rootver help")
        workspace.wait_for(lambda: server.sockets.deliveries)
        server.sockets.set_delivery(ack_seconds=10)
        assert not silent.ping().wait(0.2)
        with bare_socket(server) as live:
            envelope = next_message(live)
            acknowledge(live, envelope)
            all_finished(server, 2)
            assert server.sockets.connected == 1
    assert outcomes(server)[0] == (0, "timeout")
    assert envelope["retry_attempt"] > 0


def test_a_reset_breaks_the_connection_without_a_close_frame(server: WorkspaceServer) -> None:
    """The other end gets an error of the network."""
    with bare_socket(server) as websocket:
        server.sockets.reset()
        with pytest.raises(ConnectionClosed) as broken:
            websocket.recv(60)
        assert broken.value.rcvd is None
        server.workspace.wait_for(lambda: server.sockets.connected == 0)


def test_a_close_frame_says_goodbye(server: WorkspaceServer) -> None:
    """With its code."""
    with bare_socket(server) as websocket:
        server.sockets.close(1001)
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


def test_events_in_flight_are_sent_again_when_their_socket_breaks(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """At once, to the socket that is left."""
    server.sockets.set_delivery(retry_delays=(1.0,) * 30)
    with bare_socket(server) as first:
        workspace.say("alice", ONCALL, "@rootver help")
        next_message(first)
        server.sockets.reset()
        workspace.wait_for(lambda: server.sockets.deliveries)
    with bare_socket(server) as second:
        assert next_message(second)["retry_reason"] == "connection_failed"


# From here on with slack-bolt


def test_bolt_hears_a_mention_and_answers_in_the_thread(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """An unmodified app over real HTTP and WebSocket; the acknowledgement is in time."""
    with bolt(server, echo):
        ts = workspace.say("alice", ONCALL, "@rootver help")
        workspace.wait_for(lambda: len(workspace.messages(ONCALL, ts)) == 2)
        all_finished(server, 1)
        assert workspace.messages(ONCALL, ts)[1].text == f"heard {ts}"
        assert outcomes(server) == [(0, "acked")]


def test_bolt_hears_direct_messages_and_reactions(workspace: Workspace, server: WorkspaceServer) -> None:
    """Its own are ignored by bolt, and acknowledged: no retry comes."""
    with bolt(server, echo):
        workspace.direct_message("alice", "help")
        dm = workspace.dm("alice")
        answer = workspace.wait_for(lambda: workspace.messages(dm)[1:])[0]
        workspace.react("alice", dm, answer.ts, "eyes")
        workspace.react(workspace.bot_user, dm, answer.ts, "x")
        workspace.wait_for(lambda: workspace.messages(dm, answer.ts)[1:])
        all_finished(server, 5)
    assert [m.text for m in workspace.messages(dm, answer.ts)[1:]] == [f"{workspace.id_of('alice')} put eyes"]
    assert {attempt for attempt, _ in outcomes(server)} == {0}


def test_an_event_without_a_listener_is_retried(workspace: Workspace, server: WorkspaceServer) -> None:
    """Bolt does not acknowledge it, so subscribing to what nobody handles makes a storm."""
    server.sockets.set_delivery(ack_seconds=0.3)
    with bolt(server, lambda app: None):
        workspace.say("alice", ONCALL, "@rootver help")
        all_finished(server, 4)
    assert outcomes(server) == [(n, "timeout") for n in range(4)]


def test_fifty_people_at_once_are_all_answered(workspace: Workspace, server: WorkspaceServer) -> None:
    """From as many threads, and every message keeps its own ts."""
    people = [workspace.add_person(f"person{number}") for number in range(50)]
    with bolt(server, echo):
        threads = [
            threading.Thread(target=workspace.say, args=(person, ONCALL, "@rootver help"))
            for person in people
        ]
        random.shuffle(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asked = [message.ts for message in workspace.messages(ONCALL)]
        workspace.wait_for(lambda: all(len(workspace.messages(ONCALL, ts)) == 2 for ts in asked), timeout=60)
    assert len(set(asked)) == 50


def test_a_workspace_can_be_served_again_on_the_same_port(workspace: Workspace) -> None:
    """State outlives the server; stopping closes the sockets and leaves nothing behind."""
    with WorkspaceServer(workspace) as server:
        workspace.say("alice", ONCALL, "before")
        port = server.port
    with WorkspaceServer(workspace, port=port) as server:
        assert web_client(server).auth_test()["ok"]
    assert [message.text for message in workspace.messages(ONCALL)] == ["before"]
    assert not [thread for thread in threading.enumerate() if thread.name == "practice-slack"]
