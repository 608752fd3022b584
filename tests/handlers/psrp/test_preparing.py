"""Requests are prepared by copying: quicker than requests' own way, and the same."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from handlers.host_options import HostOptions
from handlers.psrp.logons import Door
from handlers.psrp.session_limits import Limits
from handlers.psrp.wire import Wire
from tests.handlers.psrp.bombs import raw_host
from tests.handlers.psrp.practice_host import BASIC

USER: dict[str, Any] = {
    "server": "127.0.0.1",
    "ssl": False,
    "username": "CORP\\rootver",
    "password": "secret",
}
SEALED = {"Content-Type": "multipart/encrypted", "Content-Length": "3"}


def session_of(**changed: Any) -> requests.Session:
    wire = Wire(HostOptions(**{**USER, **changed}), Door(), Limits())
    return wire._session()


def both(session: requests.Session, body: bytes | None, headers: dict[str, str]) -> list[Any]:
    """What our session makes of a request, and what requests makes of it."""
    request = requests.Request(
        "POST", "http://127.0.0.1:5985/wsman", data=body, headers={**session.headers, **headers}
    )
    ways = (session.prepare_request, lambda one: requests.Session.prepare_request(session, one))
    made = [way(request) for way in ways]
    return [
        (one.method, one.url, one.body, {k.lower(): v.lower() for k, v in one.headers.items()}, one.hooks)
        for one in made
    ]


@pytest.mark.parametrize("options", [BASIC, {"auth": "negotiate"}, {"auth": "ntlm"}])
@pytest.mark.parametrize(
    ("body", "headers"), [(None, {}), (b"abc", SEALED), (b"abcd", {"Content-Type": "x"})]
)
def test_a_request_is_prepared_as_requests_would(
    options: dict[str, Any], body: bytes | None, headers: dict[str, str]
) -> None:
    """The empty one of the logon too; the second is not changed by the first."""
    session = session_of(**options)
    for _ in range(2):
        ours, theirs = both(session, body, headers)
        assert ours == theirs


def test_the_cookie_of_a_load_balancer_is_sent_back() -> None:
    """Then each request is prepared in requests' own way."""
    session = session_of(**BASIC)
    session.cookies.set("balancer", "mgmt1")
    ours, theirs = both(session, b"abc", {})
    assert ours == theirs
    assert ours[3]["cookie"] == "balancer=mgmt1"


def test_a_host_that_sets_cookies_without_end_gets_none_of_them_back() -> None:
    """A load balancer sets one or two; each that is kept is sent with every request."""
    cookies = b"".join(b"Set-Cookie: c%d=1\r\n" % number for number in range(11))
    with raw_host(lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n" % cookies])) as port:
        wire = Wire(HostOptions(**{**USER, **BASIC, "port": port}), Door(), Limits())
        wire.transport.session = session = wire._session()
        wire._answer_to(session.prepare_request(requests.Request("POST", wire.transport.endpoint)))
    assert not session.cookies


def test_a_hook_of_one_request_is_not_that_of_the_next() -> None:
    """A logon hooks itself into its own request alone."""
    session = session_of(auth="ntlm")
    request = requests.Request("POST", "http://127.0.0.1:5985/wsman")
    first = session.prepare_request(request)
    hooks = len(first.hooks["response"])
    first.hooks["response"].append(lambda answer, **_: answer)
    assert len(session.prepare_request(request).hooks["response"]) == hooks
