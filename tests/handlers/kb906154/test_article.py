"""The article as data agrees with the article as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers.kb906154.article import (
    ASPNET_KEY,
    PERMISSION_EVENTS,
    SYMPTOMS,
    TARGET,
    TOPOLOGY_TIMEOUT,
    UNKNOWN_INTERFACE,
    VERDICT,
    VERDICTS,
    Verdict,
)
from handlers.kb906154.root_ver import is_version

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "kb906154.txt"


def article() -> str:
    """The text of KB 906154; the test is skipped where no copy lies beside the checkout."""
    if not REFERENCE.exists():
        pytest.skip("no copy of KB 906154 beside the checkout")
    return REFERENCE.read_text(encoding="utf-8")


def test_the_symptoms_are_the_articles_events_in_its_order() -> None:
    """Source, id, and the code in its description."""
    blocks = re.findall(
        r"Event Source: (\S+)\nEvent Category:\nEvent ID: (\d+)\nDescription: (.*)", article()
    )
    codes = [re.findall(r"[8][0-9a-f]{7}", description) for _, _, description in blocks]
    assert [(one.event.source, one.event.id) for one in SYMPTOMS] == [
        (name, int(no)) for name, no, _ in blocks
    ]
    assert [one.event.code for one in SYMPTOMS] == [f"0x{code[0]}" if code else None for code in codes]
    assert [one.number for one in SYMPTOMS] == [f"E{number}" for number in range(1, 9)]


def test_key_and_value_are_the_articles() -> None:
    """As its Resolution gives them."""
    text = article()
    assert f"set the RootVer registry value to {TARGET}" in text
    assert ASPNET_KEY.replace("HKLM", "HKEY_LOCAL_MACHINE") in text


def test_strong_symptoms_carry_a_code_or_name_the_attendant() -> None:
    """Everything else has other everyday causes."""
    strong = {one.number: (one.weight, one.event.code) for one in SYMPTOMS if one.weight != "weak"}
    assert strong == {
        "E2": ("telling", UNKNOWN_INTERFACE),
        "E3": ("telling", TOPOLOGY_TIMEOUT),
        "E6": ("of_attendant", None),
        "E7": ("of_attendant", None),
    }


def test_traces_of_permissions_are_no_symptoms() -> None:
    """The two lists share no event."""
    assert not {(one.source, one.id) for one in PERMISSION_EVENTS} & {
        (one.event.source, one.event.id) for one in SYMPTOMS
    }


def test_the_target_is_a_version() -> None:
    """Well formed, or the fix itself would be malformed."""
    assert is_version(TARGET)


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda one: one.id)
def test_every_verdict_has_a_title_a_source_and_a_next_step(verdict: Verdict) -> None:
    """But for healthy, which needs no step."""
    assert verdict.title
    assert verdict.reference
    assert bool(verdict.advice) is (verdict.id != "healthy")
    assert VERDICT[verdict.id] is verdict
