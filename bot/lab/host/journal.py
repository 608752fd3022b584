"""The practice host's journal: what each change on its endpoints replaced.

Written from docs/wire-contract.md, section 11, not from the product's own module.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.lab.host.readings import Reading, parse_reading

PATH = r"C:\ProgramData\RootVer\journal.jsonl"


class NotInJournal(Exception):
    """What is to be put back is not what a change on that computer replaced."""


class JournalNotWritten(Exception):
    """The journal takes no line, so nothing may be set."""


class Journal:
    """Lines that are only ever added. `writable`: whether the host lets its endpoint write them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.writable = True

    def add(self, time: str, fix: str, computer: str, before: Reading, after: Reading) -> None:
        """Add the line of a change that is about to be tried. Raises JournalNotWritten."""
        if not self.writable:
            raise JournalNotWritten(
                f"The journal {PATH} could not be written (Access to the path is denied.). Nothing"
                " was changed. Run Register-RootVerEndpoint.ps1 again: it makes the journal."
            )
        line = {"time": time, "fix": fix, "computer": computer, "before": before, "after": after}
        self.lines.append(json.dumps(line, separators=(",", ":")))

    def check(self, computer: str, target: Reading) -> None:
        """Raise NotInJournal unless a change on that computer replaced `target`."""
        if not any(_replaced(json.loads(line), computer, target) for line in self.lines):
            raise NotInJournal(
                f"The journal {PATH} has no line that says that this value was on {computer} before a change,"
                " so it is not put back, and nothing was changed. To set it all the same, use regedit on the"
                r" node: HKLM\SOFTWARE\Microsoft\ASP.NET, value RootVer."
            )


def _replaced(line: Mapping[str, Any], computer: str, target: Reading) -> bool:
    if line["computer"].casefold() != computer.casefold():
        return False
    try:
        return parse_reading(json.dumps(line["before"])) == target
    except ValueError:  # of a kind that nobody can put back
        return False
