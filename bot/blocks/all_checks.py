"""What stands behind a verdict: each check, what was ruled out, found beside it, or not checked.

It is folded away, where Slack folds, and reads as well where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from bot.blocks.words import CHECKS, FINDINGS, NOT_CHECKED, NOTES, RESULTS, RULED_OUT, meant
from bot.slack.limits import Block
from bot.slack.post import section
from bot.slack.text import BACKTICK, clock_time, plain, versions_as_code
from handlers.kb906154.article import SYMPTOMS
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.checks import Check

TOLD_BEFORE = 2  # sentences that the message itself has: of why, and of related causes
_LONG = 250  # characters of the former, about six lines of a telephone
# Results that get a line of their own; the others are named together.
_TELLING = ("fail", "warn", "unknown")
_ISO_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def all_checks(one: Diagnosis) -> Block:
    """All of one node, as one paragraph."""
    return section(_lines(one), expand=False)


def told_first(one: Diagnosis) -> tuple[str, ...]:
    """The reasons that the message itself has; the others are folded away."""
    return one.why[:1] if sum(map(len, one.why[:TOLD_BEFORE])) > _LONG else one.why[:TOLD_BEFORE]


def advice_words(sentence: str) -> str:
    """One sentence, in which only we wrote what stands between backticks (see `wording.quoted`)."""
    return plain(sentence, 600).replace(BACKTICK, "`")


def related_words(one: Diagnosis) -> list[str]:
    """Each related cause that is there, and what was seen of it."""
    return [
        f"Also: {plain(cause.title)}. {plain(cause.seen, 600)}"
        f"{' It may be the cause.' if cause.competing and one.offered else ''}"
        for cause in one.related
    ]


def events_words(one: Diagnosis) -> str:
    """How many kinds of the article's events were logged, and since when."""
    kinds = len({symptom.number for symptom in one.symptoms})
    since = clock_time(min(symptom.record.time for symptom in one.symptoms))
    return f"{kinds} of the article's {len(SYMPTOMS)} events since {since}"


# --- inside ---


def _lines(one: Diagnosis) -> Iterator[str]:
    yield f"*All checks of {plain(one.computer)}*"
    yield from (versions_as_code(plain(why, 600)) for why in one.why[len(told_first(one)) :])
    yield from related_words(one)[TOLD_BEFORE:]
    yield from _checks(one)
    yield from _named("Ruled out", [meant(RULED_OUT, cause) for cause in one.ruled_out])
    yield from _named("Also found", [meant(FINDINGS, finding) for finding in one.findings])
    yield from _named("Notes", [_note(one, note) for note in one.notes])
    yield from _named("Not checked", [meant(NOT_CHECKED, name) for name in one.not_checked])
    yield from _named("To know", [advice_words(sentence) for sentence in one.advice[1:]])
    yield from _named("Sources", [f"{plain(cause.title)}: {plain(cause.reference)}" for cause in one.related])


def _named(title: str, words: list[str]) -> Iterator[str]:
    if words:
        yield f"*{title}* {' · '.join(words)}"


def _note(one: Diagnosis, note: str) -> str:
    return plain(one.named[note], 600) if note in one.named else meant(NOTES, note)


def _checks(one: Diagnosis) -> Iterator[str]:
    """What is not in order, line by line, the worst first; then the rest by name.

    RootVer stands in the verdict itself already.
    """
    for result in _TELLING:
        for check in one.checks:
            if check.result == result and check.id not in {"store_databases", "root_ver"}:
                expected = f", expected {versions_as_code(plain(check.expected))}" if check.expected else ""
                yield f"{RESULTS[result]} {meant(CHECKS, check.id)}: {_seen(check, one)}{expected}"
    in_order = [meant(CHECKS, check.id) for check in one.checks if check.result == "ok"]
    if in_order:
        yield f"{RESULTS['ok']} {' · '.join(in_order)}"
    told = [
        f"{meant(CHECKS, check.id)}: {_seen(check, one)}" for check in one.checks if check.result == "info"
    ]
    if told:
        yield f"{RESULTS['info']} {' · '.join(told)}"


def _seen(check: Check, one: Diagnosis) -> str:
    """What was seen, with times in the reader's own zone."""
    if check.id == "symptoms" and one.symptoms:
        return events_words(one)
    shown = versions_as_code(plain(check.seen, 400))
    return _ISO_TIME.sub(lambda time: clock_time(datetime.fromisoformat(time[0])), shown)
