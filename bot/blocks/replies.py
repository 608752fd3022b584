"""Answers to commands, other than a diagnosis. Lists name people and mention nobody: that would ping them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.blocks.card import what
from bot.blocks.manual_steps import by_hand
from bot.blocks.untaken_news import untold_line
from bot.blocks.words import RESULTS, who_paused
from bot.commands import Unknown
from bot.doctor.findings import DoctorLine, headline, worst_first
from bot.slack.post import Post, post, sections
from bot.slack.text import (
    FIRST_LINE,
    clock_time,
    code,
    counted,
    folded,
    link,
    listed,
    mention,
    plain,
    sentence,
    versions_as_code,
)
from handlers.admission import NoEntry, Refused
from handlers.approval import Refusal
from handlers.fix.propose import NoCard, NotProposed, Proposal, Proposed
from handlers.inventory import Inventory, cluster_sentences
from handlers.open_questions import OpenQuestion
from handlers.record.sentences import ENDS, of_open, who
from handlers.untold import Untold
from storage.records import Fix, State

Names = Mapping[str, str]  # Slack id → name
# Why there is no card, where nobody can change that now: people do it by hand meanwhile.
_NOBODY_CAN: frozenset[NoCard] = frozenset({
    "diagnose_only", "older_copy", "audit_fault", "another_bot", "no_write_access", "not_shown_whole",
})  # fmt: skip
_NAMED = 5  # fixes that a first line names
_TOLD = 300  # of a line about a fix or a cluster
_NAME = 60  # of a node's name


# --- help, refusals ---


def unknown(command: Unknown) -> Post:
    """What was typed is not a command: why, and what may have been meant or how to find out."""
    return post([sentence(command.reason, 600)])


def left_open(question: OpenQuestion) -> Post:
    """A command of an earlier run that was never answered to its end."""
    return post([
        f"{mention(question.user)}: {code(question.typed)} was not answered to its end, because the bot was "
        "stopped meanwhile. Next: ask again for what is missing."
    ])  # fmt: skip


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
    return post(folded(why[refusal.reason]))


# --- fixes ---


def open_fixes(
    fixes: Sequence[Fix], cards: Mapping[int, str], names: Names, waiting: Untold | None = None
) -> Post:
    """Each open fix in one line, with a link to its card where it has one; and what is not told yet."""
    untold = [untold_line(waiting)] if waiting else []
    if not fixes:
        return post(["No fix is open. `@rootver history` tells of those that have ended.", *untold])
    lines = [*(_open_fix(fix, cards.get(fix.number), names) for fix in fixes), *untold]
    return post([_how_many_open(fixes), *untold], sections(lines))


def _how_many_open(fixes: Sequence[Fix]) -> str:
    if len(fixes) == 1:
        return f"1 fix is open: {fixes[0].id} on {plain(fixes[0].computer, _NAME)}, {ENDS[fixes[0].state]}."
    more = [f"{len(fixes) - _NAMED} more"] if len(fixes) > _NAMED else []
    return f"{len(fixes)} fixes are open: {listed([*(fix.id for fix in fixes[:_NAMED]), *more])}."


def _open_fix(fix: Fix, card: str | None, names: Names) -> str:
    until = f" · open until {clock_time(fix.expires_at)}" if fix.state == State.PROPOSED else ""
    where = f" · {link(card, 'its card')}" if card else ""
    told = versions_as_code(plain(of_open(fix), _TOLD))
    asked = plain(who(fix.requester, names))
    return f"*{fix.id}* {plain(fix.computer, _NAME)}: {told} · {asked} asked{until}{where}"


def proposal(made: Proposal, card: str | None) -> Post:
    """What became of a fix that was asked for. `card`: address of the one that is open already."""
    if isinstance(made, Proposed):
        told = f"{made.fix.id} proposed: {what(made.fix)}. Its card follows in this thread."
    else:
        node = f" for {plain(made.node)}" if made.node else ""
        told = f"No new fix{node}: {no_card(made, card)}"
    return post(folded(told))


def no_card(made: NotProposed, card: str | None) -> str:
    """Why there is no new card, and what to do. `card`: address of the fix that is open already."""
    where = f" {link(card, 'Its card.')}" if card else ""
    hand = f" {by_hand(made.node)}" if made.reason in _NOBODY_CAN else ""
    return f"{sentence(made.sentence)}{where}{hand}"


def cancelled(fix: Fix) -> Post:
    """The command's own answer; the fix's thread is told apart from it."""
    return post([f"{fix.id} cancelled: nothing was changed on {plain(fix.computer)}."])


def not_decided(reason: Refusal, fix: Fix | None, asked: str = "") -> Post:
    """Why `cancel`, `pause` or `resume` was refused. `asked`: the fix that was named."""
    name = plain(asked) or (fix.id if fix else "fix of that number")
    now = f"{fix.id} is {ENDS[fix.state]}" if fix else "it is over"
    why: Mapping[Refusal, str] = {
        "no_such_fix": f"There is no {name}. Next: `@rootver fixes` lists the open ones.",
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
    return post(folded(why.get(reason, f"Refused: {plain(reason)}.")))


def paused(pause: tuple[str, datetime] | None) -> Post:
    """Whether fixes are paused now."""
    if pause is None:
        return post(["Resumed: fixes can be approved and applied again."])
    by, since = pause
    return post([
        f"Paused by {who_paused(by)} since {clock_time(since)}.",
        "Nothing is approved or sent; diagnoses go on. Next: `@rootver resume` ends it.",
    ])  # fmt: skip


# --- the rest ---


def nodes(inventory: Inventory) -> Post:
    """Clusters and nodes as the settings have them."""
    count = sum(len(cluster.nodes) for cluster in inventory.clusters)
    first = f"I look after {counted(count, 'node')} in {counted(len(inventory.clusters), 'cluster')}."
    if not count:
        return post([f"{first} Next: name them in the settings, under [clusters.NAME]."])
    ask = "Next: `@rootver diagnose` with a name of these."
    lines = (versions_as_code(plain(one, _TOLD)) for one in cluster_sentences(inventory))
    return post([first, ask], sections([first, *lines, ask]))


def examined(findings: Sequence[DoctorLine]) -> Post:
    """What the self-check found, the worst first."""
    ordered = worst_first(findings)
    lines = [f"{RESULTS[one.result]} *{plain(one.name)}* {plain(one.text, 600)}" for one in ordered]
    first = plain(headline(findings), FIRST_LINE)
    return post([first], sections([first, *lines]))
