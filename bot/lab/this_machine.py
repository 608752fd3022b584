"""Answers only who asks for this machine by its own name.

A page of another site can have its own name lead to 127.0.0.1 (DNS rebinding): its scripts would then read
and write here. Their requests still carry that name in `Host`.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost"})


class ThisMachineOnly:
    """Refuses every other host name with 403, sockets too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if (
            scope["type"] == "lifespan"
            or Headers(scope=scope).get("host", "").partition(":")[0].lower() in NAMES
        ):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: 403
        else:
            said = (
                "The practice lab answers to 127.0.0.1 and localhost only. Use the address that it printed.\n"
            )
            await PlainTextResponse(said, status_code=403)(scope, receive, send)
