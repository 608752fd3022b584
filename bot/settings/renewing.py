"""A host's secrets, read anew while the bot runs: a password that was changed needs no restart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.settings.file import SettingsError
from bot.settings.host_sections import SECRETS
from bot.settings.settings import Settings
from handlers.host_options import HostOptions
from handlers.remote_errors import NotSent


def renewed(settings: Settings, host: str) -> HostOptions:
    """The options of a host with its secrets as they are now; nothing else is taken over.

    Raises `NotSent` where they cannot be had, or belong to somebody else by now.
    """
    try:
        now = settings.again().hosts().get(host)
    except SettingsError as error:
        raise NotSent(host, "its secrets cannot be read anew", " ".join(error.reasons)) from None
    before = settings.hosts()[host]
    if now is None or not _same(before, now) or not _same(before.change, now.change):
        advice = "Restart the bot: it takes over what the settings say now."
        raise NotSent(host, "its server or user is another one in the settings by now", advice)
    change = before.change and now.change and _with_secrets(before.change, now.change)
    return replace(_with_secrets(before, now), change=change)


def _same(before: HostOptions | None, now: HostOptions | None) -> bool:
    if before is None or now is None:
        return before is now
    return (before.server, before.username) == (now.server, now.username)


def _with_secrets(before: HostOptions, now: HostOptions) -> HostOptions:
    secrets: dict[str, Any] = {name: getattr(now, name) for name in SECRETS}
    return replace(before, **secrets)
