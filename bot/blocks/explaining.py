"""What the words of an answer mean: checks, verdicts, causes, ends, refusals, failures. The docs' own texts.

docs/rules.md, docs/errors.md and the pages of docs/causes and docs/verdicts are printed from the same tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bot.blocks.words import CHECKS, LOOKS_AT, NOTES
from bot.settings.docs_pages import Topic, docs_link
from bot.slack.post import Post, post, section
from bot.slack.text import code, link, sentence
from handlers.admission import NO_ENTRY
from handlers.approval import MOVES, REFUSALS, State
from handlers.fix.propose import NO_CARD
from handlers.kb906154.article import VERDICTS
from handlers.kb906154.related import RELATED
from handlers.kb906154.verdicts import CONFIDENCE, FIXABLE
from handlers.psrp.kinds_of_failure import KINDS
from handlers.record.questions import near, quoted
from handlers.record.sentences import ENDS, REFUSED

_MOST = 8  # names that are offered where nothing is found


@dataclass(frozen=True, slots=True)
class Meaning:
    """One word: what it is (`sort`), its name in JSON and in words, sentences, and its page."""

    sort: str
    id: str
    title: str
    sentences: tuple[str, ...]
    page: tuple[Topic, str] | None = None


def explained(word: str, docs_url: str | None) -> Post:
    """What a word means, for chat; `docs_url` as in the settings."""
    found = meanings(word)
    if not found:
        return post([sentence(_not_found(word))])
    told = [line for one in found for line in _shown(one, docs_url)]
    return post(told, [section(_shown(one, docs_url)) for one in found])


def explanation(word: str, docs_url: str | None) -> list[str] | None:
    """The same for a terminal; None: there is no such word."""
    lines: list[str] = []
    for one in meanings(word):
        address = [f"More: {docs_link(*one.page, docs_url)}"] if one.page else []
        lines += ["", _head(one), *(f"  {line}" for line in [*one.sentences, *address])]
    return lines[1:] or None


def not_explained(word: str) -> str:
    """That there is no such word, and which there are."""
    return _not_found(word).replace("`", "")


def meanings(word: str) -> list[Meaning]:
    """Everything of that name: its name in JSON, in words, or the words that only it has."""
    asked = _key(word)
    exact = [one for one in _all() if asked in (_key(one.id), _key(one.title))]
    if exact or len(asked) < 3:
        return exact
    within = [one for one in _all() if asked in _key(one.title)]
    return within if len(within) == 1 else []


@cache
def _all() -> tuple[Meaning, ...]:
    tables = _checks, _verdicts, _causes, _notes, _certainties, _ends, _refusals, _failures
    return tuple(one for table in tables for one in table())


def _checks() -> Iterator[Meaning]:
    for id_, name in CHECKS.items():
        yield Meaning("check", id_, name, (f"{_capital(LOOKS_AT[id_])}.",))


def _verdicts() -> Iterator[Meaning]:
    for one in VERDICTS:
        offered = ["A fix is offered; a second person approves it."] if one.id in FIXABLE else []
        source = f"Source: {one.reference}."
        yield Meaning("verdict", one.id, one.title, (*offered, *one.advice, source), ("verdict", one.id))


def _causes() -> Iterator[Meaning]:
    for one in RELATED:
        competes = ["Beside it, an invalid RootVer is only suspected as the cause."] if one.competes else []
        source = f"Source: {one.reference}."
        yield Meaning("related cause", one.id, one.title, (*competes, *one.advice, source), ("cause", one.id))


def _notes() -> Iterator[Meaning]:
    for id_, text in NOTES.items():
        yield Meaning("note", id_, text, ("A note changes no verdict: it says what to bear in mind.",))


def _certainties() -> Iterator[Meaning]:
    for word, text in CONFIDENCE.items():
        yield Meaning("how sure a verdict is", word, word, (f"{_capital(text)}.",))


def _ends() -> Iterator[Meaning]:
    for state in State:
        causes = dict.fromkeys(moves[state] for moves in MOVES.values() if state in moves)
        how = (f"A fix comes to this when: {'; or '.join(causes)}.",) if causes else ()
        said = () if ENDS[state] == state else (f"{_capital(ENDS[state])}.",)
        yield Meaning("state of a fix", state, state, (*said, *how))


def _refusals() -> Iterator[Meaning]:
    refusals: dict[str, str] = {**dict(REFUSALS.items()), **dict(NO_ENTRY.items())}
    for word, when in refusals.items():
        yield Meaning("refusal", word, REFUSED[word], (f"It is given so: {when}.",), ("refusal", word))
    for card, why in NO_CARD.items():
        said = f"What is said: {_without_braces(why.sentence)}"
        yield Meaning("why there is no card", card, why.when, (said,))


def _failures() -> Iterator[Meaning]:
    for name, one in KINDS.items():
        what = f"{_capital(_without_braces(one.what))}."
        yield Meaning("failure at a host", name, name, (what, _without_braces(one.advice)), ("error", name))


def _shown(one: Meaning, docs_url: str | None) -> Iterator[str]:
    yield f"*{_head(one)}*"
    yield from (sentence(line) for line in one.sentences)
    if one.page:
        address = docs_link(*one.page, docs_url)
        yield f"More: {link(address, 'the page in the docs') if docs_url else code(address)}"


def _head(one: Meaning) -> str:
    return f"{_capital(one.title)} ({one.sort})"


def _not_found(word: str) -> str:
    names = {_key(name): name for one in _all() for name in (one.id, one.title)}
    hint = near(_key(word), names)
    meant = f"Did you mean `{names[hint]}`?" if hint else "Next: `@rootver help explain` says what it takes."
    return f"{quoted(word)} is not a word of an answer. {meant}"


def _key(text: str) -> str:
    return " ".join(re.split(r"[\s_-]+", text.casefold().strip(" .?!`")))


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _without_braces(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "…", text)
