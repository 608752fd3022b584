"""Tokens and passwords are changed while the bot runs: from their files, and nothing is lost."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER
from tests.scenarios.question import asked
from tests.scenarios.stage import Stage

SECRETS = {
    "bot": "SLACK_BOT_TOKEN", "app": "SLACK_APP_TOKEN", "query": "ROOTVER_HOSTS__MGMT1__PASSWORD",
}  # fmt: skip


class Rotated(Stage):
    """A scenario whose secrets lie in files."""

    def _environment(self) -> dict[str, str]:
        environment = super()._environment()
        for name, variable in SECRETS.items():
            self.keep(name, environment.pop(variable))
            environment[f"{variable}_FILE"] = str(self.folder / name)
        return environment

    def keep(self, name: str, secret: str) -> None:
        """Put it into its file as Kubernetes does: another file in the place of the old one."""
        new = self.folder / f"{name}.new"
        new.write_text(f"{secret}\n")
        new.rename(self.folder / name)

    def look(self) -> None:
        """The bot comes round to its files."""
        assert self.bot is not None
        self.bot.rotation.step()


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "bot.running.rotation")
    return caplog


def test_a_new_bot_token_is_taken_up_and_the_open_fix_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The old one is worth nothing any more: card, reactions and outcome go with the new one."""
    with (stage := Rotated(tmp_path)):
        asked(stage)
        card = stage.card()
        stage.workspace.bot_token = "xoxb-practice-0000-new"
        stage.keep("bot", "xoxb-practice-0000-new")
        stage.look()
        assert "the new SLACK_BOT_TOKEN is in use" in caplog.messages
        stage.react("bob", card)
        stage.becomes("applied")
        stage.see("FIX-1 applied")
        assert stage.bot is not None
        assert "bot_token" not in stage.bot.status().troubles
    assert "xoxb" not in caplog.text


def test_a_token_that_slack_does_not_take_or_of_another_bot_leaves_the_old_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that was written wrongly costs nothing."""
    with (stage := Rotated(tmp_path)):
        assert stage.bot is not None
        for wrong in ("xoxb-wrong", "not a token", ""):
            stage.keep("bot", wrong)
            stage.look()
        stage.bot.rotation._identity = stage.bot.chat.identity.__class__("U0OTHER", "T0", "https://x.example")
        stage.workspace.bot_token = "xoxb-practice-0000-new"
        stage.keep("bot", "xoxb-practice-0000-new")
        stage.look()
        stage.workspace.bot_token = stage.bot._client.access.token
        asked(stage)
        stage.card()
    told = "\n".join(caplog.messages)
    assert "Slack does not take the new SLACK_BOT_TOKEN (invalid_auth): the old one stays in use" in told
    assert told.count("the secrets cannot be read anew, the old ones stay in use: ") == 2
    assert "the new SLACK_BOT_TOKEN is that of another app or workspace" in told
    assert "is in use" not in told


def test_a_new_app_token_opens_the_next_connection(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The one that is there stays until it ends."""
    with (stage := Rotated(tmp_path)):
        stage.workspace.app_token = "xapp-1-practice-new"
        stage.keep("app", "xapp-1-practice-new")
        stage.look()
        assert "the new SLACK_APP_TOKEN is in use" in caplog.messages
        stage.server.sockets.close()
        stage.wait(lambda: stage.server.sockets.connected > 0)
        asked(stage)
        stage.card()


def test_a_new_password_of_a_host_opens_its_door_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One refused logon, then silence; the new file is enough, and nobody has to ask for the doctor."""
    with (stage := Rotated(tmp_path)):
        stage.endpoint.accounts.change(QUERY_USER, "changed-a-moment-ago")
        asked(stage)
        stage.see("(?i)logon|password")
        assert stage.bot is not None
        assert stage.bot.remote.barred()["mgmt1", "query"]
        stage.keep("bot", stage.workspace.bot_token)  # another file, the same secret
        stage.look()
        assert stage.bot.remote.barred()["mgmt1", "query"]
        stage.keep("query", "changed-a-moment-ago")
        stage.look()
        assert "the new secrets of mgmt1 are in use" in caplog.messages
        asked(stage)
        stage.card()
        assert [one.accepted for one in stage.endpoint.logons].count(False) == 1
    assert ACCOUNTS[QUERY_USER] not in caplog.text


def test_the_doctor_in_chat_reads_the_secrets_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where no file looks different."""
    with (stage := Rotated(tmp_path)):
        assert stage.bot is not None
        stage.workspace.bot_token = "xoxb-practice-0000-new"
        (tmp_path / "bot").write_text("xoxb-practice-0000-new")
        stage.bot._doctor()
        assert "the new SLACK_BOT_TOKEN is in use" in caplog.messages
