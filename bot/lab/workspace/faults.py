"""Misbehaviour of the practice Web API, switched while it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal["rate_limited", "server_error", "lost_request", "lost_answer", "slow", "error"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass
class ApiFault:
    """What happens to the next calls of a method.

    `kind`: `rate_limited` (429 with Retry-After), `server_error` (503 with an HTML body), `lost_request`
    (connection reset, nothing done), `lost_answer` (done, then connection reset), `slow` (done, answered
    after `seconds`), `error` (Slack's answer `error`, for instance `internal_error`).
    """

    kind: FaultKind
    method: str = "*"
    """The Web API method, or `*` for every one."""
    times: int = 1
    """How many calls it hits; -1 for all until `clear`."""
    after: int = 0
    """How many calls of the method pass unharmed before."""
    seconds: float = 1.0
    """Retry-After of `rate_limited` (whole seconds), delay of `slow`."""
    error: str = "internal_error"


SAYING = ("chat.postMessage", "chat.postEphemeral", "chat.update", "files.completeUploadExternal")
"""The methods by which the bot posts and edits."""

CODES = (
    "restricted_action", "not_in_channel", "channel_not_found", "is_archived", "edit_window_closed",
    "cant_update_message", "invalid_blocks", "msg_too_long", "message_limit_exceeded", "internal_error",
    "ekm_access_denied", "team_added_to_org", "access_denied", "missing_scope", "token_revoked",
    "never_heard_of",
)  # fmt: skip
"""Codes to choose from, some of each kind (docs.slack.dev/reference/methods/chat.postMessage, chat.update).
The last one is invented."""


class ApiFaults:
    """The faults that are waiting, first one first, and how often each method was called."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[ApiFault] = []
        self.calls: list[str] = []
        """Every call of the Web API, by method, in order."""
        self.refusal: str | None = None
        """The code with which every post and edit is refused; None: none is."""

    def add(
        self,
        kind: FaultKind,
        method: str = "*",
        *,
        times: int = 1,
        after: int = 0,
        seconds: float = 1.0,
        error: str = "internal_error",
    ) -> None:
        """Let the next `times` calls of `method` go wrong; see `ApiFault`."""
        if kind not in FAULT_KINDS:
            raise ValueError(f"No fault is called {kind!r}; there are {', '.join(FAULT_KINDS)}")
        with self._lock:
            self._waiting.append(ApiFault(kind, method, times, after, seconds, error))

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self._waiting.clear()
            self.refusal = None

    def take(self, method: str) -> ApiFault | None:
        """The fault that hits this call, used up by one."""
        with self._lock:
            self.calls.append(method)
            if self.refusal and method in SAYING:
                return ApiFault("error", method, error=self.refusal)
            fault = next((f for f in self._waiting if f.method in ("*", method)), None)
            if fault and fault.after > 0:
                fault.after -= 1
                return None
            if fault and fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
            return fault
