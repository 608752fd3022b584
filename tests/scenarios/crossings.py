"""The boundaries that a bot crosses, watched from outside it, and a way to end its process at one of them.

A crossing is a commit, an exchange with the management host, a call of Slack or an acknowledgement to it. It
has a name (`Set-RootVer Command`, `commit change send`) and a number among those of its name, and each can be
met just before and just after. The product knows nothing of this: its boundary functions are wrapped.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from slack_sdk.socket_mode.client import BaseSocketModeClient

from handlers.psrp.session import Session
from handlers.psrp.wire import Wire
from storage.file.database import Database
from storage.transaction import Transaction


class Crossings:
    """Writes each crossing into a file, and kills this process (SIGKILL) at the one called `fatal`.

    `fatal` is a line of the file, `after commit change send #1` say; empty = none.
    """

    def __init__(self, file: Path, fatal: str = "") -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._fatal = fatal
        self._met: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._running = threading.local()

    def watch(self) -> None:
        """Wrap the boundary functions of this process."""
        self._watch_commits()
        self._watch_host()
        self._watch_slack()

    def cross(self, name: str, go: Callable[[], Any]) -> Any:
        """Go over a boundary; what fails was crossed in one direction only."""
        number = self._before(name)
        result = go()
        self._meet(f"after {name} #{number}")
        return result

    # --- inside ---

    def _before(self, name: str) -> int:
        with self._lock:
            self._met[name] += 1
            number = self._met[name]
        self._meet(f"before {name} #{number}")
        return number

    def _meet(self, crossing: str) -> None:
        os.write(self._file, f"{crossing}\n".encode())
        if crossing == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def _watch_commits(self) -> None:
        plain_write = Database.write
        crossings = self

        @contextmanager
        def write(database: Database) -> Iterator[Transaction]:
            with plain_write(database) as tx:
                (size,) = tx.execute("SELECT count(*) FROM audit").fetchone()
                yield tx
                name = f"commit {_written(tx, size)}"
                number = crossings._before(name)
            crossings._meet(f"after {name} #{number}")

        Database.write = write  # type: ignore[method-assign, assignment]

    def _watch_host(self) -> None:
        plain_run, plain_invoke = Session.run, Wire.invoke

        def run(session: Session, command: str, *rest: Any) -> str:
            self._running.command = command
            try:
                return plain_run(session, command, *rest)
            finally:
                self._running.command = "ending"

        def invoke(wire: Wire, action: str, *rest: Any, **options: Any) -> Any:
            command = getattr(self._running, "command", "ending")
            name = f"{command} {action.rsplit('/', 1)[-1]}"
            return self.cross(name, lambda: plain_invoke(wire, action, *rest, **options))

        Session.run, Wire.invoke = run, invoke  # type: ignore[method-assign, assignment]

    def _watch_slack(self) -> None:
        plain_call = WebClient._perform_urllib_http_request_internal
        plain_answer = BaseSocketModeClient.send_socket_mode_response

        def call(client: WebClient, url: str, request: Any) -> Any:
            return self.cross(url.rsplit("/", 1)[-1], lambda: plain_call(client, url, request))

        def answer(client: BaseSocketModeClient, response: Any) -> Any:
            return self.cross("acknowledgement", lambda: plain_answer(client, response))

        WebClient._perform_urllib_http_request_internal = call  # type: ignore[method-assign, assignment]
        BaseSocketModeClient.send_socket_mode_response = answer  # type: ignore[method-assign, assignment]


def _written(tx: Transaction, size: int) -> str:
    """What a transaction adds to the record, in words."""
    rows = tx.execute("SELECT kind, body FROM audit WHERE seq > ? ORDER BY seq", (size,)).fetchall()
    steps = [(kind, json.loads(body)["details"]) for kind, body in rows]
    return ", ".join(_step(kind, details) for kind, details in steps) or "without a record"


def _step(kind: str, details: dict[str, Any]) -> str:
    moved = details.get("state")
    return f"{kind} {moved[1] if moved else details.get('step', '')}".strip()
