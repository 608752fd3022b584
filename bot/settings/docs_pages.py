"""Which page of the docs explains what a message says; the setting `docs_url` says where the docs are.

`tests/bot/settings/test_docs_pages_of.py` follows the links.
"""

from __future__ import annotations

from typing import Literal

PAGE = "{page}"  # what stands for a page in `docs_url`

Topic = Literal["verdict", "cause", "refusal", "error"]

_PLACES: dict[Topic, str] = {
    "verdict": "verdicts/{}",
    "cause": "causes/{}",
    "refusal": "troubleshooting#refusal-{}",
    "error": "troubleshooting#error-{}",
}


def docs_link(topic: Topic, name: str, docs_url: str | None) -> str:
    """The address of the page on a verdict, a related cause, a refusal (by id) or an error (by its kind).

    Without a `docs_url` it is the file in the repository, as docs/causes/no_site.md: words, not a link.
    """
    page, _, anchor = _PLACES[topic].format(name.replace(" ", "-")).partition("#")
    address = docs_url.replace(PAGE, page) if docs_url else f"docs/{page}.md"
    return f"{address}#{anchor}" if anchor else address
