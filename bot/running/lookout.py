"""Looks at what no event tells: whether Slack still takes the tokens, and who else is connected."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.running.health import TroubleKind
from bot.slack.company import RECONNECT_SECONDS, Company
from bot.slack.greeting import NotGreeted, greeting
from bot.slack.refusals import APP, BOT, TOKEN_REFUSED, slack_code
from bot.slack.socket_mode import AttentiveClient
from bot.slack.their_time import ahead, too_far
from handlers.fix.obstacles import Obstacles
from handlers.life import record_company
from handlers.ports import Clock, SystemClock
from storage.file.database import Database
from storage.records import bounded

log = logging.getLogger(__name__)

TOKEN_SECONDS = 15.0  # between looks at the bot's token
COUNT_SECONDS = 120.0  # between counts of connections: Slack gives about one address a minute (Tier 1)

_KINDS: Mapping[str, TroubleKind] = {BOT: "bot_token", APP: "app_token"}

ANOTHER_BOT = (
    "Another bot is connected to Slack with the same app token, and Slack gives each reaction to one of them "
    "at random: fixes are blocked. Stop the other one, or give it an app of its own."
)


class Lookout:
    """One watch, for `Loop`: `step` does what is due. The rule book reads `obstacles`.

    `look_first` is done once, at the first step.
    """

    def __init__(
        self,
        client: WebClient,
        socket: AttentiveClient,
        database: Database,
        obstacles: Obstacles,
        *,
        look_first: Callable[[], object] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock | None = None,
    ) -> None:
        self._clock, self._apart = clock or SystemClock(), ""
        self._client, self._socket, self._database, self._obstacles = client, socket, database, obstacles
        self._monotonic, self._look_first = monotonic, look_first
        self._begun = False
        self._company = Company(monotonic)
        self._noticing = threading.Lock()
        self._refused: dict[str, str] = {}  # token → Slack's code
        now = monotonic()
        self._next_token, self._next_count = now + TOKEN_SECONDS, now + RECONNECT_SECONDS

    def connected(self, hello: dict[str, Any]) -> None:
        """Slack greets our own connection."""
        self._refused.pop(APP, None)
        count = hello.get("num_connections")
        if isinstance(count, int):
            self._company.connected(count)
            self._take_notice()
            if self._company.in_doubt:
                self._next_count = min(self._next_count, self._monotonic() + RECONNECT_SECONDS)

    def hurry(self) -> None:
        """Look at both tokens with the next step: there is a new one."""
        self._next_token = self._next_count = self._monotonic()

    def step(self) -> None:
        """Do what is due."""
        if not self._begun:
            self._begun = True
            self._look_first()
        now = self._monotonic()
        if now >= self._next_token:
            self._next_token = now + TOKEN_SECONDS
            self._try_token()
        if now >= self._next_count:
            self._count()
            pause = RECONNECT_SECONDS if self._company.in_doubt else COUNT_SECONDS
            self._next_count = self._monotonic() + pause

    def troubles(self) -> dict[TroubleKind, str]:
        """What is wrong, as sentences with the next step."""
        found: dict[TroubleKind, str] = {
            _KINDS[token]: f"Slack no longer accepts {token} ({code}). Install the app again or make a new "
            "token, and put it into its file; in a variable it needs a restart of the bot."
            for token, code in sorted(self._refused.items())
        }
        if APP not in self._refused and self._socket.failure and not self._socket.is_connected():
            found["connection"] = f"The last attempt ended with: {bounded(self._socket.failure)}."
        if self._obstacles.another_bot:
            found["another_bot"] = ANOTHER_BOT
        if self._apart:
            found["clock"] = self._apart
        return found

    # --- inside ---

    def _try_token(self) -> None:
        try:
            answer = self._client.auth_test()
        except (SlackClientError, OSError) as error:
            self._judge(BOT, error)
        else:
            self._refused.pop(BOT, None)
            self._compare_clocks(answer.headers)

    def _compare_clocks(self, headers: Mapping[str, Any]) -> None:
        told = too_far(ahead(headers, self._clock.now()))
        if told and not self._apart:
            log.error("%s", told)
        elif self._apart and not told:
            log.info("this machine's clock and Slack's agree again")
        self._apart = told

    def _count(self) -> None:
        """Open one more connection for a moment.

        What comes on it is taken like any event. It is not acknowledged, so Slack sends it again, which has
        no effect the second time.
        """
        ours = self._socket.is_connected()
        try:
            count = greeting(self._client, self._socket.app_token, self._socket.enqueue_message)
        except (SlackClientError, OSError) as error:
            self._judge(APP, error)
        except NotGreeted as error:
            log.warning("who else is connected to Slack could not be looked up: %s", error.reason)
        else:
            self._refused.pop(APP, None)
            if count is not None:
                self._company.looked(count - 1 - ours)
                self._take_notice()

    def _judge(self, token: str, error: SlackClientError | OSError) -> None:
        """A refusal of the token is a trouble; anything else may pass."""
        code = slack_code(error) or type(error).__name__
        if code not in TOKEN_REFUSED:
            log.warning("Slack did not answer a look at %s: %s", token, code)
            return
        if token not in self._refused:
            log.error("Slack no longer accepts %s (%s)", token, code)
        self._refused[token] = code

    def _take_notice(self) -> None:
        """Block fixes, or block them no longer; told once for each."""
        with self._noticing:
            there = self._company.there
            if there == self._obstacles.another_bot:
                return
            self._obstacles.another_bot = there  # before it is told: telling may fail
        if there:
            log.error("%s", ANOTHER_BOT)
        else:
            log.info("no other bot is connected with the same app token any more")
        record_company(self._database, there=there)
