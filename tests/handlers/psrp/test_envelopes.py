"""An envelope that is filled in is, byte for byte, the one that pypsrp would send."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.wsman import NAMESPACES, OptionSet, SelectorSet, WSMan, WSManAction

from handlers.psrp import envelopes
from handlers.psrp.envelopes import envelope

URI = "http://schemas.microsoft.com/powershell/RootVer"
MESSAGE = UUID("11111111-1111-4111-8111-111111111111")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Co"]))


@pytest.fixture(autouse=True, scope="module")
def _one_id() -> Any:
    """Both make an id of their own for each message."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pypsrp.wsman.uuid.uuid4", lambda: MESSAGE)
        patch.setattr(envelopes, "uuid4", lambda: MESSAGE)
        yield


def command(name: str | None, *arguments: str) -> ET.Element:
    """A command as `pypsrp.shell.WinRS` puts it together."""
    element = ET.Element(f"{{{NAMESPACES['rsp']}}}CommandLine", {} if name is None else {"CommandId": name})
    ET.SubElement(element, f"{{{NAMESPACES['rsp']}}}Command").text = ""
    for argument in arguments:
        ET.SubElement(element, f"{{{NAMESPACES['rsp']}}}Arguments").text = argument
    return element


def options(*attributes: dict[str, str]) -> OptionSet:
    made = OptionSet()
    for one in attributes:
        made.add_option("protocolversion", "2.3", one)
    return made


def shell(name: str) -> SelectorSet:
    made = SelectorSet()
    made.add_option("ShellId", name)
    return made


def both(way: WSMan, action: str, *parts: Any) -> list[bytes]:
    """What pypsrp sends, and ours, made for the first time and filled in."""
    sent: list[bytes] = []

    class Sent(Exception):
        pass

    def send(message: bytes, **_: object) -> bytes:
        sent.append(message)
        raise Sent

    way.transport.send = send  # type: ignore[method-assign]
    with pytest.raises(Sent):
        way.invoke(action, URI, *parts)
    body, chosen, selected = parts
    for _ in range(2):
        message_id, message = envelope(way, action, URI, body, options=chosen, selectors=selected)
        assert message_id.encode() in message
        sent.append(message)
    return sent


def way(server: str = "mgmt1.corp.example") -> WSMan:
    return WSMan(server, username="CORP\\rootver", password="secret", auth="basic")


@given(name=st.none() | TEXTS, arguments=st.lists(TEXTS, max_size=3), selected=TEXTS)
def test_a_command_is_written_as_pypsrp_does(name: str | None, arguments: list[str], selected: str) -> None:
    """Whatever stands in it, and whatever stood there before."""
    parts = command(name, *arguments), options({"MustComply": "true"}), shell(selected)
    theirs, *ours = both(way(), WSManAction.COMMAND, *parts)
    assert ours == [theirs, theirs]


@pytest.mark.parametrize("body", [None, command("2", "QUJD"), command(None)])
@pytest.mark.parametrize("chosen", [None, options(), options({}), options({"MustComply": "true"})])
@pytest.mark.parametrize("selected", [None, shell("1")])
@pytest.mark.parametrize("server", ["mgmt1", "mgmt2"])
def test_what_differs_in_more_than_texts_is_another_form(
    body: ET.Element | None, chosen: OptionSet | None, selected: SelectorSet | None, server: str
) -> None:
    theirs, *ours = both(way(server), WSManAction.DELETE, body, chosen, selected)
    assert ours == [theirs, theirs]


def test_the_operation_time_out_and_the_session_are_those_of_now() -> None:
    one, other = way(), way()
    other.operation_timeout = 7
    made = [
        envelope(w, WSManAction.RECEIVE, URI, command("1"), options=None, selectors=None)[1]
        for w in (one, other)
    ]
    assert b"PT20S" in made[0]
    assert b"PT7S" in made[1]
    assert str(other.session_id).upper().encode() in made[1]
