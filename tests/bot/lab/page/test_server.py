"""The addresses behind the practice page, and what they tell, without a browser."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from bot.lab.misbehaviours import MISBEHAVIOURS, active, behave, switch
from bot.lab.page.rounds import Rounds
from bot.lab.page.server import PageServer
from bot.lab.practice import ONCALL, Practice, Timing

Json = dict[str, Any]
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    rounds = Rounds(Timing(grace_seconds=0.3, follow_up_minutes=(0.02,)))
    rounds.begin("zero")
    try:
        with PageServer(rounds) as serving:
            yield serving
    finally:
        rounds.close()


@pytest.fixture
def practice(server: PageServer) -> Practice:
    return server.rounds.current.practice


def ask(
    server: PageServer, method: str, path: str, body: object = None, headers: dict[str, str] = JSON
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer, answer.read()


def post(server: PageServer, path: str, body: object) -> Json:
    answered: Json = json.loads(ask(server, "POST", path, body)[1])
    return answered


class Listener:
    """An open stream; `until` reads events to the first that fits."""

    def __init__(self, server: PageServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._connection.request("GET", "/practice/stream")
        self._answer = self._connection.getresponse()

    def until(self, kind: str, **fields: object) -> Json:
        while line := self._answer.readline():
            if line.startswith(b"data: "):
                event: Json = json.loads(line[6:])
                if event["kind"] == kind and all(event[name] == value for name, value in fields.items()):
                    return event
        raise AssertionError(f"the stream ended without {kind}")

    def message(self, ts: str) -> Json:
        """What is told next of this message; the bot writes when it likes, its line of having started too."""
        while True:
            for message in self.until("messages")["messages"]:
                if message["ts"] == ts:
                    return dict(message)

    def first_node(self, **fields: object) -> Json:
        """The first node, once it is told of with these."""
        while True:
            node: Json = self.until("machines")["nodes"][0]
            if all(node[name] == value for name, value in fields.items()):
                return node

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def listener(server: PageServer) -> Iterator[Listener]:
    with closing(Listener(server)) as opened:
        yield opened


# --- addresses ---


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/js/main.js", "text/javascript"),
        ("/css/base.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_the_files_of_the_page_are_served_and_may_load_nothing_else(
    server: PageServer, path: str, kind: str
) -> None:
    """Each with its type and a policy that allows nothing from elsewhere."""
    answer, body = ask(server, "GET", path)
    assert (answer.status, bool(body)) == (200, True)
    assert str(answer.headers["content-type"]).startswith(kind)
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_another_site_can_neither_act_nor_read(server: PageServer) -> None:
    """A form of another site has no JSON; a foreign host name (DNS rebinding) is refused."""
    answer, _ = ask(server, "POST", "/practice/do", {"do": "behave"}, {"content-type": "text/plain"})
    assert answer.status == 415
    answer, _ = ask(server, "GET", "/", None, {"host": "evil.example"})
    assert answer.status == 403


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/practice/do", {"do": "dance"}),
        ("/practice/do", {"do": "begin", "incident": "flood"}),
        ("/practice/do", {"do": "misbehave", "name": "sulk"}),
        ("/practice/do", {"do": "network", "node": "exch-node9", "up": False}),
        ("/practice/do", ["no", "object"]),
        ("/practice/act", {"do": "say", "as": "nobody", "channel": ONCALL, "text": "x"}),
        ("/practice/misbehave", {"delivery": {"mood": "bad"}}),
    ],
)
def test_what_is_not_understood_is_answered_so(server: PageServer, path: str, wanted: object) -> None:
    """Status 400 and a reason, with the names that there are; nothing happens."""
    answer, body = ask(server, "POST", path, wanted)
    assert answer.status == 400
    assert path != "/practice/do" or isinstance(wanted, list) or b"; there are " in body
    assert json.loads(body)["error"].startswith("not understood")


def test_a_refusal_of_slack_is_passed_on(server: PageServer) -> None:
    """Gina is not a member of the audit channel."""
    wanted = {"do": "say", "as": "gina", "channel": "#exchange-audit", "text": "hello"}
    assert post(server, "/practice/act", wanted) == {"ok": False, "error": "not_in_channel"}


def test_a_permalink_leads_to_the_page(server: PageServer) -> None:
    """Links of the bot's messages are addresses of the page."""
    link = "/archives/C07ONCALL00/p1700000000000001?thread_ts=1699999999.000001&cid=C07ONCALL00"
    answer, _ = ask(server, "GET", link)
    assert answer.status == 307
    assert answer.headers["location"] == f"/#{link}"


def test_a_file_that_is_gone_says_so(server: PageServer) -> None:
    """Status 404 with the reason."""
    answer, body = ask(server, "GET", "/practice/files/F000")
    assert (answer.status, b"reset" in body) == (404, True)


# --- the stream ---


