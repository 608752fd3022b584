"""The night of the README, from the question to the confirmed fix, and each way in which it may end."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.lab.incidents import INCIDENTS
from bot.lab.workspace.messages import Message
from storage.chain.kinds import undocumented
from tests.scenarios.stage import NO, ONCALL, YES, Stage, shown

Enter = Callable[..., Stage]


def test_the_whole_night_from_the_question_to_confirmed(stage: Stage) -> None:
    """Diagnosis, card, approval, change, follow-up, history: in one thread, with one write."""
    stage.say("alice", "@rootver diagnose exch-node2")
    diagnosis = stage.see("RootVer is invalid")
    assert "confirmed" in shown(diagnosis)
    card = stage.card()
    assert "1.1.4322.0" in shown(card)
    stage.react("bob", card)
    applied = stage.see(r"applied\b[\s\S]*anchor [0-9a-f]{16} \d+ [0-9a-f]{64}")
    assert "Next" in shown(applied)
    assert (stage.root_ver, stage.writes) == ("1.1.4322.0", 1)
    stage.cluster.bring_online()
    stage.see("confirmed")
    stage.becomes("confirmed")
    stage.say("carol", "@rootver history exch-node2 since 7d")
    stage.see("FIX-1")
    assert not stage.workspace.anomalies


def test_what_is_recorded_is_documented_and_verifies(stage: Stage) -> None:
    """Every detail of every record is in docs/audit.md, and the chain holds."""
    stage.say("alice", "@rootver diagnose EXCH-CL1")
    stage.react("dave", stage.card())
    stage.react("bob", stage.card())
    stage.becomes("applied")
    stage.reply("carol", "@rootver verify")
    stage.see(r"(?i)verif|chain|record")
    for kind, body in stage.sql("SELECT kind, body FROM audit"):
        assert not undocumented(kind, json.loads(body)["details"]), (kind, body)


@pytest.mark.parametrize("name", sorted(set(INCIDENTS) - {"slow"}))
def test_each_incident_gives_its_verdict_in_the_thread(enter: Enter, name: str) -> None:
    """The diagnosis names it, and a card comes only where the fix is offered."""
    stage = enter(name)
    stage.say("alice", "@rootver diagnose EXCH-CL1")
    stage.wait(lambda: len(stage.sql("SELECT 1 FROM audit WHERE kind = 'diagnosis'")) == 2)
    found = {
        node: json.loads(body)["details"]["verdict"]
        for node, body in stage.sql("SELECT node, body FROM audit WHERE kind = 'diagnosis'")
    }
    assert found == {node: expected.verdict for node, expected in INCIDENTS[name].expected.items()}
    offered = sum(expected.row in {3, 4} for expected in INCIDENTS[name].expected.values())
    if offered:
        stage.card(offered)
    assert len(stage.sql("SELECT 1 FROM fix")) == offered


@pytest.mark.parametrize("name", ["drift", "lost-answer"])
def test_an_incident_about_the_change_ends_as_its_line_says(enter: Enter, name: str) -> None:
    """drift: voided, nothing written. lost-answer: read back, applied, written once."""
    stage = enter(name)
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())
    expected = INCIDENTS[name].fix_ends
    assert expected
    stage.becomes(expected)
    assert stage.writes == (0 if expected == "voided" else 1)
    stage.see(expected)


def test_an_outsider_is_refused_privately_and_nothing_happens(stage: Stage) -> None:
    """Only dave sees it; the fix stays open."""
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("dave", stage.card())
    stage.wait(lambda: private(stage))
    assert {one.ephemeral_to for one in private(stage)} == {stage.workspace.id_of("dave")}
    assert "approver" in shown(private(stage)[0])
    assert (stage.state(), stage.writes) == ("proposed", 0)


def private(stage: Stage) -> list[Message]:
    return [one for one in stage.messages() if one.ephemeral_to]


def test_the_requester_cannot_approve(enter: Enter) -> None:
    """Not even as an approver of the settings."""
    stage = enter()
    stage.say("bob", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())
    stage.wait(lambda: "refusal" in stage.kinds())
    assert stage.state() == "proposed"


def test_a_withdrawal_in_the_grace_period_stops_it(enter: Enter) -> None:
    """Nothing is sent, and the card is open again."""
    stage = enter(approval={"grace_seconds": "2"})
    stage.say("alice", "@rootver diagnose exch-node2")
    card = stage.card()
    stage.react("bob", card)
    stage.becomes("approved")
    stage.unreact("bob", card)
    stage.becomes("proposed")
    stage.see("taken back by")
    assert stage.writes == 0


def test_a_decline_ends_it(stage: Stage) -> None:
    """The card says who declined."""
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("carol", stage.card(), NO)
    stage.becomes("declined")
    stage.see("declined")


def test_a_card_nobody_decides_on_expires_by_itself(enter: Enter) -> None:
    """Reminder first, then the end; the card says so without a click."""
    stage = enter(approval={"expires_minutes": "0.05", "remind_minutes": "0.02"})
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.card()
    stage.becomes("expired")
    stage.see("expired")
    assert "reminder" in stage.kinds()


def test_a_reaction_made_while_the_bot_was_away_is_seen_late(stage: Stage) -> None:
    """Read from the card at the next start."""
    stage.say("alice", "@rootver diagnose exch-node2")
    card = stage.card()
    stage.stop()
    stage.server.sockets.set_delivery(flow="lost")
    stage.react("bob", card)
    stage.server.sockets.set_delivery(flow="flowing")
    stage.start()
    stage.becomes("applied")
    assert stage.writes == 1


def test_every_event_delivered_up_to_four_times_and_shuffled_has_one_effect(enter: Enter) -> None:
    """One diagnosis, one card, one change."""
    stage = enter()
    stage.server.sockets.set_delivery(copies=(1, 4), spread=0.3)
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())
    stage.becomes("applied")
    stage.wait(lambda: not stage.server.sockets.unfinished)
    assert (stage.kinds().count("command"), stage.kinds().count("proposal"), stage.writes) == (1, 2, 1)


def test_fifty_approvers_at_once_make_one_change_and_the_others_are_told_who(enter: Enter) -> None:
    """All reactions arrive in one instant, over the socket; the host is sent one change."""
    stage = enter(approval={"approvers": "[]", "approver_groups": '["S07EXADMINS"]', "grace_seconds": "4"})
    people = [stage.workspace.add_person(f"admin{number}") for number in range(50)]
    stage.workspace.group("exchange-admins").users += people
    stage.say("alice", "@rootver diagnose exch-node2")
    card = stage.card()
    stage.server.sockets.set_delivery(flow="held")
    for who in people:
        stage.react(who, card)
    stage.server.sockets.release()
    stage.becomes("applied")
    stage.wait(lambda: len(private(stage)) == 49)
    assert (stage.writes, len(stage.endpoint.calls.named("Set-RootVer"))) == (1, 1)
    ((winner,),) = stage.sql("SELECT actor FROM audit WHERE kind = 'decision'")
    told = {one.ephemeral_to: shown(one) for one in private(stage)}
    assert set(told) == set(people) - {winner}
    # Whoever is judged only after the grace period is told that it was too late, and where it stands.
    assert all(f"<@{winner}> approved it already" in one or "too late" in one for one in told.values())
    assert any("approved it already" in one for one in told.values())


def test_a_deleted_card_cancels_the_fix(enter: Enter) -> None:
    """Seen when it is next touched."""
    stage = enter(approval={"remind_minutes": "0.03"})
    stage.say("alice", "@rootver diagnose exch-node2")
    card = stage.card()
    stage.workspace.remove(stage.workspace.bot_user, card.channel, card.ts)
    stage.restart()
    stage.becomes("cancelled")


def test_a_restore_puts_back_what_was_there(stage: Stage) -> None:
    """With its own card and approval."""
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())
    stage.becomes("applied")
    stage.reply("alice", "@rootver restore FIX-1")
    stage.react("carol", stage.card(2))
    stage.becomes("applied", 2)
    assert (stage.root_ver, stage.writes) == ("0.0.0.0", 2)


def test_in_a_direct_message_there_is_a_diagnosis_but_no_card(stage: Stage) -> None:
    """Nobody else could see it."""
    stage.workspace.direct_message("bob", "diagnose exch-node2")
    channel = stage.workspace.dm("bob")
    stage.wait(
        lambda: (
            any("RootVer is invalid" in shown(one) for one in everything(stage, channel))
            and any("channel" in shown(one) for one in everything(stage, channel))
        )
    )
    assert not stage.sql("SELECT 1 FROM fix")


def everything(stage: Stage, channel: str) -> list[Message]:
    first = stage.workspace.messages(channel)
    return [*first, *(reply for one in first for reply in stage.workspace.messages(channel, one.ts))]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("@rootver", "diagnose"),
        ("@rootver help", "diagnose"),
        ("@rootver help restore", "restore"),
        ("@rootver diagnoze exch-node2", "diagnose"),
        ("@rootver diagnose exch-nod2", "exch-node2"),
        ("@rootver diagnose EXCHVS1", "virtual server"),
        ("@rootver diagnose exch-node2.corp.example.com", "EXCH-NODE2"),
        ("@rootver nodes", "exch-node1"),
        ("@rootver fixes", "No fix is open"),
        ("@rootver show FIX-9", "FIX-9"),
        ("@rootver restore FIX-9", "FIX-9"),
        ("@rootver cancel FIX-9", "There is no FIX-9"),
        ("@rootver history since yesterday-ish", "(?i)since"),
        ("@rootver pause", "(?i)approver"),
    ],
)
def test_every_command_has_an_answer_in_its_thread(stage: Stage, said: str, answer: str) -> None:
    """Typos get a suggestion, unknown names the known ones, refusals a reason."""
    stage.say("alice", said)
    stage.see(answer)
    stage.wait(lambda: {"command", "refusal"} & set(stage.kinds()))


def test_a_bots_command_is_refused_without_an_answer(stage: Stage) -> None:
    """Recorded with the flag; bots answering bots never end."""
    stage.say("deploybot", "@rootver diagnose exch-node2")
    stage.wait(lambda: "refusal" in stage.kinds())
    assert not stage.messages()


def test_reactions_on_other_messages_do_nothing(stage: Stage) -> None:
    """Small talk stays small talk."""
    stage.say("alice", "@rootver diagnose exch-node2")
    card = stage.card()
    other = stage.workspace.say("alice", ONCALL, "what a night")
    stage.workspace.react("bob", ONCALL, other, YES)
    stage.react("bob", card, "tada")
    stage.reply("carol", "@rootver nodes")
    stage.see("2 nodes")
    assert stage.state() == "proposed"
