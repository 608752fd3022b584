"""The rules for what people read, one function each: a message in, what is wrong with it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from html import unescape

from bot.slack.limits import problems, texts
from bot.slack.post import Post
from handlers.host_options import HostOptions
from tests.bot.message_checks import check
from tests.bot.shift import ALICE, BOB, CAROL, DAVE

FIRST_LINE = 150  # characters that a phone shows
PHONE = 46  # characters of a line in a window of 390 px
BEFORE_THE_FOLD = 12  # lines as they are written
ON_A_PHONE = 20  # lines as they are broken there: 480 px


@dataclass(frozen=True)
class Said:
    """A message as it was given to Slack. `maker`: the module in which its words were put together.

    `how`: post, edit, whisper or tell. `broadcast`: a reply that the channel is shown too.
    """

    post: Post
    maker: str
    how: str
    channel: str = ""
    broadcast: bool = False
    about: str = ""  # what was going on

    @property
    def first(self) -> str:
        """The first line as a phone shows it."""
        return shown(self.post.text.split("\n")[0])

    @property
    def everything(self) -> str:
        """Everything that people read in it, as Slack shows it."""
        return shown("\n".join((self.post.text, *texts(self.post.blocks))))


def shown(text: str) -> str:
    """Times, links, people and signs as they are shown; where somebody cannot see that, in UTC."""
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<(?:https?|mailto):[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[@#][UC]07([A-Z]+?)0*>", lambda found: f"@{found[1].lower()}", text)
    return unescape(re.sub(r":[a-z][a-z0-9_+-]+:(?!\d)", "●", text))


def _prose(said: Said) -> str:
    """Without what stands in code, which is typed or is a value, and without addresses."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "`…`", said.everything, flags=re.DOTALL)
    return re.sub(r"https?://\S+|anchor [0-9a-f]{16} .*", "…", text)


# --- the rules ------------------------------------------------------------------------------------

_END = re.compile(
    r"^(?:<@\w+> )*FIX-\d+(?:: it is not known| (?:applied|failed|confirmed|voided|expired|declined|"
    r"cancelled|drifted|is lost|stays applied))"
)
# Their first line is the news, and whoever waited for it is called there.
_BROADCAST = re.compile(r"FIX-\d+(?:: it is not known| (?:applied|failed|confirmed|expired|drifted))")
_KEY_VALUE = re.compile(r"(?<![\w?&/])[A-Za-z_]\w*=[^\s=]")
_PROGRAM_WORD = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
_FORBIDDEN = re.compile(
    r"\broot ver\b|\bE[1-8]\b|\bstrong\b|\(REG_SZ\)|\d{4}-\d\d-\d\dT\d\d|\bno such\b|"
    r"(?<!here )\bis no\b(?! longer)|\bis not down\b|\brow \d+\b"
)
_SETTINGS = {one.name for one in fields(HostOptions)} | {"no_proxy"}  # people type these
_MARKS = {":red_circle:": 0, ":large_yellow_circle:": 1, ":white_circle:": 1, ":large_green_circle:": 2}
_WRONG = re.compile(
    r"There is no |is not a |is not the |is not understood|Too late|^Only |does not count|No new fix|"
    r"needs by|The settings allow no|Slack could not|Something failed|cannot be used|could not be judged|"
    r"not in the inventory"
)
_STEP = re.compile(
    r"Next[:,] |Did you mean|Example: |@rootver |lists |decide on|"
    r"(?:\. |\n)(?:See|Ask|Set|Give|Use|Look|Keep|It is read|Nothing is to be done)\b"
)


def first_line(said: Said) -> Iterator[str]:
    """The first line is the answer, and a phone shows the whole of it."""
    if said.how in ("post", "whisper", "tell") and len(said.first) > FIRST_LINE:
        yield f"the first line has {len(said.first)} characters"


def news_is_new(said: Said) -> Iterator[str]:
    """An edit notifies nobody: a verdict, an end, is a post."""
    if said.how == "edit" and (said.maker == "news" or (_END.match(said.post.text) and said.maker != "card")):
        yield "news that is an edit"


