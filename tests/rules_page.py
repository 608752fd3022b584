"""docs/rules.md, printed from the code: `python -m tests.rules_page` writes it, a test compares."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

from bot.answers.from_record import LARGEST_EXPORT
from bot.answers.outbox import KEPT_HERE
from bot.app import HEARD_SECONDS
from bot.blocks import replies
from bot.blocks.news import News
from bot.blocks.private_news import to_one
from bot.blocks.words import CHECKS, LOOKS_AT
from bot.command_line.exits import MEANINGS
from bot.doctor.hosts import CLOCK_DIFFERENCE
from bot.running.delivery import LONGEST_PAUSE
from bot.settings.sections import Slack
from bot.slack.company import RECONNECT_SECONDS
from bot.slack.pace import KEPT_FREE, POSTS_IN_A_BURST, POSTS_PER_SECOND
from bot.slack.post import Post
from bot.slack.refusals import MEANINGS as CODES
from bot.slack.refusals import Meaning
from bot.slack.text import duration
from bot.slack.web_api import GROUP_SECONDS
from handlers.admission import BETWEEN_ANSWERS, NO_ENTRY, NoEntry, Refused
from handlers.allowance import MINUTE
from handlers.approval import MOVES, REFUSALS, ApprovalRules, ReactionRefusal, Refusal, State, WordRefusal
from handlers.diagnose import EVENT_HOURS
from handlers.fix import apply
from handlers.fix.approvers import LOOK_UPS
from handlers.fix.outcome import ANSWERED, AWAY_AGAIN, READ_AGAIN, READ_BACK, End
from handlers.fix.propose import NO_CARD
from handlers.kb906154.article import SYMPTOMS, VERDICTS
from handlers.kb906154.related import RELATED, RelatedCause
from handlers.kb906154.verdicts import CONFIDENCE, FIXABLE
from handlers.psrp.bounds import ANSWER_LIMIT
from handlers.record.history import PAGE as RECORDS
from handlers.record.questions import MAX_LAST
from handlers.untold import GIVE_UP, LONG
from storage.chain import grounds
from storage.chain.audit import MAX_BODY
from storage.records import Fix
from tests.bot.samples import BOB, RULES, fix_in

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"

_WEIGHTS = {
    "telling": "strong, telling",
    "weak": "weak",
    "of_attendant": "strong where it names a System Attendant, else weak",
}
_OF_RECORDS = re.compile(r"^(\d)\. (.+)\.$", re.MULTILINE)
_MUST_HOLD = re.compile(r"^(\d+)\. (.+?); else (.+)\.$", re.MULTILINE)


def must_hold() -> list[tuple[str, str, str]]:
    """Number, what must hold, and where the fix goes otherwise: the list in `handlers.fix.apply`."""
    return _MUST_HOLD.findall(apply.__doc__ or "")


def page() -> str:
    """The whole page."""
    head = _prose(
        "What the bot decides by, printed from the code that decides: `python -m tests.rules_page` writes",
        "this page, and a test compares. Comments in the code cite its sections by number, so each keeps its",
        "number. In the sentences, FIX-12 and the names are examples; what stands in braces differs from",
        "case to case.",
    )
    sections = [_section(number, *one) for number, one in enumerate(_sections(), 1)]
    return f"# The rules\n\n{head}\n{''.join(sections)}".rstrip() + "\n"


def _prose(*parts: str) -> str:
    """A paragraph, in lines."""
    text = textwrap.fill(" ".join(parts), 118, break_long_words=False, break_on_hyphens=False)
    return f"{text}\n"


def _section(number: int, title: str, lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return f'<a id="section-{number}"></a>\n## {number}. {title}\n\n{text}\n\n'.replace("\n\n\n", "\n\n")


def _sections() -> Iterator[tuple[str, Iterator[str]]]:
    yield "Verdicts, and what each offers", _verdicts()
    yield "Symptoms, and their weight", _symptoms()
    yield "Moves of a fix", _moves()
    yield "Refusals", _refusals()
    yield "What must hold before a change is sent", _before_sending()
    yield "How an attempt ends", _ends()
    yield "Kinds of records", _records()
    yield "Exit codes", _exit_codes()
    yield "Limits that people meet", _limits()
    yield "Related causes", _related()
    yield "What a refusal of Slack is about", _refusals_of_slack()
    yield "Checks", _checks()


def _table(*head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(one.replace('|', chr(92) + '|') for one in row)} |"


def _verdicts() -> Iterator[str]:
    yield _prose(
        "From the top (`handlers/kb906154/verdicts.py`). Of rows 2 to 8 the first that is true is the",
        "verdict; if one above it could not be told, the verdict is row 0. Rows 9 to 13, where RootVer is",
        "in order, decide only if they are true. A verdict that offers nothing gives advice.",
    )
    yield from _table(
        "row", "verdict", "in words", "offers", "source",
        rows=(
            (str(row), f"`{one.id}`", one.title, "the fix" if one.id in FIXABLE else "nothing", one.reference)
            for row, one in enumerate(VERDICTS)
        ),
    )  # fmt: skip
    yield ""
    yield _prose("How sure a verdict is of the cause, where it says so.")
    yield from _table("word", "meaning", rows=((f"`{word}`", said) for word, said in CONFIDENCE.items()))


def _checks() -> Iterator[str]:
    yield _prose("What is looked at on each node; `explain` tells the same.")
    yield from _table(
        "check",
        "in words",
        "what it looks at",
        rows=((f"`{one}`", name, LOOKS_AT[one]) for one, name in CHECKS.items()),
    )


def _symptoms() -> Iterator[str]:
    yield _prose(
        "The events of KB 906154. A strong one says that the outage is of the article's kind: where the",
        "System Attendant is down and RootVer in order, it makes the verdict `other_cause`, and after a",
        "change it keeps a fix from being confirmed. Only a telling one, which the metabase update itself",
        "logs, speaks for RootVer: where the System Attendant is down it makes an invalid RootVer",
        "`confirmed` instead of `suspected`, unless something that competes is in hand (section 10). Weak",
        "ones are shown, and decide nothing.",
    )
    rows = (
        (one.number, one.event.source, str(one.event.id), one.event.code or "any", _WEIGHTS[one.weight])
        for one in SYMPTOMS
    )
    yield from _table("event", "source", "id", "code", "weight", rows=rows)


def _related() -> Iterator[str]:
    yield _prose(
        "What else keeps a System Attendant down, read beside every verdict but `refused` and",
        "`out_of_scope` (`handlers/kb906154/related.py`); the first of them stands on every node that was",
        "read. Each is true, false or unknown, and only true ones are told. One that competes makes a",
        "`confirmed` invalid RootVer `suspected`, as the facts of rows 9 to 11 of section 1 do. [A page has",
        "each of them](causes/README.md).",
    )
    rows = (
        (f"`{one.id}`", one.title, "yes" if one.competes else "no", one.reference, listed_sections(one))
        for one in RELATED
    )
    yield from _table("cause", "in words", "competes", "source", "rests on", rows=rows)


def listed_sections(one: RelatedCause) -> str:
    """The sections of an answer that a related cause rests on."""
    return ", ".join(f"`{name}`" for name in one.sections)


def _moves() -> Iterator[str]:
    yield _prose(
        "Every state, its moves and what causes each (`handlers/approval.py`). A move that is not there is",
        "refused before anything is written.",
    )
    rows = ((state, to, why) for state, moves in MOVES.items() for to, why in moves.items())
    yield from _table("from", "to", "because", rows=rows)
    yield ""
    yield _prose(f"Final: {', '.join(state for state, moves in MOVES.items() if not moves)}.")


def _refusals() -> Iterator[str]:
    yield _prose("Each is recorded with its word; those of the last table are only told.")
    yield _prose(
        "**A reaction on a card.** The person is told once for each card and reason, of `not_verified` each",
        "time; a bot or a workflow never.",
    )
    yield from _table("word", "when", "sentence", rows=_said_of(get_args(ReactionRefusal)))
    yield ""
    yield _prose("**`cancel`, `pause` or `resume`.**")
    answers = ((one, replies.not_decided(one, _sample(one))) for one in sorted(get_args(WordRefusal)))
    yield from _table(
        "word", "when", "sentence", rows=((f"`{one}`", REFUSALS[one], _plain(told)) for one, told in answers)
    )
    yield ""
    yield _prose(
        "**Any command, at the door.** A person is told once an hour, of `not_verified` each time; a bot",
        "never.",
    )
    rows = ((f"`{one}`", when, _plain(_at_the_door(one))) for one, when in NO_ENTRY.items())
    yield from _table("word", "when", "sentence", rows=rows)
    yield ""
    yield _prose("**No card, though a fix was asked for or would help.**")
    rows = ((f"`{word}`", one.when, one.sentence) for word, one in NO_CARD.items())
    yield from _table("word", "when", "sentence", rows=rows)


def _said_of(reasons: Iterable[ReactionRefusal]) -> Iterator[tuple[str, str, str]]:
    for one in sorted(reasons):
        want = "withdraw" if one == "rechecking" else "approve"
        told = to_one("refused", News(_sample(one), {"want": want, "reason": one, "approver": BOB}, RULES))
        assert told is not None
        yield f"`{one}`", REFUSALS[one], _plain(told)


def _sample(reason: Refusal) -> Fix:
    """A fix for which this reason is given."""
    states: Mapping[Refusal, State] = {
        "already_approved": State.APPROVED,
        "too_late": State.APPLYING,
        "rechecking": State.APPLYING,
        "expired": State.EXPIRED,
    }
    return fix_in(states.get(reason, State.PROPOSED))


def _at_the_door(reason: NoEntry) -> Post:
    flags = ("guest",) if reason == "not_a_member" else ()
    return replies.refused(Refused(reason, flags), ["C07ONCALL00"])


def _plain(post: Post) -> str:
    """What Slack shows of it: times and names in place of their codes."""
    shown = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", post.text.replace("\n", " "))
    return re.sub(r"<([@#])[UC]07([A-Z]+)0+>", lambda found: found[1] + found[2].lower(), shown)


def _before_sending() -> Iterator[str]:
    yield _prose(
        "`handlers/fix/apply.py`, where each number is marked. Where one does not hold, nothing is sent,",
        "and the fix is what the last column says.",
    )
    yield from _table("", "must hold", "else", rows=must_hold())
    yield ""
    yield _prose(
        "**Number 13.** The table `fix` is there to work with and nothing guards it, so the records decide.",
        "`verify` looks for the same of every change that was ever sent.",
    )
    yield from _table("", "the records must show", rows=_OF_RECORDS.findall(grounds.__doc__ or ""))


def _ends() -> Iterator[str]:
    yield _prose(
        "Before sending: as section 5 says. While sending: voided, where it is certain that nothing was",
        "sent.",
    )
    yield _prose("**The host answered.** Of the rows from the top, the first that holds.")
    yield from _table("what the host says", "the fix is", "sentence", rows=_rows(ANSWERED))
    yield ""
    yield _prose(
        "**No answer, or none that counts.** It is sent once, so the fix is indeterminate and the node is",
        "read:",
    )
    yield from _table("what stands there", "the fix is", "sentence", rows=_rows(READ_BACK))
    yield ""
    yield _prose("A node that cannot be read stays indeterminate, and is read again until it can.")


def _rows(ends: Iterable[End[Any]]) -> Iterator[tuple[str, str, str]]:
    return ((one.when, one.to, one.reason) for one in ends)


def _records() -> Iterator[str]:
    yield _prose("What each kind of record means, with its fields: [docs/audit.md](audit.md).")


def _exit_codes() -> Iterator[str]:
    yield from _table(
        "code", "meaning", rows=((str(int(code)), meaning) for code, meaning in MEANINGS.items())
    )


def _limits() -> Iterator[str]:
    yield _prose(
        "Those that settings change are given as they are without a setting",
        "([docs/settings.md](settings.md)).",
    )
    yield from _table("what", "limit", rows=_LIMITS.items())


def _refusals_of_slack() -> Iterator[str]:
    yield _prose(
        "Slack's error codes, as `bot/slack/refusals.py` has them (docs.slack.dev/reference/methods, of",
        "chat.postMessage, chat.update, chat.postEphemeral, reactions.add and files). Whatever it is, what",
        "was to be told is tried again: section 9 says how often and how long. A code that stands nowhere is",
        "passing.",
    )
    yield from _table(
        "about", "what helps beside trying again", "codes",
        rows=(
            (about, helps, ", ".join(f"`{code}`" for code, one in CODES.items() if one == about))
            for about, helps in _HELPS.items()
        ),
    )  # fmt: skip


_HELPS: Mapping[Meaning, str] = {
    "passing": "nothing",
    "message": "the same in plainer words, in a new message, or how to get at a file",
    "place": "an invitation, or an admin's leave to post there; people are told directly",
    "app": "whoever runs the bot: token, scopes, installation; `rootver doctor` says what is wrong",
}


def _time(length: timedelta) -> str:
    return duration(length.total_seconds())


_RULES = ApprovalRules()
_LIMITS: Mapping[str, str] = {
    "a fix waits for a decision (setting)": _time(_RULES.expires),
    "the approvers are reminded after (setting)": _time(_RULES.remind),
    "between approval and applying (setting)": _time(_RULES.grace),
    "looks after the change (setting)": ", ".join(map(_time, _RULES.follow_up)),
    "an indeterminate fix is read again every": f"{_time(READ_AGAIN)}, after a while {_time(AWAY_AGAIN)}",
    "approvers looked up for a card": str(LOOK_UPS),
    "who is in a group is known for": duration(GROUP_SECONDS),
    "refusals that one person is told at the door": f"one in {_time(BETWEEN_ANSWERS)}",
    "a command is taken up again after a restart for": f"{GIVE_UP.days} days",
    "after a refusal Slack is tried again within": f"{_time(LONGEST_PAUSE)}, or when it says",
    "people are told directly what a place refuses for": _time(LONG),
    "what Slack refuses is given up after": f"{GIVE_UP.days} days",
    "commands of one person (setting)": f"{Slack().commands_per_minute} in {duration(MINUTE)}",
    "answers in a channel": f"{POSTS_IN_A_BURST - KEPT_FREE} at once, then {POSTS_PER_SECOND:g} a second",
    "an answer that its channel refuses is stored after": duration(KEPT_HERE),
    "before a change is sent, what came in is waited for": duration(HEARD_SECONDS),
    "a connection to Slack that is not ours is another bot's after": duration(RECONNECT_SECONDS),
    "events of a node are read back to": f"{EVENT_HOURS} h",
    "an answer of a host": f"{ANSWER_LIMIT // 2**20} MiB",
    "`doctor` objects to clocks of bot and host that differ by": _time(CLOCK_DIFFERENCE),
    "lines or records in one answer to `history`": str(RECORDS),
    "records that `last` may ask for": str(MAX_LAST),
    "an export in chat": f"{LARGEST_EXPORT // 2**20} MB",
    "the body of a record": f"{MAX_BODY // 1024} KiB",
}

if __name__ == "__main__":
    PAGE.write_text(page())
