"""The error codes that Slack documents for what the bot says, method by method.

Source: docs.slack.dev/reference/methods, "Errors" of each method's page, as of 2026-11 (machine-readable at
github.com/slack-ruby/slack-api-ref, docs.slack.dev/methods and methods).
"""

from __future__ import annotations

from collections.abc import Mapping

INVENTED = "never_heard_of"

_EVERY_METHOD = """
    access_denied accesslimited account_inactive deprecated_endpoint ekm_access_denied
    enterprise_is_restricted fatal_error internal_error invalid_arg_name invalid_arguments invalid_array_arg
    invalid_auth invalid_charset invalid_form_data invalid_post_type is_bot method_deprecated
    missing_post_type missing_scope no_permission not_allowed_token_type not_authed org_login_required
    ratelimited request_timeout service_unavailable team_added_to_org token_expired token_revoked
    two_factor_setup_required unknown_method"""

_BY_METHOD: Mapping[str, str] = {
    "chat.postMessage": """
        app_access_restricted as_user_not_supported attachment_payload_limit_exceeded cannot_reply_to_message
        channel_not_found draft_already_deleted draft_already_sent draft_has_conflict draft_not_found
        duplicate_channel_not_found duplicate_message_not_found invalid_blocks invalid_blocks_format
        invalid_metadata_format invalid_metadata_schema is_archived markdown_text_conflict
        message_limit_exceeded messages_tab_disabled metadata_must_be_sent_from_app metadata_too_large
        missing_file_data msg_blocks_too_long no_text not_in_channel rate_limited restricted_action
        restricted_action_non_threadable_channel restricted_action_read_only_channel
        restricted_action_thread_locked restricted_action_thread_only_channel send_on_behalf_not_allowed
        slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked
        slack_connect_lists_sharing_blocked team_not_found too_many_attachments too_many_contact_cards""",
    "chat.update": """
        as_user_not_supported block_mismatch blocked_file_type cant_broadcast_message cant_update_message
        channel_not_found edit_window_closed external_channel_migrating file_deleted file_is_deleted
        file_not_found file_share_limit_reached invalid_attachments invalid_blocks invalid_blocks_format
        invalid_metadata_format invalid_metadata_schema is_inactive markdown_text_conflict
        max_file_sharing_exceeded message_limit_exceeded message_not_found metadata_must_be_sent_from_app
        metadata_too_large msg_too_long no_dual_broadcast_content_update no_text posting_to_channel_denied
        slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked
        slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked
        slack_connect_file_upload_sharing_blocked streaming_state_conflict team_not_found
        too_many_attachments unable_to_share_files update_failed""",
    "chat.postEphemeral": """
        cannot_reply_to_message channel_not_found invalid_attachments invalid_blocks invalid_blocks_format
        is_archived markdown_text_conflict message_limit_exceeded messages_tab_disabled msg_too_long no_text
        not_in_channel restricted_action too_many_attachments user_not_in_channel""",
    "reactions.add": """
        already_reacted bad_timestamp channel_not_found external_channel_migrating invalid_name is_archived
        message_not_found no_access no_item_specified not_reactable thread_locked too_many_emoji
        too_many_reactions""",
    "files.getUploadURLExternal": """
        alt_txt_too_large file_type_not_allowed file_upload_size_restricted file_uploads_disabled
        file_uploads_except_images_disabled missing_argument snippet_too_large storage_limit_reached
        unknown_snippet_type unknown_subtype""",
    "files.completeUploadExternal": """
        channel_not_found channels_limit_exceeded file_not_found file_type_not_allowed file_update_failed
        file_uploads_except_images_disabled invalid_blocks invalid_channel not_in_channel
        posting_to_channel_denied""",
}

# Method → its codes.
DOCUMENTED: Mapping[str, frozenset[str]] = {
    method: frozenset(f"{_EVERY_METHOD} {own}".split()) for method, own in _BY_METHOD.items()
}
CODES = sorted(frozenset().union(*DOCUMENTED.values()))


def methods_that_say(code: str) -> list[str]:
    """The methods whose pages list a code; one that none lists may come from all of them."""
    return [method for method, codes in DOCUMENTED.items() if code in codes] or list(DOCUMENTED)
