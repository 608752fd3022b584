"""Many people ask at once, and Slack takes one post a second: what is decided waits for none of it."""

from __future__ import annotations

from tests.scenarios.question import Enter, asked
from tests.scenarios.stage import ONCALL, YES, Stage

PEOPLE, COMMANDS = 10, 20  # two hundred, as many as each may give


def flood(stage: Stage) -> list[str]:
    """Everybody asks at once; returns the threads of their questions."""
    everybody = [stage.workspace.add_person(f"member{number}") for number in range(PEOPLE)]
    return [
        stage.workspace.say(person, ONCALL, "@rootver help") for _ in range(COMMANDS) for person in everybody
    ]


def answered(stage: Stage, threads: list[str]) -> int:
    return sum(len(stage.workspace.messages(ONCALL, thread)) > 1 for thread in threads)


def test_reactions_and_stop_words_are_judged_while_two_hundred_answers_wait(enter: Enter) -> None:
    """An approval within the flood counts, and who stops it within the grace period stops it."""
    stage = enter(approval={"grace_seconds": "30"})
    asked(stage)
    card = stage.card()
    stage.workspace.rates.enforced = True
    threads = flood(stage)
    stage.react("bob", card, YES)
    stage.becomes("approved")
    assert answered(stage, threads) < len(threads) / 2
    stage.reply("carol", "@rootver pause")
    stage.reply("carol", "@rootver cancel FIX-1")
    stage.becomes("cancelled")
    stage.wait(lambda: stage.sql("SELECT 1 FROM switch"))
    assert answered(stage, threads) < len(threads) / 2
    assert stage.endpoint.calls.named("Set-RootVer") == []
    decided = stage.sql(
        "SELECT body FROM audit WHERE kind = 'decision' AND actor = ?", people(stage, "carol")
    )
    assert [word for word in ("pause", "cancel") if any(f'"{word}"' in body for (body,) in decided)] == [
        "pause", "cancel",
    ]  # fmt: skip


def people(stage: Stage, name: str) -> str:
    return stage.workspace.id_of(name)


def test_a_stop_word_that_is_being_judged_when_the_grace_period_ends_stops_the_change(enter: Enter) -> None:
    """Slack takes its time to tell who wrote it; meanwhile nothing is sent."""
    stage = enter(approval={"grace_seconds": "1.5"})
    asked(stage)
    card = stage.card()
    stage.react("bob", card, YES)
    stage.becomes("approved")
    stage.workspace.faults.add("slow", "users.info", seconds=3)
    stage.reply("carol", "@rootver cancel FIX-1")
    stage.becomes("cancelled")
    assert stage.endpoint.calls.named("Set-RootVer") == []
    assert stage.writes == 0
