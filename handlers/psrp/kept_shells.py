"""The shells that are open on hosts, in a small file: the next process deletes what a killed one left.

Without it a bot that is killed a few times is locked out by its own shells (MaxShellsPerUser) until the hosts
end them.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from handlers.host_options import HostOptions
from storage.file import beside

_LONGEST = 64 * 1024  # characters: 300 shells, where sixteen are usual
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptShell:
    """One shell: `id` as WinRM knows it, and the way to it as the settings name it."""

    server: str
    user: str
    configuration_name: str
    id: str

    @classmethod
    def of(cls, options: HostOptions, shell: str) -> KeptShell:
        """The shell of that id, by these options."""
        return cls(options.server, options.user, options.configuration_name, shell)

    def belongs_to(self, options: HostOptions) -> bool:
        """Whether these options are the same user on the same host, who alone may delete it."""
        return (self.server, self.user) == (options.server, options.user)


class KeptShells:
    """Safe in any thread. Without a path nothing is kept; a file that cannot be written holds nobody up."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._left = self._read()
        self._open = set(self._left)

    def left(self) -> list[KeptShell]:
        """What the last process left open."""
        return self._left

    def add(self, shell: KeptShell) -> None:
        """It is about to be opened."""
        with self._lock:
            self._open.add(shell)
            self._write()

    def remove(self, shell: KeptShell) -> None:
        """It is gone, or never was."""
        with self._lock:
            if shell in self._open:
                self._open.discard(shell)
                self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            beside.replace(self._path, json.dumps([asdict(one) for one in self._open]), mode=0o600)
        except OSError as error:
            _log.warning("the open shells could not be written down in %s: %s", self._path, error)

    def _read(self) -> list[KeptShell]:
        if self._path is None:
            return []
        try:
            return list({KeptShell(**one) for one in json.loads(beside.read(self._path, _LONGEST))})
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, RecursionError) as error:
            _log.warning("the open shells of the last run could not be read from %s: %s", self._path, error)
            return []
