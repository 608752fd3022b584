"""A diagnosis as one message: what is wrong, why, and what comes next; the evidence is folded away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from bot.blocks.all_checks import (
    TOLD_BEFORE,
    advice_words,
    all_checks,
    events_words,
    related_words,
    told_first,
)
from bot.blocks.deciders import one_of
from bot.blocks.manual_steps import by_hand
from bot.blocks.replies import no_card
from bot.blocks.words import FINDINGS, meant
from bot.slack.limits import Block
from bot.slack.post import Attachment, Post, context, post, section
from bot.slack.text import (
    clock_seconds,
    code,
    counted,
    fitting,
    kb_link,
    link,
    listed,
    mention,
    plain,
    versions_as_code,
)
from handlers.contract.collection import dump_collection
from handlers.diagnose import ClusterReport
from handlers.fix.propose import NotProposed, Proposal, Proposed
from handlers.inventory import Inventory, UnknownName
from handlers.kb906154.article import VERDICT, VerdictId
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.verdicts import FIXABLE
from handlers.kb906154.wording import root_ver_words
from handlers.report import to_json
from storage.records import Fix

# How a verdict looks: nothing wrong, not known or not ours to say, or something found.
_FINE = frozenset({"healthy"})
_DOUBTFUL = frozenset({"inconclusive", "refused", "out_of_scope"})
# By rank, each beside its words: mail is down, something is wrong, not known, nothing is wrong.
_EMOJI = (":red_circle:", ":large_yellow_circle:", ":white_circle:", ":large_green_circle:")
_DOWN, _WRONG, _UNKNOWN, _RIGHT = range(4)
_COMPUTER = 40  # characters of a computer's name in the first line
_HEADLINE = 90  # of what is wrong there
# Finding → the verdict that it is where services are down.
_VERDICT_OF: Mapping[str, VerdictId] = {
    "aspnet_account_missing": "aspnet_account_missing",
    "permissions": "permissions_suspected",
    "remote_registry_stopped": "remote_registry_stopped",
}


def checking(asked: str, inventory: Inventory, answered: Sequence[str] = ()) -> Post:
    """What is said at once, and while it runs: who is being asked, and who has answered."""
    return post([_checking(asked, inventory) + _answered(answered)])


def checked(asked: str, inventory: Inventory, answer: str) -> Post:
    """What stands in the place of the progress at the end; `answer`: its address, empty: it is not known."""
    done = _checking(asked, inventory).removesuffix(" …").replace("Checking", "Checked", 1)
    where = f"{link(answer, 'the answer')} is below." if answer else "the answer follows."
    return post([f"{done}. Done: {where}"])


def diagnosed(
    reports: Sequence[ClusterReport],
    asker: str,
    made: Sequence[Proposal] = (),
    card: Callable[[Fix], str | None] = lambda _: None,
) -> Post:
    """The result, for whoever asked (a Slack id). `made`: what became of the fixes that it offers.

    `card` gives the address of the card of a fix that was open already.
    """
    told = _Told(made, card)
    files = _files(reports)
    if len(reports) > 1:
        lines = [f"{mention(asker)} {_worst_of(reports)}", *told.lines()]
        blocks = [*_all(reports), *([section(told.lines())] if told.lines() else [])]
    else:
        lines = [_first(reports[0], asker, told), *_why(reports[0], told)]
        folded = [all_checks(one) for one in _looked_at(reports[0]) if one.checks]
        blocks = [section([f"*{_headline(reports[0])}*", *lines[1:]], expand=True), *folded]
    return post(lines, [*blocks, _foot(reports, files)], files)


class _Told:
    """What becomes of the fixes that a diagnosis offers, in words."""

    def __init__(self, made: Sequence[Proposal], card: Callable[[Fix], str | None]) -> None:
        self._card = card
        self.fixes = [one.fix for one in made if isinstance(one, Proposed)]
        self._not = {one.node: one for one in made if isinstance(one, NotProposed)}

    def why_not(self, node: str) -> str:
        """Why there is no new card for a node; empty: nothing keeps it."""
        one = self._not.get(node)
        return no_card(one, self._card(one.fix) if one.fix else None) if one else ""

    def lines(self, without: str = "") -> list[str]:
        """What there is no card for, but for the node that is told of already."""
        cards = f"{listed(fix.id for fix in self.fixes)} below: each needs a second person."
        not_made = [
            f"No new fix for {plain(node)}: {self.why_not(node)}" for node in self._not if node != without
        ]
        return [*([cards] if self.fixes and not without else []), *not_made]


def worst(reports: Sequence[ClusterReport]) -> int:
    """How bad it is: 0 mail is down, 1 something is wrong, 2 not known, 3 nothing that was read is wrong."""
    return min((_rank(one) for report in reports for one in report.diagnoses), default=_UNKNOWN)


# --- while it runs ---


def _checking(asked: str, inventory: Inventory) -> str:
    if asked.casefold() == "all":
        nodes = sum(len(cluster.nodes) for cluster in inventory.clusters)
        return f"Checking {counted(nodes, 'node')} of {counted(len(inventory.clusters), 'cluster')} …"
    try:
        target = inventory.resolve(asked)
    except UnknownName:
        return f"Checking {plain(asked)} …"
    computers = {node: plain(computer) for node, computer in target.cluster.nodes.items()}
    if target.node is None:
        return f"Checking {plain(target.cluster.name)}: {listed(computers.values())} …"
    own = computers.pop(target.node)
    partner = "partner" if len(computers) == 1 else "partners"
    return (
        f"Checking {own} and its {partner} {listed(computers.values())} …"
        if computers
        else f"Checking {own} …"
    )


def _answered(nodes: Sequence[str]) -> str:
    if not nodes:
        return ""
    return (
        f" {listed(plain(node) for node in nodes)} answered."
        if len(nodes) <= 8
        else f" {len(nodes)} answered."
    )


# --- which node, and how bad ---


def _rank(one: Diagnosis) -> int:
    """An outage elsewhere in the cluster is one of every node."""
    if one.down_elsewhere or (one.attendant_down and one.verdict not in _FINE):
        return _DOWN
    if one.verdict in _FINE:
        return _WRONG if _beside(one) else _RIGHT
    return _UNKNOWN if one.verdict in _DOUBTFUL else _WRONG


def _beside(one: Diagnosis) -> list[str]:
    """What is wrong on a node whose verdict is that nothing is."""
    if one.verdict not in _FINE or one.down_elsewhere:
        return []
    return [*(cause.title for cause in one.related), *(meant(FINDINGS, name) for name in _telling(one))]


def _telling(one: Diagnosis) -> list[str]:
    """Findings that are wrong now, and are the verdict where services are down."""
    return [name for name in one.findings if name in _VERDICT_OF]


def _worst_first(report: ClusterReport) -> list[Diagnosis]:
    """The worst node heads the message; among equals the one that was asked for."""
    return sorted(report.diagnoses, key=lambda one: (_rank(one), one not in report.asked_for))


def _looked_at(report: ClusterReport) -> Iterator[Diagnosis]:
    """The nodes whose checks are told: the worst one, and those that were asked for."""
    head, *rest = _worst_first(report)
    yield head
    yield from (one for one in rest if one in report.asked_for)


# --- the message ---


def _summary(one: Diagnosis) -> str:
    return f"{plain(one.computer)}: {_said(one)}"


def _said(one: Diagnosis) -> str:
    but = f", but {plain(beside[0])}" if (beside := _beside(one)) else ""
    return f"{plain(one.headline, _HEADLINE)}{but}"


def _headline(report: ClusterReport) -> str:
    head = _worst_first(report)[0]
    return f"{_EMOJI[_rank(head)]} {_summary(head)}"


def _first(report: ClusterReport, asker: str, told: _Told) -> str:
    """The line that a telephone shows: what is wrong where, and who must act."""
    head, *rest = _worst_first(report)
    said = f"{mention(asker)} {plain(head.computer, _COMPUTER)}: {_said(head)}."
    others = [f" {_summary(one)}." for one in rest if one in report.asked_for]
    act: Iterable[str] = ()
    if told.fixes:
        whom = " and ".join(dict.fromkeys(one_of(fix) for fix in told.fixes))
        needs = f"{listed(fix.id for fix in told.fixes)} {'needs' if len(told.fixes) == 1 else 'need'}"
        act = (f" {needs} a second person: {whom}.", f" {needs} a second person.")
    return fitting(*(said + one for one in act), *(said + one for one in others), said)


def _why(report: ClusterReport, told: _Told) -> Iterator[str]:
    head, *rest = _worst_first(report)
    yield " ".join(_reasons(head))
    yield from related_words(head)[:TOLD_BEFORE]
    yield f"Next: {_next(report, head, told)}"
    yield from (_line(one) for one in rest)
    yield from told.lines(without=head.node)


def _reasons(one: Diagnosis) -> Iterator[str]:
    told = [versions_as_code(plain(_unnamed(why, one), 600)) for why in told_first(one)]
    if one.symptoms and one.attendant_down:
        told[-1] = f"{told[-1].removesuffix('.')}; {events_words(one)}."
    yield from told
    if one.verdict in FIXABLE and one.confidence in {"confirmed", "suspected"}:
        yield f"Cause: {one.confidence}."


def _unnamed(why: str, one: Diagnosis) -> str:
    """Without the name of the computer, which stands in the headline."""
    rest = why.removeprefix(f"{one.computer}: ")
    return why if rest == why else f"{rest[:1].upper()}{rest[1:]}"


def _line(one: Diagnosis) -> str:
    """Another node of the cluster: what is wrong, who owns, and RootVer where it is not as it must be."""
    owner = {True: " (owner)", False: " (passive)", None: ""}[one.owner]
    wrong = one.root_ver is not None and one.root_ver_class != "ok"
    value = versions_as_code(plain(root_ver_words(one.root_ver))) if wrong and one.root_ver else ""
    return f"{_EMOJI[_rank(one)]} {_summary(one)}{owner}{f' · RootVer: {value}' if value else ''}"


def _next(report: ClusterReport, head: Diagnosis, told: _Told) -> str:
    """One step, for a person, possible now."""
    if told.fixes:
        return _decide(head, told.fixes)
    if head not in report.asked_for and _rank(head) < _UNKNOWN:
        return f"`@rootver diagnose {plain(head.node)}`."
    if why_not := told.why_not(head.node):
        return why_not
    advice = head.advice or [one for name in _telling(head) for one in VERDICT[_VERDICT_OF[name]].advice]
    first = advice_words(advice[0]) if advice else "nothing."
    return f"{first} {by_hand(head.node)}" if head.verdict == "inconclusive" else first


def _decide(head: Diagnosis, fixes: Sequence[Fix]) -> str:
    """The decision, and what follows it; what may be the cause beside RootVer is looked at first."""
    cause = next((one for one in head.related if one.competing), None)
    first = f"{advice_words(cause.advice[0])} Then " if cause else ""
    order = ", the passive node first" if len(fixes) > 1 else ""
    return f"{first}a second person approves {listed(fix.id for fix in fixes)} below{order}{_after(head)}"


def _after(head: Diagnosis) -> str:
    """What comes after the change, which itself restarts nothing."""
    names = listed(f'"{plain(name)}"' for name in head.attendants) if head.attendants else ""
    if not names:
        return "; nothing has to be brought online." if head.attendant_down is False else "."
    if any(one.id == "kept_offline" for one in head.related):
        return f", then somebody asks who took {names} offline."
    if head.coming:
        return f"; {names} is coming online already."
    mine = "" if head.owner else ", if this node owns it"
    return f", then somebody brings {names} online{mine}."


# --- many clusters ---


def _worst_of(reports: Sequence[ClusterReport]) -> str:
    """How many clusters are how; the worst node by name."""
    nodes = sorted((one for report in reports for one in report.diagnoses), key=_rank)
    wrong = sum(worst([report]) <= _WRONG for report in reports)
    if not nodes or _rank(nodes[0]) == _RIGHT:
        return f"{counted(len(reports), 'cluster')}: OK."
    return f"{wrong} of {counted(len(reports), 'cluster')} need somebody. {plain(_summary(nodes[0]), 80)}."


def _all(reports: Sequence[ClusterReport]) -> list[Block]:
    """Many clusters: a line for each node, what was found first; the attached file has the rest."""
    return [
        section([f"*{plain(report.cluster or report.asked)}*", *(_line(one) for one in _worst_first(report))])
        for report in sorted(reports, key=lambda report: worst([report]))
    ]


def _foot(reports: Sequence[ClusterReport], files: Sequence[Attachment]) -> Block:
    """Small print, with the name of each file: one may not show, and another diagnosis attaches it anew."""
    attached = [f"raw facts: {code(file.name)}, attached once, anew with each diagnosis" for file in files]
    at = clock_seconds(max(report.at for report in reports))
    return context([" · ".join([f"Read {at}", kb_link(), *attached])])


def _files(reports: Sequence[ClusterReport]) -> list[Attachment]:
    """What was answered, as `rootver replay` reads it; of several clusters in one archive, with verdicts."""
    facts = {
        f"facts-{_file_name(one.collection.cluster)}.json": dump_collection(one.collection).encode()
        for one in reports
        if one.collection is not None
    }
    if len(reports) == 1:
        return [Attachment(name, "Raw facts, for rootver replay", content) for name, content in facts.items()]
    objects = [to_json(one.asked, one.cluster, one.at, one.diagnoses) for one in reports]
    facts["diagnoses.json"] = json.dumps(objects, indent=1).encode()
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for name, content in facts.items():
            zipped.writestr(name, content)
    return [Attachment("facts.zip", "All verdicts, and the raw facts of each cluster", archive.getvalue())]


def _file_name(cluster: str) -> str:
    return "".join(one if one.isalnum() or one in "-_" else "-" for one in cluster)
