"""Acting in the practice workspace as a person."""

from bot.lab.workspace import Workspace


def test_a_mention_typed_by_a_person_becomes_an_event_of_the_app() -> None:
    """`@rootver` becomes a mention, the full computer name a link, as Slack does it."""
    workspace = Workspace()
    ts = workspace.say("alice", "#exchange-oncall", "@rootver diagnose exch-node2.corp.example.com")

    (payload,) = workspace.events
    assert payload["event"]["type"] == "app_mention"
    assert payload["event"]["ts"] == ts
    assert payload["event"]["user"] == workspace.id_of("alice")
    assert payload["event"]["text"] == (
        f"<@{workspace.bot_user}> diagnose <http://exch-node2.corp.example.com|exch-node2.corp.example.com>"
    )
