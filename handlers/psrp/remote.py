"""The two doors to the management hosts, over PowerShell remoting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING

from handlers.approval import Permit
from handlers.host_options import HostOptions
from handlers.ports import Query
from handlers.psrp.deadline import Deadline
from handlers.psrp.failures import Failed, stopping, unknown_host, unusable
from handlers.psrp.kept_shells import KeptShells
from handlers.psrp.logons import Doors
from handlers.psrp.session_limits import Limits
from handlers.psrp.shells import Shells
from handlers.remote_errors import NotSent, RemoteError

if TYPE_CHECKING:  # see `_session_class`
    from handlers.psrp.session import Session


_log = logging.getLogger(__name__)

CHANGES = {"fix": "Set-RootVer", "restore": "Restore-RootVer"}  # kind of a permit → command


@dataclass(frozen=True, slots=True)
class _Call:
    """A command of the module with its named parameters, for one host of the settings."""

    host: str
    options: HostOptions
    command: str
    parameters: Mapping[str, object]

    @property
    def changes(self) -> bool:
        """Whether it writes on a node."""
        return self.command in CHANGES.values()

    @property
    def node(self) -> str | None:
        name = self.parameters.get("ComputerName")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to run a command: `seconds`, HTTP `exchanges`, and why it `failed` (None: it did not)."""

    host: str
    command: str
    node: str | None
    seconds: float
    exchanges: int
    failed: str | None

    def __str__(self) -> str:
        end = "answered" if self.failed is None else f"failed ({self.failed})"
        what = f"{self.command} {self.node}" if self.node else self.command
        return f"{self.host}: {what} {end}: {self.seconds:.2f} s, {self.exchanges} exchanges"


@cache
def module_text() -> str:
    """The text of the PowerShell module, as it is sent."""
    module = files("handlers.powershell").joinpath("RootVer", "RootVer.psm1")
    return module.read_text(encoding="utf-8-sig")


