"""The running bot's own socket, beside the database: commands of this machine ask it one question at a time.

A question is one line of JSON, and so is its answer. The socket's mode lets in the bot's account and root
alone, who could open the database as well.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0  # for a question that is answered from memory
_LONGEST = 65_536  # bytes of a question or an answer
_STOP_SECONDS = 0.05  # between looks whether the socket is to close

Question = Mapping[str, Any]
Answer = Mapping[str, Any]


class NobodyThere(Exception):
    """No process listens on the socket; the message says why, as a clause."""


class NoAnswer(Exception):
    """A process listens and does not answer in time, or answers what is no answer."""


def path_for(database: Path) -> Path:
    """Where the bot of this database listens."""
    return Path(f"{os.path.realpath(database)}.socket")


def ask(database: Path, question: Question, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
    """Ask the bot of this database. Raises `NobodyThere`, `NoAnswer`."""
    path = path_for(database)
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(seconds)
        try:
            with _short(path) as name:
                asking.connect(name)
        except (TimeoutError, BlockingIOError) as error:  # its queue is full
            raise NoAnswer from error
        except OSError as error:
            raise NobodyThere(error.strerror or str(error)) from error
        try:
            asking.sendall(json.dumps(question).encode() + b"\n")
            with asking.makefile("rb") as told:
                answer = json.loads(told.readline(_LONGEST))
        except (OSError, ValueError) as error:
            raise NoAnswer from error
    if not isinstance(answer, dict):
        raise NoAnswer
    return answer


class OwnSocket:
    """Listens for as long as it is open; each question has a thread of its own, so none waits for another.

    `answers`: word of a question (its `ask`) → what answers it. What fails in one is logged, and answered
    with the error's words.
    """

    def __init__(self, database: Path, answers: Mapping[str, Callable[[Question], Answer]]) -> None:
        self._path, self._answers = path_for(database), answers
        self._server: _Server | None = None

    def open(self) -> None:
        """Begin to listen. The file is ours: whoever holds the database's lock may replace what is there."""
        try:
            self._path.unlink(missing_ok=True)
            self._server = _Server(self._path, self._answer)
        except OSError as error:
            log.error(  # noqa: TRY400 - the reason is said
                "%s cannot be made (%s): rootver health and rootver forget cannot ask this bot",
                self._path, error.strerror or error,
            )  # fmt: skip
            return
        Thread(
            target=self._server.serve_forever, args=(_STOP_SECONDS,), name="own-socket", daemon=True
        ).start()

    def close(self) -> None:
        """Nobody is answered any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            with suppress(OSError):
                self._path.unlink()

    def _answer(self, line: bytes) -> Answer:
        try:
            question = json.loads(line)
            return self._answers[question["ask"]](question)
        except (ValueError, KeyError, TypeError):
            return {"error": "This bot does not know that question. Is the command of another version?"}
        except Exception as error:
            log.exception("a question on the bot's own socket failed")
            return {"error": str(error) or type(error).__name__}


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads, block_on_close = True, False
    request_queue_size = 16

    def __init__(self, path: Path, answer: Callable[[bytes], Answer]) -> None:
        super().__init__(str(path), _Handler, bind_and_activate=False)
        self.answer = answer
        try:
            with _short(path) as name:
                self.socket.bind(name)
            path.chmod(0o600)  # nobody is let in before `listen`
            self.server_activate()
        except BaseException:
            self.server_close()
            raise


class _Handler(StreamRequestHandler):
    timeout = ANSWER_SECONDS  # for the question to arrive
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # whoever asked has gone
            line = self.rfile.readline(_LONGEST)
            self.wfile.write(json.dumps(self.server.answer(line)).encode() + b"\n")


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of at most 107 bytes for it, as a socket takes (man 7 unix), where there is a /proc."""
    if not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