def test_the_stream_tells_everything_once_and_then_what_changes(
    server: PageServer, practice: Practice, listener: Listener
) -> None:
    """The round, people, machines and record; then one new message, and a reaction on it."""
    assert listener.until("round")["incident"] == "zero"
    assert {one["name"] for one in listener.until("people")["people"] if one["plays"]} >= {"alice", "bob"}
    machines = listener.until("machines")
    assert {node["computer"]: node["valid"] for node in machines["nodes"]} == {
        "EXCH-NODE1": True,
        "EXCH-NODE2": False,
    }
    assert listener.until("record")["whole"] is True
    workspace = practice.workspace
    workspace.post(workspace.bot_user, workspace.id_of("#exchange-audit"), "the bot's own line, at any time")
    ts = post(server, "/practice/act", {"do": "say", "as": "dave", "channel": ONCALL, "text": "hi"})["ts"]
    said = listener.message(ts)
    assert (said["text"], said["reactions"]) == ("hi", [])
    workspace.react("bob", ONCALL, ts, "eyes")
    assert listener.message(ts)["reactions"] == [["eyes", [workspace.id_of("bob")]]]
    workspace.delete("dave", ONCALL, ts)
    assert listener.message(ts) == {"channel": said["channel"], "ts": ts, "gone": True}


def test_a_private_message_goes_along_with_whom_it_is_for(practice: Practice, listener: Listener) -> None:
    """The page hides it from the others; a deleted one is not mistaken for it."""
    workspace = practice.workspace
    listener.until("record")
    to = workspace.id_of("dave")
    posted = workspace.post(workspace.bot_user, workspace.id_of(ONCALL), "for you alone", ephemeral_to=to)
    said = listener.message(posted.ts)
    assert (said["text"], said["only"]) == ("for you alone", to)


def test_the_machines_are_told_of_as_they_change(server: PageServer, listener: Listener) -> None:
    """A value set, a network cut, a failover."""
    listener.until("machines")
    post(server, "/practice/do", {"do": "set_root_ver", "node": "exch-node1", "data": None})
    listener.first_node(root_ver=None)
    post(server, "/practice/do", {"do": "set_root_ver", "node": "exch-node1", "data": "1.1.4322.0"})
    post(server, "/practice/do", {"do": "network", "node": "exch-node1", "up": False})
    listener.first_node(reachable=False)
    post(server, "/practice/do", {"do": "network", "node": "exch-node1", "up": True})
    assert post(server, "/practice/do", {"do": "fail_over"}) == {
        "ok": True,
        "came": True,
        "owner": "EXCH-NODE1",
    }
    assert post(server, "/practice/do", {"do": "fail_over"}) == {
        "ok": True,
        "came": False,
        "owner": "EXCH-NODE2",
    }


def test_a_new_round_is_told_on_the_same_stream(server: PageServer, listener: Listener) -> None:
    """The page stays open while another incident begins."""
    number = listener.until("round")["number"]
    assert post(server, "/practice/do", {"do": "begin", "incident": "healthy"})["ok"]
    assert listener.until("round", number=number + 1)["incident"] == "healthy"
    assert listener.until("lab", bot="running")["trouble"] == ""
    post(server, "/practice/do", {"do": "begin", "incident": "zero"})


def test_a_record_is_told_whole_when_asked_for(server: PageServer, listener: Listener) -> None:
    """What the bot recorded first is its start; there is no record 9,999."""
    first = listener.until("record")["rows"][0]
    answer, body = ask(server, "GET", f"/practice/record/{first['seq']}")
    assert (answer.status, json.loads(body)["kind"]) == (200, first["kind"])
    assert ask(server, "GET", "/practice/record/9999")[0].status == 404


# --- misbehaviours ---


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_misbehaviour_begins_and_all_of_them_end(practice: Practice, name: str) -> None:
    """Switches are seen to be on and go off again; `behave` ends everything."""
    one = MISBEHAVIOURS[name]
    assert switch(practice, name) is True
    assert active(practice) == ([name] if one.is_on else [])
    if one.is_on:
        assert switch(practice, name) is False
        assert active(practice) == []
        switch(practice, name)
    behave(practice)
    assert active(practice) == []
    assert practice.workspace.faults.take("chat.postMessage") is None
    assert (
        practice.workspace.bot_user in practice.workspace.channels[practice.workspace.id_of(ONCALL)].members
    )


def test_the_code_with_which_slack_refuses_is_chosen(practice: Practice) -> None:
    """Posts and edits get it; what the bot asks does not."""
    assert switch(practice, "refused-posts", "edit_window_closed") is True
    faults = practice.workspace.faults
    for method in ("chat.postMessage", "chat.update"):
        fault = faults.take(method)
        assert fault is not None
        assert fault.error == "edit_window_closed"
    assert faults.take("users.info") is None
    behave(practice)
