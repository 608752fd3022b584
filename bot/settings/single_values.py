"""What a single value must look like.

A check returns the value as it is used, or raises `ValueError` with what a sentence says behind the key;
never with the value itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.settings.docs_pages import PAGE
from handlers.approval import emoji_name

# Words of the questions to the audit and of `diagnose`: a node of such a name could not be asked for.
RESERVED = frozenset({
    "all", "by", "since", "until", "kind", "outcome", "fix", "last", "before", "summary", "csv", "jsonl",
})  # fmt: skip


def user(value: str) -> str:
    """A Slack user id (https://docs.slack.dev/reference/objects/user-object)."""
    if not re.fullmatch("[UW][A-Z0-9]{2,}", value):
        raise ValueError("needs ids of people. They begin with U or W: profile, ⋮, Copy member ID")
    return value


def group(value: str) -> str:
    """The id of a user group (https://docs.slack.dev/reference/objects/usergroup-object)."""
    if not re.fullmatch("S[A-Z0-9]{2,}", value):
        raise ValueError("needs ids of user groups. They begin with S: group, ⋮, Copy group ID")
    return value


def channel(value: str) -> str:
    """A channel id; those of old private channels begin with G."""
    if not re.fullmatch("[CG][A-Z0-9]{2,}", value):
        raise ValueError("needs ids of channels. They begin with C: channel, About, at the bottom")
    return value


def emoji(value: str) -> str:
    """An emoji's name; `:x:` is `x`."""
    plain = value.strip(":")
    if not re.fullmatch("[a-z0-9_+'-]+", plain):
        raise ValueError("needs names of emoji as Slack writes them, without skin tone")
    return plain


def name(value: str) -> str:
    """A name that somebody types: of a node, a cluster, a virtual server."""
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError("needs names of letters, digits, dots, - and _, a letter or digit first")
    if value.lower() in RESERVED:
        raise ValueError(f'cannot be "{value.lower()}": that is a word of the commands')
    return value


def no_address(value: str) -> str:
    """A computer name: the node's own word on who it is, is compared with it."""
    try:
        ip_address(value)
    except ValueError:
        return value
    raise ValueError("is an address. Write the name that the computer gives itself")


def one_line(value: str) -> str:
    r"""A visible text. TOML makes "CORP\rootver" CORP, a carriage return and ootver."""
    if not value.isprintable() or not value:
        raise ValueError(
            "is empty or holds a character that cannot be seen. A text with a backslash stands in single"
            " quotes, like 'CORP\\rootver'"
        )
    return value


def api_url(value: str) -> str:
    """The address of a Web API, with the last slash: slack_sdk puts a method's name right behind it."""
    address = value.strip().rstrip("/") + "/"
    if "@" in address:  # it would be shown and recorded
        raise ValueError("must hold neither user nor password: Slack knows the bot by its token")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port beyond 65535, a bracket that does not close
        usable = False
    if not usable or not re.fullmatch("[!-~]+/api/", address) or re.search("[?#]", address):
        raise ValueError("is no address that ends in /api/")
    return address


def docs_url(value: str) -> str:
    """Where the docs are, with a place for the page; it stands in the links of messages."""
    try:
        parts = urlsplit(value)
    except ValueError:  # a bracket that does not close
        parts = urlsplit("")
    usable = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    if not usable or value.count(PAGE) != 1 or not re.fullmatch(r"""[^\s<>|#"'\\`]+""", value):
        raise ValueError(
            f"must be an address with https:// at its start and {PAGE} in it once, without a user, a #,"
            " blanks or quotes"
        )
    return value


def listen(value: str) -> str:
    """A place to serve HTTP that no other machine reaches."""
    if value.startswith("unix:") and len(value) > len("unix:") and value.isprintable():
        return value
    host, separator, port = value.rpartition(":")
    try:
        loopback = host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not separator or not loopback or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise ValueError(
            "is no loopback address with a port, and no unix:PATH. Other machines ask through a proxy here"
        )
    return value


def web_address(value: SecretStr) -> SecretStr:
    """An address that can be fetched."""
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address that begins with http:// or https://")
    return value


def bot_token(value: SecretStr) -> SecretStr:
    """Tokens are easily swapped (https://docs.slack.dev/authentication/tokens)."""
    return _begins(value, "xoxb-", "the bot token, from OAuth & Permissions")


def app_token(value: SecretStr) -> SecretStr:
    """Tokens are easily swapped (https://docs.slack.dev/authentication/tokens)."""
    return _begins(value, "xapp-", "the app-level token, from Basic Information")


def _begins(value: SecretStr, prefix: str, what: str) -> SecretStr:
    token = value.get_secret_value().strip()
    if not token.startswith(prefix):
        raise ValueError(f"does not begin with {prefix}. It must be {what}")
    if not re.fullmatch("[!-~]+", token):  # no header could carry it, and who refuses it shows it
        raise ValueError("holds a character that no token has, as a blank or an ellipsis. Copy it anew")
    return SecretStr(token)


def reactions(approve: Sequence[str], decline: Sequence[str]) -> None:
    """Both can be given, and none means both."""
    if not approve or not decline:
        raise ValueError('needs at least one reaction in approve and in decline. Example: decline = ["x"]')
    both = {emoji_name(one) for one in approve} & {emoji_name(one) for one in decline}
    if both:
        raise ValueError(f"has {min(both)} in approve and in decline. Take it out of one of them")


def rising(minutes: Sequence[float]) -> None:
    """The looks come one after the other."""
    if list(minutes) != sorted(set(minutes)):
        raise ValueError("needs rising follow_up_minutes. Example: follow_up_minutes = [1, 5, 15]")
