"""What can go wrong on the way to a management host and a node, as sentences with a next step."""

from __future__ import annotations


class RemoteError(Exception):
    """A command did not give an answer that can be believed.

    Carries its parts: `host` (name in the settings), `node` (computer name, or None), `what` failed, the raw
    `code` (hex, or None) and the `advice`: what to do next. For a change its outcome is unknown.
    """

    def __init__(
        self, host: str, what: str, advice: str, *, node: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(host, what)
        self.host, self.node, self.what, self.code, self.advice = host, node, what, code, advice

    def __str__(self) -> str:
        where = f"{self.node} through {self.host}" if self.node else self.host
        code = f" ({self.code})" if self.code else ""
        return f"{where}: {self.what}{code}. {self.advice}"


class NotSent(RemoteError):
    """Certainly nothing reached the host: no connection, a refused logon, no shell."""
