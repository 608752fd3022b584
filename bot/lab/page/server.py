"""Serves the practice page on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn

from bot.lab.page.rounds import Rounds
from bot.lab.page.routes import page_app


class PageServer:
    """The page of some rounds. A context manager; the address is known as soon as the object exists.

    `port` 0 takes a free one. Raises `OSError` if the port is taken.
    """

    def __init__(self, rounds: Rounds, *, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.rounds = rounds
        rounds.url = self.url
        config = uvicorn.Config(
            page_app(rounds),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="practice-page", daemon=True)

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rounds.closed.set()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))
