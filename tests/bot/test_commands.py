"""Words → commands: the table, what keyboards and Slack do to words, and that nothing stays unanswered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import commands, parser
from bot.blocks.helping import helped, markdown, words_markdown
from bot.commands import (
    TABLE,
    Bare,
    Cancel,
    Diagnose,
    Explain,
    Export,
    Help,
    History,
    Manual,
    More,
    Restore,
    Show,
    Summary,
    Unknown,
    Why,
)
from bot.parser import heard, parse
from handlers.record.questions import KINDS, OUTCOMES
from tests.bot.message_checks import check
from tests.bot.message_checks import words as read

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("diagnose exch-node2", Diagnose("exch-node2")),
        ("diagnose EXCH-CL1", Diagnose("EXCH-CL1")),
        ("diagnose all", Diagnose("all")),
        ("manual exch-node2", Manual("exch-node2")),
        ("fixes", Bare("fixes")),
        ("cancel FIX-12", Cancel("FIX-12")),
        ("pause", Bare("pause")),
        ("resume", Bare("resume")),
        ("restore FIX-12", Restore("FIX-12")),
        ("history", History(())),
        ("history exch-node2 since 7d", History(("exch-node2", "since", "7d"))),
        ("more", More()),
        ("show FIX-12", Show("FIX-12")),
        ("why FIX-12", Why("FIX-12")),
        ("explain RootVer", Explain("RootVer")),
        ("explain remote registry", Explain("remote registry")),
        ("summary", Summary(())),
        ("summary since 90d", Summary(("since", "90d"))),
        ("export exch-node2 since 30d csv", Export(("exch-node2", "since", "30d"), "csv")),
        ("export JSONL", Export((), "jsonl")),
        ("verify", Bare("verify")),
        ("nodes", Bare("nodes")),
        ("doctor", Bare("doctor")),
        ("help", Help(None)),
        ("help diagnose", Help("diagnose")),
    ],
)
def test_every_command_of_the_design_is_understood(typed: str, meant: commands.Command) -> None:
    """Each verb makes its command with the words behind it."""
    assert parse(typed) == meant


def test_every_example_of_the_table_is_a_command_of_its_own_row() -> None:
    """What the help shows works when it is copied."""
    for spec in TABLE:
        assert parse(spec.example).verb == spec.verb


@pytest.mark.parametrize(
    "typed",
    [
        "DIAGNOSE exch-node2",
        "  Diagnose   exch-node2  ",
        "diagnose\u00a0exch-node2",
        "diagnose\u202fexch-node2",
        "diagnose exch\u2011node2",
        "diagnose exch\u2013node2",
        "diagnose \u201cexch-node2\u201d",
        "diagnose \u2018exch-node2\u2019",
        "diagnose `exch-node2`",
        "*diagnose* exch-node2",
        "_diagnose exch-node2_",
        "~diagnose~ *_exch-node2_*",
        "&gt; diagnose exch-node2",
        "\u2022 diagnose exch-node2",
        "- diagnose \u2192 exch-node2",
        "diagnose \u200bexch-node2\u200b",
        "\ufeffdiagnose exch-\u00adnode2",
        "diagnose exch-node2.",
        "diagnose exch-node2!",
        "diagnose exch-node2\u2026",
        "diagnose\nexch-node2",
        "`@rootver diagnose exch-node2`",
        "rootver diagnose exch-node2",
        "diagnose <http://exch-node2|exch-node2>",
        "diagnose <http://exch-node2>",
        "diagnose <https://exch-node2/>",
        "diagnose <mailto:exch-node2|exch-node2>",
    ],
)
def test_what_slack_and_keyboards_do_to_words_is_undone(typed: str) -> None:
    """All of these are one command."""
    assert parse(typed) == Diagnose("exch-node2")


def test_a_linked_full_name_is_its_label() -> None:
    """Slack turns names with a known top-level domain into links."""
    typed = "diagnose <http://exch-node2.corp.example.com|exch-node2.corp.example.com>"
    assert parse(typed) == Diagnose("exch-node2.corp.example.com")


def test_the_three_signs_slack_escapes_come_back_once() -> None:
    """&amp;lt; was typed as &lt; and stays that."""
    assert parse("diagnose a&amp;lt;b") == Diagnose("a&lt;b")
    assert parse("diagnose &lt;exch&gt;") == Diagnose("<exch>")


def test_the_mention_of_a_person_stays_as_slack_writes_it() -> None:
    """The questions' own parser knows it."""
    assert parse("history by <@U012AB3CD> since 7d") == History(("by", "<@U012AB3CD>", "since", "7d"))


@pytest.mark.parametrize("spelling", ["FIX-12", "fix-12", "Fix 12", "FIX12", "12", "#12", "fix \u201312"])
def test_a_fix_may_be_spelled_in_many_ways(spelling: str) -> None:
    """All name FIX-12."""
    assert parse(f"show {spelling}") == Show("FIX-12")