class PsrpRemote:
    """Runs the module's commands on management hosts (`handlers.ports.Remote`). Safe in any thread.

    A command borrows a session (one shell with one runspace, one connection) for itself alone and gives it
    back warm if the answer was good; after any failure the session is stopped and deleted in the background.
    Make one per process: it remembers which logons were refused.

    `renew` reads a host's secrets anew; it raises `RemoteError` where they cannot be had. `kept` remembers
    the shells that are open, for the next process. `measured` is told of each attempt, and must raise
    nothing.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostOptions],
        *,
        module: Callable[[], str] = module_text,
        limits: Limits | None = None,
        renew: Callable[[str], HostOptions] | None = None,
        kept: KeptShells | None = None,
        measured: Callable[[Attempt], None] = lambda _: None,
    ) -> None:
        self._hosts, self._module, self._limits = dict(hosts), module, limits or Limits()
        self._renew, self._kept, self._measured = renew, kept or KeptShells(None), measured
        self._doors = Doors()
        self._shells = {name: Shells(partial(self._session_for, name)) for name in hosts}
        self._disposal = ThreadPoolExecutor(4, thread_name_prefix="rootver-shells")
        self._changed = threading.Condition()  # guards what follows
        self._running: set[Session] = set()
        self._ending: set[Session] = set()
        self._closed = False
        self._closing = threading.Event()

    # --- the two doors ---

    def query(self, host: str, query: Query) -> str:
        """Run a reading command (`handlers.ports.Remote.query`): at most twice, within the deadline.

        As the identity for changes, where there is one, in a session of its own. Raises `RemoteError`; as
        `NotSent` where nothing reached the host.
        """
        options = self._options(host)
        change = options.change if query.identity == "change" else None
        run = self._alone if change else self._borrowed
        call = _Call(host, change or options, query.name, query.parameters)
        deadline = Deadline(call.options.deadline_seconds)
        result = run(call, deadline)
        if isinstance(result, Failed) and result.failure.again and self._paused(deadline):
            result = run(call, deadline)
        return _answer(call, result)

    def change(self, permit: Permit) -> str:
        """Send the change that the permit allows (`handlers.ports.Remote.change`), once.

        A change identity of its own logs on now, and its session is ended afterwards. Without one the
        query session is used. Raises `NotSent`, `RemoteError`.
        """
        command = CHANGES[permit.kind]
        dialled = permit.address or permit.computer
        parameters = {"ComputerName": dialled, "FixId": permit.fix_id, "Expected": permit.expected}
        if permit.kind == "restore":
            parameters["Target"] = permit.target
        options = self._options(permit.host)
        call = _Call(permit.host, options.change or options, command, parameters)
        deadline = Deadline(call.options.deadline_seconds)
        return _answer(
            call, self._alone(call, deadline) if options.change else self._borrowed(call, deadline)
        )

    # --- looking after it ---

    def forget_refusals(self, host: str) -> None:
        """Read the host's secrets anew and allow logons again, of both identities: somebody asked for another
        try (doctor).

        Where a secret is another one now, what was logged on with the old one is ended. Raises `RemoteError`
        where the secrets cannot be read; then all stays as it was.
        """
        before = self._options(host)
        now = self._renew(host) if self._renew else before
        self._hosts[host] = now
        new = [self._doors.of(one) for one in _identities(now)]
        for door in [self._doors.of(one) for one in _identities(before)]:
            if door not in new:
                door.retire()
        for door in new:
            door.reopen()

    def warm_up(self) -> None:
        """Load pypsrp in the background, so that the first question does not wait for it."""
        self._disposal.submit(_session_class)

    def barred(self) -> dict[tuple[str, str], bool]:
        """Host and identity (query, change) → whether nobody logs on, because a logon was refused."""
        return {
            (name, kind): self._doors.of(identity).barred
            for name, options in self._hosts.items()
            for kind, identity in zip(("query", "change"), _identities(options), strict=False)
        }

    def end_left_shells(self) -> None:
        """Delete, in the background, the shells that the last process left behind because it was killed."""
        for left in self._kept.left():
            options = next((one for one in self._all_identities() if left.belongs_to(one)), None)
            if options is None:
                self._kept.remove(left)
                continue
            with suppress(Failed):  # options that pypsrp refuses: whoever asks is told
                session = self._session(replace(options, configuration_name=left.configuration_name))
                session.adopt(left.id)
                self._end(session)

    def close(self, seconds: float = 10) -> None:
        """End every session and delete its shell; commands that still run are cut off.

        Returns after at most `seconds`; a shell that could not be deleted by then is ended by the host.
        """
        end = time.monotonic() + seconds
        self._closing.set()
        with self._changed:
            self._closed = True
            running = list(self._running)
        for shells in self._shells.values():
            for session in shells.close():
                self._end(session)
        for session in running:
            session.cut()
        with self._changed:
            self._changed.wait_for(lambda: not self._running and not self._ending, end - time.monotonic())
        self._disposal.shutdown(wait=False, cancel_futures=True)

    # --- inside: results are returned, not raised, so that no error carries what a library's one holds ---

    def _options(self, host: str) -> HostOptions:
        if host not in self._hosts:
            failure = unknown_host()
            raise NotSent(host, failure.what, failure.advice)
        return self._hosts[host]

    def _all_identities(self) -> list[HostOptions]:
        return [identity for options in self._hosts.values() for identity in _identities(options)]

    def _paused(self, deadline: Deadline) -> bool:
        """Wait a moment before a second try; False = there is no time for one."""
        self._closing.wait(min(self._limits.pause, deadline.left))
        return not deadline.passed

    def _session_for(self, host: str) -> Session:
        return self._session(self._hosts[host])

    def _session(self, options: HostOptions) -> Session:
        try:
            return _session_class()(
                options, self._doors.of(options), self._module(), self._limits, self._kept
            )
        except ValueError as error:
            raise Failed(unusable(error)) from None

    def _borrowed(self, call: _Call, deadline: Deadline) -> str | Failed:
        """Run it in one of the host's warm sessions, or in a new one."""
        shells = self._shells[call.host]
        while True:
            try:
                session = shells.borrow(deadline)
            except Failed as failed:
                return failed
            if session.expired:
                self._end(session)
                shells.lose()
                continue
            result = self._run(session, call, deadline, shells)
            if isinstance(result, str) and not session.spent and shells.give_back(session):
                return result
            ending = self._end(session)
            crowded = isinstance(result, Failed) and result.failure.crowded and not result.sent
            others = shells.lose(crowded=crowded)
            if not crowded or deadline.passed or not (others or self._ended(ending, deadline)):
                return result

    def _alone(self, call: _Call, deadline: Deadline) -> str | Failed:
        """Run it in a session of its own."""
        if self._closed:
            return Failed(stopping())
        try:
            session = self._session(call.options)
        except Failed as failed:
            return failed
        result = self._run(session, call, deadline)
        self._end(session)
        return result

    def _run(
        self, session: Session, call: _Call, deadline: Deadline, shells: Shells | None = None
    ) -> str | Failed:
        """Run it in this session, and tell what it took."""
        began, before = time.monotonic(), session.exchanges
        result = self._ran(session, call, deadline, shells)
        attempt = Attempt(
            call.host, call.command, call.node, time.monotonic() - began, session.exchanges - before,
            result.failure.what if isinstance(result, Failed) else None,
        )  # fmt: skip
        level = logging.INFO if attempt.failed is None else logging.WARNING
        _log.log(level, "%s", attempt)
        self._measured(attempt)
        return result

    def _ran(self, session: Session, call: _Call, deadline: Deadline, shells: Shells | None) -> str | Failed:
        with self._changed:
            self._running.add(session)
        if call.changes:
            session.outlives_us()
        try:
            return session.run(call.command, call.parameters, deadline)
        except Failed as failed:
            return Failed(stopping(), sent=failed.sent) if self._closed else failed
        except BaseException:  # Ctrl-C: the script on the host must not go on
            self._end(session)
            if shells:
                shells.lose()
            raise
        finally:
            with self._changed:
                self._running.discard(session)
                self._changed.notify_all()

    def _end(self, session: Session) -> set[Session]:
        """Stop and delete it in the background: nobody's answer waits for that. Returns whose shells go."""
        with self._changed:
            before = {one for one in self._ending if one.has_shell}
            self._ending.add(session)
        try:
            self._disposal.submit(self._dispose, session)
        except RuntimeError:  # shut down: `close` has returned already
            self._dispose(session)
        return before

    def _ended(self, ending: set[Session], deadline: Deadline) -> bool:
        """Wait until these have made room on the host; False = there were none, or it took too long."""
        with self._changed:
            return bool(ending) and self._changed.wait_for(lambda: not ending & self._ending, deadline.left)

    def _dispose(self, session: Session) -> None:
        try:
            session.dispose()
        finally:
            with self._changed:
                self._ending.discard(session)
                self._changed.notify_all()


def _session_class() -> type[Session]:
    """Imported late: pypsrp costs 0.2 s, which neither a start nor `--help` should pay."""
    from handlers.psrp.session import Session  # noqa: PLC0415

    return Session


def _identities(options: HostOptions) -> list[HostOptions]:
    return [options, options.change] if options.change else [options]


def _answer(call: _Call, result: str | Failed) -> str:
    if isinstance(result, str):
        return result
    kind = RemoteError if result.sent else NotSent
    failure = result.failure
    raise kind(call.host, failure.what, failure.advice, node=call.node, code=failure.code)
