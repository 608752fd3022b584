"""One call of Slack's Web API, and what its failure means."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack.plainer import forms_of
from bot.slack.post import Post
from bot.slack.refusals import NO_BROADCAST, NO_EDIT, Meaning, meaning_of
from handlers.ports import LookupFailed, MessageGone

log = logging.getLogger(__name__)

# Slack reads nothing into the text: an address that a server sent does not become a link, nor `@here` a ping.
# chat.update has another default than chat.postMessage (docs.slack.dev/reference/methods/chat.update).
AS_IT_IS = {"parse": "none", "link_names": False}
_GONE = "message_not_found"
# Before anything was sent: nobody listened at the address, or there is none.
_NEVER_SENT = (ConnectionRefusedError, socket.gaierror)
_NETWORK = (OSError, HTTPException)  # URLError and TimeoutError are OSErrors


class NotSaid(Exception):
    """Something could not be posted, edited or attached.

    `code` is Slack's error code or the failure's class, `retry_after` (seconds) when Slack wants to be asked
    again. `perhaps`: the answer was lost, so it may have been said all the same. It may always work later.
    """

    def __init__(self, what: str, code: str, *, retry_after: float = 0.0, perhaps: bool = False) -> None:
        super().__init__(f"Slack did not take {what} ({code}).")
        self.what, self.code, self.retry_after, self.perhaps = what, code, retry_after, perhaps

    @property
    def meaning(self) -> Meaning:
        """What this refusal is about; no answer of Slack's is passing."""
        return meaning_of(self.code)


class Nameless(NotSaid):
    """It was said, but Slack did not tell under which name: nobody can edit it or find it again."""


def asked(what: str, call: Callable[..., Any], **arguments: object) -> Any:
    """Ask Slack something. Raises `LookupFailed`, `MessageGone`."""
    try:
        return said(what, call, **arguments)
    except NotSaid as failure:
        raise LookupFailed(what, failure.code) from failure.__cause__


def said(what: str, call: Callable[..., Any], **arguments: object) -> Any:
    """Have Slack say something. Raises `NotSaid`, `MessageGone`."""
    try:
        return call(**arguments)
    except (SlackClientError, *_NETWORK) as error:
        code = _code(error)
        if code == _GONE:
            raise MessageGone(what) from error
        raise NotSaid(what, code, retry_after=_retry_after(error), perhaps=_perhaps_done(error)) from error


def shown(what: str, call: Callable[..., Any], post: Post, **arguments: object) -> Any:
    """Have Slack show a message; what it does not take as it is, in plainer forms. Raises as `said` does."""
    *forms, last = forms_of(post)
    for text, blocks in forms:
        try:
            return said(what, call, text=text, blocks=blocks, **arguments, **AS_IT_IS)
        except NotSaid as failure:
            if failure.meaning != "message" or failure.code in NO_EDIT | NO_BROADCAST:
                raise
            log.error("%s It is sent in a plainer form.", failure)  # noqa: TRY400 - its words follow
    return said(what, call, text=last[0], blocks=last[1], **arguments, **AS_IT_IS)


def _code(error: Exception) -> str:
    """Slack's error code; where Slack did not answer (an HTML page, a lost connection) what happened."""
    if isinstance(error, SlackApiError) and error.response.status_code in (200, 429):
        answer = error.response.data
        return (
            str(answer.get("error", "no error code")) if isinstance(answer, dict) else "no answer of Slack's"
        )
    if isinstance(error, SlackApiError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__


def _perhaps_done(error: Exception) -> bool:
    """Whether a call may have been carried out though it failed: there was no answer of Slack's.

    503 is an answer: not handled (RFC 9110, section 15.6.4).
    """
    if isinstance(error, SlackApiError):
        return error.response.status_code not in {200, 429, 503}
    return not (isinstance(error, URLError) and isinstance(error.reason, _NEVER_SENT))


def _retry_after(error: Exception) -> float:
    if not isinstance(error, SlackApiError):
        return 0.0
    value = str(error.response.headers.get("Retry-After", ""))
    return float(value) if value.isdigit() else 0.0
