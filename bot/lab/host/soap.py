"""SOAP as WSMan speaks it: requests taken apart, answers and faults put together."""

import re
import uuid
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "pwsh": "http://schemas.microsoft.com/powershell",
}
"""MS-WSMV 2.2.1."""

ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


class WSManFault(Exception):
    """A SOAP fault: `code` is that of its WSManFault element, None if it has no such element."""

    def __init__(self, code: int | None, subcode: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.subcode = subcode


@dataclass(frozen=True)
class Request:
    """One request. `uri`: the whole action. `timeout`: OperationTimeout in seconds."""

    uri: str
    message: str
    resource: str
    shell: str
    timeout: float
    body: ET.Element
    user: str

    @property
    def action(self) -> str:
        """The last part of the action: `Create`, `Command`, …"""
        return self.uri.rpartition("/")[2]

    def text(self, path: str) -> str:
        """Return the text of an element of the body, "" where it is missing or empty."""
        return self.body.findtext(path, "", NAMESPACES) or ""

    def attribute(self, path: str, name: str) -> str:
        """Return an attribute of an element of the body, "" where it is missing."""
        element = self.body.find(path, NAMESPACES)
        return "" if element is None else element.get(name, "")


def parse(envelope: bytes, user: str) -> Request:
    """Take a request apart. Raises ValueError for what is no SOAP request."""
    try:
        root = ET.fromstring(envelope)
    except ET.ParseError as error:
        raise ValueError(f"the request is no XML: {error}") from error
    header, body = root.find("s:Header", NAMESPACES), root.find("s:Body", NAMESPACES)
    if header is None or body is None:
        raise ValueError("the request is no SOAP envelope")
    shell = header.find("w:SelectorSet/w:Selector[@Name='ShellId']", NAMESPACES)
    return Request(
        uri=header.findtext("a:Action", "", NAMESPACES),
        message=header.findtext("a:MessageID", "", NAMESPACES),
        resource=header.findtext("w:ResourceURI", "", NAMESPACES),
        shell="" if shell is None else shell.text or "",
        timeout=seconds(header.findtext("w:OperationTimeout", "", NAMESPACES), 60.0),
        body=body,
        user=user,
    )


def seconds(duration: str, default: float) -> float:
    """Return a duration such as `PT20S` or `PT0.5S` in seconds; `default` for any other text."""
    match = re.fullmatch(r"PT(\d+(?:\.\d+)?)S", duration)
    return float(match[1]) if match else default


def answer(request: Request, body: str) -> bytes:
    """Return the answer to a request; `body` is XML."""
    return _envelope(request.uri + "Response", request.message, body)


def fault(message: str, error: WSManFault, machine: str) -> bytes:
    """Return the fault that answers the request with that MessageID, as Windows words it."""
    text = escape(str(error))
    detail = (
        f'<s:Detail><f:WSManFault Code="{error.code}" Machine={quoteattr(machine)}>'
        f"<f:Message>{text}</f:Message></f:WSManFault></s:Detail>"
        if error.code is not None
        else ""
    )
    body = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>{detail}</s:Fault>'
    )
    return _envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", message, body)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
