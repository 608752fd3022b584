"""The links of messages lead to pages that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings.docs_pages import docs_link
from tests.bot.settings_files import GOOD, loaded, refusals

FORGE = "https://git.corp.example/rootver-bot/blob/main/docs/{page}.md"


@pytest.mark.parametrize(
    ("docs_url", "address"),
    [
        (None, "docs/causes/no_site.md"),
        (FORGE, "https://git.corp.example/rootver-bot/blob/main/docs/causes/no_site.md"),
        ("http://docs.corp.example/{page}/", "http://docs.corp.example/causes/no_site/"),
    ],
)
def test_a_link_is_the_address_of_the_page_or_the_file(docs_url: str | None, address: str) -> None:
    """A forge and a site have addresses of different shapes."""
    assert docs_link("cause", "no_site", docs_url) == address


def test_an_anchor_stands_behind_the_address() -> None:
    """Refusals and errors share a page; a kind of error has blanks in its name."""
    site = "https://docs.corp.example/{page}.html"
    start = "https://docs.corp.example/troubleshooting.html#"
    assert docs_link("refusal", "too_late", site) == f"{start}refusal-too_late"
    assert docs_link("error", "logon refused", site) == f"{start}error-logon-refused"


def test_the_settings_say_where_the_docs_are(tmp_path: Path) -> None:
    """In the file or by a variable; without one messages name the file."""
    assert loaded(tmp_path, GOOD).slack.docs_url is None
    assert loaded(tmp_path, GOOD + f'[slack]\ndocs_url = "{FORGE}"\n').slack.docs_url == FORGE
    assert loaded(tmp_path, GOOD, ROOTVER_SLACK__DOCS_URL=FORGE).slack.docs_url == FORGE


@pytest.mark.parametrize(
    "value",
    [
        "docs/{page}.md", "https://docs.corp.example/", "https://a.example/{page}/{page}", "ftp://a.example/{page}",
        "https://bob:secret@a.example/{page}", "https://a.example/{page}|x", "https://a.example/{page}>",
        "https://a.example/ {page}", "https://[a/{page}", "https:///{page}", "https://a.example/#{page}",
    ],
)  # fmt: skip
def test_what_cannot_stand_in_a_link_is_refused(tmp_path: Path, value: str) -> None:
    """With an example, and without the value: it may hold a password."""
    (sentence,) = refusals(tmp_path, GOOD + f'[slack]\ndocs_url = "{value}"\n')
    assert sentence.startswith("slack.docs_url must be an address with https:// at its start")
    assert "Example: docs_url = " in sentence
    assert "secret" not in sentence
