"""Acting in the practice workspace as a person, without any server."""

import threading
from typing import Any

import pytest

from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.messages import Change
from bot.lab.workspace.workspace import Workspace

ONCALL = "#exchange-oncall"


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def kinds(workspace: Workspace) -> list[str]:
    return [payload["event"]["type"] for payload in workspace.events]


def last_event(workspace: Workspace) -> dict[str, Any]:
    event: dict[str, Any] = workspace.events[-1]["event"]
    return event


def bot_says(workspace: Workspace, text: str = "hello", **options: Any) -> str:
    return workspace.post(workspace.bot_user, workspace.id_of(ONCALL), text, **options).ts


def test_a_mention_typed_by_a_person_becomes_an_event_of_the_app(workspace: Workspace) -> None:
    """`@rootver` becomes a mention, the full computer name a link, as Slack does it."""
    ts = workspace.say("alice", ONCALL, "@rootver diagnose exch-node2.corp.example.com")

    (payload,) = workspace.events
    assert payload["type"] == "event_callback"
    assert payload["event_id"].startswith("Ev")
    assert payload["event"] == {
        "type": "app_mention",
        "user": workspace.id_of("alice"),
        "text": f"<@{workspace.bot_user}> diagnose <http://exch-node2.corp.example.com|exch-node2.corp.example.com>",
        "ts": ts,
        "event_ts": ts,
        "team": "T07PRACTICE",
        "channel": workspace.id_of(ONCALL),
        "client_msg_id": f"practice-{ts}",
    }


def test_the_bot_hears_nothing_of_channels_where_it_is_not_a_member(workspace: Workspace) -> None:
    """A mention in #general gives no event, nor does a reaction there."""
    ts = workspace.say("alice", "#general", "@rootver help")
    workspace.react("bob", "#general", ts, "eyes")
    assert workspace.events == []


def test_talk_without_a_mention_gives_no_event(workspace: Workspace) -> None:
    """The app is not subscribed to messages of channels."""
    workspace.say("alice", ONCALL, "is the mail down again?")
    assert workspace.events == []


def test_a_subscription_to_messages_of_channels_gives_two_events_of_one_ts(workspace: Workspace) -> None:
    """A mention then arrives as message and as app_mention, with different event ids."""
    workspace.log.subscriptions.add("message.channels")
    ts = workspace.say("alice", ONCALL, "@rootver help")
    assert kinds(workspace) == ["message", "app_mention"]
    assert {payload["event"]["ts"] for payload in workspace.events} == {ts}
    assert len({payload["event_id"] for payload in workspace.events}) == 2


def test_an_edit_of_a_mention_is_a_new_event_of_the_old_message(workspace: Workspace) -> None:
    """Same ts, new event id, and `edited`: a bot that keys on the event id runs the command twice."""
    ts = workspace.say("alice", ONCALL, "@rootver diagnose exch-node1")
    workspace.edit("alice", ONCALL, ts, "@rootver diagnose exch-node2")

    first, second = workspace.events
    assert first["event_id"] != second["event_id"]
    assert second["event"]["ts"] == first["event"]["ts"] == ts
    edited = second["event"]["edited"]
    assert edited["user"] == workspace.id_of("alice")
    assert edited["ts"].endswith(".000000")  # Slack counts whole seconds there
    assert float(second["event"]["event_ts"]) > float(first["event"]["event_ts"])
    assert "exch-node2" in workspace.message(ONCALL, ts).text


def test_a_direct_message_comes_as_message_im_and_never_as_mention(workspace: Workspace) -> None:
    """Also where it mentions the bot."""
    ts = workspace.direct_message("alice", "@rootver help")
    event = last_event(workspace)
    assert kinds(workspace) == ["message"]
    assert (event["channel_type"], event["channel"], event["ts"]) == ("im", workspace.dm("alice"), ts)
    assert event["channel"].startswith("D")


def test_what_the_bot_writes_in_a_direct_message_comes_back_as_an_event(workspace: Workspace) -> None:
    """It carries `bot_id`, and its edits come as message_changed: both must be ignored by the bot."""
    message = workspace.post(workspace.bot_user, workspace.dm("alice"), "checking")
    workspace.unfurl(message.channel, message.ts)
    workspace.delete(workspace.bot_user, message.channel, message.ts)
    posted, changed, deleted = (payload["event"] for payload in workspace.events)
    assert posted["bot_id"] == workspace.bot_id
    assert (changed["subtype"], deleted["subtype"]) == ("message_changed", "message_deleted")


