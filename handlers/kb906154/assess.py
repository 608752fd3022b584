"""Facts of every node of a cluster → one diagnosis per node. Pure, deterministic and total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from handlers.inventory import same_name
from handlers.kb906154.advice import advice
from handlers.kb906154.article import DOTNET_11, TARGET, VERDICT, VerdictId
from handlers.kb906154.case import Case, build
from handlers.kb906154.checks import Check, checks
from handlers.kb906154.elsewhere import surroundings
from handlers.kb906154.facts import (
    Answer,
    BrokenAnswer,
    NodeFacts,
    Reading,
    RegistryValue,
    Unreachable,
    Unreadable,
    Value,
)
from handlers.kb906154.headlines import headline
from handlers.kb906154.ownership import Members
from handlers.kb906154.reasons import reasons
from handlers.kb906154.related import Related
from handlers.kb906154.remarks import beside, findings, named, not_checked, notes, ruled_out
from handlers.kb906154.root_ver import Json, RootVerClass, reading_object, registered_versions
from handlers.kb906154.symptoms import Symptom
from handlers.kb906154.truth import Truth
from handlers.kb906154.unreadable import hindrance
from handlers.kb906154.verdicts import FIXABLE, Confidence, confidence, decide
from handlers.kb906154.wording import SENTENCE, prose


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of one node, judged.

    `node` is its name in the inventory, `computer` the computer name there. `root_ver_class`, `root_ver` and
    `owner` are None for a node that was not read. `why` are the reasons as sentences, `advice` the next
    steps; `symptoms` the records of the article's list that count. `named` are the words of the notes that
    name something; `title` says what is wrong, None: as the table of verdicts has it. `attendants` are the
    System Attendant resources that are to be brought online here; `coming`: one of them is coming already.
    """

    node: str
    computer: str
    verdict: VerdictId
    why: tuple[str, ...]
    confidence: Confidence | None = None
    root_ver_class: RootVerClass | None = None
    root_ver: Reading[RegistryValue] | None = None
    owner: Truth = None
    attendant_down: Truth = None
    services_down: Truth = None
    offered: Literal["fix"] | None = None
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    related: tuple[Related, ...] = ()
    ruled_out: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    title: str | None = None
    attendants: tuple[str, ...] = ()
    coming: bool = False

    @property
    def headline(self) -> str:
        """What is wrong, in a few words."""
        return self.title or VERDICT[self.verdict].title

    @property
    def down_elsewhere(self) -> tuple[Related, ...]:
        """The outage that is elsewhere in the cluster, if there is one: no node may look well beside it."""
        return tuple(one for one in self.related if one.id == "attendant_elsewhere")


def assess(
    members: Members, answers: Mapping[str, Answer], fixed: Mapping[str, datetime]
) -> tuple[Diagnosis, ...]:
    """One diagnosis per node of the inventory, in its order.

    `answers`: node → what it answered; a node without an answer was not read. `fixed`: node → when our last
    change on it was made, by the node's own clock.
    """
    known = {node: _identify(computer, answers.get(node)) for node, computer in members.nodes.items()}
    read = {node: facts for node, facts in known.items() if isinstance(facts, NodeFacts)}
    around = surroundings(members, read)
    return tuple(
        _not_read(node, members.nodes[node], facts)
        if isinstance(facts, _NotRead)
        else _judge(node, build(node, members, read, around, fixed.get(node)))
        for node, facts in known.items()
    )


def refused(name: str, reason: str) -> Diagnosis:
    """The diagnosis of a name that is no node of the inventory; `reason` is a sentence with the next step."""
    return Diagnosis(name, name, "refused", (reason,), advice=VERDICT["refused"].advice)


def digest_facts(facts: NodeFacts, diagnosis: Diagnosis) -> dict[str, Json]:
    """What of the facts a fix is bound to, as plain JSON data; a digest of it is approved."""
    frameworks = facts.frameworks.value if isinstance(facts.frameworks, Value) else ()
    versions = registered_versions(facts) or {}
    return {
        "root_ver": reading_object(facts.root_ver),
        "verdict": diagnosis.verdict,
        "runs_11": {
            "install": next((one.install for one in frameworks if one.name == DOTNET_11), None),
            "registered": versions.get(TARGET, False),
        },
        "versions": dict(sorted(versions.items())),
    }


