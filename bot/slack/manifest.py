"""The Slack app's manifest: what the app may do and which events it gets.

Fields: https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast
from urllib.parse import quote, urlencode

# Why each scope is there; a test compares with the manifest, the README prints it.
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "to be asked in a channel",
    "chat:write": "to answer, to edit its card, to tell somebody privately",
    "files:write": "to attach raw facts, backups and exports",
    "im:history": "to be asked in a direct message",
    "reactions:read": "to see approvals, also those made while it was away",
    "reactions:write": "to put both reactions on a card: one tap is enough",
    "usergroups:read": "to know who is in a group of approvers",
    "users:read": "to know who reacted: a member, a guest, a bot, somebody deactivated",
}


@cache
def manifest() -> dict[str, Any]:
    """The manifest as data."""
    return cast(dict[str, Any], json.loads(text()))


def text() -> str:
    """The manifest as it is shipped."""
    return files("bot.slack").joinpath("manifest.json").read_text(encoding="utf-8")


def scopes() -> frozenset[str]:
    """The scopes of the bot token."""
    return frozenset(manifest()["oauth_config"]["scopes"]["bot"])


def install_url() -> str:
    """A link that opens Slack's page for a new app with everything filled in.

    https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests, "Share your manifest".
    """
    compact = json.dumps(manifest(), separators=(",", ":"))
    return "https://api.slack.com/apps?" + urlencode(
        {"new_app": "1", "manifest_json": compact}, quote_via=quote
    )
