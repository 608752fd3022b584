"""One read of a cluster for all who ask for it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from storage.records import Json

Progress = Callable[[str], None]  # called with each node that has answered, from any thread
Waiting = Mapping[str, Future[Json]]  # node → its answer


@dataclass(slots=True)
class SharedRead:
    """A read under way. `asked_by` began it; `told` hear of each node that has answered."""

    asked_by: str
    told: list[Progress] = field(default_factory=list)
    waiting: Waiting = field(default_factory=dict)


class SharedReads:
    """The reads under way, by cluster. Safe to use from any thread."""

    def __init__(self) -> None:
        self._open: dict[str, SharedRead] = {}
        self._lock = threading.RLock()  # a read may begin, and answer, in this very thread

    def ask(
        self,
        cluster: str,
        asker: str,
        progress: Progress | None,
        begin: Callable[[Progress], Waiting],
    ) -> SharedRead:
        """Join the read of a cluster that is under way, or `begin` one.

        It can be joined until its first node has answered: nobody is told what was known before they asked.
        Raises what `begin` raises.
        """
        with self._lock:
            read = self._open.get(cluster)
            if read is not None:
                read.told += [progress] if progress else []
                return read
            read = self._open[cluster] = SharedRead(asker, [progress] if progress else [])
            try:
                read.waiting = begin(lambda node: self._answered(cluster, read, node))
            except BaseException:
                del self._open[cluster]
                raise
            return read

    def _answered(self, cluster: str, read: SharedRead, node: str) -> None:
        with self._lock:
            if self._open.get(cluster) is read:
                del self._open[cluster]
            told = list(read.told)
        for progress in told:
            progress(node)