def test_a_reaction_names_message_author_and_time_but_neither_team_nor_text(workspace: Workspace) -> None:
    """The documented fields, and no more."""
    ts = bot_says(workspace)
    workspace.react("bob", ONCALL, ts, "white_check_mark")
    workspace.unreact("bob", ONCALL, ts, "white_check_mark")
    added, removed = (payload["event"] for payload in workspace.events)
    assert added == {
        "type": "reaction_added",
        "user": workspace.id_of("bob"),
        "reaction": "white_check_mark",
        "item": {"type": "message", "channel": workspace.id_of(ONCALL), "ts": ts},
        "item_user": workspace.bot_user,
        "event_ts": added["event_ts"],
    }
    assert removed["type"] == "reaction_removed"
    assert float(removed["event_ts"]) > float(added["event_ts"]) > float(ts)


def test_the_bots_own_reactions_are_events_too(workspace: Workspace) -> None:
    """It is the app's part to ignore them."""
    ts = bot_says(workspace)
    workspace.react(workspace.bot_user, ONCALL, ts, "x")
    assert last_event(workspace)["user"] == workspace.bot_user


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (":thumbsup:", "+1"),
        ("+1::skin-tone-3", "+1::skin-tone-3"),
        ("white_check_mark", "white_check_mark"),
    ],
)
def test_reactions_are_kept_under_slacks_names(workspace: Workspace, typed: str, kept: str) -> None:
    """Aliases are resolved and skin tones kept."""
    ts = bot_says(workspace)
    workspace.react("bob", ONCALL, ts, typed)
    assert last_event(workspace)["reaction"] == kept
    assert workspace.message(ONCALL, ts).reactions == {kept: [workspace.id_of("bob")]}


def test_a_reaction_of_a_workflow_message_has_no_item_user(workspace: Workspace) -> None:
    """Its author is not a user; a mention by it has no `user` either."""
    ts = workspace.say("workflow", ONCALL, "@rootver diagnose all")
    workspace.react("bob", ONCALL, ts, "eyes")
    mention, reaction = (payload["event"] for payload in workspace.events)
    assert "user" not in mention
    assert mention["bot_id"] == workspace.person("workflow").bot_id
    assert "item_user" not in reaction


def test_people_of_another_company_are_told_by_user_team(workspace: Workspace) -> None:
    """Over Slack Connect a mention names the other team; a reaction does not."""
    workspace.say("pat", ONCALL, "@rootver help")
    assert last_event(workspace)["user_team"] == workspace.person("pat").team_id != "T07PRACTICE"
    assert workspace.events[-1]["is_ext_shared_channel"]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda w, ts: w.say("alice", "#exchange-leads", "hello"), "channel_not_found"),
        (lambda w, ts: w.say("deploybot", "#general", "hello"), "not_in_channel"),
        (lambda w, ts: w.react("bob", ONCALL, "1.000000", "x"), "message_not_found"),
        (lambda w, ts: w.react("bob", ONCALL, ts, "no such emoji"), "invalid_name"),
        (lambda w, ts: w.react("alice", ONCALL, ts, "x"), "already_reacted"),
        (lambda w, ts: w.unreact("bob", ONCALL, ts, "x"), "no_reaction"),
        (lambda w, ts: w.edit("alice", ONCALL, ts, "mine"), "cant_update_message"),
        (lambda w, ts: w.delete("alice", ONCALL, ts), "cant_delete_message"),
    ],
)
def test_what_slack_refuses_is_refused_and_changes_nothing(
    workspace: Workspace, act: Any, error: str
) -> None:
    """With Slack's code, and the message stays as it was."""
    ts = bot_says(workspace)
    workspace.react("alice", ONCALL, ts, "x")
    before, events, version = workspace.message(ONCALL, ts), list(workspace.events), workspace.version
    with pytest.raises(SlackRefusal) as refused:
        act(workspace, ts)
    assert refused.value.error == error
    assert (workspace.message(ONCALL, ts), workspace.events, workspace.version) == (before, events, version)


def test_an_admin_may_delete_what_the_bot_wrote(workspace: Workspace) -> None:
    """Afterwards the message is not found."""
    ts = bot_says(workspace)
    workspace.delete("carol", ONCALL, ts)
    with pytest.raises(SlackRefusal, match="message_not_found"):
        workspace.message(ONCALL, ts)


