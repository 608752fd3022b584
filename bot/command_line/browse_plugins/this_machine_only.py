"""A plugin of Datasette: answers only who asks for this machine by its own name.

A page of another site can have its own name lead to 127.0.0.1 (DNS rebinding) and then read the record.
(docs.datasette.io/en/stable/plugin_hooks.html, asgi_wrapper)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datasette import hookimpl

NAMES = frozenset({b"127.0.0.1", b"localhost"})
SAID = b"rootver browse answers to 127.0.0.1 and localhost only. Use the address that it printed.\n"

App = Callable[[dict[str, Any], Any, Any], Any]


def asgi_wrapper() -> Callable[[App], App]:
    """Every other host name is refused with 403."""

    def wrap(app: App) -> App:
        async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
            host = dict(scope.get("headers") or ()).get(b"host", b"")
            if scope["type"] != "http" or host.partition(b":")[0].lower() in NAMES:
                await app(scope, receive, send)
                return
            headers = [(b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": SAID})

        return answer

    return wrap


hookimpl(asgi_wrapper)
