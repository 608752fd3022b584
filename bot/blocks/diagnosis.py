"""A diagnosis as one message: what is being checked, then the verdict with the evidence behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from bot.blocks.manual_steps import by_hand
from bot.blocks.words import CHECKS, FINDINGS, NOT_CHECKED, NOTES, RESULTS, RULED_OUT, meant
from bot.slack.limits import Block
from bot.slack.post import Attachment, Post, context, post, section
from bot.slack.text import (
    BACKTICK,
    clock_time,
    code,
    counted,
    day_and_time,
    kb_link,
    listed,
    mention,
    plain,
    versions_as_code,
)
from handlers.contract.collection import dump_collection
from handlers.diagnose import ClusterReport
from handlers.inventory import Inventory, UnknownName
from handlers.kb906154.article import SYMPTOMS
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.checks import Check
from handlers.report import to_json

# How a verdict looks: nothing wrong, not known or not ours to say, or something found.
_FINE = frozenset({"healthy"})
_DOUBTFUL = frozenset({"inconclusive", "refused", "out_of_scope"})
# Results that get a line of their own; the others are named together.
_TELLING = ("fail", "warn", "unknown")


def checking(asked: str, inventory: Inventory, answered: Sequence[str] = ()) -> Post:
    """What is said at once, and while it runs: who is being asked, and who has answered."""
    return post([_checking(asked, inventory) + _answered(answered)])


def checked(asked: str, inventory: Inventory) -> Post:
    """What stands in the place of the progress at the end."""
    done = _checking(asked, inventory).removesuffix(" …").replace("Checking", "Checked", 1)
    return post([f"{done}: the answer is below."])


def diagnosed(reports: Sequence[ClusterReport], asker: str, told: Iterable[str] = ()) -> Post:
    """The result, for whoever asked (a Slack id). `told`: what becomes of the proposals, as sentences."""
    follow = [section(told)] if (told := list(told)) else []
    summary = [_summary(one) for report in reports for one in [*_worse(report), *report.asked_for]]
    blocks = _all(reports) if len(reports) > 1 else _one(reports[0])
    files = _files(reports)
    first, *others = summary
    lines = [f"{mention(asker)} {first}", *others, *told]
    return post(lines, [*blocks, *follow, _foot(reports, asker, files)], files)


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


# --- the result ---


def _one(report: ClusterReport) -> list[Block]:
    """One cluster: whom was asked for in full, the others side by side; what is worse comes first."""
    asked, worse = report.asked_for, _worse(report)
    others = [one for one in _worst_first(report) if one not in asked and one not in worse]
    blocks = [block for one in asked for block in _node(one)]
    if worse:
        blocks.insert(0, section(map(_worse_line, worse)))
    if others:
        blocks.append(section(["*Other nodes*", *(_line(one) for one in others)]))
    return blocks


def _worse(report: ClusterReport) -> list[Diagnosis]:
    """Nodes that nobody asked for and that are worse than those that were: they head the message."""
    asked = report.asked_for
    best = min(map(_rank, asked), default=0)
    return [one for one in _worst_first(report) if one not in asked and _rank(one) < best]


def _worse_line(one: Diagnosis) -> str:
    ask = f" Next: `@rootver diagnose {plain(one.node)}`." if _rank(one) == 0 else ""
    return f"{_line(one)}.{ask}"


def _all(reports: Sequence[ClusterReport]) -> list[Block]:
    """Many clusters: a line for each node, what was found first; the attached file has the rest."""
    return [
        section([f"*{plain(report.cluster or report.asked)}*", *(_line(one) for one in _worst_first(report))])
        for report in sorted(reports, key=lambda report: min(map(_rank, report.diagnoses), default=2))
    ]


def _worst_first(report: ClusterReport) -> list[Diagnosis]:
    return sorted(report.diagnoses, key=_rank)


def _rank(one: Diagnosis) -> int:
    """0 = something is wrong, elsewhere too; 1 = not known, or not ours to say; 2 = nothing wrong."""
    if one.down_elsewhere:
        return 0
    return 2 if one.verdict in _FINE else 1 if one.verdict in _DOUBTFUL else 0


def _node(one: Diagnosis) -> Iterator[Block]:
    yield section([
        f"{_emoji(one)} *{_summary(one)}*",
        *(versions_as_code(plain(why, 600)) for why in one.why),
        *_symptoms(one),
        *_related(one),
        *_next(one),
    ])  # fmt: skip
    if one.checks:
        yield section(["*Checks*", *_checks(one)])
    remarks = [*_ruled_out(one), *_findings(one), *_notes(one), *_not_checked(one)]
    if remarks:
        yield section(remarks)


def _summary(one: Diagnosis) -> str:
    title = one.headline
    said = one.confidence == one.verdict or (one.confidence or "") in title
    return f"{plain(one.computer)}: {title}{'' if said else f' ({one.confidence})'}"


def _emoji(one: Diagnosis) -> str:
    return (":red_circle:", ":white_circle:", ":large_green_circle:")[_rank(one)]


def _line(one: Diagnosis) -> str:
    """A node in one line: its verdict, RootVer and who owns."""
    seen = next((check.seen for check in one.checks if check.id == "root_ver"), one.why[0] if one.why else "")
    owner = {True: "owner", False: "passive", None: "owner unknown"}[one.owner] if one.checks else ""
    return " · ".join(filter(None, [f"{_emoji(one)} {_summary(one)}", versions_as_code(plain(seen)), owner]))


def _symptoms(one: Diagnosis) -> Iterator[str]:
    if one.symptoms:
        kinds = {symptom.number for symptom in one.symptoms}
        since = min(symptom.record.time for symptom in one.symptoms)
        yield f"{len(kinds)} of the article's {len(SYMPTOMS)} events since {clock_time(since)}."


def _related(one: Diagnosis) -> Iterator[str]:
    """Each related cause that is there: what was seen, and where it is known from."""
    for cause in one.related:
        beside = " It may be the cause." if cause.competing and one.offered else ""
        yield f"Also: {plain(cause.title)}. {plain(cause.seen, 600)}{beside} ({plain(cause.reference)})"


def _next(one: Diagnosis) -> Iterator[str]:
    """Where a fix is offered, its card says what comes next; but what may be the cause is looked at first."""
    if not one.offered:
        advice: Sequence[str] = one.advice
    else:
        advice = [sentence for cause in one.related for sentence in cause.advice]
    if advice:
        hand = [by_hand(one.node)] if one.verdict == "inconclusive" else []
        yield f"Next: {' '.join([*map(_advice, advice), *hand])}"


def _advice(sentence: str) -> str:
    """One sentence, in which only we wrote what stands between backticks (see `wording.quoted`)."""
    return plain(sentence, 600).replace(BACKTICK, "`")


def _checks(one: Diagnosis) -> Iterator[str]:
    """What is not in order, line by line, the worst first; then the rest by name."""
    for result in _TELLING:
        for check in one.checks:
            if check.result == result and check.id != "store_databases":
                yield (
                    f"{RESULTS[result]} {meant(CHECKS, check.id)}: {_seen(check, one)}, "
                    f"expected {versions_as_code(plain(check.expected))}"
                )
    in_order = [meant(CHECKS, check.id) for check in one.checks if check.result == "ok"]
    if in_order:
        yield f"{RESULTS['ok']} {' · '.join(in_order)}"
    told = [
        f"{meant(CHECKS, check.id)}: {_seen(check, one)}" for check in one.checks if check.result == "info"
    ]
    if told:
        yield f"{RESULTS['info']} {' · '.join(told)}"


def _seen(check: Check, one: Diagnosis) -> str:
    """What was seen; of events how many, since each stands in the raw facts."""
    if check.id == "symptoms" and one.symptoms:
        kinds = len({symptom.number for symptom in one.symptoms})
        newest = clock_time(max(symptom.record.time for symptom in one.symptoms))
        records = counted(len(one.symptoms), "record")
        return f"{kinds} of the article's {len(SYMPTOMS)} kinds, {records}; newest {newest}"
    return versions_as_code(plain(check.seen, 400))


def _ruled_out(one: Diagnosis) -> Iterator[str]:
    if one.ruled_out:
        yield f"*Ruled out* {' · '.join(meant(RULED_OUT, cause) for cause in one.ruled_out)}"


def _findings(one: Diagnosis) -> Iterator[str]:
    if one.findings:
        yield f"*Also found* {' · '.join(meant(FINDINGS, finding) for finding in one.findings)}"


def _notes(one: Diagnosis) -> Iterator[str]:
    if one.notes:
        words = (
            plain(one.named[note], 600) if note in one.named else meant(NOTES, note) for note in one.notes
        )
        yield f"*Notes* {' · '.join(words)}"


def _not_checked(one: Diagnosis) -> Iterator[str]:
    if one.not_checked:
        yield f"*Not checked* {' · '.join(meant(NOT_CHECKED, section) for section in one.not_checked)}"


def _foot(reports: Sequence[ClusterReport], asker: str, files: Sequence[Attachment]) -> Block:
    """Small print, with the name of each file: one may not show, and another diagnosis attaches it anew."""
    attached = [f"raw facts: {code(file.name)}, attached once, anew with each diagnosis" for file in files]
    at = day_and_time(max(report.at for report in reports))
    return context([" · ".join([f"{mention(asker)} asked", kb_link(), *attached, at])])


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
