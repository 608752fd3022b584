"""What a refusal of Slack says: its own code, what that means, which token it is about, and what to do.

Errors are known by their shape, so that `rootver --help` imports nothing of Slack's client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

# What a refusal is about, and so what helps beside trying again:
# - passing: nothing but time
# - message: other words, another kind of message, or none
# - place: somebody of the workspace (an invitation, a preference of the channel)
# - app: whoever runs the bot (token, scopes, installation)
Meaning = Literal["passing", "message", "place", "app"]

BOT, APP = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"
# Slack's error codes that say that a token is not accepted: every method's page lists them under "Errors".
TOKEN_REFUSED = frozenset({
    "account_inactive", "invalid_auth", "not_allowed_token_type", "not_authed", "token_expired",
    "token_revoked",
})  # fmt: skip


def _table(**codes: str) -> Mapping[str, Meaning]:
    """Code → meaning. Raises `ValueError` where a code stands in two rows."""
    rows: Iterable[tuple[str, str]] = codes.items()
    table: dict[str, Meaning] = {}
    for meaning, words in rows:
        for code in words.split():
            if code in table:
                raise ValueError(f"{code} has two meanings")
            table[code] = meaning  # type: ignore[assignment] # the names of the rows are its words
    return MappingProxyType(table)


# Every code that Slack documents for what the bot says, under "Errors" of the pages chat.postMessage,
# chat.update, chat.postEphemeral, reactions.add, files.getUploadURLExternal, files.completeUploadExternal and
# files.upload (docs.slack.dev/reference/methods; machine-readable at github.com/slack-ruby/slack-api-ref),
# and a few that are only reported: rollup_error, team_access_not_granted, invalid_arguments,
# invalid_thread_ts of chat.postMessage. A code that stands nowhere is passing: nobody knows better.
MEANINGS = _table(
    passing="""
        accesslimited already_reacted channels_limit_exceeded deprecated_endpoint external_channel_migrating
        fatal_error file_update_failed internal_error message_limit_exceeded method_deprecated
        org_login_required rate_limited ratelimited request_timeout rollup_error service_unavailable
        streaming_state_conflict team_added_to_org unable_to_share_files unknown_method update_failed""",
    message="""
        alt_txt_too_large as_user_not_supported attachment_payload_limit_exceeded bad_timestamp block_mismatch
        blocked_file_type cant_broadcast_message cant_update_message draft_already_deleted draft_already_sent
        draft_has_conflict draft_not_found duplicate_channel_not_found duplicate_message_not_found
        edit_window_closed file_deleted file_is_deleted file_not_found file_share_limit_reached
        file_type_not_allowed file_upload_size_restricted file_uploads_disabled
        file_uploads_except_images_disabled invalid_arg_name invalid_arguments invalid_array_arg
        invalid_attachments invalid_blocks invalid_blocks_format invalid_charset invalid_form_data
        invalid_metadata_format invalid_metadata_schema invalid_name invalid_post_type malware_detected
        markdown_text_conflict max_file_sharing_exceeded message_not_found metadata_must_be_sent_from_app
        metadata_too_large missing_argument missing_file_data missing_post_type msg_blocks_too_long
        msg_too_long no_access no_dual_broadcast_content_update no_item_specified no_text not_reactable
        post_contents_too_large send_on_behalf_not_allowed slack_connect_blocked_file_type
        slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
        slack_connect_file_link_sharing_blocked slack_connect_file_upload_sharing_blocked
        slack_connect_lists_sharing_blocked snippet_too_large storage_limit_reached too_many_attachments
        too_many_contact_cards too_many_emoji too_many_reactions unknown_snippet_type unknown_subtype""",
    place="""
        access_denied cannot_reply_to_message channel_not_found ekm_access_denied invalid_channel
        invalid_thread_ts is_archived is_inactive messages_tab_disabled no_permission not_in_channel
        posting_to_channel_denied posting_to_general_channel_denied restricted_action
        restricted_action_non_threadable_channel restricted_action_read_only_channel
        restricted_action_thread_locked restricted_action_thread_only_channel team_not_found thread_locked
        user_not_in_channel""",
    app="""
        account_inactive app_access_restricted enterprise_is_restricted invalid_auth is_bot missing_scope
        not_allowed_token_type not_authed team_access_not_granted token_expired token_revoked
        two_factor_setup_required""",
)

# About this message, whatever its words are: only a new message helps (chat.update, "Errors").
NO_EDIT = frozenset({"cant_update_message", "edit_window_closed"})
# About showing a reply in the channel too: the thread may take it all the same (chat.update and
# chat.postMessage, "Errors"). The second is of a channel in which only threads go on.
NO_BROADCAST = frozenset({"cant_broadcast_message", "restricted_action_thread_only_channel"})


def meaning_of(code: str) -> Meaning:
    """What a refusal with this code is about; an unknown code, or none of Slack's, is passing."""
    return MEANINGS.get(code, "passing")


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
