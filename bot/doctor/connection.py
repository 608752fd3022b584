"""The connection for events: whether one is there, or can be had, and whether it is the only one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.doctor.findings import DoctorLine, fail, ok, warn
from bot.slack.greeting import NotGreeted, greeting
from bot.slack.refusals import slack_code, slack_not_reached

TOKEN, CONNECTION = "app token", "connection"


class RunningBot(Protocol):
    """What the bot that runs on this file says of itself (`bot.running.health.Status`)."""

    @property
    def pid(self) -> int:
        """Its process."""

    @property
    def connected(self) -> bool:
        """Whether it is connected to Slack."""

    @property
    def troubles(self) -> Mapping[str, str]:
        """What is wrong all the same, kind → sentence."""


def look(token: SecretStr | None, client: WebClient, running: RunningBot | None) -> Iterator[DoctorLine]:
    """Where a bot runs on this file it is asked; else a connection is opened for a moment.

    A second connection beside a running bot's would be given events that nobody acknowledges.
    """
    if token is None:
        yield fail(TOKEN, "it is not set. Set SLACK_APP_TOKEN or SLACK_APP_TOKEN_FILE.")
    elif running is not None:
        yield from _of_the_running(running)
    else:
        yield from _opened(token.get_secret_value(), client)


def _of_the_running(running: RunningBot) -> Iterator[DoctorLine]:
    who = f"the bot that runs (process {running.pid})"
    if running.connected:
        yield ok(CONNECTION, f"{who} is connected")
    else:
        yield fail(CONNECTION, f"{who} is not connected to Slack. `rootver health` and its log say why.")
    for trouble in running.troubles.values():
        yield fail(CONNECTION, trouble)


def _opened(token: str, client: WebClient) -> Iterator[DoctorLine]:
    """No bot runs on this file: open one, wait for Slack's `hello`, acknowledge nothing."""
    try:
        count = greeting(client, token)
    except OSError as error:
        yield fail(TOKEN, slack_not_reached(error))
    except SlackClientError as error:
        code = slack_code(error) or type(error).__name__
        advice = "Check SLACK_APP_TOKEN; it needs the scope connections:write."
        yield fail(TOKEN, f"Slack did not accept it ({code}). {advice}")
    except NotGreeted as error:
        yield ok(TOKEN, "accepted for Socket Mode")
        advice = "Check the network and the proxy (HTTPS_PROXY): Slack is spoken to over wss:// too."
        yield fail(CONNECTION, f"Slack gave an address, but said no hello there ({error.reason}). {advice}")
    else:
        yield ok(TOKEN, "accepted for Socket Mode")
        yield _counted(count)


def _counted(count: int | None) -> DoctorLine:
    if count is not None and count > 1:
        others = f"{count - 1} other connection{'s' if count > 2 else ''}"
        advice = (
            "Stop the other bot, or give this one an app of its own: Slack sends each event to one of them."
        )
        return warn(CONNECTION, f"Slack said hello, and counts {others} with this app token. {advice}")
    return ok(CONNECTION, "Slack said hello; no bot runs on this file")
