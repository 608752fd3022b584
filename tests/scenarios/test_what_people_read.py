"""What people read: every message that the code can make keeps the rules, and none is forgotten.

`nights` plays them, `every_message` notes them and where they come from, `reading` has the rules.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.slack.post import Post, post, section
from tests.bot.samples import ALICE
from tests.scenarios import every_message, nights
from tests.scenarios.every_message import Collected, missed
from tests.scenarios.reading import RULES, Rule, Said, no_word_of_programs

MESSAGES = 400  # different ones, at least; more than these are counted, fewer were forgotten


@cache
def everything() -> Collected:
    with TemporaryDirectory() as folder:
        return nights.collect(Path(folder))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_message_keeps_the_rule(rule: Rule) -> None:
    """All incidents with their ends, all commands and refusals, all failures at a host."""
    wrong = {
        f"{one.maker}, {one.how}, {one.about}: {what}: {one.first}"
        for one in everything().said
        for what in rule(one)
    }
    assert not wrong, "\n".join(sorted(wrong)[:50])


@pytest.mark.timeout(600)
def test_no_place_that_makes_a_message_or_hands_one_on_is_forgotten() -> None:
    """A new one is red until a night, or a table, brings it about."""
    assert missed(everything()) == []
    assert len(every_message.places()) > 60
    assert len({one.post.text for one in everything().said}) > MESSAGES


def test_a_new_place_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is written."""
    (tmp_path / "bot" / "answers").mkdir(parents=True)
    (tmp_path / "bot" / "answers" / "new.py").write_text(
        "outbox.say(place, x)\nself.slack.post(\n    channel, x)\npost(['x'])\nself.slack.whisper(c, u, x)\n"
        "self.answers.say(place, x)\nother.post(x)\ntell(x)\n"
    )
    monkeypatch.setattr(every_message, "ROOT", tmp_path)
    assert [line for _, line in sorted(every_message.places())] == [1, 2, 4, 5, 6]
    assert missed(Collected()) == [f"bot/answers/new.py:{line}" for line in (1, 2, 4, 5, 6)]
    assert missed(Collected(passed={("bot/answers/new.py", 3)})) == [
        f"bot/answers/new.py:{line}" for line in (1, 4, 5, 6)
    ]


GOOD = f"<@{ALICE}> FIX-1 applied: RootVer on EXCH-NODE2 is `1.1.4322.0`, read back.\nNext: nothing."


def news(text: str, **changes: object) -> Said:
    return replace(Said(Post(text), "news", "post", broadcast=True), **changes)  # type: ignore[arg-type]


def diagnosis(*lines: str) -> Said:
    return Said(post(["x"], [section(lines)]), "diagnosis", "post")


# A message that breaks the rule.
BROKEN: dict[str, list[Said]] = {
    "first_line": [news("x" * 151)],
    "news_is_new": [news(GOOD, how="edit")],
    "ends_call": [
        news(GOOD.replace(f"<@{ALICE}> ", "")), news(GOOD, broadcast=False),
        news(GOOD, about="approved by bob"),
    ],
    "no_key_value": [news("It is step=send.")],
    "no_word_of_programs": [
        news(f"It is {word}.") for word in (
            "root_ver", "root ver", "not_an_approver", "E3", "strong", "0.0.0.0 (REG_SZ)",
            "2026-11-23T09:00:00Z", "no such fix", "is no fix", "is not down", "row 0",
        )
    ],
    "emoji_with_words": [news("It is so.\n:red_circle:")],
    "next_step": [
        news("There is no FIX-9."), news(GOOD.replace("Next: ", "")), diagnosis(":red_circle: It is down."),
    ],
    "foreign_text": [news("<!channel> look"), news("a & b"), news("<@U07EVIL0000> look")],
    "worst_first": [diagnosis(":large_green_circle: OK: one", ":red_circle: FAIL: other")],
    "short_before_the_fold": [diagnosis(*["A line."] * 13), diagnosis("word " * 240)],
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_finds_what_breaks_it(rule: Rule) -> None:
    """And finds nothing in a good message."""
    assert all(list(rule(one)) for one in BROKEN[rule.__name__])
    assert list(rule(news(GOOD))) == []


@pytest.mark.parametrize(
    "file", sorted((every_message.ROOT / "bot" / "doctor").glob("*.py")), ids=lambda one: one.stem
)
def test_what_the_self_check_says_has_no_word_of_programs(file: Path) -> None:
    """Its sentences, as they stand in the code: few of them can be brought about at once."""
    tree = ast.parse(file.read_text())
    calls = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.Call) and getattr(one.func, "id", "") in ("ok", "warn", "fail")
    ]
    texts = [one.value for call in calls for one in ast.walk(call) if isinstance(one, ast.Constant)]
    said = [news(text) for text in texts if isinstance(text, str) and " " in text]
    assert [what for one in said for what in no_word_of_programs(one)] == []
