"""What a refusal of Slack says: its own code, which token it is about, and what to do.

Errors are known by their shape, so that `rootver --help` imports nothing of Slack's client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BOT, APP = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"
# Slack's error codes that say that a token is not accepted: every method's page lists them under "Errors".
TOKEN_REFUSED = frozenset({
    "account_inactive", "invalid_auth", "not_allowed_token_type", "not_authed", "token_expired",
    "token_revoked",
})  # fmt: skip


def slack_not_reached(error: OSError) -> str:
    """What to say where nobody answered at Slack's address: it is not the token's fault."""
    why = getattr(error, "reason", None) or error  # urllib wraps what the socket said
    return f"Slack could not be reached ({why}). Check the network and SLACK_API_URL."


def slack_code(error: Any) -> str | None:
    """Slack's own error code, where an error carries one; where Slack did not answer, what happened."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 200)
    if status not in {200, 429}:
        return f"HTTP {status}"
    if response is not None:
        return str(response.get("error", "no error code"))
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) and reason in TOKEN_REFUSED else None


def header(headers: Mapping[str, Any], name: str) -> str:
    """A header of an answer, however a proxy or HTTP/2 spells its name; empty: it is not there."""
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), "")


def token_of(error: Any) -> str:
    """Which token an answer of Slack's is about: only one call is made with the app's."""
    url = getattr(getattr(error, "response", None), "api_url", None)
    if url is None:
        return f"{BOT} and {APP}"
    return APP if url.endswith("/apps.connections.open") else BOT
