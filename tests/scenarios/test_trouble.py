"""What goes wrong at night besides the server: the host, the network, and texts that mean harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.lab.host.endpoint import QUERY_USER
from handlers.remote_errors import RemoteError
from tests.scenarios.question import Enter, asked
from tests.scenarios.stage import ONCALL, Stage, shown


def test_a_refused_logon_is_one_sentence_and_one_logon_for_the_whole_cluster(enter: Enter) -> None:
    """A second attempt could lock the account."""
    stage = enter()
    stage.faults.refuse_logons = True
    asked(stage)
    stage.see("(?i)logon|password")
    asked(stage)
    stage.see("(?i)logon|password")
    assert [logon.accepted for logon in stage.endpoint.logons] == [False]


@pytest.mark.parametrize("how", ["malformed", "not_json", "truncated", "nothing"])
def test_garbage_from_the_host_is_never_healthy(enter: Enter, how: str) -> None:
    """The answer breaks the contract: inconclusive, nothing offered."""
    stage = enter()
    for _ in range(4):  # both nodes, and the one repetition that a query gets
        stage.faults.garble("Get-RootVerFact", how)  # type: ignore[arg-type]
    asked(stage)
    stage.wait(lambda: "diagnosis" in stage.kinds())
    verdicts = [json.loads(body)["details"]["verdict"] for (body,) in records(stage, "diagnosis")]
    assert verdicts == ["inconclusive"]
    assert not stage.sql("SELECT 1 FROM fix")


def test_an_endpoint_that_is_missing_is_told_with_what_to_do(enter: Enter) -> None:
    """Which host, what failed, the next step."""
    stage = enter()
    stage.faults.no_configuration = True
    asked(stage)
    stage.see("(?i)configuration|endpoint")


def test_nodes_that_all_deny_access_are_told_with_the_second_hop_and_its_remedies(enter: Enter) -> None:
    """The commonest mistake of a first set-up."""
    stage = enter("access-denied")
    asked(stage)
    found = shown(stage.see("second hop"))
    assert "0x80070005" in found
    assert "credssp" in found


def test_an_unreachable_node_is_told_with_what_the_host_was_told(enter: Enter) -> None:
    """The raw code, not only that it could not be read."""
    stage = enter("unreachable")
    asked(stage)
    assert "0x800706ba" in shown(stage.see("(?i)not reached"))


def test_a_lost_answer_to_a_query_is_asked_again(enter: Enter) -> None:
    """Reading twice does no harm."""
    stage = enter()
    stage.faults.lose_answer("Get-RootVerFact")
    asked(stage)
    stage.card()


def test_a_change_account_that_is_refused_voids_the_fix(enter: Enter) -> None:
    """Nothing was sent for certain."""
    stage = enter()
    asked(stage)
    card = stage.card()
    stage.faults.before("Backup-AspNetKey", lambda _: setattr(stage.faults, "refuse_logons", True))
    stage.react("bob", card)
    stage.becomes("voided")
    assert stage.writes == 0
    stage.see("(?i)nothing was sent")


def test_hostile_text_from_the_server_pings_nobody(enter: Enter) -> None:
    """A registry value that looks like a mention is shown, not obeyed."""
    stage = enter("healthy")
    stage.cluster.set_root_ver(stage.cluster.owner(), "<!channel> `<@U07BOB00000>` *x* &amp; \u202e")
    asked(stage)
    stage.see("!channel")
    stage.card()
    assert not [one for one in stage.workspace.anomalies if one.kind in {"mass_mention", "unescaped_text"}]


def test_no_secret_is_in_the_file_the_thread_or_the_log(
    enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    """Scanned as bytes: database, write-ahead log, everything said, everything logged at DEBUG."""
    caplog.set_level("DEBUG")
    stage = enter()
    asked(stage)
    stage.react("bob", stage.card())
    stage.becomes("applied")
    secrets = [value for name, value in stage._environment().items() if "TOKEN" in name or "PASSWORD" in name]
    assert len(secrets) == 4
    said = "\n".join(shown(one) for one in stage.messages())
    stored = b"".join(one.read_bytes() for one in stage.folder.glob("rootver.db*") if one.is_file())
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in stored
        assert secret not in caplog.text


def records(stage: Stage, kind: str) -> list[tuple[str]]:
    return stage.sql("SELECT body FROM audit WHERE kind = ?", kind)


def test_many_mentions_at_once_are_all_answered(enter: Enter) -> None:
    """While slow diagnoses run, the first words of an answer come at once; more than Slack takes, in turn."""
    stage = enter("slow")
    threads = [stage.workspace.say("alice", ONCALL, "@rootver diagnose exch-node2") for _ in range(5)]
    threads += [stage.workspace.say("carol", ONCALL, "@rootver nodes") for _ in range(5)]
    stage.wait(lambda: all(len(stage.workspace.messages(ONCALL, thread)) > 1 for thread in threads))
    stage.faults.slow.clear()


def test_an_error_says_host_node_and_next_step() -> None:
    """The sentence of a remote error has its three parts."""
    error = RemoteError(
        "mgmt1", "no answer in 120 s", "Look whether it is up.", node="EXCH-NODE2", code="0x800705b4"
    )
    assert str(error) == "EXCH-NODE2 through mgmt1: no answer in 120 s (0x800705b4). Look whether it is up."


class Rotating(Stage):
    """The query identity's password stands in a file."""

    def _environment(self) -> dict[str, str]:
        given = super()._environment()
        file = self.folder / "password"
        file.write_text(given.pop("ROOTVER_HOSTS__MGMT1__PASSWORD"))
        return {**given, "ROOTVER_HOSTS__MGMT1__PASSWORD_FILE": str(file)}


def test_a_password_that_was_changed_is_read_anew_by_doctor_in_chat(tmp_path: Path) -> None:
    """No restart, and one refused logon in all: nobody tries before doctor, and doctor tries the new one."""
    with Rotating(tmp_path) as stage:
        stage.endpoint.accounts.change(QUERY_USER, "changed-a-moment-ago")
        asked(stage)
        said = shown(stage.see("logon of .* was refused"))
        assert "doctor" in said, said
        (tmp_path / "password").unlink()
        stage.say("alice", "@rootver doctor")
        stage.see("secrets cannot be read anew.*password cannot be read")
        (tmp_path / "password").write_text("changed-a-moment-ago\n")
        asked(stage)
        stage.see("was refused")
        stage.say("alice", "@rootver doctor")
        stage.see("checks passed|none failed")
        asked(stage)
        stage.card()
        assert sum(not logon.accepted for logon in stage.endpoint.logons) == 1
