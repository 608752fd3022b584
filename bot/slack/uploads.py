"""Uploads of which only the steps are repeated that nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient


class Uploader(WebClient):
    """Repeats, of the three steps of an upload, only those that nobody sees."""

    sharing: Callable[[], None]

    def files_completeUploadExternal(self, **arguments: Any) -> Any:  # noqa: N802 - the client's name
        """The last step, after which it shows: never repeated."""
        self.sharing()
        self.retry_handlers = []
        return super().files_completeUploadExternal(**arguments)


def uploader(client: WebClient, sharing: Callable[[], None]) -> Uploader:
    """A client like this one; `sharing` is called just before a file may show."""
    uploads = Uploader(
        token=client.token, base_url=client.base_url, timeout=client.timeout, ssl=client.ssl,
        proxy=client.proxy, headers=client.headers, retry_handlers=[*client.retry_handlers],
    )  # fmt: skip
    uploads.sharing = sharing
    return uploads
