"""docs/troubleshooting.md, printed from the code: `python -m tests.troubleshooting_page` writes it.

A test compares. Where the code has a table of what can be said, that is printed; else the sentences are read
from the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Literal

from bot.command_line.exits import MEANINGS
from bot.settings.docs_pages import docs_link
from handlers.kb906154.unreadable import HINDRANCES
from handlers.psrp.kinds_of_failure import KINDS
from tests.errors_page import OURS
from tests.rules_page import page as rules
from tests.sentences import OPEN, Sentence, every, modules, raised, thrown, with_next_step

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"

HEAD = f"""# Troubleshooting, by the exact sentence

<!-- Printed by `python -m tests.troubleshooting_page`: change the sentences in the code instead. -->

Search this page for a few words of what you see. `{OPEN}` stands for what differs from case to case: a name,
a number, what a server said. Most sentences name the next step; what stands above a list says the rest. What
is said of a node has pages of its own: [verdicts](verdicts/README.md), [related causes](causes/README.md).

| where you see it | section |
|---|---|
"""

LAST = """
## Nothing here fits

"Something failed inside" in Slack, and exit code 70 in a terminal, are defects of rootver. The log has a
traceback for whoever runs the bot (`journalctl -u rootver`). `rootver doctor` says whether anything else is
wrong. Nothing is sent to a server that is not recorded: `@rootver fixes` says what is open, and
`@rootver history` what was done.
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A section whose sentences are read from the code.

    Of the modules `told` what is raised, of `whole` every text, of `steps` every text with a next step, of
    `scripts` what PowerShell throws. `before` stands for what is said before a sentence that begins in the
    middle.
    """

    title: str
    seen: str
    intro: str
    told: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    before: str = ""

    def sentences(self) -> list[Sentence]:
        """What it lists, in the order of the code."""
        found = [one for file in modules(*self.told) for one in raised(file) if not _ours(one)]
        found = [one for one in found if one.text not in PIECES]
        found += [one for file in modules(*self.scripts) for one in thrown(file)]
        found += [one for file in modules(*self.steps) for one in with_next_step(file)]
        return found + [one for file in modules(*self.whole) for one in every(file) if one.text not in PIECES]


# Pieces of sentences that stand whole elsewhere on the page.
PIECES = frozenset({
    "hex value", "the client certificate", "the account of this process", "node … of clusters.…",
    "virtual server … of clusters.…", "the bot token, from OAuth & Permissions",
    "the app-level token, from Basic Information", "or …_FILE", "no error code", "Its log says why.",
    "The settings", "…: the settings", "Did you mean …?",
    "… cannot be used:", "bot token", "host mgmt1",
    "no other bot is connected with the same app token any more",
})  # fmt: skip


def _ours(one: Sentence) -> bool:
    """What nobody is shown as it stands: defects, and what is caught and said in other words."""
    return one.raised in NOT_SHOWN or (one.file, one.raised) in NOT_SHOWN


NOT_SHOWN: dict[str | tuple[str, str], str] = {
    "TypeError": "a defect: it ends as `Something failed inside` or with exit code 70",
    "RuntimeError": "a defect, in the same way",
    "NotCanonical": "a defect: a record that could not be read again is not written",
    "NotSaid": "caught where it is posted: it is tried again, and told as `Not told yet`",
    "Nameless": "the same",
    "FragmentError": "caught where an answer is read: `it answered with something that is not PowerShell "
    "remoting`",
    "WinRMError": "the same",
    "DatabaseError": "caught by `verify`, which says `cannot be read any further`",
    "error": "caught where evidence is unpacked: `Evidence … is not what was stored`",
    ("bot/slack/refusals.py", "ValueError"): "a defect of the table, found when it is loaded",
    ("bot/blocks/reg_file.py", "ValueError"): "caught: the backup is then attached as JSON alone",
    ("handlers/psrp/answers.py", "ValueError"): "caught there: the connection is not used again",
    ("handlers/psrp/answers.py", "ConnectionResetError"): "caught there: `its answer was cut off`, or lost",
    ("handlers/psrp/wire.py", "ValueError"): "caught where an answer is read",
    ("storage/chain/audit.py", "ValueError"): "a defect",
    ("storage/times.py", "ValueError"): "a defect",
}

LISTED = (
    Listed(
        "An answer in Slack that names a next step",
        "in Slack, as the answer to a command or a reaction",
        "Each says what to do. The commands are [explained here](commands.md).",
        steps=("bot/parser.py", "bot/blocks/*.py", "bot/listeners/*.py", "bot/answers/*.py"),
    ),
    Listed(
        "A fix that was stopped, or is not confirmed",
        "in the thread of a fix: *voided*, *declined*, *cancelled*, *not confirmed yet*",
        "*voided*, *declined*, *cancelled*: nothing was changed on the server. [What must "
        "hold](rules.md#section-5) before "
        "a change is sent; see what the sentence names, then `@rootver diagnose` the node again. *Not "
        "confirmed yet*: the "
        "value was set; bring the System Attendant online, or see what keeps it down.",
        told=("handlers/fix/*.py", "handlers/approval.py", "storage/fixes.py"),
    ),
    Listed(
        "The answer of a management host was not used",
        "in a diagnosis, a fix or `doctor`: the answer breaks the contract, or is too large",
        "Something other than this version's module RootVer answered, or something on the way changed the "
        "answer. "
        "Next: [try the endpoint by hand](endpoint.md#try-it-before-the-night), and compare the versions "
        "that "
        "`rootver doctor` shows. [What an answer must look like](wire-contract.md).",
        before="…: ",
        told=("handlers/contract/*.py", "handlers/psrp/bounds.py"),
    ),
    Listed(
        "Setting up the endpoint on the management host",
        "in Windows PowerShell, from `Register-RootVerEndpoint.ps1`",
        "Where a script stops before its end, it puts back what was there, or says what it could not. "
        "[The endpoint](endpoint.md).",
        scripts=("handlers/powershell/endpoint/*.ps1",),
    ),
    Listed(
        "What the module RootVer says of a node",
        "as the host's own words, behind a code",
        "These are in English on every Windows; the words of Windows itself are in its own language, so the "
        "code beside "
        "them counts. Next: [what each code means](#a-node-does-not-let-something-be-read).",
        scripts=("handlers/powershell/RootVer/*.psm1",),
        before="… ",
    ),
    Listed(
        "A name or a question that was not understood",
        "as the answer to a command, in Slack or in a terminal",
        "`@rootver help` lists the commands, `@rootver help history` the words of a question, `@rootver "
        "nodes` the names. "
        "[All commands](commands.md).",
        told=("bot/commands.py", "bot/parser.py", "handlers/inventory.py", "handlers/record/[hq]*.py"),
        steps=("bot/parser.py",),
    ),
    Listed(
        "Settings that cannot be used",
        "exit code 78, or as WARN of `config` and `doctor`",
        "All that is wrong is told at once, each with the key or the variable. [All keys](settings.md), [all "
        "options of "
        "a host](hosts.md#options). `rootver config` checks again without starting anything.",
        before="… ",
        told=("bot/settings/renewing.py",),
        whole=(
            "bot/settings/doubts.py", "bot/settings/environment.py", "bot/settings/file.py",
            "bot/settings/loading.py", "bot/settings/names.py", "bot/settings/refused.py",
            "bot/settings/secrets.py", "bot/settings/settings.py", "bot/settings/single_values.py",
            "handlers/host_options.py",
        ),
    ),
    Listed(
        "A FAIL or a WARN of doctor, a trouble of health",
        "`rootver doctor`, `@rootver doctor`, `rootver health`",
        "[Run it](operating.md) says what is well. FAIL is to be repaired; WARN works, but somebody should "
        "know.",
        before="…: ",
        told=("bot/doctor/*.py",),
        whole=("bot/running/health.py", "bot/running/lookout.py"),
    ),
    Listed(
        "Slack does not answer, or refuses",
        "in a terminal, in the log, in `health`",
        "[What each of Slack's codes is about](rules.md#section-11). What was to be told is tried again for "
        "three days.",
        before="… ",
        told=("bot/slack/*.py", "bot/running/*.py", "handlers/ports.py"),
    ),
    Listed(
        "The bot's file",
        "in a terminal, at the start, or as FAIL of `doctor`; before each stands the file",
        "Nothing is sent to a server that cannot be recorded. [Backup and "
        "restore](operating.md#backup-and-restore), [an "
        "older copy](audit.md#an-older-copy).",
        before="…: ",
        told=(
            "storage/e*.py", "storage/file/[!e]*.py", "storage/chain/[acs]*.py",
            "handlers/record/anchoring.py",
            "handlers/record/erasing.py",
        ),
        whole=("storage/file/errors.py",),
    ),
    Listed(
        "A fault that verify finds",
        "`rootver verify`, `@rootver verify`, the audit channel; before each stands the record",
        "Somebody or something changed the file. Next: stop the bot, keep a copy of the file as evidence, "
        "restore the "
        "newest snapshot. Fixes stay held until then. [What the audit proves](audit.md).",
        before="…: ",
        told=("storage/chain/verify.py", "storage/chain/walk.py"),
    ),
    Listed(
        "A command in a terminal",
        "on standard error, with an exit code",
        "The exit code says of what kind it is: the table below.",
        before="… ",
        told=("bot/command_line/*.py",),
        steps=("bot/command_line/*.py",),
    ),
)  # fmt: skip


def page() -> str:
    """The whole page."""
    sections = [_refusals(), _unreadable(), _failures(), _attempts(), *map(_listed, LISTED)]
    toc = "".join(f"| {seen} | [{title}](#{_slug(title)}) |\n" for title, seen, _ in sections)
    body = "".join(f"\n## {title}\n\n{_paragraphs(text)}" for title, _, text in sections)
    return HEAD + toc + body + _exit_codes() + LAST


Section = tuple[str, str, str]
"""Title, where its sentences are seen, text."""


def _paragraphs(text: str) -> str:
    """The same with its first paragraph in lines."""
    intro, _, rest = text.partition("\n\n")
    return f"{_wrapped(intro)}\n{rest}"


@cache
def refusals() -> tuple[tuple[str, str, str], ...]:
    """Word, when, sentence: section 4 of the rules."""
    text = rules().split('<a id="section-4">')[1].split('<a id="section-5">')[0]
    return tuple(re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE))


def _refusals() -> Section:
    seen = set[str]()
    lines = [
        f"| {_anchor('refusal', word, seen)}{_text(sentence)} | {when} | `{word}` |\n"
        for word, when, sentence in refusals()
    ]
    intro = (
        "Each is recorded with its word: `@rootver history outcome refused`. "
        "[What the card waits for](approver.md), [who may approve](settings.md#approval).\n\n"
        "| what is said | when | in the record |\n|---|---|---|\n"
    )
    where = "in Slack, to you alone or in the thread: of a reaction, a command, a card that is not there"
    return "Refused", where, intro + "".join(lines)


def _anchor(topic: Literal["refusal", "error"], name: str, seen: set[str]) -> str:
    """The first of a name gets the anchor that a message links to."""
    link = docs_link(topic, name, None).partition("#")[2]
    if link in seen:
        return ""
    seen.add(link)
    return f'<a id="{link}"></a>'


def _unreadable() -> Section:
    lines = [f"| {_text(one.meaning)} | {_text(one.advice)} | {_codes(one.codes)} |\n" for one in HINDRANCES]
    intro = (
        "The node answered, and one thing on it could not be read. If it decides, the verdict is "
        "[could not tell](verdicts/inconclusive.md); else it stands under *not checked*.\n\n"
        "| what is said | next | codes |\n|---|---|---|\n"
    )
    return (
        "A node does not let something be read",
        "in a diagnosis, with a code like 0x80070005",
        intro + "".join(lines),
    )


def _attempts() -> Section:
    """From section 6 of the rules: how an attempt ended, where it is not *applied*."""
    text = rules().split('<a id="section-6">')[1].split('<a id="section-7">')[0]
    rows = re.findall(r"^\| (.+?) \| (\w+) \| (\S.*?) \|$", text, re.MULTILINE)
    lines = [f"| {_text(said)} | {when} | {to} |\n" for when, to, said in rows if to in _BAD_ENDS]
    intro = (
        "*indeterminate*: wait. The bot reads back until it knows, and sends nothing again. Do not set the "
        "value by hand. "
        "*failed*: look at the node; `restore FIX-n` proposes to put back what stood there. *voided*: "
        "nothing was "
        "written; diagnose again.\n\n"
        "| what is said | when | the fix is |\n|---|---|---|\n"
    )
    return "A change that did not end well", "in the thread of a fix that was sent", intro + "".join(lines)


_BAD_ENDS = ("indeterminate", "failed", "voided")


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f"`{one}`" for one in sorted(codes))


def _failures() -> Section:
    seen = set[str]()
    lines = [
        f"| {_anchor('error', name, seen)}{_text(one.what)} | {_text(one.advice)} | "
        f"[{one.page.partition('.')[0]}]({one.page}) |\n"
        for name, one in KINDS.items()
    ]
    lines += [f"| {_text(one.what)} | {_text(one.advice)} | [hosts](hosts.md) |\n" for one, _ in OURS]
    intro = (
        "Before the sentence stands the node and the host, behind it what the host itself said. How the bot "
        "knows each: "
        "[errors](errors.md).\n\n"
        "| what is said | next | more |\n|---|---|---|\n"
    )
    return (
        "The way to a management host",
        "in a diagnosis, a fix or `doctor`: `… through mgmt1: …`",
        intro + "".join(lines),
    )


def _listed(one: Listed) -> Section:
    texts = (f"{one.before}{each.text}" if each.text[:1].islower() else each.text for each in one.sentences())
    lines = dict.fromkeys(_wrapped(f"- {_text(text)}", "  ") for text in texts if not _refused(text))
    return one.title, one.seen, f"{one.intro}\n\n{''.join(lines)}"


def _refused(text: str) -> bool:
    """Whether it stands under "Refused" already."""
    pattern = re.escape(text).replace(OPEN, ".+")
    return any(re.fullmatch(pattern, sentence) for _, _, sentence in refusals())


def _wrapped(text: str, indent: str = "") -> str:
    return fill(text, 110, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) + "\n"


def _exit_codes() -> str:
    rows = "".join(f"| {int(code)} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return f"\n| exit code | meaning |\n|---|---|\n{rows}"


def _text(text: str) -> str:
    """A sentence of the code as Markdown shows it: names with underscores as code, and no other markup."""
    shown = re.sub(r"\{[^{}]*\}", OPEN, " ".join(text.split()))
    shown = re.sub(r":[a-z_]+: ", "", shown)
    parts = re.split(r"(`[^`]*`)", shown)
    return "".join(one if one.startswith("`") else _escaped(one) for one in parts)


def _escaped(text: str) -> str:
    coded = re.sub(r"[\w.]*_[\w.]*\w|\[[a-z.]+\]", r"`\g<0>`", text)
    parts = re.split(r"(`[^`]*`)", coded)
    return "".join(one if one.startswith("`") else re.sub(r"([\\<>*_\[\]|`])", r"\\\1", one) for one in parts)


def _slug(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def unlisted() -> Iterator[Sentence]:
    """What the code raises and no section lists."""
    there = {file for one in LISTED for file in modules(*one.told, *one.whole)}
    for file in modules("bot/**/*.py", "handlers/**/*.py", "storage/**/*.py"):
        if file not in there:
            yield from (one for one in raised(file) if one.raised and not _ours(one))


if __name__ == "__main__":
    PAGE.write_text(page())
