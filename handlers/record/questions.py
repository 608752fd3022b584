"""The grammar of questions to the audit; the same words in chat and on the command line.

[NODE|CLUSTER|all] [by @who] [since 7d|2026-11-01] [until …] [kind …] [outcome …] [fix FIX-12] [last N]
summary since 90d
records …: each record, as it stands in the audit
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import get_args

from handlers.inventory import same_name
from handlers.spelling import spelt_out
from storage.queries import Filter
from storage.records import Kind, Outcome

KINDS: tuple[str, ...] = get_args(Kind)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
MAX_LAST = 1000

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_RELATIVE = re.compile("([0-9]{1,6})([smhdw])")
_DAYS = ("today", "yesterday")  # none, one day ago
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(z|[+-][0-9]{2}:[0-9]{2})?", re.IGNORECASE)
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(\|[^>]*)?>")
_FIX = re.compile("(?:fix-?)?#?([1-9][0-9]{0,9})", re.IGNORECASE)
_NUMBER = re.compile("[1-9][0-9]{0,17}")


class QuestionError(Exception):
    """The words are not a question: `what` is wrong, `near` the known word nearest to it, an `example`."""

    def __init__(self, what: str, example: str, near: str | None = None) -> None:
        super().__init__(what)
        self.what, self.example, self.near = what, example, near

    def __str__(self) -> str:
        hint = f" Did you mean {self.near}?" if self.near else ""
        return f"{self.what}{hint} Example: `history {self.example}`."


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know. `who` still is as typed: an id, or a name that the file must know."""

    filter: Filter = field(default_factory=Filter)
    who: str | None = None
    last: int | None = None  # no more records than this
    before: int | None = None  # go on behind this record
    summary: bool = False
    records: bool = False  # each record, not a line for each fix and each diagnosis


def parse(words: list[str], now: datetime, known_names: Mapping[str, tuple[str, ...]]) -> Question:
    """Understand the words behind `history`. Times without a zone are UTC; `until` a date means its end.

    `known_names`: name → the names its records stand under (a cluster: itself and its nodes). Raises
    `QuestionError`.
    """
    return _Parser(words, now, known_names).question()


def parse_fix(word: str) -> str:
    """`FIX-12`, `fix-12`, `#12` or `12` as "FIX-12". Raises `QuestionError`."""
    found = _FIX.fullmatch(word)
    if found is None:
        raise QuestionError(f"{quoted(word)} is not the number of a fix.", "fix FIX-12")
    return f"FIX-{found[1]}"


def person_named(word: str) -> str:
    """The id in a mention as Slack writes it, else the name or id as typed, without an @."""
    mention = _MENTION.fullmatch(word)
    return mention[1] if mention else word.removeprefix("@")


def quoted(word: str) -> str:
    """A word as typed, short, and with nothing in it that a terminal or a chat would act on."""
    shown = spelt_out(word[:60])
    return f'"{shown}…"' if len(word) > 60 else f'"{shown}"'