def test_a_private_message_is_seen_by_its_receiver_alone(workspace: Workspace) -> None:
    """And nobody can react to it."""
    bob = workspace.id_of("bob")
    ts = bot_says(workspace, "you are no approver", ephemeral_to=bob)
    assert [m.text for m in workspace.messages(ONCALL, viewer="bob")] == ["you are no approver"]
    assert workspace.messages(ONCALL, viewer="alice") == []
    with pytest.raises(SlackRefusal, match="message_not_found"):
        workspace.react("bob", ONCALL, ts, "x")


def test_a_thread_is_its_first_message_and_the_replies(workspace: Workspace) -> None:
    """Replies stay out of the channel unless they are broadcast."""
    first = workspace.say("alice", ONCALL, "down")
    second = workspace.say("bob", ONCALL, "looking", first)
    third = workspace.say("bob", ONCALL, "found it", first, broadcast=True)
    assert [m.ts for m in workspace.messages(ONCALL)] == [first, third]
    assert [m.ts for m in workspace.messages(ONCALL, first)] == [first, second, third]


def test_a_reply_to_a_reply_lands_in_the_thread_and_is_noted(workspace: Workspace) -> None:
    """Slack says to use the first message's ts, never a reply's."""
    first = workspace.say("alice", ONCALL, "down")
    reply = workspace.say("bob", ONCALL, "looking", first)
    bot_says(workspace, "ok", thread_ts=reply)
    assert workspace.messages(ONCALL, first)[-1].text == "ok"
    assert [anomaly.kind for anomaly in workspace.anomalies] == ["reply_to_reply"]


def test_a_reply_to_a_deleted_message_lands_in_the_channel(workspace: Workspace) -> None:
    """Without an error: only the missing thread_ts tells (slack-go/slack#1571)."""
    first = workspace.say("alice", ONCALL, "down")
    workspace.delete("alice", ONCALL, first)
    orphan = bot_says(workspace, thread_ts=first, broadcast=True)
    assert workspace.message(ONCALL, orphan).thread_ts is None
    assert not workspace.message(ONCALL, orphan).broadcast
    assert [anomaly.kind for anomaly in workspace.anomalies] == ["orphan"]


def test_of_the_first_message_of_a_thread_a_tombstone_stays_while_there_are_replies(
    workspace: Workspace,
) -> None:
    """It is told as a change; replies still go there; it goes with the last of them."""
    workspace.log.subscriptions.add("message.channels")
    first = workspace.say("alice", ONCALL, "down")
    reply = workspace.say("bob", ONCALL, "looking", first)
    workspace.react("bob", ONCALL, first, "eyes")
    workspace.delete("alice", ONCALL, first)
    changed = last_event(workspace)
    assert changed["subtype"] == "message_changed"
    assert changed["previous_message"]["text"] == "down"
    seen = {name: changed["message"][name] for name in ("subtype", "user", "text", "hidden", "ts")}
    assert seen == {
        "subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.", "hidden": True,
        "ts": first,
    }  # fmt: skip
    late = bot_says(workspace, "still here", thread_ts=first)
    assert [one.ts for one in workspace.messages(ONCALL, first)] == [first, reply, late]
    assert workspace.anomalies == []
    with pytest.raises(SlackRefusal, match="message_not_found"):
        workspace.react("bob", ONCALL, first, "x")
    workspace.delete("bob", ONCALL, reply)
    workspace.remove(workspace.bot_user, workspace.id_of(ONCALL), late)
    assert workspace.messages(ONCALL, first) == []
    gone = [event["event"] for event in workspace.events][-2:]
    assert [(one["subtype"], one["deleted_ts"]) for one in gone] == [
        ("message_deleted", late), ("message_deleted", first),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "blocks", "noted"),
    [
        ("all is well &amp; <@U07BOB00000> &lt;!channel&gt;", [], []),
        ("<http://x.example|x> <!subteam^S07EXADMINS> > not a quote", [], ["unescaped_text"]),
        ("> a quote", [], []),
        ("event text: <!channel> down", [], ["mass_mention"]),
        ("a < b", [], ["unescaped_text"]),
        ("AT&T", [], ["unescaped_text"]),
        ("hello <@U07NOBODY00>", [], ["unknown_person"]),
        ("", [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}], ["missing_text"]),
        ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}], ["mass_mention"]),
        ("x", [{"type": "section", "text": {"type": "plain_text", "text": "<!here> & <"}}], []),
        ("x", [{"type": "context", "elements": [{"type": "mrkdwn", "text": "a&b"}]}], ["unescaped_text"]),
        (
            "x",
            [{"type": "rich_text", "elements": [{"elements": [{"type": "broadcast", "range": "channel"}]}]}],
            ["mass_mention"],
        ),
    ],
)
def test_what_a_careful_bot_would_not_send_is_noted(
    workspace: Workspace, text: str, blocks: list[dict[str, Any]], noted: list[str]
) -> None:
    """Slack accepts it all; the lab keeps a list that tests look at."""
    bot_says(workspace, text, blocks=blocks)
    assert [anomaly.kind for anomaly in workspace.anomalies] == noted