@pytest.mark.parametrize("typed", ["", "   ", "@rootver", "\u200b", "?", "...", "\u00a0", '""'])
def test_a_bare_mention_is_a_question_for_help(typed: str) -> None:
    """Somebody who only says the bot's name gets the list."""
    assert parse(typed) == Help(None)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (
            "diagnose",
            "`diagnose`: It takes one name: of a node, of a cluster, or all. Example: `diagnose exch-node2`.",
        ),
        ("diagnose exch-node1 exch-node2", "`diagnose`: It takes one name"),
        ("cancel", "`cancel`: It takes the number of one fix. Example: `cancel FIX-12`."),
        ("cancel exch-node2", '`cancel`: "exch-node2" is not the number of a fix. Example: `cancel FIX-12`.'),
        ("show FIX-0", '`show`: "FIX-0" is not the number of a fix.'),
        ("show FIX-12 FIX-13", "`show`: "),
        ("why is mail down", '`why`: "is mail down" is not the number of a fix. Example: `why FIX-12`.'),
        ("explain", "`explain`: It takes one word that you have seen in an answer. Example:"),
        ("fixes now", '`fixes`: "now" is too much: it takes no more words. Example: `fixes`.'),
        ("export exch-node2", "`export`: It ends in the format: csv or jsonl. Example: `export exch-node2"),
        ("export", "`export`: It ends in the format"),
    ],
)
def test_missing_or_extra_words_give_a_sentence_with_an_example(typed: str, reason: str) -> None:
    """Nothing is guessed: an instruction that is half understood is not carried out."""
    answer = parse(typed)
    assert isinstance(answer, Unknown)
    assert answer.reason.startswith(reason)
    assert answer.suggestion is not None


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("diagnoes exch-node2", "diagnose exch-node2"),
        ("histroy exch-node2 since 7d", "history exch-node2 since 7d"),
        ("dianose", "diagnose exch-node2"),
        ("hepl", "help"),
        ("show-me", "show FIX-12"),
    ],
)
def test_a_typo_gets_the_whole_command_that_was_meant(typed: str, suggestion: str) -> None:
    """The suggestion can be copied as it stands; where the rest does not fit either, it is the example."""
    answer = parse(typed)
    assert isinstance(answer, Unknown)
    assert answer.suggestion == suggestion
    assert suggestion in answer.reason


@pytest.mark.parametrize("typed", ["approve FIX-12", "Decline fix 12!", "apply", "reject 12"])
def test_who_would_decide_in_words_is_told_how_a_fix_is_decided_on(typed: str) -> None:
    """It is natural to type at night, and the list of commands has nothing like it."""
    answer = parse(typed)
    assert isinstance(answer, Unknown)
    assert "A fix is approved or declined by a reaction on its card. Next: `fixes` lists" in answer.reason
    assert answer.suggestion == "fixes"


def test_an_example_is_not_said_to_be_what_was_meant() -> None:
    """There may be a FIX-12, and nobody spoke of it."""
    answer = parse("cancle it")
    assert isinstance(answer, Unknown)
    assert answer.reason == '"cancle" is not a command. Did you mean `cancel`? Example: `cancel FIX-12`.'


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("can you look at exch-node2?", "diagnose exch-node2"),
        ("can", None),
        ("can we talk", None),
        ("cause", "diagnose exch-node2"),
        ("canal", "manual exch-node2"),
        ("status", "fixes"),
        ("undo FIX-3", "restore FIX-3"),
        ("rollback", "restore FIX-12"),
        ("story FIX-3", "show FIX-3"),
        ("what", "explain RootVer"),
        ("phase", None),
        ("parse", None),
        ("cancer FIX-3", None),
        ("cancl FIX-3", "cancel FIX-3"),
        ("stop", "pause"),
        ("puase", "pause"),
        ("log exch-node2 since 7d", "history exch-node2 since 7d"),
        ("check the cluster EXCH-CL1", "diagnose EXCH-CL1"),
    ],
)
def test_a_suggestion_goes_by_what_a_word_means_not_by_its_letters_alone(
    typed: str, suggestion: str | None
) -> None:
    """What stops something is never suggested for a word that is only a little like it."""
    answer = parse(typed)
    assert isinstance(answer, Unknown)
    assert answer.suggestion == suggestion


@pytest.mark.parametrize(
    "typed",
    [
        "please diagnose exch-node2",
        "diagnose exch-node2 please",
        "Can you diagnose exch-node2?",
        "hey, could you please diagnose exch-node2 for me, thanks a lot!",
        "diagnose exch-node2 :pray:",
        ":wave: hi! diagnose exch-node2 :pray::skin-tone-3: thx",
        "diagnose exch-node2 \U0001f64f",
        "diagnose exch-node2\nmail is down since ten",
        "diagnose exch-node2, thank you!\n\nBob",
        "can you\ndiagnose exch-node2",
        "rootver diagnose exch-node2 please",
    ],
)
def test_what_is_polite_around_a_command_is_no_part_of_it(typed: str) -> None:
    """Nor an emoji, nor a second line."""
    assert parse(typed) == Diagnose("exch-node2")


