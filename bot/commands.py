"""The commands of the chat: one table gives parser (`bot.parser`), help and the tables in the docs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from handlers.record.questions import KINDS, MAX_LAST, OUTCOMES, QuestionError, parse_fix, quoted

# --- what was asked for ---------------------------------------------------------------------------


Verb = Literal["fixes", "verify", "nodes", "pause", "resume", "doctor"]
"""The verbs of commands without words."""


@dataclass(frozen=True, slots=True)
class Diagnose:
    """Look at a node, a cluster, or `all`; the name is as typed."""

    verb: ClassVar[str] = "diagnose"
    target: str


@dataclass(frozen=True, slots=True)
class Manual:
    """The steps by hand for a node; the name is as typed."""

    verb: ClassVar[str] = "manual"
    node: str


@dataclass(frozen=True, slots=True)
class Bare:
    """A command without words: its verb says everything."""

    verb: Verb


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a fix ("FIX-12")."""

    verb: ClassVar[str] = "cancel"
    fix: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Propose to put back what a fix replaced ("FIX-12")."""

    verb: ClassVar[str] = "restore"
    fix: str


@dataclass(frozen=True, slots=True)
class History:
    """A question to the audit; `handlers.record.questions.parse` understands the words."""

    verb: ClassVar[str] = "history"
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class More:
    """The next page of a question. `words`: those that ask for it; None: there is none, or not known yet."""

    verb: ClassVar[str] = "more"
    words: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Show:
    """The story of a fix ("FIX-12")."""

    verb: ClassVar[str] = "show"
    fix: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a fix ("FIX-12") was proposed, who was refused, and why it ended so."""

    verb: ClassVar[str] = "why"
    fix: str


@dataclass(frozen=True, slots=True)
class Explain:
    """What a word of a diagnosis or of a fix means; the word is as typed."""

    verb: ClassVar[str] = "explain"
    word: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened, counted; the words are those of `History`."""

    verb: ClassVar[str] = "summary"
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The answer to a question as a file; the words are those of `History`."""

    verb: ClassVar[str] = "export"
    words: tuple[str, ...]
    format: Literal["csv", "jsonl"]


