"""Messages from their fragments (MS-PSRP 2.2.4), within bounds and in one pass.

pypsrp's own copies all that is left with every fragment, and all that has come with every part of a message:
6 MB of one-byte fragments took it 81 s (measured).
"""

from __future__ import annotations

import struct
from typing import Any

from pypsrp.exceptions import FragmentError
from pypsrp.messages import Message, MessageType
from pypsrp.powershell import Fragmenter, RunspacePool

from handlers.psrp.bounds import Bounds

_HEADER = struct.Struct(">QQBI")  # object, fragment, flags, length of what follows
_MESSAGE_HEADER = 40  # bytes before a message's CLIXML (MS-PSRP 2.2.1)
_BOM = b"\xef\xbb\xbf"
_START, _END = 1, 2
_PRIVATE_DATA = MessageType.APPLICATION_PRIVATE_DATA.to_bytes(4, "little")


class BoundedFragmenter(Fragmenter):
    """A fragmenter whose way back counts."""

    def __init__(self, usual: Fragmenter, bounds: Bounds) -> None:
        super().__init__(0, usual.serializer)
        self.max_size, self.outgoing_counter = usual.max_size, usual.outgoing_counter
        self._bounds = bounds
        self._parts: dict[int, list[bytes]] = {}

    def forget(self) -> None:
        """Drop messages that were never completed: nothing of an ended command is awaited."""
        self._parts.clear()

    def defragment(self, data: bytes) -> list[Any]:
        """The messages that are complete now. Raises `FragmentError`, `Failed`."""
        whole, at = [], 0
        while at < len(data):
            self._bounds.fragment()
            if len(data) - at < _HEADER.size:
                raise FragmentError("a fragment's header is cut off")
            object_id, number, flags, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            if len(data) - at < length:
                raise FragmentError("a fragment is cut off")
            parts = self._parts.setdefault(object_id, [])
            if number != len(parts) or bool(flags & _START) != (number == 0):
                raise FragmentError(f"fragment {number} came instead of {len(parts)}")
            parts.append(data[at : at + length])
            at += length
            if flags & _END:
                whole.append(b"".join(self._parts.pop(object_id)))
        # Nobody reads what a host tells of itself when a pool opens (MS-PSRP 2.2.2.13); it is long.
        return [self._message(one) for one in whole if one[4:8] != _PRIVATE_DATA]

    def _message(self, data: bytes) -> Any:
        self._bounds.message(data[_MESSAGE_HEADER:].removeprefix(_BOM))
        return Message.unpack(data, self.serializer)


def bound_fragments(pool: RunspacePool, bounds: Bounds) -> BoundedFragmenter:
    """Give a pool that has not been opened yet the bounded fragmenter."""
    bounded = pool._fragmenter = BoundedFragmenter(pool._fragmenter, bounds)
    return bounded
