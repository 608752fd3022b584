"""Answers out of the record: history, stories, exports, the check. They name people and mention nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from bot.slack.limits import SECTION_TEXT
from bot.slack.post import Attachment, Post, context, post, section, sections
from bot.slack.text import (
    code,
    counted,
    day_and_time,
    folded,
    link,
    listed,
    plain,
    preformatted,
    sentence,
    versions_as_code,
)
from handlers.record.happenings import Line, Lines, Whereabouts
from handlers.record.history import Page, next_words
from handlers.record.questions import Question, QuestionError
from handlers.record.reasons_of_fix import why
from handlers.record.sentences import OUTCOMES, Names, who
from handlers.record.story import Story, gist
from handlers.record.tale import tale
from storage.chain.verify import Verification
from storage.export import Exported
from storage.records import Entry

_HEAD = 140  # characters of a story's first line
_FIRST = 80  # characters of what happened, in the line that a notification shows
_TOLD = 300  # of the same in the page
_NAME = 60  # of a node's name


def misunderstood(error: QuestionError) -> Post:
    """The words were not a question to the audit: the error names what is wrong, and gives an example."""
    return post(folded(sentence(str(error))))


def happened(shown: Lines, words: Sequence[str], address: Callable[[Whereabouts], str]) -> Post:
    """What happened, newest first, and how to ask for older lines. `words`: the question."""
    if not shown.lines:
        return post(["Nothing matches. Next: `@rootver history records` asks for every record."])
    newest = shown.lines[0]
    about = " ".join(plain(one, _NAME) for one in (newest.subject, newest.node) if one)
    first = f"The newest: {about}{': ' if about else ''}{_words(newest.told, _FIRST)}"
    lines = [_line(one, address) for one in shown.lines]
    return post([first], sections([*lines, *_older(shown.following, words)]))


def _line(line: Line, address: Callable[[Whereabouts], str]) -> str:
    subject = f"*{plain(line.subject, _NAME)}*" if line.subject else ""
    about = " ".join(one for one in (subject, plain(line.node, _NAME)) if one)
    parts = [day_and_time(line.at), about, _words(line.told, _TOLD), plain(line.people), plain(line.took)]
    if line.where:
        parts.append(link(address(line.where), "thread"))
    return " · ".join(part for part in parts if part)


def _older(following: Question | None, words: Sequence[str]) -> list[str]:
    if following is None:
        return []
    asked = " ".join(next_words(words, following))
    return [f"Older ones: {code(f'@rootver history {asked}', 600)}, or `@rootver more` in this thread"]


def page(shown: Page, names: Names, words: Sequence[str]) -> Post:
    """Records, newest first, and how to ask for older ones. `words`: the question."""
    if not shown.entries:
        return post(["No record matches. Next: ask for more, as in `@rootver history records since 30d`."])
    lines = [*(_record(entry, names) for entry in shown.entries), *_older(shown.following, words)]
    count = f"{counted(len(shown.entries), 'record')}{', and there are more' if shown.more else ''}"
    return post([f"{count}; the newest is number {shown.entries[0].seq}."], sections(lines))


def _record(entry: Entry, names: Names) -> str:
    about = " ".join(plain(one) for one in (entry.node, entry.fix_id) if one)
    outcome = OUTCOMES.get(entry.outcome, entry.outcome)
    parts = (
        f"#{entry.seq}", day_and_time(entry.ts), f"{plain(entry.kind)}, {plain(outcome)}", about,
        plain(who(entry.actor, names)), plain(gist(entry, names)),
    )  # fmt: skip
    return " · ".join(part for part in parts if part)


def nothing_follows() -> Post:
    """`more` where no history was asked for, or where its last page was shown."""
    return post(["No older records follow in this thread. Next: ask, as in `@rootver history since 7d`."])


def summarized(chart: Sequence[str]) -> Post:
    """The answer to `history summary`."""
    return post([plain(chart[0])], [section([preformatted(chart, SECTION_TEXT - 100)])])


def story(told: Story, raw: Iterable[Attachment] = ()) -> Post:
    """One fix from the command to its end; whole in the attached file, beside what it rests on (`raw`)."""
    fix, shown = told.fix, tale(told)
    first = _words(shown.head, _HEAD)
    facts = [_words(one, _TOLD) for one in (shown.people, *shown.facts) if one]
    moments = [f"{day_and_time(one.at)} · {_words(one.told, _TOLD)}" for one in shown.moments]
    content = json.dumps(told.json, indent=1).encode()
    files = [Attachment(f"{fix.id}.json", f"The whole story of {fix.id}", content), *raw]
    names = listed(code(file.name) for file in files)
    attached = f"Attached: {names}. `@rootver show {fix.id}` attaches them again."
    return post(
        [first, *facts, attached],
        [section([f"*{first}*", *facts]), *sections(moments), context([attached])],
        files,
    )


def reasons(told: Story) -> Post:
    """Why a fix was proposed, who was refused, why it ended so."""
    first, *rest = [_words(one, _TOLD) for one in why(told)]
    asked = f"`@rootver show {told.fix.id}` tells the whole story."
    return post([first, *rest, asked], [section([f"*{first}*", *rest]), context([asked])])


def _words(told: str, longest: int) -> str:
    return versions_as_code(plain(told, longest))


def no_such_fix(name: str) -> Post:
    """`show` or `restore` of a fix that is not there."""
    return post(
        [f"There is no {plain(name)}. Next: `@rootver fixes` lists the open ones, `@rootver history` all."]
    )


def exported(written: Exported, content: bytes, file_format: str) -> Post:
    """An export, with its hash to compare."""
    name, records = f"rootver-audit.{file_format}", counted(written.records, "record")
    attached = [Attachment(name, f"Audit, {records}", content)] if written.records else []
    named = f" {code(name)} is attached once; ask again for it anew." if attached else ""
    first = f"The export has {records}, and was recorded.{named}"
    return post([*folded(first), f"Its SHA-256: {code(written.sha256)}"], (), attached)


def too_large(records_kept: str) -> Post:
    """An export that no chat should carry."""
    return post([
        f"The export would be more than {records_kept}, and was not made.",
        "Next: narrow it, as in `@rootver export since 30d csv`, or run `rootver export` on the bot's "
        "machine.",
    ])  # fmt: skip


def verified(found: Verification, promise: str, anchor: str) -> Post:
    """Whether the audit is as it was written, and what it proves of the changes (`promise`).

    `anchor`: the line that stands for all of it.
    """
    beside = [*_unanchored(found), *map(plain, found.remarks), *_erased(found)]
    records = counted(found.size, "record")
    if found.ok:
        return post([
            f":large_green_circle: OK: {records}, the chain is whole.",
            plain(promise, 1_000),
            f"Now: {code(anchor)}",
            *beside,
            "Next: to compare with older anchor lines, run `rootver verify --anchors FILE`.",
        ])  # fmt: skip
    faults = [code(str(fault), 300) for fault in found.faults[:20]]
    more = len(found.faults) - len(faults) + found.more_faults
    return post([
        f":red_circle: FAULT: {len(found.faults) + found.more_faults} found in {records}.",
        "Next: keep a copy of the file, and run `rootver verify` on the bot's machine.",
        *faults,
        *([f"… and {more} more"] if more else []),
        *beside,
    ])  # fmt: skip


def _unanchored(found: Verification) -> list[str]:
    """What came after the newest anchor that the bot published."""
    if not found.unpublished:
        return []
    return [
        f"The newest {counted(found.unpublished, 'record')} came after the last anchor that was published: "
        "nothing outside of the file vouches for them yet."
    ]


def _erased(found: Verification) -> list[str]:
    names, raw = len(found.erased_people), len(found.erased_evidence)
    if not names and not raw:
        return []
    what_of = " and ".join([*_some(names, "name"), *_some(raw, "raw answer")])
    return [f"Erased, and the erasure recorded: {what_of} (`@rootver history kind erasure`)."]


def _some(number: int, what_of: str) -> list[str]:
    return [counted(number, what_of)] if number else []
