"""The night of the README: each line of it is said in the lab, but for numbers and times."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.docs_links import ROOT
from tests.scenarios.stage import Stage, shown

Enter = Callable[..., Stage]
STORY = (ROOT / "README.md").read_text().split("## A night on call\n")[1].split("\n![")[0]


def pieces() -> list[str]:
    """What the bot says in the story; `…` stands for what is left out."""
    lines = (line for line in STORY.splitlines() if line.startswith("    ") and "alice    @" not in line)
    said = [re.sub(r"^[ │├└]*(?:rootver  )?", "", line) for line in lines]
    said = [one for one in said if one and not re.match(r"(carol|bob|alice) ", one)]
    return [piece.strip() for one in said for piece in one.split("…") if piece.strip()]


def plain(text: str, name: Callable[[str], str] = str) -> str:
    """Without what differs from night to night (numbers, times, spans) and without markup."""
    text = re.sub(r"<@(\w+)>", lambda found: f"@{name(found[1])}", text)
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>|<[^|>]*\|([^>]*)>", lambda found: found[1] or found[2], text)
    text = re.sub(r":[a-z_]+: ?|[🔵⏳🟢🔴✅❌] ?|[*`]", "", text)
    text = re.sub(r"FIX-\d+", "FIX-n", text)
    text = re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)?( UTC)?", "TIME", text)
    text = re.sub(r"\d+(\.\d+)? (s|min|minutes?)\b", "SPAN", text)
    return " ".join(text.split())


def test_each_line_of_the_story_is_said(enter: Enter) -> None:
    """Played from the question to the history, edits of the card included."""
    stage = enter(approval={"grace_seconds": "2", "follow_up_minutes": "[0.03, 0.1, 0.3]"})
    said: set[str] = set()

    def listen() -> bool:
        for one in stage.messages():
            said.add(plain(shown(one), lambda user: stage.workspace.people[user].name))
        return False

    stage.say("alice", "@rootver diagnose exch-node2")
    card = stage.card()
    listen()
    stage.react("bob", card)
    stage.wait(lambda: listen() or any("Applied" in one for one in said))
    stage.cluster.bring_online()
    stage.wait(lambda: listen() or stage.state() == "confirmed")
    stage.see("no new errors since")
    listen()
    stage.say("carol", "@rootver history exch-node2 since 7d")
    stage.see("FIX-1")
    listen()
    told = "\n".join(said)
    assert [one for one in pieces() if plain(one) not in told] == []