def ends_call(said: Said) -> Iterator[str]:
    """Who asked and who approved are called at an end, but for who brought it about."""
    if said.maker != "news" or not _END.match(said.post.text) or said.how != "post":
        return
    first = said.post.text.split("\n")[0]
    if ALICE not in first and "by alice" not in first:
        yield "the requester is not called"
    if "approved by bob" in said.about and BOB not in first and "by bob" not in first:
        yield "the approver is not called"
    if _BROADCAST.search(first) and not said.broadcast:
        yield "the channel is not shown it"


def no_key_value(said: Said) -> Iterator[str]:
    """Sentences, not records."""
    for found in _KEY_VALUE.findall(_prose(said)):
        yield f"key=value: {found}"


def no_word_of_programs(said: Said) -> Iterator[str]:
    """No internal word, no jargon, no riddle."""
    for found in (*_PROGRAM_WORD.findall(_prose(said)), *_FORBIDDEN.findall(_prose(said))):
        by_hand = (said.maker, found) == ("manual_steps", "(REG_SZ)")  # there somebody makes the value
        if not by_hand and found not in _SETTINGS:
            yield f"a word of programs: {found}"


def emoji_with_words(said: Said) -> Iterator[str]:
    """Never colour or emoji alone."""
    for line in "\n".join((said.post.text, *texts(said.post.blocks))).split("\n"):
        if re.search(r":[a-z][a-z0-9_+-]+:", line) and not re.search(r"[A-Za-z]{2}", shown(line)):
            yield f"an emoji alone: {line}"


def next_step(said: Said) -> Iterator[str]:
    """Every error has its next step; every verdict and every end says what somebody has to do."""
    text = said.everything
    if said.maker != "explaining" and _WRONG.search(said.first) and not _STEP.search(text):
        yield "an error without a next step"
    if said.maker == "news" and _END.match(said.post.text) and "Next: " not in text:
        yield "an end without Next:"
    if said.maker == "diagnosis" and said.how == "post" and _bad(said) and "Next: " not in text:
        yield "a verdict without Next:"


def _bad(said: Said) -> bool:
    return any(mark in "".join(texts(said.post.blocks)) for mark, rank in _MARKS.items() if rank < 2)


def foreign_text(said: Said) -> Iterator[str]:
    """Escaped, within Slack's limits, and nobody is pinged who has nothing to do with it."""
    try:
        check(said.post, ALICE, BOB, CAROL, DAVE)
    except AssertionError as wrong:
        yield f"not harmless: {str(wrong)[:200]}"
    yield from problems(said.post.text, said.post.blocks)


def worst_first(said: Said) -> Iterator[str]:
    """What is red stands above what is yellow or white, and that above what is green."""
    if said.maker not in ("diagnosis", "replies"):
        return
    ranks = [
        rank
        for line in "\n".join(_before_the_fold(said)).split("\n")
        for mark, rank in _MARKS.items()
        if line.startswith(mark)
    ]
    if ranks != sorted(ranks):
        yield f"not the worst first: {ranks}"


def short_before_the_fold(said: Said) -> Iterator[str]:
    """At most so many lines stand before what is folded away, and on a phone they fill one screen."""
    if said.maker not in ("diagnosis", "card", "news", "news_of_fixes"):
        return
    lines = [line for text in _before_the_fold(said) for line in shown(text).split("\n")]
    number = sum(max(1, -(-len(line) // PHONE)) for line in lines)
    if len(lines) > BEFORE_THE_FOLD or number > ON_A_PHONE:
        yield f"{len(lines)} lines before the fold, {number} on a phone"


def _before_the_fold(said: Said) -> Iterator[str]:
    """What is seen at once: all blocks but small print, up to one that is folded; else the text."""
    if not said.post.blocks:
        yield said.post.text
    for block in said.post.blocks:
        if block["type"] not in ("section", "header") or block.get("expand") is False:
            return
        yield from texts((block,))


Rule = Callable[[Said], Iterator[str]]
RULES: tuple[Rule, ...] = (
    first_line, news_is_new, ends_call, no_key_value, no_word_of_programs, emoji_with_words, next_step,
    foreign_text, worst_first, short_before_the_fold,
)  # fmt: skip
