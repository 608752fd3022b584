"""From what people type to a command, or to a sentence that says what may have been meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bot.commands import (
    BY_VERB,
    Cancel,
    Command,
    Diagnose,
    Explain,
    Export,
    Help,
    History,
    Manual,
    Misused,
    More,
    Restore,
    Show,
    Summary,
    Unknown,
    Why,
)
from bot.slack.addressed import addressed
from bot.slack.typed_text import spoken, words_of
from handlers.record.questions import near, quoted
from handlers.spelling import spelt_out

_NAMES = frozenset({"@rootver", "rootver"})  # no mention: copied from a code span, or as on the command line
_DECISIONS = frozenset({"approve", "apply", "decline", "reject"})  # by reaction only, so that it is seen
_STOPS = frozenset({"cancel", "pause"})
QUOTED = (
    "That only quotes a command, so nothing was done. To have it done, write it behind my name, outside of "
    "code, quotations and lists: `@rootver help`."
)
# Words that people have for what a command does.
_MEANINGS: Mapping[str, str] = {
    word: verb
    for verb, words in {
        "diagnose": "look check test scan examine analyze analyse inspect probe investigate fix repair cause",
        "manual": "manually hand byhand steps instructions procedure regedit",
        "fixes": "status open pending state",
        "restore": "undo rollback roll revert back",
        "show": "details detail info story",
        "explain": "what meaning means define",
        "summary": "summarize summarise stats statistics count counts report",
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
        return Unknown(text, spec.example, f"`{spec.verb}`: {misused} Example: `{spec.example}`.")


def words(command: Command) -> str:
    """What was understood behind the verb, for the record."""
    match command:
        case Diagnose(one) | Manual(one) | Explain(one):
            return one
        case Cancel(fix) | Restore(fix) | Show(fix) | Why(fix):
            return fix
        case History(asked) | Summary(asked) | More(asked):
            return " ".join(asked or ())
        case Export(asked, format):
            return " ".join([*asked, format])
        case Help(topic):
            return topic or ""
    return ""


def _no_command(text: str, typed: list[str]) -> Unknown:
    if typed[0].lower() in _DECISIONS:
        how = "A fix is approved or declined by a reaction on its card. Next: `fixes` lists the open ones."
        return Unknown(text, "fixes", f"{quoted(typed[0])} is not a command. {how}")
    verb = meant(typed[0])
    if verb is None:
        return Unknown(text, None, f"{quoted(typed[0])} is not a command. `help` lists all of them.")
    others = (word.replace("`", "") for word in typed[1:] if word.lower() not in _FILLERS)
    corrected = spelt_out(" ".join([verb, *others]))
    sound = len(corrected) <= _SUGGESTED and not isinstance(parse(corrected), Unknown)
    suggestion = corrected if sound else BY_VERB[verb].example
    shown = f"`{suggestion}`?" if sound else f"`{verb}`? Example: `{suggestion}`."
    return Unknown(text, suggestion, f"{quoted(typed[0])} is not a command. Did you mean {shown}")


def meant(word: str) -> str | None:
    """The verb that means the same, else the one that is spelt nearly so.

    What stops something is suggested for a slip of the fingers alone: "can" and "cause" are no such.
    """
    by_meaning = _MEANINGS.get(word.lower())
    if by_meaning:
        return by_meaning
    slips = [stop for stop in _STOPS if _is_slip(word.lower(), stop)]
    return slips[0] if slips else near(word, BY_VERB.keys() - _STOPS, likeness=0.7)


def _is_slip(typed: str, meant: str) -> bool:
    """The same letters in another order, or one of them too many or too few."""
    typed_letters, letters = Counter(typed), Counter(meant)
    return ((typed_letters - letters) + (letters - typed_letters)).total() <= 1
