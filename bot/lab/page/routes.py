"""The addresses of the practice page: its files, the live stream, acting, files of the chat, the record.

Everything is served to this machine only, and to no page of another site: foreign host names are refused, and
acting takes `application/json`, which another site cannot send without asking first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.lab.page.acts import do
from bot.lab.page.record_news import record_body
from bot.lab.page.rounds import Rounds
from bot.lab.page.stream import stream
from bot.lab.payload import Payload
from bot.lab.this_machine import ThisMachineOnly
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.web.control import act, misbehave

PAGE = Path(__file__).with_name("static")

_HEADERS = (
    # Nothing from elsewhere, no script or style inside the document: foreign words can never act.
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-cache"),
)


def page_app(rounds: Rounds) -> Starlette:
    """The application that serves the page."""
    return Starlette(
        routes=page_routes(rounds),
        middleware=[Middleware(ThisMachineOnly), Middleware(_WithHeaders)],
    )


def page_routes(rounds: Rounds) -> list[BaseRoute]:
    """Every address; see the module."""

    def say(wanted: Payload) -> Payload:
        return act(rounds.current.practice.workspace, wanted)

    def fault(wanted: Payload) -> Payload:
        practice = rounds.current.practice
        return misbehave(practice.workspace, practice.server.sockets, wanted)

    async def live(_: Request) -> Response:
        return StreamingResponse(stream(rounds), media_type="text/event-stream")

    async def file(request: Request) -> Response:
        found = rounds.current.practice.workspace.files.get(request.path_params["file"])
        if found is None or found.data is None:
            return PlainTextResponse("This file is gone: the practice was reset.", status_code=404)
        return _file(found.name, found.data)

    async def record(request: Request) -> Response:
        body = record_body(rounds.current.practice.folder, request.path_params["seq"])
        return JSONResponse(body, status_code=200 if body else 404)

    async def message(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/#{request.url.path}{query}")

    return [
        Route("/practice/stream", live),
        Route("/practice/act", _acting(say), methods=["POST"]),
        Route("/practice/do", _acting(lambda wanted: do(rounds, wanted)), methods=["POST"]),
        Route("/practice/misbehave", _acting(fault), methods=["POST"]),
        Route("/practice/files/{file}", file),
        Route("/practice/record/{seq:int}", record),
        Route("/archives/{channel}/{message}", message),
        Mount("/", StaticFiles(directory=PAGE, html=True)),
    ]


# --- inside ---


def _acting(carry_out: Callable[[Payload], Payload]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"ok": False, "error": "send application/json"}, status_code=415)
        try:
            wanted = await request.json()
            return JSONResponse({"ok": True, **await run_in_threadpool(carry_out, wanted)})
        except SlackRefusal as refusal:
            return JSONResponse({"ok": False, "error": refusal.error})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"ok": False, "error": f"not understood: {error}"}, status_code=400)
        except RuntimeError as error:
            return JSONResponse({"ok": False, "error": str(error)}, status_code=409)

    return handle


def _file(name: str, data: bytes) -> Response:
    """Text to read in the browser, anything else to keep."""
    try:
        return PlainTextResponse(data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8"))
    except UnicodeDecodeError:
        quoted = "".join(one for one in name if one.isalnum() or one in ".-_")
        headers = {"content-disposition": f'attachment; filename="{quoted}"'}
        return Response(data, media_type="application/octet-stream", headers=headers)


class _WithHeaders:
    """Adds `_HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)
