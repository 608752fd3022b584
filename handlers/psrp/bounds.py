"""How much a host may send: counted while it is read, and before anything is made of it.

Whatever passes a bound ends the command with `Failed`; its connection is dropped. Together they keep an
answer of any form below 200 MB of memory (tests/handlers/psrp/test_bombs.py).
"""

from __future__ import annotations

import re
from xml.parsers import expat

from handlers.psrp.failures import Failed, too_much

ANSWER_LIMIT = 12 * 1024 * 1024
"""Bytes of all HTTP answers to one command. 500 events at their longest, in three-byte characters: 8 MB."""

BODY_LIMIT = 1024 * 1024
"""Bytes of one HTTP answer: twice the largest envelope that we allow a host (MaxEnvelopeSize, 512,000)."""

HEAD_LIMIT = 128 * 1024
"""Bytes of the head of one HTTP answer; a Kerberos ticket in it may have 64 KB (MaxTokenSize)."""

FRAGMENTS = 10_000
"""Fragments of one command. Those of the largest answer are 32 KB each, so that it has 400."""

PARTS = 50_000
"""Elements and attributes, of the XML of one command: an honest answer is one element with one long text."""

DEPTH = 64
"""Levels of XML. An error record with its exception has about twelve."""

TOKEN_LIMIT = 128 * 1024
"""Bytes of one tag or comment."""

STRUCTURE_LIMIT = 1024 * 1024
"""Bytes of all messages of one command that are more than one text: the library copies them on each level."""

ESCAPES = 250_000
"""Characters that one message writes as _xHHHH_ (MS-PSRP 2.2.5.3.2): those of line ends, in an honest one."""

JSON_PARTS = 100_000
"""Values of the JSON text: 500 events with eight fields are 4,000."""

_PIECE = 64 * 1024
_JSON = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{,]', re.DOTALL)


class Bounds:
    """The counts of one command; for one thread at a time."""

    def __init__(self) -> None:
        self.answers = 0
        """HTTP answers on this way since it was made, refusals of a logon's steps too: its exchanges."""
        self.begin()

    def begin(self) -> None:
        """Count from nothing: another command."""
        self._bytes = self._bytes_of_answer = self._structure = 0
        self._in_head = False
        self._fragments = self._parts = 0

    # --- HTTP ---

    def head_begins(self) -> None:
        """Another HTTP answer is awaited."""
        self._bytes_of_answer, self._in_head = 0, True
        self.answers += 1

    def head_ends(self, encoding: str | None) -> None:
        """Its head was read; `encoding`: its Content-Encoding."""
        self._in_head = False
        if encoding is not None and encoding.strip().casefold() != "identity":
            raise Failed(too_much("its answer is compressed, though nobody asked for that"))

    def take(self, received: int) -> None:
        """So many bytes came from the socket."""
        self._bytes += received
        self._bytes_of_answer += received
        if self._in_head and self._bytes_of_answer > HEAD_LIMIT:
            raise Failed(too_much(f"the head of its answer is longer than {HEAD_LIMIT // 1024} KB"))
        if self._bytes_of_answer > BODY_LIMIT:
            raise Failed(too_much(f"one HTTP answer of it is longer than {BODY_LIMIT // 2**20} MB"))
        if self._bytes > ANSWER_LIMIT:
            raise Failed(too_much(f"its answer is longer than {ANSWER_LIMIT // 2**20} MB"))

    # --- PSRP ---

    def fragment(self) -> None:
        """One more fragment."""
        self._fragments += 1
        if self._fragments > FRAGMENTS:
            raise Failed(too_much(f"its answer comes in more than {FRAGMENTS:,} fragments"))

    def message(self, clixml: bytes) -> None:
        """A whole message of a pool or pipeline, which is not parsed yet."""
        if clixml.count(b"_x") > ESCAPES:
            raise Failed(too_much(f"its answer has more than {ESCAPES:,} escaped characters"))
        if self.xml(clixml, "utf-8") > 1:
            self._structure += len(clixml)
            if self._structure > STRUCTURE_LIMIT:
                limit = STRUCTURE_LIMIT // 2**20
                raise Failed(too_much(f"more than {limit} MB of its answer are objects instead of one text"))

    # --- XML, JSON ---

    def xml(self, data: bytes, encoding: str | None = None) -> int:
        """Count what is in a document before it is parsed; returns its elements.

        What is not well formed ends the count: its parser will say so.
        """
        parser, opened, elements = expat.ParserCreate(encoding), 0, 0

        def begins(_: str, attributes: list[str]) -> None:
            nonlocal opened, elements
            opened, elements = opened + 1, elements + 1
            self._parts += 1 + len(attributes) // 2
            if opened > DEPTH:
                raise Failed(too_much(f"its XML is nested deeper than {DEPTH} levels"))
            if self._parts > PARTS:
                raise Failed(too_much(f"its XML has more than {PARTS:,} elements and attributes"))

        def ends(_: str) -> None:
            nonlocal opened
            opened -= 1

        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = begins, ends
        parser.StartDoctypeDeclHandler = _no_doctype
        try:
            for start in range(0, len(data), _PIECE):
                piece = data[start : start + _PIECE]
                parser.Parse(piece, False)
                if start + len(piece) - parser.CurrentByteIndex > TOKEN_LIMIT:
                    raise Failed(too_much(f"its XML has a tag longer than {TOKEN_LIMIT // 1024} KB"))
        except expat.ExpatError:
            pass
        return elements


def check_json(text: str) -> None:
    """Count the values of a JSON text before it is parsed. Raises `Failed`."""
    if text.count("[") + text.count("{") + text.count(",") <= JSON_PARTS:
        return  # not too many, even where some of them stand in texts; to count takes a fiftieth of the time
    parts = 0
    for found in _JSON.finditer(text):
        parts += text[found.start()] != '"'
        if parts > JSON_PARTS:
            raise Failed(too_much(f"its JSON has more than {JSON_PARTS:,} values"))


def _no_doctype(*_: object) -> None:
    """SOAP and CLIXML have none (SOAP 1.2, part 1, section 5); entities of one could grow without end."""
    raise Failed(too_much("its XML declares a document type"))
