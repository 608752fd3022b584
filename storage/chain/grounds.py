"""What the records of a fix must show before its change is sent. Pure: the permit and `verify` both ask here.

The table `fix` is there to work with and nothing guards it; who approved what was recorded. So the records
decide, and each of these must hold (docs/rules.md, section 5):

1. The fix was proposed, with the digest of what is proposed, and when its life ends.
2. Enough people approved exactly that digest: each was known as an approver (`via`).
3. None of them asked for the fix, unless the settings in force allowed that.
4. Each approved, and applying began, within the life of the fix.
5. No approval that counts was taken back, and nobody declined or cancelled since.
6. Applying began, once, after the last approval.
7. The node was read again after that, and gave the approved digest.
8. The key was backed up after that, and the backup is named by its hash.
9. Nothing was sent for this fix before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from storage.records import Entry, Json
from storage.times import time_of

Rule = Literal[1, 2, 3, 4, 5, 6, 7, 8, 9]

# What is said of a change for which a rule does not hold, behind "FIX-12 was sent, but" or "FIX-12:".
BROKEN: Mapping[Rule, str] = {
    1: "no record tells of its proposal",
    2: "no record tells of an approval that counts by enough people",
    3: "it was approved by the person who asked for it",
    4: "its life was over",
    5: "an approval was taken back, or somebody declined",
    6: "no record tells that applying began",
    7: "the node was not read again with the approved result",
    8: "there was no backup",
    9: "it had been sent before",
}


class ApprovalTerms(NamedTuple):
    """The settings in force that a change is judged by."""

    self_approval: bool = False  # whether people may approve what they asked for
    required: int = 1  # how many different people must approve


@dataclass(slots=True)
class Grounds:
    """One fix, as its records up to now allow its change or not."""

    digest: str | None = None
    requester: str | None = None
    expires_at: datetime | None = None  # None: an older record, which does not tell
    approvals: dict[str, tuple[datetime, Json, Json]] = field(default_factory=dict)  # who → when, digest, via
    taken_back: bool = False  # since the last approval
    begun: int = 0
    begun_at: datetime | None = None
    rechecked: bool = False
    backup: str | None = None
    sent: int = 0

    def follow(self, kind: tuple[str, str], actor: str, at: datetime, details: Mapping[str, Json]) -> None:
        """Take in the next record; `kind` with its outcome."""
        match kind:
            case ("proposal", "pending"):
                self._propose(actor, details)
            case ("decision" | "withdrawal" | "expiry" | "restore_copy", _):
                self._decide(kind, actor, at, details)
            case ("recheck" | "backup" | "change", _):
                self._prepare(kind, at, details)

    @property
    def counted(self) -> dict[str, datetime]:
        """Who approved, and when: the approvals that count."""
        return {
            who: when
            for who, (when, digest, via) in self.approvals.items()
            if isinstance(via, str) and digest == self.digest
        }

    def broken(self, at: datetime, terms: ApprovalTerms) -> Iterator[Rule]:
        """The rules that do not hold for sending the change at this time; none: it may be sent."""
        counted = self.counted
        newest = max([self.begun_at or at, *counted.values()])
        holds: Mapping[Rule, bool] = {
            1: self.digest is not None,
            2: len(counted) >= max(1, terms.required),
            3: terms.self_approval or self.requester not in counted,
            4: self.expires_at is None or newest < self.expires_at,
            5: not self.taken_back,
            6: self.begun == 1,
            7: self.rechecked,
            8: self.backup is not None,
            9: self.sent == 0,
        }
        return (rule for rule, held in holds.items() if not held)

    # --- inside ---

    def _decide(self, kind: tuple[str, str], who: str, at: datetime, details: Mapping[str, Json]) -> None:
        match kind:
            case ("decision", "ok") if details.get("decision") == "approve":
                self._approve(who, at, details)
            case ("decision" | "expiry" | "restore_copy", _):  # declined, cancelled, expired, voided, lost
                self._take_back(None)
            case ("withdrawal", "ok" | "pending"):
                self._take_back(who)
            case ("withdrawal", "refused") if (
                "state" in details
            ):  # open again; without a move it came too late
                self._take_back(None)

    def _prepare(self, kind: tuple[str, str], at: datetime, details: Mapping[str, Json]) -> None:
        match kind:
            case ("recheck", outcome):
                # The first versions recorded only that nothing had changed (ok), and no digest.
                self.rechecked = outcome == "ok" and details.get("digest", self.digest) == self.digest
            case ("backup", _):
                backup = details.get("evidence")
                self.backup = backup if isinstance(backup, str) else None
            case ("change", "pending") if details.get("step") == "begin":
                self.begun, self.begun_at = self.begun + 1, at
            case ("change", "pending"):
                self.sent += 1
            case ("change", _):  # it ended
                self.begun, self.begun_at = 0, None

    def _propose(self, requester: str, details: Mapping[str, Json]) -> None:
        digest, expires = details.get("digest"), details.get("expires_at")
        self.digest = digest if isinstance(digest, str) and self.digest is None else None
        self.requester = requester
        self.expires_at = time_of(expires) if isinstance(expires, str) else None

    def _approve(self, who: str, at: datetime, details: Mapping[str, Json]) -> None:
        self.approvals[who] = (at, details.get("digest"), details.get("via"))
        self.taken_back = False
        self._begin_anew()

    def _take_back(self, who: str | None) -> None:
        """Somebody's approval, or everybody's: what was prepared for it counts no more."""
        if who is None:
            self.approvals.clear()
        else:
            self.approvals.pop(who, None)
        self.taken_back = True
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.begun, self.begun_at, self.rechecked, self.backup = 0, None, False, None


def grounds_of(entries: Iterable[Entry]) -> Grounds:
    """What the records of one fix, oldest first, show."""
    grounds = Grounds()
    for entry in entries:
        grounds.follow((entry.kind, entry.outcome), entry.actor, entry.ts, entry.details)
    return grounds
