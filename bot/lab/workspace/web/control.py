"""Acting and misbehaving over HTTP, for the practice page and for a person with curl.

`POST /practice/act` acts as a person; `POST /practice/misbehave` switches faults. Both take one JSON object
and answer `{"ok": true, …}` or `{"ok": false, "error": …}`; see `_ACTS` and `misbehave`.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.lab.payload import Payload
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.web.socket_mode import SocketMode
from bot.lab.workspace.workspace import Workspace

# What `do` may be, with the fields each takes beside `as`.
_ACTS: dict[str, tuple[str, ...]] = {
    "say": ("channel", "text", "thread_ts"),
    "direct_message": ("text", "thread_ts"),
    "edit": ("channel", "ts", "text"),
    "delete": ("channel", "ts"),
    "react": ("channel", "ts", "emoji"),
    "unreact": ("channel", "ts", "emoji"),
}


def control_routes(workspace: Workspace, sockets: SocketMode) -> list[Route]:
    """The two addresses; see the module."""

    async def act_over_http(request: Request) -> Response:
        return await _controlled(request, lambda wanted: act(workspace, wanted))

    async def misbehave_over_http(request: Request) -> Response:
        return await _controlled(request, lambda wanted: misbehave(workspace, sockets, wanted))

    return [
        Route("/practice/act", act_over_http, methods=["POST"]),
        Route("/practice/misbehave", misbehave_over_http, methods=["POST"]),
    ]


def act(workspace: Workspace, wanted: Payload) -> Payload:
    """Act as a person: `{"do": "say", "as": "alice", "channel": "#exchange-oncall", "text": "…"}`.

    Answers `{"ts": …}` where something was said. Raises `KeyError` for unknown words, people and channels.
    """
    fields = _ACTS[wanted["do"]]
    arguments = {name: wanted[name] for name in fields if wanted.get(name) is not None}
    done: str | None = getattr(workspace, wanted["do"])(wanted["as"], **arguments)
    return {"ts": done} if done else {}


def misbehave(workspace: Workspace, sockets: SocketMode, wanted: Payload) -> Payload:
    """Switch faults; every key is optional and they are done in this order.

    - `clear: true`: the Web API works again, events flow once each and in order.
    - `rate_limits: true` or `false`: enforce Slack's rate limits.
    - `api: {"kind", "method", "times", "after", "seconds", "error"}`: see `faults.ApiFault`.
    - `delivery: {"flow", "copies", "spread", "ack_seconds", "retry_delays"}`: settings of `SocketMode`.
    - `release: true`: deliver what was held.
    - `sockets`: `reset`, `silence`, `close`, or the reason of a disconnect message (`refresh_requested`,
      `warning`, `link_disabled`).

    Raises `KeyError`, `TypeError` or `ValueError` for what is not understood.
    """
    if wanted.get("clear"):
        workspace.faults.clear()
        sockets.set_delivery(flow="flowing", copies=(1, 1), spread=0.0)
    workspace.rates.enforced = wanted.get("rate_limits", workspace.rates.enforced)
    if "api" in wanted:
        workspace.faults.add(**wanted["api"])
    sockets.set_delivery(**wanted.get("delivery", {}))
    if wanted.get("release"):
        sockets.release()
    if "sockets" in wanted:
        _SOCKETS[wanted["sockets"]](sockets)
    return {"connected": sockets.connected, "unfinished": sockets.unfinished}


_SOCKETS: dict[str, Callable[[SocketMode], None]] = {
    "reset": SocketMode.reset,
    "silence": SocketMode.silence,
    "close": SocketMode.close,
    "refresh_requested": lambda sockets: sockets.ask_to_leave("refresh_requested"),
    "warning": lambda sockets: sockets.ask_to_leave("warning"),
    "link_disabled": lambda sockets: sockets.ask_to_leave("link_disabled"),
}


async def _controlled(request: Request, do: Callable[[Payload], Payload]) -> Response:
    # A page of another site cannot send this content type without asking first, and nobody answers that.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return JSONResponse({"ok": False, "error": "send application/json"}, status_code=415)
    try:
        wanted: Payload = await request.json()
        return JSONResponse({"ok": True, **do(wanted)})
    except SlackRefusal as refusal:
        return JSONResponse({"ok": False, "error": refusal.error})
    except (KeyError, TypeError, ValueError) as error:
        return JSONResponse({"ok": False, "error": f"not understood: {error}"}, status_code=400)