_AGAIN = "Then diagnose again."
_MODULE = "See with `rootver doctor` which RootVer module the host has, then diagnose again."
_WHO_ANSWERS = "See what this name points at (DNS, the cluster's network names) and what the settings say."


@dataclass(frozen=True, slots=True)
class _NotRead:
    """A node of which nothing is believed: row 0, or row 1 where another computer answered."""

    verdict: VerdictId
    result: Literal["unknown", "fail"]
    seen: str
    advice: tuple[str, ...] = (_AGAIN,)
    brief: str = ""
    """For the check, where the reason says the rest."""


def _identify(computer: str, answer: Answer | None) -> NodeFacts | _NotRead:
    """The facts, if it is certain that the node itself answered. Identity comes before everything else."""
    if answer is None:
        return _NotRead("inconclusive", "unknown", "it was not asked, or its answer was lost")
    if isinstance(answer, Unreachable):
        code = f" ({prose(answer.code)})" if answer.code and answer.code not in answer.message else ""
        rest = answer.message.removeprefix(f"{computer} ")  # "… through mgmt1: what failed", named once
        link = " " if rest.startswith("through ") else ": "
        seen = f"not reached{link}{prose(rest, SENTENCE)}{code}"
        return _NotRead("inconclusive", "unknown", seen, brief="not reached")
    if isinstance(answer, BrokenAnswer):
        return _NotRead("inconclusive", "unknown", prose(answer.reason), (_MODULE,))
    names = [name for name in (answer.computer, _system_name(answer)) if name is not None]
    if not names:
        kind = hindrance(answer.system) if isinstance(answer.system, Unreadable) else None
        told = (kind.advice, _AGAIN) if kind else VERDICT["inconclusive"].advice
        return _NotRead("inconclusive", "unknown", _nobody(answer), told)
    strangers = [name for name in names if not same_name(name, computer)]
    if strangers:
        stranger = f"another computer answered: {prose(strangers[0])}"
        return _NotRead("refused", "fail", stranger, (_WHO_ANSWERS, *VERDICT["refused"].advice))
    return answer


def _nobody(facts: NodeFacts) -> str:
    """Nothing answered that says who it is: what the host was told when it asked the node."""
    if isinstance(facts.system, Unreadable):
        return f"not reached: {prose(facts.system.message)} ({facts.system.code})"
    return "which computer answered could not be read"


def _system_name(facts: NodeFacts) -> str | None:
    return facts.system.value.name if isinstance(facts.system, Value) else None


def _not_read(node: str, computer: str, what: _NotRead) -> Diagnosis:
    """No class, owner, finding or note: nothing of the node is known."""
    return Diagnosis(
        node,
        computer,
        what.verdict,
        (f"{computer}: {what.seen}.",),
        confidence="inconclusive" if what.verdict == "inconclusive" else None,
        advice=what.advice,
        not_checked=("node",),
        title="could not be read" if what.verdict == "inconclusive" else "another computer answered",
        checks=(Check("identity", what.result, what.brief or what.seen, computer, "inventory"),),
    )


def _judge(node: str, case: Case) -> Diagnosis:
    decision = decide(case)
    verdict = decision.verdict
    noted, found = notes(verdict, case), beside(verdict, case)
    return Diagnosis(
        node,
        case.computer,
        verdict,
        reasons(decision, case),
        confidence=confidence(verdict, case),
        root_ver_class=case.root_ver_class,
        root_ver=case.facts.root_ver,
        owner=case.standing.owner,
        attendant_down=case.standing.attendant_down,
        services_down=case.standing.services_down,
        offered="fix" if verdict in FIXABLE else None,
        findings=findings(verdict, case),
        notes=noted,
        not_checked=not_checked(case.facts),
        checks=checks(case),
        symptoms=case.symptoms,
        related=found,
        ruled_out=ruled_out(verdict, case),
        advice=advice(decision, case, found),
        named=named(noted, case),
        title=headline(verdict, case),
        attendants=tuple(one.name for one in case.standing.down) if case.standing.attendant_down else (),
        coming=bool(case.standing.coming),
    )
