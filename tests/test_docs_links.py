"""Whatever a page or a comment points at can be opened in a fresh clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs_links import Tree, anchors, faults, tree

PAGE = "docs" + "/page.md"  # in two parts: this file cites nothing
DESIGN = "design"
GONE = "docs" + "/gone.md"


def test_all_that_pages_and_comments_point_at_is_there() -> None:
    """Links, anchors, paths in backticks; pages and sections that comments cite."""
    here = tree()
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/wire-contract.md"} <= set(here.pages)
    assert not faults(here)


@pytest.fixture
def two_pages(tmp_path: Path) -> Tree:
    """A README, a page with headings, and a module."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "bot").mkdir()
    (tmp_path / "README.md").write_text(f"[page]({PAGE}#second-part) and `bot/app.py`, not `bot/…`\n")
    text = '# Page\n\n## Second part\n<a id="section-3"></a>\n## 3. `Set-RootVer`\n```\n# no heading\n```\n'
    (tmp_path / "docs" / "page.md").write_text(text + "[up](../README.md), `[not](a-link.md)`\n")
    (tmp_path / "bot" / "app.py").write_text(f"# {PAGE}, section 3; {PAGE}#second-part.\n")
    return Tree(tmp_path, frozenset({"README.md", PAGE, "bot/app.py"}))


def test_links_that_lead_somewhere_are_not_a_fault(two_pages: Tree) -> None:
    """Code in backticks or fences is neither a link nor a heading."""
    assert faults(two_pages) == []


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("README.md", f"[a]({GONE})", f"README.md links to {GONE}, which is not there"),
        ("README.md", f"[a]({PAGE}#third)", f"{PAGE} has no such heading"),
        ("README.md", "![a](docs/a.png)", "README.md links to docs/a.png, which is not there"),
        ("README.md", f"[a]\n\n[a]: {GONE}", f"README.md links to {GONE}, which is not there"),
        ("README.md", "# Top\n[a](#bottom)", "README.md has no such heading"),
        ("README.md", "`bot/gone.py`", "README.md names bot/gone.py, which is not there"),
        ("README.md", "`bot/*.md`", "README.md names bot/*.md, which is not there"),
        (PAGE, "[a](../../secret)", f"{PAGE} links to ../../secret, which is not there"),
        (PAGE, "[a](page.md#no-heading)", f"{PAGE} has no such heading"),
        ("bot/app.py", f"# see {GONE}", f"bot/app.py cites {GONE}, which is not there"),
        ("bot/app.py", f"# {PAGE}#third", f"bot/app.py cites {PAGE}#third"),
        ("bot/app.py", f"# {PAGE}, section 4", f"bot/app.py cites section 4 of {PAGE}"),
        ("bot/app.py", f"# {PAGE}, sections 3 and 4", f"bot/app.py cites section 4 of {PAGE}"),
        ("bot/app.py", f"# {PAGE},\n# section 4", f"bot/app.py cites section 4 of {PAGE}"),
        ("bot/app.py", f"# a table of the {DESIGN}", "bot/app.py cites a design"),
    ],
)
def test_what_leads_nowhere_is_told(two_pages: Tree, file: str, text: str, told: str) -> None:
    """One fault, one sentence, with the file it stands in."""
    (two_pages.root / file).write_text(f"{text}\n")
    assert any(told in fault for fault in faults(two_pages)), faults(two_pages)


def test_anchors_are_those_that_github_makes() -> None:
    """Lower case, no punctuation, one hyphen for each blank, numbers for those that come again."""
    page = "# How it works\n## `Set-RootVer`\n## Why: a & b\n## Why: a & b\n## [Link](x.md) and _more_\n"
    assert anchors(page) == {
        "how-it-works", "set-rootver", "why-a--b", "why-a--b-1", "link-and-_more_",
    }  # fmt: skip
