"""Slack's Web API over HTTP: tokens, scopes, arguments, faults, rates; `methods` lists the methods."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.lab.payload import Payload
from bot.lab.workspace.faults import ApiFault
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.rates import RateLimited
from bot.lab.workspace.web.call import Call, Method
from bot.lab.workspace.web.connections import reset_connection
from bot.lab.workspace.web.methods import METHODS
from bot.lab.workspace.web.multipart import parts
from bot.lab.workspace.workspace import Workspace


def api_routes(workspace: Workspace, methods: dict[str, Method] = METHODS) -> list[Route]:
    """`/api/METHOD`, and the address that takes the bytes of files."""

    async def api(request: Request) -> Response:
        name = request.path_params["method"]
        fault = workspace.faults.take(name)
        if fault and fault.kind in ("rate_limited", "server_error", "lost_request", "error"):
            return _refused_by(fault, request)
        body = await request.body()
        answer = _answer(workspace, name, methods.get(name), request, body)
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "lost_answer":
            reset_connection(request.scope)
        return answer

    async def upload(request: Request) -> Response:
        file = workspace.files.get(request.path_params["file"])
        if file is None:
            return PlainTextResponse("not found", status_code=404)
        body = await request.body()
        form = parts(body, request.headers.get("content-type", ""))
        file.data = next(iter(form.values()), b"") if form is not None else body
        file.length = len(file.data)
        return PlainTextResponse(f"OK - {file.length}")

    return [
        Route("/api/{method}", api, methods=["GET", "POST"]),
        Route("/upload/v1/{file}", upload, methods=["POST"]),
    ]


# --- inside ---


def _refused_by(fault: ApiFault, request: Request) -> Response:
    match fault.kind:
        case "rate_limited":
            return _too_often(RateLimited(int(fault.seconds)))
        case "server_error":
            return HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", status_code=503)
        case "lost_request":
            reset_connection(request.scope)
    return JSONResponse({"ok": False, "error": fault.error})


def _too_often(limited: RateLimited) -> Response:
    headers = {"Retry-After": str(limited.seconds)}
    return JSONResponse(_refusal(limited), status_code=429, headers=headers)


def _answer(
    workspace: Workspace, name: str, method: Method | None, request: Request, body: bytes
) -> Response:
    headers = {"x-oauth-scopes": ",".join(sorted(workspace.scopes))}
    if method and method.scope:
        headers["x-accepted-oauth-scopes"] = method.scope
    try:
        arguments = _arguments(method, request, body)
        _check_token(workspace, method, request, arguments)
        call = Call(workspace, arguments, str(request.base_url))
        with workspace.locked():
            answer = {"ok": True, **_called(name, method, call)}
    except RateLimited as limited:
        return _too_often(limited)
    except SlackRefusal as refusal:
        answer = _refusal(refusal)
    return JSONResponse(answer, headers=headers)


def _called(name: str, method: Method | None, call: Call) -> Payload:
    if method is None:
        raise SlackRefusal("unknown_method")
    call.workspace.rates.check(name, method.per_minute, call.text("channel"))
    if method.scope:
        call.need(method.scope)
    return method.answer(call)


def _refusal(refusal: SlackRefusal) -> Payload:
    answer: Payload = {"ok": False, "error": refusal.error, **refusal.fields}
    if refusal.messages:
        answer["errors"] = refusal.messages
        answer["response_metadata"] = {"messages": [f"[ERROR] {text}" for text in refusal.messages]}
    return answer


def _arguments(method: Method | None, request: Request, body: bytes) -> Payload:
    """Query, then a form or JSON; JSON is ignored by methods that do not take it."""
    arguments: Payload = dict(request.query_params)
    form = parts(body, request.headers.get("content-type", ""))
    if form is not None:
        return arguments | {name: value.decode(errors="replace") for name, value in form.items()}
    if "json" not in request.headers.get("content-type", ""):
        return arguments | dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    if method is not None and not method.takes_json:
        return arguments
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        raise SlackRefusal("invalid_json") from None
    if not isinstance(given, dict):
        raise SlackRefusal("json_not_object")
    return arguments | given


def _check_token(workspace: Workspace, method: Method | None, request: Request, arguments: Payload) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token if scheme == "Bearer" else str(arguments.pop("token", ""))
    if not token:
        raise SlackRefusal("not_authed")
    if token not in (workspace.bot_token, workspace.app_token):
        raise SlackRefusal("invalid_auth")
    if workspace.auth_error:
        raise SlackRefusal(workspace.auth_error)
    if method and (token == workspace.app_token) != (method.token == "app"):
        raise SlackRefusal("not_allowed_token_type")
