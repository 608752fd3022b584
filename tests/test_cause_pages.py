"""Every related cause has a page, and its head is what the code says."""

from __future__ import annotations

import pytest

from bot.settings.docs_pages import docs_link
from handlers.kb906154.related import RELATED, RelatedCause
from tests.cause_pages import END, FOLDER, head, index, page
from tests.docs_links import ROOT


@pytest.mark.parametrize("row", RELATED, ids=lambda row: row.id)
def test_the_head_is_printed_from_the_code_and_something_is_below(row: RelatedCause) -> None:
    """Renew it with `python -m tests.cause_pages`."""
    text = page(row).read_text()
    assert text.startswith(head(row))
    below = text.split(END)[1]
    for title in ("## What it means", "## How it was seen", "## By hand"):
        assert title in below


@pytest.mark.parametrize("row", RELATED, ids=lambda row: row.id)
def test_the_link_of_a_message_leads_to_the_page(row: RelatedCause) -> None:
    """Without an address it is the file's name."""
    assert ROOT / docs_link("cause", row.id, None) == page(row)


def test_there_is_no_page_of_anything_else() -> None:
    """One page for each row, and the list of them."""
    assert {path.stem for path in FOLDER.glob("*.md")} == {*(row.id for row in RELATED), "README"}
    assert (FOLDER / "README.md").read_text() == index()
