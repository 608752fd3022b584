"""The emoji on a question: what it stands for, and that nothing waits for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.running.telling import QUESTION_MARKS
from handlers.remote_errors import RemoteError
from storage import notices
from storage.records import NewNotice
from tests.bot.shift import ONCALL, Shift


def marked(shift: Shift, ts: str) -> set[str]:
    """The emoji of the bot on a message."""
    return set(shift.workspace.message(ONCALL, ts).reactions)


def test_a_question_shows_that_it_is_looked_at_and_then_how_it_stands(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One emoji at a time."""
    seen: list[set[str]] = []
    real = shift.remote.query

    def query(host: str, asked: object) -> str:
        shift.deliver_notices()
        seen.append(marked(shift, shift.workspace.messages(ONCALL)[-1].ts))
        return real(host, asked)  # type: ignore[arg-type]

    monkeypatch.setattr(shift.remote, "query", query)
    ts = shift.say("diagnose exch-node2")
    assert seen[-1] == {"eyes"}
    shift.deliver_notices()
    assert marked(shift, ts) == {"x"}


def test_the_mark_changes_again_when_the_fix_ends(shift: Shift) -> None:
    """Applied is not over yet; confirmed is."""
    ts = shift.propose()
    shift.react("bob")
    shift.tick(seconds=6)
    assert marked(shift, ts) == {"warning"}
    shift.remote.cluster.bring_online()
    shift.tick(minutes=1)
    assert marked(shift, ts) == {"white_check_mark"}


@pytest.mark.parametrize(("incident", "emoji"), [("healthy", "white_check_mark"), ("unreachable", "warning")])
def test_each_outcome_has_its_emoji(begin: Callable[..., Shift], incident: str, emoji: str) -> None:
    """In order; not known."""
    shift = begin(incident)
    ts = shift.say("diagnose exch-node2")
    shift.deliver_notices()
    assert marked(shift, ts) == {emoji}


def test_a_diagnosis_that_breaks_off_is_marked_as_not_known(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay on "being looked at"."""

    def broken(*_: object) -> None:
        raise RemoteError("mgmt1", "x", "y")

    monkeypatch.setattr(type(shift.diagnoser), "diagnose", broken)
    ts = shift.say("diagnose exch-node2")
    shift.deliver_notices()
    assert marked(shift, ts) == {"warning"}


@pytest.mark.parametrize(
    "code", ["missing_scope", "message_not_found", "internal_error", "too_many_reactions"]
)
def test_what_slack_refuses_holds_up_nothing(shift: Shift, code: str) -> None:
    """The words say the same."""
    shift.workspace.faults.add("error", "reactions.add", error=code, times=1)
    shift.say("diagnose exch-node2")
    shift.deliver_notices()
    assert shift.fix().card_ts is not None
    with shift.database.read() as conn:
        assert notices.pending(conn, 10) == []


def test_a_mark_of_another_version_is_let_be(shift: Shift) -> None:
    """In a file that it wrote."""
    ts = shift.say("nodes")
    with shift.database.write() as tx:
        notices.add(tx, NewNotice("question", "mark", channel=ONCALL, details={"ts": ts, "mark": "new"}))
    shift.deliver_notices()
    assert marked(shift, ts) == set()
    assert set(QUESTION_MARKS.values()) == {"eyes", "white_check_mark", "warning", "x"}