def test_names_that_look_polite_or_like_an_emoji_stay() -> None:
    """Only whole words around the command go."""
    assert parse("diagnose thanks-node1") == Diagnose("thanks-node1")
    assert parse("history since 10:34:12") == History(("since", "10:34:12"))
    assert parse("thanks") == Unknown("thanks", None, '"thanks" is not a command. `help` lists all of them.')


def test_a_command_that_is_only_quoted_is_answered_and_not_run() -> None:
    """The answer says how to have it done."""
    answer = heard("see `<@U1> pause`", "U1")
    assert isinstance(answer, Unknown)
    assert "only quotes a command" in answer.reason
    assert heard("<@U1> pause", "U1") == Bare("pause")
    assert heard("`pause`", "U1", direct=True) == Bare("pause")


def test_what_is_like_no_command_is_answered_too() -> None:
    """It names the word and the way to the list."""
    assert parse("xyzzy 42") == Unknown(
        "xyzzy 42", None, '"xyzzy" is not a command. `help` lists all of them.'
    )


@settings(deadline=None, max_examples=300)
@given(
    st.text()
    | st.lists(st.sampled_from(["diagnose", "fix", "12", "<http://", "|", "&amp;", ">", "\u200b", " "])).map(
        "".join
    )
)
def test_any_text_gives_a_command_and_a_short_answer(text: str) -> None:
    """Parsing never raises, and what is said back is one short printable line."""
    command = parse(text)
    if isinstance(command, Unknown):
        assert command.reason.isprintable()
        assert len(command.reason) < 500


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(TABLE), st.integers(0, 2**32))
def test_upper_case_and_signs_around_words_change_nothing(spec: commands.Spec, seed: int) -> None:
    """Every example survives being shouted and decorated."""
    decorated = "\u00a0".join(f"\u201c{word}\u201d" for word in spec.example.split())
    verb, _, rest = decorated.partition("\u00a0")
    assert parse(f"{verb.upper()}\u00a0{rest}".strip()) == parse(spec.example)


def test_very_long_words_are_not_repeated() -> None:
    """An answer stays short whatever was typed."""
    answer = parse("diagnos " + "x" * 40_000)
    assert isinstance(answer, Unknown)
    assert len(answer.reason) < 300


def test_what_was_understood_is_told_for_the_record() -> None:
    """The record holds the words as understood, never the message."""
    assert parser.words(parse("diagnose <http://exch-node2|exch-node2>!")) == "exch-node2"
    assert parser.words(parse("show fix 12")) == "FIX-12"
    assert parser.words(parse("export since 7d CSV")) == "since 7d csv"
    assert parser.words(parse("history by @bob")) == "by @bob"
    assert parser.words(More(("since", "7d", "before", "8"))) == "since 7d before 8"
    assert parser.words(parse("more")) == parser.words(parse("verify")) == ""
    assert parser.words(parse("frobnicate all my secrets")) == ""


def test_help_lists_every_command_in_groups() -> None:
    """A command cannot be forgotten in the help: both come from the table."""
    overview = helped(None)
    check(overview)
    groups = [block["text"]["text"].splitlines()[0] for block in overview.blocks[1:]]
    assert groups == ["*What is wrong*", "*Fixes*", "*What happened*", "*The bot itself*"]
    assert all(f"`{spec.example}` {spec.summary}." in read(overview) for spec in TABLE)


@pytest.mark.parametrize("verb", [spec.verb for spec in TABLE])
def test_help_on_a_command_has_every_word_it_takes_with_examples(verb: str) -> None:
    """Each word of its usage is explained; the examples are commands."""
    spec = next(one for one in TABLE if one.verb == verb)
    told = helped(verb.upper())
    check(told)
    for one in spec.takes:
        assert f"`{one.word}` {one.means}" in read(told)
    assert all(f"`@rootver {example}`" in read(told) for example in spec.examples)
    explained = " ".join(one.word for one in spec.takes)
    bare = re.sub(r"[^\w ]", " ", re.sub("[0-9].*", "", spec.words.replace("FIX-12", "")))
    assert all(word in explained for word in bare.split()), (spec.words, explained)
    assert not any(isinstance(parse(example), Unknown) for example in spec.examples)


def test_help_on_a_history_names_every_kind_and_outcome() -> None:
    """They can be typed, so they must be known."""
    told = read(helped("history"))
    assert all(word in told for word in (*KINDS, *OUTCOMES))


def test_help_on_a_word_that_is_not_a_command_suggests_one() -> None:
    """Typos in the topic are met like typos in a verb."""
    assert helped("diagnoes").text == '"diagnoes" is not a command. Did you mean `@rootver help diagnose`?'
    assert helped("xyzzy").text == '"xyzzy" is not a command. Next: `@rootver help` lists all of them.'


def test_the_docs_print_the_tables() -> None:
    """docs/commands.md holds them exactly as the code prints them."""
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert markdown() in page
    assert words_markdown() in page
