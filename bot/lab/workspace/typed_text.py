"""What a person types, and what Slack makes of it before an app sees it.

Source: https://docs.slack.dev/messaging/formatting-message-text (escaping, mentions, links). That a bare
domain becomes `<http://…|…>` is known from use; which top-level domains count is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

BROADCASTS = ("channel", "here", "everyone")
"""`<!channel>` and its like notify everybody in the channel."""

_LINKED_DOMAINS = "com|net|org|info|biz|io|dev|app|edu|gov|eu|de|fr|nl|ch|at|uk|us|co|me|ai"
_TYPED = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)"
    r"|<(?P<token>[@#!][^<>\s]+)>"
    r"|(?P<url>https?://[^\s<>|]+[^\s<>|.,;:!?)])"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w@])@(?P<name>[\w-]+)"
    rf"|(?P<domain>(?<![\w@/.-])(?:[A-Za-z0-9-]+\.)+(?:{_LINKED_DOMAINS})(?![\w.-]*\w))",
    re.DOTALL,
)

_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_SPECIAL = re.compile(
    r"<(?:@[UWB][A-Z0-9]+|#[CG][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!date\^[^<>]+|!(?:channel|here|everyone)"
    r"|(?:https?|mailto|tel|slack):[^<>|]+)(?:\|[^<>]*)?>"
)
_USER_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_GROUP_MENTION = re.compile(r"<!subteam\^(S[A-Z0-9]+)(?:\|[^<>]*)?>")
_BROADCAST = re.compile(r"<!(channel|here|everyone)(?:\|[^<>]*)?>")


def escape(text: str) -> str:
    """`& < >` as Slack's entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_slack_stores(typed: str, mentions: Mapping[str, str]) -> str:
    """The text of a message as apps get it, from what a person typed.

    `mentions` maps a name after `@` to its token, as `{"rootver": "<@U…>"}`; other names stay words.
    A finished token such as `<@U…>` is kept: it is what picking from the list while typing gives.
    """
    stored, end = [], 0
    for found in _TYPED.finditer(typed):
        stored += [escape(typed[end : found.start()]), _token(found, mentions)]
        end = found.end()
    return "".join(stored) + escape(typed[end:])


def _token(found: re.Match[str], mentions: Mapping[str, str]) -> str:
    text = escape(found.group())
    match found.lastgroup:
        case "token":
            return found.group()
        case "url":
            return f"<{text}>"
        case "mail":
            return f"<mailto:{text}|{text}>"
        case "domain":
            return f"<http://{text}|{text}>"
        case "name":
            return mentions.get(found["name"].lower(), text)
    return text


def mentioned_users(text: str) -> set[str]:
    """Ids `U…` that the text mentions."""
    return set(_USER_MENTION.findall(text))


def mentioned_groups(text: str) -> set[str]:
    """Ids `S…` of the user groups that the text mentions."""
    return set(_GROUP_MENTION.findall(text))


def broadcasts(text: str) -> list[str]:
    """The words of `BROADCASTS` by which the text notifies everybody."""
    return _BROADCAST.findall(text)


def unescaped(text: str) -> Iterator[str]:
    """Places where a bot's text holds a bare `&`, `<` or `>`, each with a little of what follows.

    A `>` that begins a line is a quote, on purpose.
    """
    rest = _SPECIAL.sub("", text)
    for bare in (_ENTITY, re.compile(r"<"), re.compile(r"(?<!^)(?<!\n)>")):
        yield from (rest[found.start() : found.start() + 20] for found in bare.finditer(rest))
