"""Clients of Slack's Web API that differ in their patience."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.http_retry import RetryHandler


def copied(client: WebClient, retry_handlers: list[RetryHandler], timeout: int) -> WebClient:
    """The same client with other retries and another time-out (seconds)."""
    return WebClient(
        token=client.token, base_url=client.base_url, timeout=timeout, ssl=client.ssl,
        proxy=client.proxy, headers=client.headers, retry_handlers=retry_handlers,
    )  # fmt: skip
