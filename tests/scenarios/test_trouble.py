"""What goes wrong at night besides the server: the host, the network, Slack, the bot's own machine."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.lab.workspace.web.socket_mode import SocketMode
from bot.settings.loading import load
from handlers.remote_errors import RemoteError
from storage.chain import audit
from storage.file.errors import StorageUnavailable
from storage.records import Record
from tests.scenarios.stage import ONCALL, Stage, shown

Enter = Callable[..., Stage]


def asked(stage: Stage) -> None:
    stage.say("alice", "@rootver diagnose exch-node2")


# --- the management host ---


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


# --- Slack ---


def test_a_lost_answer_to_the_cards_line_leaves_one_card(enter: Enter) -> None:
    """Another line is posted; only the stored one becomes the card and can be approved."""
    stage = enter()
    stage.workspace.faults.add("lost_answer", "chat.postMessage", after=1, times=1)
    asked(stage)
    stage.react("bob", stage.card())
    stage.becomes("applied")
    cards = [one for one in stage.messages() if one.reactions]
    assert len(cards) == 1


TELLING = (
    "chat.postMessage", "chat.update", "reactions.add", "files.getUploadURLExternal",
    "files.completeUploadExternal",
)  # fmt: skip


@pytest.mark.parametrize("when", ["from the question on", "from the approval on"])
@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "lost_request", "lost_answer", "error"])
def test_a_slack_that_fails_for_a_while_delays_but_loses_nothing(enter: Enter, kind: str, when: str) -> None:
    """What has to be told is told later, and there is one card."""
    stage = enter()

    def fail() -> None:
        for method in TELLING:
            stage.workspace.faults.add(kind, method, times=2, seconds=1)  # type: ignore[arg-type]

    if when == "from the question on":
        fail()
    asked(stage)
    stage.wait(lambda: stage.sql("SELECT 1 FROM fix WHERE card_ts IS NOT NULL"))
    ((ts,),) = stage.sql("SELECT card_ts FROM fix")
    card = stage.workspace.message(stage.workspace.id_of(ONCALL), ts)
    if when == "from the approval on":
        fail()
    stage.react("bob", card)
    stage.becomes("applied")
    stage.see(r"FIX-1 applied[\s\S]*anchor \d+")
    stage.wait(lambda: shown(stage.workspace.message(card.channel, card.ts)).startswith("FIX-1 applied"))
    assert stage.writes == 1


BREAKS: dict[str, Callable[[SocketMode], None]] = {
    "asked to leave": SocketMode.ask_to_leave,
    "reset": SocketMode.reset,
    "closed": SocketMode.close,
    "half open": SocketMode.silence,
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_connection_that_ends_is_made_anew_and_the_reaction_is_found(enter: Enter, how: str) -> None:
    """The event was lost with the connection; the card was not."""
    stage = enter()
    asked(stage)
    card = stage.card()
    stage.server.sockets.set_delivery(flow="lost")
    stage.react("bob", card)
    stage.server.sockets.set_delivery(flow="flowing")
    BREAKS[how](stage.server.sockets)
    stage.becomes("applied")
    assert stage.writes == 1


def test_a_card_that_cannot_be_read_just_before_sending_opens_the_fix_again(enter: Enter) -> None:
    """Nobody knows whether the approval still stands: nothing is sent, and another reaction counts."""
    stage = enter()
    asked(stage)
    card = stage.card()
    stage.workspace.faults.add("server_error", "reactions.get", after=1, times=9)
    stage.react("bob", card)
    stage.see("The card could not be read")
    assert (stage.state(), stage.endpoint.calls.named("Set-RootVer")) == ("proposed", [])
    stage.workspace.faults.clear()
    stage.unreact("bob", card)
    stage.react("bob", card)
    stage.becomes("applied")


def test_the_first_command_does_not_depend_on_who_the_bot_is(stage: Stage) -> None:
    """Slack was asked that at the start, and fails to tell it afterwards."""
    stage.workspace.faults.add("server_error", "auth.test", times=99)
    asked(stage)
    stage.card()


def test_an_approver_who_cannot_be_looked_up_is_told_to_react_again(enter: Enter) -> None:
    """Refused for now; the fix stays open."""
    stage = enter()
    asked(stage)
    card = stage.card()
    stage.workspace.faults.add("server_error", "users.info", times=9)
    stage.react("bob", card)
    stage.wait(lambda: [one for one in stage.messages() if one.ephemeral_to])
    assert stage.state() == "proposed"
    stage.workspace.faults.clear()
    stage.unreact("bob", card)
    stage.react("bob", card)
    stage.becomes("applied")


# --- the bot's own machine ---


def test_a_second_bot_on_the_same_file_is_refused(stage: Stage) -> None:
    """Two would share the events at random."""
    from bot.app import Bot
    from storage.file.errors import AnotherBotRuns

    with pytest.raises(AnotherBotRuns, match="another"):
        Bot(load(stage.folder / "rootver.toml", stage._environment()))


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
    stored = b"".join(path.read_bytes() for path in stage.folder.glob("rootver.db*"))
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in stored
        assert secret not in caplog.text


def records(stage: Stage, kind: str) -> list[tuple[str]]:
    return stage.sql("SELECT body FROM audit WHERE kind = ?", kind)


def test_many_mentions_at_once_are_all_answered(enter: Enter) -> None:
    """While slow diagnoses run, the first words of an answer come at once."""
    stage = enter("slow")
    threads = [stage.workspace.say("alice", ONCALL, "@rootver diagnose exch-node2") for _ in range(10)]
    threads += [stage.workspace.say("carol", ONCALL, "@rootver nodes") for _ in range(20)]
    stage.wait(lambda: all(len(stage.workspace.messages(ONCALL, thread)) > 1 for thread in threads))
    stage.faults.slow.clear()


def test_an_error_says_host_node_and_next_step() -> None:
    """The sentence of a remote error has its three parts."""
    error = RemoteError(
        "mgmt1", "no answer in 120 s", "Look whether it is up.", node="EXCH-NODE2", code="0x800705b4"
    )
    assert str(error) == "EXCH-NODE2 through mgmt1: no answer in 120 s (0x800705b4). Look whether it is up."


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        ("full", "disk is full"),
        ("locked", "another program holds it locked"),
        ("read_only", "read-only"),
        ("moved", "moved, deleted or replaced"),
    ],
)
def test_a_file_that_takes_no_record_refuses_the_approval_and_says_why(
    enter: Enter, monkeypatch: pytest.MonkeyPatch, breaks: str, told: str
) -> None:
    """Nothing is approved that could not be recorded; once it is mended the next reaction counts."""
    monkeypatch.setattr("storage.file.opening.BUSY_MS", 50)
    stage = enter()
    asked(stage)
    card = stage.card()
    mend: Callable[[], object] = {
        "full": fill_up, "locked": lock, "read_only": forbid_writing, "moved": move_away,
    }[breaks](stage)  # fmt: skip
    stage.react("bob", card)
    assert "react again" in shown(stage.see(f"(?s)U07BOB.*{told}"))
    mend()
    assert (stage.state(), stage.writes) == ("proposed", 0)
    stage.unreact("bob", card)
    stage.react("bob", card)
    stage.becomes("applied")


def fill_up(stage: Stage) -> Callable[[], object]:
    """The disk is full; returns what makes room."""
    fill(stage, 2000, 1)
    return lambda: make_room(stage)


def lock(stage: Stage) -> Callable[[], object]:
    """Another program has a transaction open; returns what ends it."""
    other = sqlite3.connect(stage.folder / "rootver.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def forbid_writing(stage: Stage) -> Callable[[], object]:
    """The file cannot be written; returns what allows it again."""
    assert stage.bot is not None
    assert stage.bot.database._writer is not None
    writer = stage.bot.database._writer
    writer.execute("PRAGMA query_only = ON")
    return lambda: writer.execute("PRAGMA query_only = OFF")


def move_away(stage: Stage) -> Callable[[], object]:
    """Somebody moves the file; returns what brings it back."""
    file = stage.folder / "rootver.db"
    file.rename(stage.folder / "aside.db")
    return lambda: (stage.folder / "aside.db").rename(file)


def test_a_disk_that_is_full_when_it_comes_to_the_backup_stops_the_change_and_says_why(enter: Enter) -> None:
    """The approval could be recorded, what has to be stored before sending could not."""
    stage = enter()
    asked(stage)
    card = stage.card()
    fill(stage, 2000)
    stage.react("bob", card)
    stage.see("(?i)audit.*cannot be used")
    assert (stage.state(), stage.writes) == ("applying", 0)
    make_room(stage)
    stage.becomes("voided")
    assert not stage.endpoint.calls.named("Set-RootVer")


def fill(stage: Stage, *sizes: int) -> None:
    """Let the file grow no more, and use up the room it has with records of these sizes (bytes)."""
    assert stage.bot is not None
    writer = stage.bot.database._writer
    assert writer is not None
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    for size in sizes:
        record = Record("error", "error", "bot", details={"reason": "x" * size})
        with suppress(StorageUnavailable):
            for _ in range(1000):
                with stage.bot.database.write() as tx:
                    audit.append(tx, record)


def make_room(stage: Stage) -> None:
    assert stage.bot is not None
    assert stage.bot.database._writer is not None
    stage.bot.database._writer.execute("PRAGMA max_page_count = 1073741823")


def test_a_slack_client_that_never_closes_holds_up_no_stop(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen under load: its own thread never ended. The stop is recorded and the file is free all the same."""
    assert stage.bot is not None
    released = threading.Event()
    close: Callable[[], None] = stage.bot._socket.close
    monkeypatch.setattr(stage.bot._socket, "close", released.wait)
    stage.stop()
    released.set()
    close()
    assert stage.kinds()[-1] == "stop"
    stage.start()


def test_a_slack_that_asks_to_wait_holds_up_no_stop(enter: Enter) -> None:
    """The stop is recorded within seconds; what could not be told is told at the next start."""
    stage = enter()
    asked(stage)
    card = stage.card()
    for method in ("chat.update", "chat.postMessage"):
        stage.workspace.faults.add("rate_limited", method, times=99, seconds=90)
    stage.react("bob", card)
    stage.becomes("applied")
    stopping = threading.Thread(target=stage.stop, daemon=True)
    stopping.start()
    stopping.join(45)
    assert not stopping.is_alive()
    assert stage.kinds()[-1] == "stop"
    stage.workspace.faults.clear()
    stage.start()
    stage.see("FIX-1 applied")


def test_a_reaction_that_was_missed_is_found_though_slack_fails_at_first(enter: Enter) -> None:
    """The card is read again until it can be."""
    stage = enter()
    asked(stage)
    card = stage.card()
    stage.server.sockets.set_delivery(flow="lost")
    stage.react("bob", card)
    stage.server.sockets.set_delivery(flow="flowing")
    stage.workspace.faults.add("error", "reactions.get", error="internal_error", times=2)
    stage.server.sockets.ask_to_leave()
    stage.becomes("applied")