@dataclass(frozen=True, slots=True)
class Help:
    """Explain all commands, or the one that `topic` names (as typed)."""

    verb: ClassVar[str] = "help"
    topic: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not understood. `text` is what was typed; `reason` is one sentence with the next step.

    `suggestion` is a whole command that may have been meant.
    """

    verb: ClassVar[None] = None
    text: str
    suggestion: str | None
    reason: str


Command = (
    Bare | Diagnose | Manual | Cancel | Restore | History | More | Show | Why | Explain | Summary | Export
    | Help | Unknown
)  # fmt: skip


# --- the table ------------------------------------------------------------------------------------


class Misused(Exception):
    """The words behind a verb do not fit; the sentence without its example."""


def _nothing(words: list[str]) -> tuple[()]:
    if words:
        raise Misused(f"{quoted(' '.join(words))} is too much: it takes no more words.")
    return ()


def _one_name(words: list[str]) -> tuple[str]:
    if len(words) != 1:
        raise Misused("It takes one name: of a node, of a cluster, or all.")
    return (words[0],)


def _one_node(words: list[str]) -> tuple[str]:
    if len(words) != 1:
        raise Misused("It takes one name, of a node.")
    return (words[0],)


def _one_fix(words: list[str]) -> tuple[str]:
    """`FIX-12`, `fix 12`, `#12`, `12`."""
    spelled = "".join(words) if len(words) == 2 and words[0].lower() == "fix" else " ".join(words)
    try:
        return (parse_fix(spelled),)
    except QuestionError as error:
        raise Misused("It takes the number of one fix." if not words else error.what) from error


def _what(words: list[str]) -> tuple[str]:
    if not words:
        raise Misused("It takes one word that you have seen in an answer.")
    return (" ".join(words),)


def _question(words: list[str]) -> tuple[tuple[str, ...]]:
    return (tuple(words),)


def _question_and_format(words: list[str]) -> tuple[tuple[str, ...], str]:
    if not words or words[-1].lower() not in ("csv", "jsonl"):
        raise Misused("It ends in the format: csv or jsonl.")
    return tuple(words[:-1]), words[-1].lower()


def _topic(words: list[str]) -> tuple[str | None]:
    return (words[0] if words else None,)


Group = Literal["What is wrong", "Fixes", "What happened", "The bot itself"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A word that stands behind a verb: how it is typed, and what it means."""

    word: str
    means: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A row: what it makes, the words behind its verb, what it does, examples, how its words are read."""

    makes: Callable[..., Command]
    group: Group
    words: str
    summary: str
    examples: tuple[str, ...]
    takes: tuple[Taken, ...] = ()
    read: Callable[[list[str]], tuple[object, ...]] = _nothing

    @property
    def example(self) -> str:
        """The first one."""
        return self.examples[0]

    @property
    def verb(self) -> str:
        """The first word, also of the example."""
        return self.example.split()[0]

    @property
    def usage(self) -> str:
        """Verb and words."""
        return f"{self.verb} {self.words}".strip()


def _bare(verb: Verb, group: Group, summary: str) -> Spec:
    return Spec(partial(Bare, verb), group, "", summary, (verb,))


FILTERS = (
    "[NODE|CLUSTER|all] [by @who] [since 7d|2026-11-01] [until …] [kind …] [outcome …] [fix FIX-12] [last 50]"
)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_NODE = Taken("NODE", "one node, as `@rootver nodes` lists them")
_CLUSTER = Taken("CLUSTER", "every node of a cluster")
_FIX = Taken("FIX-n", "the number of a fix: `FIX-12`, `fix 12` and `12` are the same")
_FILTERS = (
    _NODE,
    _CLUSTER,
    Taken("all", "everything, as without a name"),
    Taken("by @who", "what one person did; `by @rootver`: what the bot did by itself"),
    Taken("since 7d", "not older than that: `90m`, `12h`, `7d`, `2w`, `today`, `yesterday`, a date"),
    Taken("until 2026-11-01", "not newer than that; a date counts to its end, without a zone it is UTC"),
    Taken("kind refusal", f"only this kind of record, several with commas: {_listed(KINDS)}"),
    Taken("outcome error", f"only what went so: {_listed(OUTCOMES)}; `pending` is what was begun"),
    Taken("fix FIX-12", "what belongs to one fix"),
    Taken("last 50", f"the newest so many, up to {MAX_LAST}"),
    Taken("before 1200", "the ones before a record's number, as the end of an answer says"),
)

TABLE: tuple[Spec, ...] = (
    Spec(
        Diagnose, "What is wrong", "NODE|CLUSTER|all",
        "looks at every node of the cluster, says what is wrong, proposes a fix",
        ("diagnose exch-node2", "diagnose EXCH-CL1", "diagnose all"),
        (
            Taken("NODE", "one node; its partners are shown beside it"),
            _CLUSTER,
            Taken("all", "every cluster"),
        ),
        _one_name,
    ),
    Spec(
        Manual, "What is wrong", "NODE",
        "gives the article's steps by hand, for when I cannot do it, with what was last known",
        ("manual exch-node2",), (_NODE,), _one_node,
    ),
    Spec(
        Explain, "What is wrong", "CHECK|VERDICT",
        "explains a check, a verdict, a cause, the end of a fix or a refusal",
        ("explain RootVer", "explain iis_down", "explain voided"),
        (
            Taken("CHECK", "what was looked at, by its name in an answer: RootVer, Owner, POP3"),
            Taken("VERDICT", "by its words, or by its name in JSON: `rootver_invalid`"),
            Taken("CAUSE, END or REFUSAL", "a related cause, how a fix ended, why somebody was refused"),
        ),
        _what,
    ),
    _bare("nodes", "What is wrong", "lists the clusters and their nodes"),
    _bare("fixes", "Fixes", "lists the fixes that are open"),
    Spec(
        Why, "Fixes", "FIX-n", "tells why a fix was proposed, who was refused, and why it ended so",
        ("why FIX-12",), (_FIX,), _one_fix,
    ),
    Spec(
        Cancel, "Fixes", "FIX-n",
        "cancels a fix before it is applied, for whoever asked for it and for approvers",
        ("cancel FIX-12",), (_FIX,), _one_fix,
    ),
    Spec(
        Restore, "Fixes", "FIX-n", "proposes to put back what a fix replaced", ("restore FIX-12",), (_FIX,),
        _one_fix,
    ),
    _bare("pause", "Fixes", "stops fixes, for approvers: nothing is approved or sent, diagnoses go on"),
    _bare("resume", "Fixes", "ends the pause, for approvers"),
    Spec(
        History, "What happened", FILTERS, "tells what happened, newest first",
        ("history exch-node2 since 7d", "history by @alice since today", "history records kind refusal"),
        (*_FILTERS, Taken("records", "each record as it stands, not a line for each fix and diagnosis"),
         Taken("summary", "counts in place of lines, as the command `summary` does")),
        _question,
    ),
    Spec(
        Summary, "What happened", FILTERS, "counts fixes by their end, times to approve, and refusals",
        ("summary since 90d", "summary EXCH-CL1 since 2026-11-01"), _FILTERS, _question,
    ),
    Spec(
        More, "What happened", "", "gives the older lines that follow, in the thread of a history", ("more",)
    ),
    Spec(
        Show, "What happened", "FIX-n", "tells the whole story of a fix, and attaches its backup",
        ("show FIX-12",), (_FIX,), _one_fix,
    ),
    Spec(
        Export, "What happened", f"{FILTERS} csv|jsonl", "gives the records as a file",
        ("export exch-node2 since 30d csv", "export fix FIX-12 jsonl"),
        (
            *_FILTERS,
            Taken("csv", "a table, for spreadsheets"),
            Taken("jsonl", "a line of JSON for each record"),
        ),
        _question_and_format,
    ),
    _bare("verify", "What happened", "checks that the record is whole, and counts who approved what"),
    _bare("doctor", "The bot itself", "checks the bot itself: Slack, the management hosts, the record"),
    Spec(
        Help, "The bot itself", "[command]", "explains the commands, or one of them with every word it takes",
        ("help diagnose",), (Taken("command", "one of those that `help` lists"),), _topic,
    ),
)  # fmt: skip
BY_VERB = {spec.verb: spec for spec in TABLE}
