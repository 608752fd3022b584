"""Every verdict has a page, and its head is what the code says."""

from __future__ import annotations

import pytest

from bot.settings.docs_pages import docs_link
from handlers.kb906154.article import VERDICTS, Verdict
from tests.docs_links import ROOT
from tests.verdict_pages import END, FOLDER, head, index, page

PARTS = ["## What it means", "## How it was seen", "## What to do", "## By hand"]


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.id)
def test_the_head_is_printed_from_the_code_and_all_parts_are_below(verdict: Verdict) -> None:
    """Renew it with `python -m tests.verdict_pages`. One screen: it is read at night."""
    text = page(verdict).read_text()
    assert text.startswith(head(verdict))
    below = text.split(END)[1]
    assert [line for line in below.splitlines() if line.startswith("## ")] == PARTS
    assert len(text.splitlines()) <= 60


def test_there_is_no_page_of_anything_else() -> None:
    """One page for each row, and the list of them."""
    assert {path.stem for path in FOLDER.glob("*.md")} == {*(one.id for one in VERDICTS), "README"}
    assert (FOLDER / "README.md").read_text().startswith(index())


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.id)
def test_the_link_of_a_message_leads_to_the_page(verdict: Verdict) -> None:
    """Without an address it is the file's name."""
    assert ROOT / docs_link("verdict", verdict.id, None) == page(verdict)
