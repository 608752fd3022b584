"""How the text of others is shown, so that nothing in it hides or looks like something else. Pure.

What shows as nothing, or as something else, is spelt `\\u034f` (`\\U000e0100` beyond the first plane). Values
are compared exactly, so of them every character beyond printable ASCII is spelt out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

from storage.records import Json

LONGEST = 200  # characters of a value that is shown whole

# Control, format, surrogate, private and unassigned characters, marks (they change the letter before them, or
# show as nothing), separators but the blank.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Mc", "Me", "Zl", "Zp", "Zs"})
# Letters and signs that show as nothing (Unicode: Default_Ignorable_Code_Point), and two empty signs.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
# Letters of other scripts that look like Latin ones (unicode.org/Public/security, confusables.txt).
_LOOK_ALIKES = frozenset(
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd\u03c1\u03b9"
    "\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0430\u0435\u043e"
    "\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u0578\u057d\u0585"
)
_WORD = re.compile(r"\w+")
_EXACT = re.compile(r"[!-~]")  # printable ASCII but the blank
_SPELT = re.compile(r"\\(?=u[0-9a-f]{4}|U[0-9a-f]{8})")


def spelt_out(text: str) -> str:
    """Words of others: what cannot be seen is spelt out, and letters of two scripts in one word."""
    if text.isascii() and text.isprintable():
        return text
    return _WORD.sub(_one_script, "".join(_spell(one) if _is_unseen(one) else one for one in text))


def named(text: str) -> str:
    """A name that people give themselves: a word that wholly looks like Latin letters is spelt out too."""
    return _WORD.sub(_not_alike, spelt_out(text))


def exactly(text: str) -> str:
    """A value that is compared exactly: two different values never show the same.

    Blanks at an end and behind another one are spelt out too, and a backslash that would look like spelling.
    """
    return "".join(_exact_parts(text))


def value_words(data: Json) -> str:
    """The data of a registry value, exactly; lists and numbers as JSON."""
    return exactly(data if isinstance(data, str) else json.dumps(data))


def is_shown_whole(reading: Json) -> bool:
    """Whether a reading (docs/wire-contract.md, section 4) is short enough for somebody to approve it."""
    match reading:
        case {"is": "value", "value": {"data": data}}:
            return len(value_words(data)) <= LONGEST
    return True


def _exact_parts(text: str) -> Iterator[str]:
    last = len(text) - 1
    for at, one in enumerate(text):
        if one == " ":
            inside = 0 < at < last and text[at - 1] != " "
            yield one if inside else _spell(one)
        elif one == "\\" and _SPELT.match(text, at):
            yield _spell(one)
        else:
            yield one if _EXACT.match(one) else _spell(one)


def _is_unseen(one: str) -> bool:
    return one != " " and (unicodedata.category(one) in _UNSEEN or one in _FILLERS)


def _one_script(word: re.Match[str]) -> str:
    """The word; where it has Latin letters or digits too, look-alikes of other scripts are spelt out."""
    text = word[0]
    if _LOOK_ALIKES.isdisjoint(text) or not any(_is_latin(one) for one in text):
        return text
    return "".join(_spell(one) if one in _LOOK_ALIKES else one for one in text)


def _not_alike(word: re.Match[str]) -> str:
    text = word[0]
    if text.isascii() or not all(one.isascii() or _is_alike(one) for one in text):
        return text
    return "".join(one if one.isascii() else _spell(one) for one in text)


def _is_latin(one: str) -> bool:
    return one.isascii() or unicodedata.name(one, "").startswith("LATIN ")


def _is_alike(one: str) -> bool:
    """A look-alike, or one of the many forms of a Latin letter or digit (full-width, mathematical)."""
    return one in _LOOK_ALIKES or unicodedata.normalize("NFKC", one).isascii()


def _spell(one: str) -> str:
    number = ord(one)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
