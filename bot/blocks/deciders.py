"""Who can approve a fix, in words that fit into one line however many they are."""

from __future__ import annotations

from bot.slack.text import code, counted, listed, mention, mentions
from storage.records import Fix

FIRST = 2  # people in a line that a telephone shows
NAMED = 20  # people or groups in one line; a mention has up to 25 characters, a paragraph 3,000


def able(fix: Fix, most: int = NAMED) -> str:
    """Mentions of those who could approve when it was proposed, the others counted; empty: none is known."""
    users = words_of(fix, "able")
    more = len(users[most:]) + _unverified(fix)
    others = f" and {more} more" if more else ""
    return f"{mentions(users[:most])}{others}" if users else ""


def asked(fix: Fix) -> str:
    """Whom a first line asks to decide: `@bob @carol, one of you please`, the others counted."""
    several = len(words_of(fix, "able")) + _unverified(fix) > 1
    return f"{able(fix, FIRST)}, {'one of you please' if several else 'please'}"


def either(fix: Fix) -> str:
    """Mentions of those who could approve when it was proposed: `@bob or @carol`; empty: none is known."""
    users = words_of(fix, "able")
    more = len(users[NAMED:]) + _unverified(fix)
    others = [f"{more} more"] if more else []
    return " or ".join([*map(mention, users[:NAMED]), *others]) if users else ""


def one_of(fix: Fix) -> str:
    """Whom a first line can name: `@bob or @carol`, `@bob or 7 others`, or that there is nobody."""
    users = words_of(fix, "able")
    more = len(users[2:]) + _unverified(fix)
    if not users:
        return "nobody can approve right now"
    if more:
        return f"{mention(users[0])} or {counted(more + len(users[1:2]), 'other')}"
    return " or ".join(map(mention, users))


def nobody(fix: Fix, could: str) -> str:
    """The words where nobody is known; `could` says what and when. Not verified is not unable."""
    unverified = _unverified(fix)
    if unverified:
        return f"nobody was found who {could}; {counted(unverified, 'more approver')} not verified"
    return f"nobody {could}"


def unread_groups(fix: Fix) -> str:
    """The groups that could not be read; empty: there are none."""
    groups = [code(group) for group in words_of(fix, "groups_unreadable")]
    more = [f"{len(groups) - NAMED} more"] if len(groups) > NAMED else []
    return listed([*groups[:NAMED], *more])


def words_of(fix: Fix, name: str) -> list[str]:
    """A list of words among the details of a fix."""
    value = fix.details.get(name)
    return [str(word) for word in value] if isinstance(value, list) else []


def _unverified(fix: Fix) -> int:
    value = fix.details.get("unverified")
    return value if isinstance(value, int) else 0
