"""The TCP connections below the practice server, for faults that no answer can show."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import MutableMapping
from typing import Any, cast

from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]


def connection_of(scope: Scope) -> Any:
    """The uvicorn protocol object that serves this request or WebSocket."""
    state = cast(ServerState, scope["app"].state.connections)
    return next(each for each in state.connections if getattr(each, "client", None) == scope["client"])


def reset_connection(scope: Scope) -> None:
    """Break the connection with a TCP reset: the other end gets "connection reset by peer"."""
    transport = cast(asyncio.Transport, connection_of(scope).transport)
    linger_never = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_never)
    transport.abort()


def silence_connection(scope: Scope) -> None:
    """Leave the connection half open: nothing that arrives is read, so not even pings are answered."""
    protocol = connection_of(scope)
    protocol.stop_keepalive()
    protocol.transport.pause_reading()
