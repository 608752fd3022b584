"""The commands of the chat: one table gives the parser, the help and the tables in the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from bot.slack.addressed import addressed
from bot.slack.typed_text import spoken, words_of
from handlers.record.questions import QuestionError, near, parse_fix, quoted
from handlers.spelling import spelt_out

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


Command = Bare | Diagnose | Manual | Cancel | Restore | History | More | Show | Export | Help | Unknown


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


def _question(words: list[str]) -> tuple[tuple[str, ...]]:
    return (tuple(words),)


def _question_and_format(words: list[str]) -> tuple[tuple[str, ...], str]:
    if not words or words[-1].lower() not in ("csv", "jsonl"):
        raise Misused("It ends in the format: csv or jsonl.")
    return tuple(words[:-1]), words[-1].lower()


def _topic(words: list[str]) -> tuple[str | None]:
    return (words[0] if words else None,)


@dataclass(frozen=True, slots=True)
class Spec:
    """A row: what it makes, the words behind its verb, what it does, an example, how its words are read."""

    makes: Callable[..., Command]
    words: str
    summary: str
    example: str
    read: Callable[[list[str]], tuple[object, ...]] = _nothing

    @property
    def verb(self) -> str:
        """The first word, also of the example."""
        return self.example.split()[0]

    @property
    def usage(self) -> str:
        """Verb and words."""
        return f"{self.verb} {self.words}".strip()


def _bare(verb: Verb, summary: str) -> Spec:
    return Spec(partial(Bare, verb), "", summary, verb)


FILTERS = (
    "[NODE|CLUSTER|all] [by @who] [since 7d|2026-11-01] [until …] [kind …] [outcome …] [fix FIX-12] [last 50]"
)

TABLE: tuple[Spec, ...] = (
    Spec(
        Diagnose, "NODE|CLUSTER|all", "look at every node of the cluster, say what is wrong, propose a fix",
        "diagnose exch-node2", _one_name,
    ),
    Spec(
        Manual, "NODE", "the article's steps by hand, for when I cannot do it, with what was last known",
        "manual exch-node2", _one_node,
    ),
    _bare("fixes", "list the fixes that are open"),
    Spec(
        Cancel, "FIX-n", "cancel a fix before it is applied: who asked for it, or an approver",
        "cancel FIX-12", _one_fix,
    ),
    Spec(Restore, "FIX-n", "propose to put back what a fix replaced", "restore FIX-12", _one_fix),
    Spec(
        History, FILTERS,
        "what happened, newest first; history summary … counts it, history records … has every record",
        "history exch-node2 since 7d", _question,
    ),
    Spec(More, "", "in the thread of a history: the older records that follow", "more"),
    Spec(Show, "FIX-n", "the whole story of a fix", "show FIX-12", _one_fix),
    Spec(
        Export, f"{FILTERS} csv|jsonl", "the same records as history, as a file",
        "export exch-node2 since 30d csv", _question_and_format,
    ),
    _bare("verify", "check that the record is whole"),
    _bare("nodes", "list the clusters and their nodes"),
    _bare("pause", "approvers: approve and send nothing; diagnoses go on"),
    _bare("resume", "approvers: end the pause"),
    _bare("doctor", "check the bot itself: Slack, the management hosts, the record"),
    Spec(Help, "[command]", "explain the commands, or one of them", "help diagnose", _topic),
)  # fmt: skip
BY_VERB = {spec.verb: spec for spec in TABLE}


_NAMES = frozenset({"@rootver", "rootver"})  # no mention: copied from a code span, or as on the command line
_DECISIONS = frozenset({"approve", "apply", "decline", "reject"})  # by reaction only, so that it is seen
_STOPS = frozenset({"cancel", "pause"})
QUOTED = (
    "That only quotes a command, so nothing was done. To have it done, write it behind my name, outside of "
    "code, quotations and lists: @rootver help"
)
# Words that people have for what a command does.
_MEANINGS: Mapping[str, str] = {
    word: verb
    for verb, words in {
        "diagnose": "look check test scan examine analyze analyse inspect probe investigate fix repair cause",
        "manual": "manually hand byhand steps instructions procedure regedit",
        "fixes": "status open pending state",
        "restore": "undo rollback roll revert back",
        "show": "why explain what details detail info story",
        "history": "log logs audit record records recent past when who",
        "nodes": "node servers server clusters cluster machines hosts inventory list",
        "pause": "stop halt freeze",
        "resume": "continue unpause go proceed",
        "cancel": "abort",
        "doctor": "health ping alive selfcheck self-check version",
        "export": "download dump csv",
        "verify": "validate integrity proof prove",
        "more": "next older",
        "help": "commands usage man how",
    }.items()
    for word in words.split()
}
_FILLERS = frozenset({"at", "on", "into", "the", "of", "for", "node", "cluster", "up", "back"})
_SUGGESTED = 200  # characters of what was typed that a suggestion repeats at most

# --- the parser -----------------------------------------------------------------------------------


def heard(text: str, bot_user: str, *, direct: bool = False) -> Command:
    """Understand a message that mentions the bot, or a `direct` one. Never raises: see `Unknown`."""
    typed = addressed(text, bot_user, direct=direct)
    return Unknown(text, None, QUOTED) if typed is None else parse(typed)


def parse(text: str) -> Command:
    """Understand what was typed to the bot, without its own mention. Never raises: see `Unknown`.

    The first line is the command. Only where that is none, and all lines together are, they are it.
    """
    lines = [line for line in text.splitlines() if words_of(line)]
    command = _parse(lines[0] if lines else "")
    if isinstance(command, Unknown) and len(lines) > 1:
        whole = _parse(text)
        return command if isinstance(whole, Unknown) else whole
    return command


def _parse(text: str) -> Command:
    words = spoken(text) or words_of(text)
    if words and words[0].lower() in _NAMES:
        words = words[1:]
    if not words:
        return Help(None)
    spec = BY_VERB.get(words[0].lower())
    if spec is None:
        return _no_command(text, words)
    try:
        return spec.makes(*spec.read(words[1:]))
    except Misused as misused:
        return Unknown(text, spec.example, f"{spec.verb}: {misused} Example: {spec.example}")


def words(command: Command) -> str:
    """What was understood behind the verb, for the record."""
    match command:
        case Diagnose(target) | Manual(target):
            return target
        case Cancel(fix) | Restore(fix) | Show(fix):
            return fix
        case History(asked) | More(asked):
            return " ".join(asked or ())
        case Export(asked, format):
            return " ".join([*asked, format])
        case Help(topic):
            return topic or ""
    return ""


def _no_command(text: str, typed: list[str]) -> Unknown:
    if typed[0].lower() in _DECISIONS:
        how = "a fix is approved or declined by a reaction on its card. fixes lists the open ones."
        return Unknown(text, "fixes", f"{quoted(typed[0])} is no command: {how}")
    verb = _meant(typed[0])
    if verb is None:
        return Unknown(text, None, f"{quoted(typed[0])} is no command. help lists all of them.")
    corrected = spelt_out(" ".join([verb, *(word for word in typed[1:] if word.lower() not in _FILLERS)]))
    sound = len(corrected) <= _SUGGESTED and not isinstance(parse(corrected), Unknown)
    suggestion = corrected if sound else BY_VERB[verb].example
    meant = f": {suggestion}" if sound else f" {verb}? Example: {suggestion}"
    return Unknown(text, suggestion, f"{quoted(typed[0])} is no command. Did you mean{meant}")


def _meant(word: str) -> str | None:
    """The verb that means the same, else the one that is spelt nearly so.

    What stops something is suggested for a misspelling of it alone: "can" is not `cancel`.
    """
    by_meaning = _MEANINGS.get(word.lower())
    if by_meaning:
        return by_meaning
    stops = near(word, _STOPS, likeness=0.8)
    return stops or near(word, BY_VERB.keys() - _STOPS, likeness=0.7)


# --- help -----------------------------------------------------------------------------------------


def help_lines(topic: str | None = None) -> list[str]:
    """The help as plain lines: all commands, or one of them with its example."""
    if topic is None:
        return [*(f"{spec.usage}: {spec.summary}" for spec in TABLE), "Example: diagnose exch-node2"]
    spec = BY_VERB.get(topic.lower())
    if spec is None:
        verb = _meant(topic)
        hint = f"Did you mean: help {verb}" if verb else "help lists all commands."
        return [f"{quoted(topic)} is no command. {hint}"]
    return [spec.usage, f"{spec.summary[0].upper()}{spec.summary[1:]}.", f"Example: {spec.example}"]


def markdown() -> str:
    """The table for the docs."""
    rows = [
        f"| `{spec.usage.replace('|', chr(92) + '|')}` | {spec.summary} | `{spec.example}` |"
        for spec in TABLE
    ]
    return "\n".join(["| command | what it does | example |", "|---|---|---|", *rows]) + "\n"
