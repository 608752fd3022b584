"""The table of Web API methods: who answers, which scope it takes, JSON or not, how often per minute.

Only those that the bot calls; any other answers `unknown_method`.

Source: https://docs.slack.dev/reference/methods, the "Facts" of each method's page.
"""

from __future__ import annotations

from bot.lab.workspace.rates import TIER_2, TIER_3, TIER_4
from bot.lab.workspace.web import conversation, directory
from bot.lab.workspace.web.call import Method

METHODS: dict[str, Method] = {
    "auth.test": Method(directory.auth_test, per_minute=600),
    "chat.getPermalink": Method(conversation.chat_get_permalink, takes_json=False, per_minute=600),
    "chat.postEphemeral": Method(conversation.chat_post_ephemeral, "chat:write", per_minute=TIER_4),
    "chat.postMessage": Method(conversation.chat_post_message, "chat:write"),
    "chat.update": Method(conversation.chat_update, "chat:write", per_minute=TIER_3),
    "files.completeUploadExternal": Method(
        conversation.files_complete_upload, "files:write", per_minute=TIER_4
    ),
    "files.getUploadURLExternal": Method(
        conversation.files_get_upload_url, "files:write", takes_json=False, per_minute=TIER_4
    ),
    "reactions.add": Method(conversation.reactions_add, "reactions:write", per_minute=TIER_3),
    "reactions.get": Method(
        conversation.reactions_get, "reactions:read", takes_json=False, per_minute=TIER_3
    ),
    "reactions.remove": Method(conversation.reactions_remove, "reactions:write", per_minute=TIER_2),
    "usergroups.users.list": Method(
        directory.usergroups_users_list, "usergroups:read", takes_json=False, per_minute=TIER_2
    ),
    "users.info": Method(directory.users_info, "users:read", takes_json=False, per_minute=TIER_4),
}
