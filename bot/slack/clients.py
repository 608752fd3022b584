"""Clients of Slack's Web API that share one token, which may be another one tomorrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry import RetryHandler
from slack_sdk.web import SlackResponse

from bot.slack.refusals import slack_code


@dataclass(slots=True)
class Access:
    """What all clients of one bot share: its token, and who is told of each refusal (method, code)."""

    token: str
    refused: Callable[[str, str], None] = lambda _method, _code: None


class Client(WebClient):
    """A client whose token is that of its `access`, as it is now."""

    def __init__(self, access: Access, **options: Any) -> None:
        self.access = access
        super().__init__(token=access.token, **options)

    @property
    def token(self) -> str:  # an attribute in the parent, which reads it at each call
        """The token of now."""
        return self.access.token

    @token.setter
    def token(self, _: str | None) -> None:
        """The parent sets it once; `access` has it already."""

    def api_call(self, api_method: str, **options: Any) -> SlackResponse:
        """As the parent's; a call that Slack does not take is told."""
        try:
            return super().api_call(api_method, **options)
        except (SlackClientError, OSError) as error:
            self.access.refused(api_method, slack_code(error) or type(error).__name__)
            raise


def access_of(client: WebClient) -> Access:
    """That of a client; of one that has none, its token alone."""
    return client.access if isinstance(client, Client) else Access(client.token or "")


def options_of(client: WebClient) -> dict[str, Any]:
    """How it reaches Slack: everything but the token."""
    return {
        "base_url": client.base_url, "timeout": client.timeout, "ssl": client.ssl, "proxy": client.proxy,
        "headers": {**client.headers}, "retry_handlers": [*client.retry_handlers],
    }  # fmt: skip


def copied(client: WebClient, retry_handlers: list[RetryHandler], timeout: int) -> Client:
    """The same client with other retries and another time-out (seconds)."""
    return Client(
        access_of(client), **options_of(client) | {"retry_handlers": retry_handlers, "timeout": timeout}
    )
