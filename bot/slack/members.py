"""Who somebody is, out of what Slack tells of a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.ports import LookupFailed, Person


def person_of(user: str, answer: Mapping[str, Any], team: str) -> Person:
    """Flags: https://docs.slack.dev/reference/objects/user-object. Deactivated members lack some fields.

    Raises `LookupFailed` for an answer about somebody else.
    """
    if answer.get("id") != user:
        raise LookupFailed(f"<@{user}>", "an answer about nobody")
    guest = answer.get("is_restricted") or answer.get("is_ultra_restricted")
    flags = {
        # Slackbot is a bot without the flag; a connector is another service that writes here.
        "bot": answer.get("is_bot") or answer.get("is_connector_bot") or user == "USLACKBOT",
        "workflow": answer.get("is_workflow_bot"),
        "guest": guest,
        "deactivated": answer.get("deleted"),
        "stranger": answer.get("is_stranger"),
        "other workspace": not _is_of(team, answer),
    }
    profile = answer.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), answer.get("name"), user)
    return Person(user, next(filter(None, names)), tuple(flag for flag, is_set in flags.items() if is_set))


def _is_of(team: str, user: Mapping[str, Any]) -> bool:
    """Whether a user is of our workspace.

    On Enterprise Grid `team_id` may be another workspace of the organisation, or the organisation itself:
    `enterprise_user.teams` are those the person is in (docs.slack.dev/reference/objects/user-object).
    """
    match user.get("enterprise_user"):
        case {"teams": [*teams]}:
            return team in teams
    return user.get("team_id") == team
