"""A file of an answer that Slack did not take is kept until it does."""

from __future__ import annotations

import json

from storage.chain.verify import verify
from tests.bot.shift import Shift


def files(shift: Shift, ts: str) -> list[str]:
    return [file.name for one in shift.thread(ts) for file in one.files]


def test_a_kept_file_outlives_the_process_and_is_no_fault_of_the_record(shift: Shift) -> None:
    """No record names it: it is no evidence of anything."""
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error", times=-1)
    ts = shift.say("diagnose exch-node2")
    shift.deliver_notices()
    assert "facts-EXCH-CL1.json" not in files(shift, ts)
    assert verify(shift.database).faults == ()
    shift.database.close()
    shift.workspace.faults.clear()
    shift.open()
    shift.deliver_notices()
    assert files(shift, ts).count("facts-EXCH-CL1.json") == 1
    assert shift.waiting() == []
    (file,) = (one.files[0] for one in shift.thread(ts) if one.files)
    assert json.loads(file.data or b"")["asked"] == "exch-node2"


def test_what_was_kept_goes_once_it_is_sent(shift: Shift) -> None:
    """The file of the audit does not grow with it, and what hosts said stays erasable by its own name."""

    def kept() -> set[str]:
        with shift.database.read() as conn:
            return {sha256 for (sha256,) in conn.execute("SELECT sha256 FROM evidence")}

    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error", times=2)
    shift.say("diagnose exch-node2")
    before = kept()
    shift.deliver_notices()
    shift.deliver_notices(seconds=5)
    assert shift.waiting() == []
    assert len(before - kept()) == 1
    assert verify(shift.database).faults == ()


def test_a_kept_file_that_was_erased_meanwhile_is_not_sent(shift: Shift) -> None:
    """Whoever erases raw data means this too; nothing waits for it."""
    shift.workspace.faults.add("error", "files.getUploadURLExternal", error="internal_error", times=-1)
    ts = shift.say("diagnose exch-node2")
    with shift.database.write() as tx:
        tx.execute("DELETE FROM evidence")
    shift.workspace.faults.clear()
    shift.deliver_notices(seconds=5)
    assert files(shift, ts) == []
    assert "file" not in {one.audience for one in shift.waiting()}
