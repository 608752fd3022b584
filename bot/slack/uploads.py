"""Uploads of which only the steps are repeated that nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient

from bot.slack.clients import Client, access_of, options_of


class Uploader(Client):
    """Repeats, of the three steps of an upload, only those that nobody sees."""

    sharing: Callable[[], None]

    def files_completeUploadExternal(self, **arguments: Any) -> Any:  # noqa: N802 - the client's name
        """The last step, after which it shows: never repeated."""
        self.sharing()
        self.retry_handlers = []
        return super().files_completeUploadExternal(**arguments)


def uploader(client: WebClient, sharing: Callable[[], None]) -> Uploader:
    """A client like this one; `sharing` is called just before a file may show."""
    uploads = Uploader(access_of(client), **options_of(client))
    uploads.sharing = sharing
    return uploads
