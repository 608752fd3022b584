"""Answers to commands, other than a diagnosis. Lists name people and mention nobody: that would ping them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from bot.blocks.card import what
from bot.blocks.manual_steps import by_hand
from bot.blocks.untaken_news import untold_line
from bot.blocks.words import RESULTS, who_paused
from bot.commands import Unknown, help_lines
from bot.doctor.findings import DoctorLine
from bot.slack.limits import SECTION_TEXT, Block, length
from bot.slack.post import Attachment, Post, context, post, section
from bot.slack.text import (
    clock_time,
    code,
    counted,
    day_and_time,
    link,
    listed,
    mention,
    plain,
    preformatted,
    sentence,
    versions_as_code,
)
from handlers.admission import NoEntry, Refused
from handlers.approval import Refusal
from handlers.fix.propose import NoCard, NotProposed, Proposal
from handlers.inventory import Inventory
from handlers.open_questions import OpenQuestion
from handlers.record.happenings import Line, Lines, Whereabouts
from handlers.record.history import Page, next_words
from handlers.record.questions import Question, QuestionError
from handlers.record.steps import step
from handlers.record.story import Part, Story, gist
from handlers.spelling import named
from handlers.untold import Untold
from storage.chain.verify import Verification
from storage.export import Exported
from storage.records import Entry, Fix, State

Names = Mapping[str, str]  # Slack id → name
_FOR_AUDITORS = frozenset({"digest", "evidence"})  # hashes: the attached files have them
# Why there is no card, where nobody can change that now: people do it by hand meanwhile.
_NOBODY_CAN: frozenset[NoCard] = frozenset({
    "diagnose_only", "older_copy", "audit_fault", "another_bot", "no_write_access", "not_shown_whole",
})  # fmt: skip
_FIRST = 80  # characters of what happened, in the line that a notification shows
_TOLD = 300  # of the same in the page
_NAME = 60  # of a node's name


# --- help, refusals ---


def unknown(command: Unknown) -> Post:
    """What was typed is not a command: why, and what may have been meant or how to find out."""
    return post([plain(command.reason, 600)])


def left_open(question: OpenQuestion) -> Post:
    """A command of an earlier run that was never answered to its end."""
    return post([
        f"{mention(question.user)}: {code(question.typed)} was not answered to its end, because the bot was "
        "stopped meanwhile. Next: ask again for what is missing."
    ])  # fmt: skip


def misunderstood(error: QuestionError) -> Post:
    """The words were not a question to the audit: the error names what is wrong, and gives an example."""
    return post([plain(str(error), 600)])


def explained(topic: str | None) -> Post:
    """The help."""
    lines = help_lines(topic)
    first = plain(lines[0], 600) if topic else "What I understand; `help diagnose` explains one command."
    shown = [section([preformatted(lines, SECTION_TEXT - 100)])]
    return post([first], shown if topic else [section([first]), *shown])


def refused(refusal: Refused, channels: Collection[str]) -> Post:
    """Why the bot does not do what somebody asked."""
    where = listed(f"<#{plain(channel)}>" for channel in sorted(channels))
    kind = listed(plain(flag) for flag in refusal.flags)
    why: Mapping[NoEntry, str] = {
        "not_verified": "Slack could not tell who you are or what groups you are in, so nothing was done. "
        "Next: try again in a moment.",
        "not_here": f"The settings allow no commands in this channel. Next: ask in {where}.",
        "no_direct_messages": "The settings allow no commands in direct messages. Next: ask in a channel.",
        "only_in_channels": "In direct messages only approvers may give commands. This was recorded. "
        f"Next: ask in {where or 'a channel'}.",
        "not_an_asker": "Only approvers and those whom the settings name as askers may give commands. "
        "This was recorded. Next: ask one of them.",
        "too_many": "That is more commands in a minute than the settings allow. From here on they are not "
        "carried out, and recorded together; `pause`, `resume` and `cancel` always are. "
        "Next: go on in a minute.",
        "not_a_member": f"Only full members of this workspace may give commands (here: {kind}). "
        "This was recorded. Next: ask one of them.",
    }
    return post([why[refusal.reason]])


# --- fixes ---


def open_fixes(
    fixes: Sequence[Fix], cards: Mapping[int, str], names: Names, waiting: Untold | None = None
) -> Post:
    """Each open fix in one line, with a link to its card where it has one; and what is not told yet."""
    untold = [untold_line(waiting)] if waiting else []
    if not fixes:
        return post(["No fix is open.", *untold])
    lines = [*(_open_fix(fix, cards.get(fix.number), names) for fix in fixes), *untold]
    return post([f"{len(fixes)} open: {listed(fix.id for fix in fixes)}.", *untold], _sections(lines))


def _open_fix(fix: Fix, card: str | None, names: Names) -> str:
    name = link(card, fix.id) if card else fix.id
    until = f" · open until {clock_time(fix.expires_at)}" if fix.state == State.PROPOSED else ""
    return f"{name} {fix.state}: {what(fix)} · asked by {_named(fix.requester, names)}{until}"


def proposal(made: Proposal, card: str | None) -> str:
    """What became of a node that needs a fix. `card`: address of the fix that is open already."""
    if isinstance(made, NotProposed):
        node = f" for {plain(made.node)}" if made.node else ""
        return f"No new fix{node}: {no_card(made, card)}"
    return f"{made.fix.id} proposed: {what(made.fix)}. Its card follows in this thread."


def no_card(made: NotProposed, card: str | None) -> str:
    """Why there is no new card, and what to do. `card`: address of the fix that is open already."""
    where = f" {link(card, 'Its card.')}" if card else ""
    hand = f" {by_hand(made.node)}" if made.reason in _NOBODY_CAN else ""
    return f"{sentence(made.sentence)}{where}{hand}"


def cancelled(fix: Fix) -> Post:
    """The command's own answer; the fix's thread is told apart from it."""
    return post([f"{fix.id} cancelled: nothing was changed on {plain(fix.computer)}."])


def not_decided(reason: Refusal, fix: Fix | None) -> Post:
    """Why `cancel`, `pause` or `resume` was refused."""
    now = f"{fix.id} is {fix.state}" if fix else "it is too late"
    why: Mapping[Refusal, str] = {
        "no_such_fix": "There is no such fix. Next: `@rootver fixes` lists the open ones.",
        "too_late": f"Too late: {now}. Next: see its card and thread.",
        "not_a_member": "Only full members of this workspace may do that. Next: ask an approver.",
        "not_an_approver": "Only approvers may do that"
        + (f", and {mention(fix.requester)}, who asked" if fix else "")
        + ". Next: ask one of them.",
        "not_verified": "Slack could not tell whether you are an approver. Next: try again in a moment.",
        "older_copy": "The audit's file is an older copy: nothing of a fix is changed. "
        "Next: tell who runs this bot; `@rootver doctor` says what to do.",
        "audit_fault": "Fixes stay stopped: the audit's check still finds a fault. "
        "Next: `@rootver verify` names it; put the file right, then `@rootver resume`.",
    }
    return post([why.get(reason, f"Refused: {plain(reason)}.")])


def paused(pause: tuple[str, datetime] | None) -> Post:
    """Whether fixes are paused now."""
    if pause is None:
        return post(["Resumed: fixes can be approved and applied again."])
    by, since = pause
    return post([
        f"Paused by {who_paused(by)} since {clock_time(since)}: nothing is approved or sent; "
        "diagnoses go on. Next: `@rootver resume` ends it."
    ])  # fmt: skip


# --- the audit ---


def happened(shown: Lines, words: Sequence[str], address: Callable[[Whereabouts], str]) -> Post:
    """What happened, newest first, and how to ask for older lines. `words`: the question."""
    if not shown.lines:
        return post(["Nothing matches. Next: `@rootver history records` asks for every record."])
    newest = shown.lines[0]
    about = " ".join(plain(one, _NAME) for one in (newest.subject, newest.node) if one)
    first = f"The newest: {about}{': ' if about else ''}{_told(newest, _FIRST)}"
    lines = [_line(one, address) for one in shown.lines]
    return post([first], _sections([*lines, *_older(shown.following, words)]))


def _line(line: Line, address: Callable[[Whereabouts], str]) -> str:
    subject = f"*{plain(line.subject, _NAME)}*" if line.subject else ""
    about = " ".join(one for one in (subject, plain(line.node, _NAME)) if one)
    parts = [day_and_time(line.at), about, _told(line, _TOLD), plain(line.people), plain(line.took)]
    if line.where:
        parts.append(link(address(line.where), "thread"))
    return " · ".join(part for part in parts if part)


def _told(line: Line, longest: int) -> str:
    return versions_as_code(plain(line.told, longest))


def _older(following: Question | None, words: Sequence[str]) -> list[str]:
    if following is None:
        return []
    asked = " ".join(next_words(words, following))
    return [f"Older ones: {code(f'@rootver history {asked}', 600)}, or `@rootver more` in this thread"]


def page(shown: Page, names: Names, words: Sequence[str]) -> Post:
    """Records, newest first, and how to ask for older ones. `words`: the question."""
    if not shown.entries:
        return post(["No record matches."])
    lines = [*(_record(entry, names) for entry in shown.entries), *_older(shown.following, words)]
    count = f"{counted(len(shown.entries), 'record')}{', and there are more' if shown.more else ''}"
    newest = shown.entries[0]
    return post([f"{count}; the newest is #{newest.seq}, {newest.kind} {newest.outcome}."], _sections(lines))


def _record(entry: Entry, names: Names) -> str:
    about = " ".join(plain(one) for one in (entry.node, entry.fix_id) if one)
    parts = (
        f"#{entry.seq}", day_and_time(entry.ts), f"{entry.kind} {entry.outcome}", about,
        _named(entry.actor, names), plain(gist(entry, names)),
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
    fix = told.fix
    summary = f"{fix.id}: {what(fix)}, {fix.state}; {counted(len(told.entries), 'record')}."
    facts = [
        f"*{word}* {', '.join(map(_part, parts))}" for word, parts in told.facts if word not in _FOR_AUDITORS
    ]
    steps = [f"{day_and_time(entry.ts)} · {_step(entry, told.names)}" for entry in told.entries]
    content = json.dumps(told.json, indent=1).encode()
    files = [Attachment(f"{fix.id}.json", f"The whole story of {fix.id}", content), *raw]
    names = listed(code(file.name) for file in files)
    attached = f"Attached: {names}. `@rootver show {fix.id}` attaches them again."
    return post(
        [summary, attached],
        [section([summary]), *_sections(facts), *_sections(steps), context([attached])],
        files,
    )


def _step(entry: Entry, names: Names) -> str:
    return versions_as_code(plain(step(entry, names), _TOLD))


def _part(part: Part) -> str:
    return day_and_time(part) if isinstance(part, datetime) else plain(part, 400)


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
    return post([f"{records}, SHA-256 {code(written.sha256)}. The export was recorded.{named}"], (), attached)


def too_large(records_kept: str) -> Post:
    """An export that no chat should carry."""
    return post([
        f"That is more than {records_kept}. Next: narrow it, as in `export since 30d csv`, or run "
        "`rootver export` on the bot's machine."
    ])  # fmt: skip


def verified(found: Verification, promise: str, anchor: str) -> Post:
    """Whether the audit is as it was written, and what it proves of the changes (`promise`).

    `anchor`: the line that stands for all of it.
    """
    beside = [*_unanchored(found), *map(plain, found.remarks), *_erased(found)]
    records = counted(found.size, "record")
    if found.ok:
        return post([
            f":large_green_circle: OK: {records}, the chain is whole. {plain(promise)}",
            f"Now: {code(anchor)}",
            *beside,
            "Next: to compare with older anchor lines, run `rootver verify --anchors FILE`.",
        ])  # fmt: skip
    faults = [plain(str(fault), 300) for fault in found.faults[:20]]
    more = len(found.faults) - len(faults) + found.more_faults
    return post([
        f":red_circle: FAULT: {len(found.faults) + found.more_faults} found in {records}. "
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


# --- the rest ---


def nodes(inventory: Inventory) -> Post:
    """Clusters and nodes as the settings have them."""
    lines = [
        f"*{plain(cluster.name)}* through {plain(cluster.host)}: {listed(map(plain, cluster.nodes))}"
        + (
            f" · virtual servers {listed(map(plain, cluster.virtual_servers))}"
            if cluster.virtual_servers
            else ""
        )
        for cluster in inventory.clusters
    ]
    count = sum(len(cluster.nodes) for cluster in inventory.clusters)
    summary = f"{counted(len(inventory.clusters), 'cluster')}, {counted(count, 'node')}."
    return post([summary], _sections([summary, *lines]))


def examined(findings: Sequence[DoctorLine]) -> Post:
    """What the self-check found, line by line."""
    failed = sum(one.result == "fail" for one in findings)
    summary = f"Self-check: {counted(len(findings), 'finding')}, {failed} of them FAIL."
    lines = [f"{RESULTS[one.result]} *{plain(one.name)}* {plain(one.text, 600)}" for one in findings]
    return post([summary], _sections([summary, *lines]))


def _named(user: str, names: Names) -> str:
    return plain(named(names.get(user, user)))


def _sections(lines: Iterable[str]) -> list[Block]:
    """As many sections as the lines need."""
    sections: list[list[str]] = [[]]
    room = SECTION_TEXT - 20
    for line in lines:
        room -= length(line) + 1
        if room < 0:
            sections.append([])
            room = SECTION_TEXT - 20 - length(line) - 1
        sections[-1].append(line)
    return [section(one) for one in sections if one]
