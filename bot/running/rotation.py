"""Secrets that are changed while the bot runs: taken up from their files, without a restart and without a
loss.

Nothing but tokens and passwords is taken over: another workspace, server or user waits for a restart.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from bot.settings.file import SettingsError
from bot.settings.renewing import renewed
from bot.settings.settings import Settings
from bot.slack.clients import Access, Client, options_of
from bot.slack.refusals import APP, BOT
from bot.slack.web_api import Identity, SlackChat
from handlers.host_options import HostOptions
from handlers.ports import LookupFailed
from handlers.remote_errors import RemoteError

log = logging.getLogger(__name__)

_ASK_SECONDS = 10  # whole seconds that Slack may take to say whose a new token is

Mark = (
    tuple[int, int, int] | None
)  # of a file: which one, when it was written, its size; None: it is not there


class Hosts(Protocol):
    """The management hosts, as far as their secrets go (`PsrpRemote`)."""

    def forget_refusals(self, host: str) -> None:
        """Read its secrets anew and allow logons to it again. Raises `RemoteError`."""


class AppToken(Protocol):
    """Who asks Slack for connections (`AttentiveClient`)."""

    app_token: str


class Rotation:
    """Takes up what changed. `step` looks at the files, for `Loop`; `renew` reads them whatever they look
    like.

    `taken` is called when a token was taken up: what waits for Slack may be taken now.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        identity: Identity,
        connections: AppToken,
        hosts: Hosts,
        *,
        taken: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings, self._client, self._identity = settings, client, identity
        self._connections, self._hosts, self._taken = connections, hosts, taken
        self._options: dict[str, HostOptions] = dict(settings.hosts())
        self._marks = self._look()
        self._turn = threading.Lock()

    def step(self) -> None:
        """Read the secrets anew if one of their files is another one now."""
        marks = self._look()
        if marks != self._marks:
            self._marks = marks
            self.renew()

    def renew(self) -> None:
        """Read all of them anew. What cannot be used is logged, and the old one stays in use."""
        with self._turn:
            try:
                tokens = self._settings.again().tokens()
            except SettingsError as error:
                why = " ".join(error.reasons)
                log.warning("the secrets cannot be read anew, the old ones stay in use: %s", why)
                return
            bot, app = self._take_bot(tokens.bot), self._take_app(tokens.app)
            for name in self._options:
                self._take_passwords(name)
        if bot or app:
            self._taken()

    # --- inside ---

    def _look(self) -> Mapping[Path, Mark]:
        return {path: _mark(path) for path in self._settings.secret_files}

    def _take_bot(self, token: str) -> bool:
        access = self._client.access
        if token == access.token:
            return False
        patience = {"retry_handlers": [], "timeout": _ASK_SECONDS}
        asking = Client(Access(token), **options_of(self._client) | patience)
        try:
            whose = SlackChat.connect(asking).identity
        except LookupFailed as failure:
            why = failure.reason
            log.warning("Slack does not take the new %s (%s): the old one stays in use", BOT, why)
            return False
        if (whose.user, whose.team) != (self._identity.user, self._identity.team):
            log.error(
                "the new %s is that of another app or workspace: the old one stays until a restart", BOT
            )
            return False
        access.token = token
        log.info("the new %s is in use", BOT)
        return True

    def _take_app(self, token: str) -> bool:
        """It opens the next connection; the one that is there stays."""
        if token == self._connections.app_token:
            return False
        self._connections.app_token = token
        log.info("the new %s is in use", APP)
        return True

    def _take_passwords(self, name: str) -> None:
        """Only where one is new: a password that was refused stays barred until somebody asks."""
        try:
            now = renewed(self._settings, name)
            if now == self._options[name]:
                return
            self._hosts.forget_refusals(name)
        except RemoteError as error:
            log.warning("%s", error)
            return
        self._options[name] = now
        log.info("the new secrets of %s are in use", name)


def _mark(path: Path) -> Mark:
    """Kubernetes puts another folder in the place of the old one; an editor, another file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
