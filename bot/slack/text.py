"""Words for Slack: foreign text made harmless, mentions, dates.

Whatever comes from a server, from the settings or from a person goes through `plain` or `code`. Slack reads
`& < >` as its own (https://docs.slack.dev/messaging/formatting-message-text): escaped, and sent so that Slack
looks for no links and names itself (`verbatim`, `parse`), no text can ping anybody. In a code span nothing
else is read either, so server text stands in one; elsewhere its marks are replaced by what looks like them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.slack.limits import length
from handlers.spelling import LONGEST, exactly, spelt_out

KB_ARTICLE = "KB 906154"
KB_LINK = "https://support.microsoft.com/kb/906154"  # the article's own address

CUT = " … (cut)"
FIRST_LINE = 150  # characters of a message that a phone shows
BACKTICK = "\u02cb"  # looks like one, and ends no code span
SPAN = LONGEST  # characters of a foreign text inside a sentence; the whole of it is in the attached facts

# Marks where Slack makes bold, italic or struck words of them, and the first colon of an emoji.
_FORMATTING = re.compile(r"(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])|:(?=[a-z+][\w+'-]*:)")
_ALIKE = str.maketrans({"*": "\u2217", "_": "\u02cd", "~": "\u223c", ":": "\ua789"})
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_VERSION = re.compile(r"(?<![\w.`\\])\d{1,5}(?:\.\d{1,5}){3}(?![\w`\\])", re.ASCII)
_BLANKS = re.compile(r"[ \t\r\n]+")
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")  # Slack's ids of people


def plain(text: str, limit: int = SPAN) -> str:
    """Foreign words inside our own: escaped, on one line, at most `limit` characters with a note if cut."""
    return _escaped(_unformatted(_one_line(text)).replace("`", BACKTICK), limit)


def code(text: str, limit: int = SPAN) -> str:
    """A foreign value exactly as it is, in a code span: whatever is no printable ASCII is spelt out."""
    if not text:
        return "(empty)"
    shown = exactly(text[: limit + 1]).replace("`", BACKTICK)  # of a value, that one would be spelt out
    return f"`{cut(shown, limit).translate(_ESCAPED)}`"


def preformatted(lines: Iterable[str], limit: int) -> str:
    """Foreign lines as a block of code, cut at a whole line."""
    kept: list[str] = []
    room = limit - length(f"``````{CUT}") - 2
    for line in lines:
        shown = _escaped(line.replace("`", BACKTICK), SPAN)
        room -= length(shown) + 1
        if room < 0:
            kept.append(CUT.strip())
            break
        kept.append(shown)
    return "```" + "\n".join(kept or ["(nothing)"]) + "```"


def sentence(text: str, limit: int = 1_000) -> str:
    """A sentence of the use cases, which may quote a server: escaped. Only `mention` mentions anybody."""
    shown = _escaped(_unformatted(_one_line(text)), limit)
    if shown.count("`") % 2 or "``" in shown:  # a span that does not end would swallow what follows
        shown = shown.replace("`", BACKTICK)
    return shown


def mention(user: str) -> str:
    """A person, by Slack id; anything else that acts (`os:alice`, `bot`) as a word."""
    return f"<@{user}>" if is_person(user) else plain(user)


def is_person(user: str) -> bool:
    """Whether this is the id of somebody whom Slack can notify."""
    return _USER.fullmatch(user) is not None


def mentions(users: Iterable[str]) -> str:
    """Several people."""
    return " ".join(mention(user) for user in users)


def clock_time(at: datetime) -> str:
    """A time of day in the reader's own zone; who cannot see that reads UTC."""
    return _date(at, "{time}", f"{at.astimezone(UTC):%H:%M} UTC")


def clock_seconds(at: datetime) -> str:
    """As `clock_time`, with seconds."""
    return _date(at, "{time_secs}", f"{at.astimezone(UTC):%H:%M:%S} UTC")


def day_and_time(at: datetime) -> str:
    """A date and time in the reader's own zone."""
    return _date(at, "{date_num} {time_secs}", f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")


def link(address: str, words: str) -> str:
    """A link with words of ours."""
    return f"<{address}|{words}>"


def kb_link() -> str:
    """The article."""
    return link(KB_LINK, KB_ARTICLE)


def emoji(name: str) -> str:
    """An emoji by its name in the settings."""
    return f":{plain(name)}:"


def duration(seconds: float) -> str:
    """A length of time in words: 5 s, 10 min."""
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"


def versions_as_code(shown: str) -> str:
    """Version numbers in words that are harmless already, each in a code span."""
    return _VERSION.sub(r"`\g<0>`", shown)


def counted(number: int, what: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def fitting(*lines: str) -> str:
    """The first of these that a locked telephone shows whole; else the last."""
    return next((line for line in lines if length(line) <= FIRST_LINE), lines[-1])


def cut(text: str, limit: int) -> str:
    """At most `limit` characters as Slack counts them, with a note where something is missing.

    Not for text that is escaped already: an entity may be cut in the middle.
    """
    if length(text) <= limit:
        return text
    kept = text[: limit - len(CUT)]
    while length(kept) + len(CUT) > limit:
        kept = kept[:-1]
    return kept + CUT


def folded(text: str, first: int = FIRST_LINE) -> list[str]:
    """Sentences of ours as lines: as many as a phone shows on the first one, the others behind it."""
    line, *rest = re.split(r"(?<=[.!?]) (?=[A-Z`:<])", text)
    while rest and length(line) + 1 + length(rest[0]) <= first:
        line = f"{line} {rest.pop(0)}"
    return [line, " ".join(rest)] if rest else [line]


def _unformatted(text: str) -> str:
    return _FORMATTING.sub(lambda marks: marks[0].translate(_ALIKE), text)


def _one_line(text: str) -> str:
    """Without line ends and what is between words more than once; blanks of other kinds are spelt out."""
    return _BLANKS.sub(" ", text).strip(" ")


def _escaped(text: str, limit: int) -> str:
    """Spell out, cut, and escape last, so that no entity is cut. Its limit counts before escaping."""
    return cut(spelt_out(text[: limit + 1]), limit).translate(_ESCAPED)


def _date(at: datetime, shape: str, fallback: str) -> str:
    seconds = int(at.timestamp())
    return f"<!date^{seconds}^{shape}|{fallback}>" if seconds > 0 else fallback
