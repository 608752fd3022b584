"""What people type, as apps get it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lab.workspace.typed_text import as_slack_stores, broadcasts, escape, mentioned_users, unescaped

MENTIONS = {"rootver": "<@U07ROOTVER0>", "channel": "<!channel>"}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("@rootver diagnose exch-node2", "<@U07ROOTVER0> diagnose exch-node2"),
        ("<@U07ROOTVER0> help", "<@U07ROOTVER0> help"),
        ("@Rootver help", "<@U07ROOTVER0> help"),
        ("@nobody help", "@nobody help"),
        ("diagnose n2.corp.example.com now", "diagnose <http://n2.corp.example.com|n2.corp.example.com> now"),
        ("diagnose mgmt1.corp.example", "diagnose mgmt1.corp.example"),
        ("version 1.1.4322.0", "version 1.1.4322.0"),
        ("see https://x.example/a?b=1&c=2.", "see <https://x.example/a?b=1&amp;c=2>."),
        ("ask bob@corp.example.com", "ask <mailto:bob@corp.example.com|bob@corp.example.com>"),
        ("`n2.corp.example.com` & <b>", "`n2.corp.example.com` &amp; &lt;b&gt;"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("@channel fire", "<!channel> fire"),
    ],
)
def test_typed_text_is_escaped_and_linked_as_slack_does(typed: str, stored: str) -> None:
    """One row per habit of Slack."""
    assert as_slack_stores(typed, MENTIONS) == stored


@settings(deadline=None)
@given(st.text(alphabet=st.characters(blacklist_characters="@./:`<", blacklist_categories=["Cs"])))
def test_words_without_links_and_mentions_are_only_escaped(text: str) -> None:
    """Nothing else changes, and unescaping gives them back."""
    stored = as_slack_stores(text, MENTIONS)
    assert stored == escape(text)
    assert stored.replace("&gt;", ">").replace("&amp;", "&") == text


@settings(deadline=None)
@given(st.text())
def test_escaped_text_is_never_a_mention_and_never_called_unescaped(text: str) -> None:
    """Whatever a server's event log says."""
    escaped = escape(text)
    assert list(unescaped(escaped)) == []
    assert (broadcasts(escaped), mentioned_users(escaped)) == ([], set())
