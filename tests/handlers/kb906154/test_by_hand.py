"""The steps by hand: the article's, in its order, with an "if" wherever something is not known."""

from __future__ import annotations

import pytest

from handlers.kb906154.article import VERDICT, VERDICTS, Verdict
from handlers.kb906154.by_hand import OURS, Known, Step, steps
from handlers.kb906154.facts import Absent, RegistryData, RegistryValue, Value
from handlers.kb906154.truth import Truth

KEY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\ASP.NET"
SET = "type `1.1.4322.0`"


def told(known: Known) -> str:
    return "\n".join(step.text for step in steps(known))


def read(data: RegistryData, kind: str = "REG_SZ") -> Value[RegistryValue]:
    return Value(RegistryValue(kind, data))


KNOWN = [
    Known(),
    *(Known(read("0.0.0.0"), verdict=verdict.id) for verdict in VERDICTS),
    *(
        Known(reading, runs, None, owner)
        for reading in (None, Absent("value"), Absent("key"), read("0.0.0.0"), read(1, "REG_DWORD"))
        for runs in (True, False, None)
        for owner in (True, False, None)
    ),
]


@pytest.mark.parametrize("known", KNOWN)
def test_the_article_stands_in_its_order_whatever_is_known(known: Known) -> None:
    """Look, judge, back up, set, bring online, check, undo; each step with its source."""
    order = (
        "which node owns", "regedit", KEY, "Go on only if .NET Framework 1.1 is what runs", "Back up", SET,
        "Quit Registry Editor", "online", "Check", "Undo",
    )  # fmt: skip
    text = told(known)
    at = -1
    for part in order:
        at = text.index(part, at + 1)
    assert all(one.source.startswith("KB ") or one.source == OURS for one in steps(known))
    assert all(one.text.count("`") % 2 == 0 for one in steps(known))


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.id)
def test_a_verdict_that_offers_no_fix_stops_people_too(verdict: Verdict) -> None:
    """What the bot would not change, nobody is told to change without looking."""
    offered = verdict.id in ("rootver_invalid", "rootver_invalid_undocumented")
    unknown = verdict.id in ("inconclusive", "refused")
    text = told(Known(read("0.0.0.0"), verdict=verdict.id))
    assert ("set nothing and stop here" in text) is not (offered or unknown)
    assert ("the conditions of this step held" in text) is offered


def test_the_advice_of_the_verdict_is_part_of_its_stop() -> None:
    """For instance: repair .NET Framework 1.1."""
    text = told(Known(read("0.0.0.0"), False, "rootver_invalid_would_dangle"))
    assert all(one in text for one in VERDICT["rootver_invalid_would_dangle"].advice)


@pytest.mark.parametrize(
    ("known", "part"),
    [
        (Known(read("1.1.4322.0")), "RootVer was right: if it still is, set nothing"),
        (Known(read("0.0.0.0"), True), "When last read, .NET Framework 1.1 was what ran."),
    ],
)
def test_what_is_known_without_a_verdict_is_told(known: Known, part: str) -> None:
    """A reading of a fix has no verdict beside it."""
    assert part in told(known)


def test_nothing_is_said_of_the_past_where_nothing_is_known() -> None:
    """Unknown is not "it held"."""
    assert "When last read" not in told(Known())


@pytest.mark.parametrize(
    ("reading", "parts"),
    [
        (read("0.0.0.0"), []),
        (
            read(0, "REG_DWORD"),
            ["The type of RootVer was not REG_SZ. If so, delete RootVer.", "New, String Value"],
        ),
        (Absent("value"), ["There was no RootVer.", "New, String Value"]),
        (None, ["If the type of RootVer is not REG_SZ", "New, String Value"]),
    ],
)
def test_a_value_that_must_be_made_first_is_one_that_the_article_does_not_speak_of(
    reading: Value[RegistryValue] | Absent | None, parts: list[str]
) -> None:
    """So its step says that it is not the article's."""
    ours = [step for step in steps(Known(reading)) if step.source == OURS]
    assert all(part in ours[0].text for part in parts)
    assert len(ours) == (1 if parts else 0)
    assert all(isinstance(step, Step) for step in ours)


@pytest.mark.parametrize(
    ("owner", "part"),
    [
        (True, "if this node still owns it"),
        (False, "nothing is to be brought online here"),
        (None, "if this node owns it"),
    ],
)
def test_only_an_owner_brings_anything_online(owner: Truth, part: str) -> None:
    """An unknown one with "if"."""
    assert part in told(Known(owner=owner))
