"""What the README says of the code is so."""

from __future__ import annotations

import json
import re

from tests.docs_links import ROOT, tree

README = (ROOT / "README.md").read_text()


def test_the_readme_gives_a_reason_for_each_scope_of_the_manifest() -> None:
    """No scope without a reason, no reason without a scope."""
    manifest = json.loads((ROOT / "bot" / "slack" / "manifest.json").read_text())
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    section = README.split("### Scopes, and why each")[1].split("The app-level token")[0]
    assert set(re.findall(r"^\| `([a-z:_]+)` \|", section, re.MULTILINE)) == scopes


def test_every_page_is_one_or_two_clicks_away() -> None:
    """From the README, or from the list of a folder that it links to."""
    linked = set(re.findall(r"\]\((docs/[\w/.-]+\.md)", README))
    lists = {one.rpartition("/")[0] for one in linked if one.endswith("/README.md")}
    pages = {one for one in tree().pages if one.startswith("docs/")}
    assert {one for one in pages - linked if one.rpartition("/")[0] not in lists} == set()


def test_the_size_of_the_lab_is_about_what_the_readme_says() -> None:
    """In thousands of lines, of the whole program's."""
    found = re.search(
        r"About ([\d,]+) of the program's ([\d,]+) lines are the lab", README.replace("\n", " ")
    )
    assert found
    said = [int(number.replace(",", "")) for number in found.groups()]
    kinds = (".py", ".js", ".css", ".html", ".psm1")
    files = [one for one in tree().files if one.startswith(("bot/", "handlers/", "storage/"))]
    lines = {one: len((ROOT / one).read_text().splitlines()) for one in files if one.endswith(kinds)}
    real = [sum(size for one, size in lines.items() if one.startswith("bot/lab/")), sum(lines.values())]
    assert [abs(one - other) < other * 0.15 for one, other in zip(said, real, strict=True)] == [True, True], (
        real
    )


def test_there_is_one_form_of_the_command() -> None:
    """`make` prints the line that puts it on the path, and no page names a program in a folder instead."""
    assert "    . .venv/bin/activate\n" in README
    assert ". $(BIN)/activate" in (ROOT / "Makefile").read_text()
    here = tree()
    named = {one for one in here.pages if re.search(r"\.venv/bin/(?!activate)", here.text(one))}
    assert named == set()