def near(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that somebody may have meant; `likeness` of its letters, from 0 to 1 (all the same)."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(word.lower()[:60], by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None


class _Parser:
    """Walks once over the words."""

    def __init__(self, words: list[str], now: datetime, names: Mapping[str, tuple[str, ...]]) -> None:
        self._words, self._at, self._now, self._names = words, 0, now, names
        self._asked, self._wanted = Question(), Filter()
        self._named = False
        self._keywords: Mapping[str, Callable[[], None]] = {
            "by": self._by,
            "since": self._since,
            "until": self._until,
            "kind": self._kind,
            "outcome": self._outcome,
            "fix": self._fix,
            "last": self._last,
            "before": self._before,
            "summary": self._summary,
            "records": self._records,
        }

    def question(self) -> Question:
        while self._at < len(self._words):
            word = self._next("")
            keyword = self._keywords.get(word.lower())
            if keyword:
                keyword()
            else:
                self._bare(word)
        wanted = self._wanted
        if wanted.since and wanted.until and wanted.since >= wanted.until:
            raise QuestionError(
                "since is not before until: no record can match.", "since 2026-11-01 until 2026-11-07"
            )
        return replace(self._asked, filter=wanted)

    def _next(self, example: str) -> str:
        if self._at >= len(self._words):
            raise QuestionError(f"Something is missing after {quoted(self._words[-1])}.", example)
        self._at += 1
        return self._words[self._at - 1]

    # --- one method per keyword ---

    def _bare(self, word: str) -> None:
        """A word that is not a keyword: a node, a cluster, `all`, or a fix."""
        restricted = self._restricted(word)
        if restricted is None:
            raise self._not_understood(word)
        if self._named:
            raise QuestionError(
                f"{quoted(word)} is one name too many: a question takes one.", "exch-node2 since 7d"
            )
        self._named, self._wanted = True, restricted

    def _restricted(self, word: str) -> Filter | None:
        """The filter with what a bare word names; None: it names nothing."""
        if word.lower() == "all":
            return self._wanted
        names = next((under for name, under in self._names.items() if same_name(name, word)), None)
        if names is not None:
            return replace(self._wanted, nodes=names)
        if _FIX.fullmatch(word) and not word.isdigit():
            return replace(self._wanted, fix=parse_fix(word))
        return None

    def _not_understood(self, word: str) -> QuestionError:
        if _MENTION.fullmatch(word) or word.startswith("@"):
            return QuestionError(f"{quoted(word)} needs by before it.", "by @alice since 7d")
        if _RELATIVE.fullmatch(word.lower()) or _DATE.match(word) or word.lower() in _DAYS:
            return QuestionError(f"{quoted(word)} needs since or until before it.", "all since 7d")
        hint = near(word, [*self._keywords, "all", *self._names])
        names = f" Known names: {', '.join(list(self._names)[:12]) or 'none yet'}." if hint is None else ""
        return QuestionError(f"{quoted(word)} is not understood.{names}", "exch-node2 since 7d", hint)

    def _by(self) -> None:
        word = self._next("by @alice")
        mention = _MENTION.fullmatch(word)
        self._asked = replace(self._asked, who=mention[1] if mention else word)

    def _since(self) -> None:
        self._wanted = replace(self._wanted, since=self._moment("since 7d", end=False))

    def _until(self) -> None:
        self._wanted = replace(self._wanted, until=self._moment("until 2026-11-07", end=True))

    def _kind(self) -> None:
        self._wanted = replace(self._wanted, kinds=(*self._wanted.kinds, *self._choice("kind", KINDS)))

    def _outcome(self) -> None:
        self._wanted = replace(
            self._wanted, outcomes=(*self._wanted.outcomes, *self._choice("outcome", OUTCOMES))
        )

    def _fix(self) -> None:
        self._wanted = replace(self._wanted, fix=parse_fix(self._next("fix FIX-12")))

    def _last(self) -> None:
        number = self._number("last 50")
        if number > MAX_LAST:
            raise QuestionError(f"last goes up to {MAX_LAST}.", "last 50")
        self._asked = replace(self._asked, last=number)

    def _before(self) -> None:
        self._asked = replace(self._asked, before=self._number("before 1200"))

    def _summary(self) -> None:
        self._asked = replace(self._asked, summary=True)

    def _records(self) -> None:
        self._asked = replace(self._asked, records=True)

    # --- values ---

    def _number(self, example: str) -> int:
        word = self._next(example)
        if not _NUMBER.fullmatch(word):
            raise QuestionError(f"{quoted(word)} is not a number from 1 on.", example)
        return int(word)

    def _choice(self, what: str, known: tuple[str, ...]) -> list[str]:
        """One word of a list, or several with commas."""
        chosen = [one for one in self._next(f"{what} {known[0]}").lower().split(",") if one]
        for one in chosen:
            if one not in known:
                hint = near(one, known)
                there = f" There are {', '.join(f'`{word}`' for word in known)}." if hint is None else ""
                raise QuestionError(
                    f"{quoted(one)} is not a known {what}.{there}", f"{what} {known[0]}", hint
                )
        return chosen

    def _moment(self, example: str, *, end: bool) -> datetime:
        """`7d` (ago), `today`, `yesterday`, a date, or a date and a time in one word or two."""
        word = self._next(example).lower()
        midnight = self._now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = {day: midnight - timedelta(days=ago) for ago, day in enumerate(_DAYS)}
        try:
            if relative := _RELATIVE.fullmatch(word):
                return self._now - timedelta(**{_UNITS[relative[2]]: int(relative[1])})
            if word not in days and _DATE.fullmatch(word) and self._time_follows():
                word = f"{word}t{self._next(example)}"
            day = days.get(word) or (_utc(word) if _DATE.fullmatch(word) else None)
            if day is not None:
                return day + timedelta(days=1) if end else day
            if _DATE.fullmatch(word[:10]) and word[10:11] == "t" and _TIME.fullmatch(word[11:]):
                return _utc(word)
        except (ValueError, OverflowError):
            pass  # 2026-02-30, or before the year 1
        raise QuestionError(
            f"{quoted(word)} is not a time: give 30m, 12h, 7d or 2w (ago), today, yesterday, a date, or a "
            "date and a time (UTC unless it says otherwise).",
            example,
        )

    def _time_follows(self) -> bool:
        return self._at < len(self._words) and _TIME.fullmatch(self._words[self._at]) is not None


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text.upper())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
