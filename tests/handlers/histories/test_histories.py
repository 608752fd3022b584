"""Whatever is done, recorded and written into the file: nothing is sent without a recorded approval."""

from __future__ import annotations

import pytest

from storage.chain.grounds import Grounds
from storage.chain.recorded import Recorded
from tests.handlers.histories.__main__ import main
from tests.handlers.histories.judged import judged

HISTORIES = 200  # `python -m tests.handlers.histories` plays ten thousand


def test_nothing_is_sent_that_the_rules_do_not_allow() -> None:
    """And some of it is sent, else that would prove nothing."""
    found = [judged(number) for number in range(HISTORIES)]
    assert [(number, one.wrongs) for number, one in enumerate(found) if one.wrongs] == []
    assert sum(one.sent for one in found) > HISTORIES / 20


def test_a_product_that_believes_the_table_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rules, and with whatever row there is, histories send what they may not."""
    monkeypatch.setattr(Grounds, "broken", lambda *_: iter(()))
    monkeypatch.setattr(Recorded, "differing", lambda *_: [])
    assert any(judged(number).wrongs for number in range(HISTORIES))


def test_the_command_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Its last line is the promise."""
    assert main(3, 0) == 0
    assert capsys.readouterr().out.endswith("sent without a recorded approval: 0 of 3\n")
