"""docs/kb906154.md is whole: its tables are the code's, and it names each clause of the article."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.kb906154.article import SYMPTOMS, TARGET, VERDICTS, ZERO
from tests.kb_page import PAGE, by_hand, events, written

ARTICLE = Path(__file__).parents[2] / "shared" / "reference" / "kb906154.txt"  # a copy, where there is one


def test_the_printed_parts_are_what_the_code_says() -> None:
    """Renew them with `python -m tests.kb_page`."""
    text = PAGE.read_text()
    assert events() in text
    assert by_hand() in text
    assert text == written(text)


def test_every_source_within_the_article_is_a_row_of_the_page() -> None:
    """What a verdict cites as its clause can be looked up there."""
    rows = PAGE.read_text().split("## The article, clause by clause")[1].split("\n## ")[0]
    cited = {one.reference.partition(", ")[2] for one in VERDICTS if one.reference.startswith("KB 906154, ")}
    assert cited
    assert [clause for clause in sorted(cited) if f"| {clause}" not in rows] == []


@pytest.mark.skipif(not ARTICLE.exists(), reason="no copy of the article is beside this repository")
def test_what_the_page_takes_from_the_article_stands_in_it() -> None:
    """Events with their codes, the value, the commands, where it applies; and that it names no bad value."""
    article = " ".join(ARTICLE.read_text(encoding="utf-8-sig", errors="replace").split())
    codes = {one.event.code.removeprefix("0x") for one in SYMPTOMS if one.event.code}
    for word in (
        *(one.event.source for one in SYMPTOMS), *(f"Event ID: {one.event.id}" for one in SYMPTOMS),
        *codes, TARGET, "Revision: 1.3", "October 25, 2007", "/domainprep", "reinstall Exchange Server 2003",
        "ASPNET", "Windows 2000 Advanced Server", "Windows 2000 Datacenter Server", "back up the registry",
    ):  # fmt: skip
        assert word in article, word
    assert ZERO not in article
    assert "policytest" not in article