def test_people_may_write_what_a_bot_may_not(workspace: Workspace) -> None:
    """Only the app's messages are looked at."""
    workspace.say("alice", ONCALL, "@channel the mail is down")
    assert workspace.anomalies == []


def test_a_post_notifies_those_it_mentions_and_an_edit_nobody(workspace: Workspace) -> None:
    """People, groups and direct messages; never the author, never by an edit."""
    ts = bot_says(workspace, "<@U07BOB00000> please, <!subteam^S07EXADMINS>")
    assert [note.user for note in workspace.notifications] == ["U07BOB00000", "U07CAROL000"]

    workspace.unfurl(ONCALL, ts)
    workspace.post(workspace.bot_user, workspace.dm("alice"), "psst")
    assert [note.user for note in workspace.notifications[2:]] == ["U07ALICE000"]


def test_waiting_ends_with_the_change_that_was_waited_for(workspace: Workspace) -> None:
    """A change in another thread wakes the waiting one, at once."""
    threading.Timer(0.05, lambda: workspace.say("bob", ONCALL, "here")).start()
    (message,) = workspace.wait_for(lambda: workspace.messages(ONCALL))
    assert message.text == "here"


def test_waiting_in_vain_shows_what_was_said_instead(workspace: Workspace) -> None:
    """The transcript is in the error."""
    workspace.say("bob", ONCALL, "nothing to see")
    with pytest.raises(TimeoutError, match=r"exchange-oncall .* bob: 'nothing to see'"):
        workspace.wait_for(lambda: None, timeout=0.01)


def test_a_subscriber_is_told_of_every_change_in_order(workspace: Workspace) -> None:
    """Until it ends its subscription; the version counts along."""
    told: list[Change] = []
    end = workspace.subscribe(told.append)
    ts = workspace.say("bob", ONCALL, "here")
    workspace.react("alice", ONCALL, ts, "eyes")
    workspace.unreact("alice", ONCALL, ts, "eyes")
    workspace.edit("bob", ONCALL, ts, "gone")
    workspace.delete("bob", ONCALL, ts)
    end()
    workspace.say("bob", ONCALL, "unheard")
    assert [change.kind for change in told] == ["posted", "reacted", "unreacted", "edited", "deleted"]
    assert {change.ts for change in told} == {ts}
    assert workspace.version == 6


def test_times_are_unique_and_grow_even_if_the_clock_stands_still() -> None:
    """A `ts` is the name of a message."""
    workspace = Workspace(clock=lambda: 1_764_000_000.0)
    stamps = [workspace.say("alice", ONCALL, "x") for _ in range(3)]
    assert stamps == ["1764000000.000000", "1764000000.000001", "1764000000.000002"]


def test_names_and_ids_are_the_same_to_everyone(workspace: Workspace) -> None:
    """Unknown ones are an error that names the known ones."""
    assert workspace.id_of("@exchange-admins") == workspace.group("exchange-admins").id
    assert workspace.id_of("alice") == workspace.id_of(workspace.id_of("alice"))
    with pytest.raises(KeyError, match="alice"):
        workspace.id_of("nobody")


def test_more_people_can_come(workspace: Workspace) -> None:
    """Fifty approvers at once need fifty people."""
    newcomers = [workspace.add_person(f"approver{n}") for n in range(50)]
    ts = bot_says(workspace)
    for person in newcomers:
        workspace.react(person, ONCALL, ts, "white_check_mark")
    assert workspace.message(ONCALL, ts).reactions["white_check_mark"] == newcomers
