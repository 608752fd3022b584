"""The manifest asks for what the bot needs, and for nothing else."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from bot.slack import manifest


def test_the_manifest_asks_for_the_scopes_that_have_a_reason() -> None:
    """No scope without a line that says what for."""
    assert manifest.scopes() == set(manifest.SCOPES)
    assert manifest.manifest()["oauth_config"]["scopes"].keys() == {"bot"}


def test_the_app_runs_in_socket_mode_and_takes_direct_messages() -> None:
    """Without these two Slack would deliver nothing, or hide the text field."""
    data = manifest.manifest()
    assert data["settings"]["socket_mode_enabled"] is True
    assert data["settings"]["token_rotation_enabled"] is False
    assert data["features"]["app_home"]["messages_tab_enabled"] is True
    assert data["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_the_app_gets_four_events() -> None:
    """These four; that each has a listener is tested with the listeners."""
    assert manifest.manifest()["settings"]["event_subscriptions"]["bot_events"] == [
        "app_mention", "message.im", "reaction_added", "reaction_removed",
    ]  # fmt: skip


def test_names_keep_slacks_limits() -> None:
    """35 characters for a name, 140 for the description (app manifest reference)."""
    shown = manifest.manifest()["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140


def test_the_link_carries_the_whole_manifest() -> None:
    """Slack's page reads it back unchanged; an address of more than 8,000 characters is not safe."""
    url = urlsplit(manifest.install_url())
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("https", "api.slack.com", "/apps")
    assert query["new_app"] == ["1"]
    assert json.loads(query["manifest_json"][0]) == json.loads(manifest.text())
    assert len(manifest.install_url()) < 8000
