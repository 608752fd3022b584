"""Web API methods about people and user groups.

Arguments, scopes and error codes: https://docs.slack.dev/reference/methods, one page per method.
"""

from __future__ import annotations

from bot.lab.payload import Payload
from bot.lab.workspace.cast import TEAM_ID
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.web.call import Call


def auth_test(call: Call) -> Payload:
    """Who the token belongs to."""
    workspace = call.workspace
    return {
        "url": workspace.url,
        "team": "Practice",
        "user": workspace.people[workspace.bot_user].name,
        "team_id": TEAM_ID,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def users_info(call: Call) -> Payload:
    """One account with its flags."""
    person = call.workspace.people.get(call.text("user"))
    if person is None:
        raise SlackRefusal("user_not_found")
    return {"user": person.as_json()}


def usergroups_users_list(call: Call) -> Payload:
    """The members of one user group."""
    _paid(call)
    group = call.workspace.groups.get(call.text("usergroup"))
    if group is None or (group.disabled and not call.flag("include_disabled")):
        raise SlackRefusal("no_such_subteam")
    return {"users": list(group.users)}


def _paid(call: Call) -> None:
    if not call.workspace.paid_plan:
        raise SlackRefusal("plan_upgrade_required")
