"""What happens between two steps of the bot, put there exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def meanwhile(patch: pytest.MonkeyPatch, asked: object, name: str, happens: Callable[[], object]) -> None:
    """Just before the chat or the clock answers this question the next time, something happens."""
    answer = getattr(asked, name)

    def after_that(*question: object) -> object:
        patch.setattr(asked, name, answer)
        happens()
        return answer(*question)

    patch.setattr(asked, name, after_that)
