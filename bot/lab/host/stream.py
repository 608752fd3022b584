"""What waits to be received from one shell or pipeline, given out as Windows does."""

import struct
import threading
import time
from collections.abc import Callable
from uuid import UUID

from bot.lab.host.shell import FRAGMENT_HEADER, Shell, split_fragments

RECEIVE_SIZE = 4 * 32768
"""Bytes of one ReceiveResponse: four full fragments, about 177 KB as base64 (measured on real hosts)."""

SLICE = 0.2
"""Seconds after which a waiting Receive looks whether it is still wanted."""

SESSION_CAPABILITY, RUNSPACEPOOL_STATE = 0x00010002, 0x00021005
"""MS-PSRP 2.2.1, message types."""

_MESSAGE_HEADER = struct.Struct("<iI16s16s")
"""MS-PSRP 2.2.1: destination, message type, runspace pool, pipeline; GUIDs in their little-endian form."""


class Superseded(Exception):
    """Another Receive for the same stream came after this one, whose client is gone."""


class Stream:
    """The output of a pool (`pipeline` None) or of a pipeline, between shell and Receives."""

    def __init__(self, shell: Shell, pipeline: UUID | None) -> None:
        self._shell = shell
        self._pipeline = pipeline
        self._waiting: list[bytes] = []
        self._done = False
        self._turn = 0
        self._last: tuple[str, list[bytes], bool] | None = None
        self._counting = threading.Lock()
        self._taking = threading.Lock()

    def receive(
        self, message: str, timeout: float, wanted: Callable[[], bool]
    ) -> tuple[list[bytes], bool] | None:
        """Return the next fragments and whether the pipeline has ended; None after `timeout` seconds.

        `message` is the request's MessageID: one that is sent again gets the same answer, as on real hosts.
        Raises Superseded when a later Receive has come, or when `wanted` says no.
        """
        deadline = time.monotonic() + timeout
        with self._counting:
            self._turn += 1
            turn = self._turn
        while True:
            with self._taking:
                if turn != self._turn or not wanted():
                    raise Superseded
                if self._last is not None and self._last[0] == message:
                    return self._last[1:]
                self._fetch(min(SLICE, deadline - time.monotonic()))
                if turn == self._turn and self._is_ready() and wanted():
                    batch = self._take()
                    self._last = (message, batch, self._done and not self._waiting)
                    return self._last[1:]
            if time.monotonic() >= deadline:
                return None

    def _fetch(self, timeout: float) -> None:
        output = self._shell.receive(self._pipeline, 0.0 if self._is_ready() else max(0.0, timeout))
        self._waiting += split_fragments(output.fragments)
        self._done = self._done or output.done

    def _is_ready(self) -> bool:
        """Say whether there is something to give. A pool's capability goes with what follows it."""
        alone = len(self._waiting) == 1 and message_type(self._waiting[0]) == SESSION_CAPABILITY
        return self._done or (bool(self._waiting) and not alone)

    def _take(self) -> list[bytes]:
        """Take as much as one answer holds. The state of a pool comes in an answer of its own."""
        batch: list[bytes] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0]) <= RECEIVE_SIZE):
            if batch and message_type(self._waiting[0]) == RUNSPACEPOOL_STATE:
                break
            size += len(self._waiting[0])
            batch.append(self._waiting.pop(0))
        return batch


def message_type(fragment: bytes) -> int | None:
    """Return the type of the message that begins in a fragment, None if none begins there."""
    header = _header(fragment)
    return None if header is None else header[1]


def pipeline_of(fragment: bytes) -> UUID:
    """Return the pipeline that the message beginning in a fragment belongs to. ValueError if none begins."""
    header = _header(fragment)
    if header is None:
        raise ValueError("no PSRP message begins in this fragment")
    return UUID(bytes_le=header[3])


def _header(fragment: bytes) -> tuple[int, int, bytes, bytes] | None:
    first = FRAGMENT_HEADER.unpack_from(fragment)[2] & 1
    if not first or len(fragment) < FRAGMENT_HEADER.size + _MESSAGE_HEADER.size:
        return None
    return _MESSAGE_HEADER.unpack_from(fragment, FRAGMENT_HEADER.size)
