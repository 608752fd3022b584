"""Whose request a thread works for, so that each line of the log can name it.

The id is Slack's event id, which the record of the command has too; or FIX-12, for what goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, ParamSpec, TypeVar

_request: ContextVar[str] = ContextVar("request", default="")

P = ParamSpec("P")
T = TypeVar("T")


def current() -> str:
    """The id of the request that this thread works for; empty: none."""
    return _request.get()


@contextmanager
def request(id: str) -> Iterator[None]:  # noqa: A002 - that is what it is
    """What is done in this block is done for that request."""
    token = _request.set(id)
    try:
        yield
    finally:
        _request.reset(token)


class Pool(ThreadPoolExecutor):
    """Workers that do each task for the request that it was given for."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `ThreadPoolExecutor.submit`."""
        context: Any = copy_context()
        return super().submit(context.run, fn, *args, **kwargs)
