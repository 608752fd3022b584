"""One shell on one management host, with the runspace that keeps the module."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import SignalCode
from pypsrp.wsman import SelectorSet

from handlers.host_options import HostOptions
from handlers.psrp.deadline import Deadline
from handlers.psrp.explain import OPERATION_TIMEOUT, SHELL_GONE, explain
from handlers.psrp.failures import Failed, Failure, stopping, timed_out
from handlers.psrp.fragments import bound_fragments
from handlers.psrp.kept_shells import KeptShell, KeptShells
from handlers.psrp.logons import Door
from handlers.psrp.packing import remember_forms
from handlers.psrp.pipeline_output import answer_of
from handlers.psrp.session_limits import Limits
from handlers.psrp.watchdog import Watchdog
from handlers.psrp.wire import Wire

_log = logging.getLogger(__name__)
_watchdog = Watchdog()  # of the whole process


class Session:
    """A shell that one thread at a time runs commands in; opened by its first command."""

    def __init__(
        self,
        options: HostOptions,
        door: Door,
        module: str,
        limits: Limits,
        kept: KeptShells | None = None,
    ) -> None:
        self.options, self.limits, self._door, self._module = options, limits, door, module
        self._kept = kept or KeptShells(None)
        self._wire = Wire(options, door, limits)
        self._pool = RunspacePool(
            self._wire,
            configuration_name=options.configuration_name,
            idle_timeout=round(options.idle_timeout),
        )
        self._fragments = bound_fragments(self._pool, self._wire.bounds)
        remember_forms(self._pool)
        self._remembered = KeptShell.of(options, self._pool.id)
        self._pipeline: PowerShell | None = None  # the one that may still run
        self._shell_may_exist = False
        self._abandoned = False
        self._has_module = options.delivery == "endpoint"
        self._commands = 0
        self._used = time.monotonic()

    # --- running a command ---

    def run(self, command: str, parameters: Mapping[str, object], deadline: Deadline) -> str:
        """Run one command of the module and return its one output text. Raises `Failed`.

        After a failure the session must not be used again, only disposed of.
        """
        self._door.check()
        self._pipeline = None
        call_off = self._cut_after(deadline.left + self.limits.grace)
        try:
            self._prepare(deadline)
            self._pipeline = pipeline = self._command(command, parameters)
            pipeline.begin_invoke()
            while pipeline.state == PSInvocationState.RUNNING:
                pipeline.poll_invoke()
            return self._answer(command, pipeline)
        except Failed as failed:
            ended = Failed(failed.failure, sent=failed.sent or self._sent(failed.failure))
        except Exception as error:  # noqa: BLE001 -- the one place where whatever the libraries raise is judged
            ended = self._judged(command, explain(error, self.options), deadline)
        finally:
            call_off()
        raise ended

    @property
    def exchanges(self) -> int:
        """HTTP exchanges since it was made."""
        return self._wire.bounds.answers

    @property
    def has_shell(self) -> bool:
        """Whether there is, or may be, a shell on the host."""
        return self._shell_may_exist

    @property
    def spent(self) -> bool:
        """Whether this shell has run its share of commands."""
        return self._commands >= self.limits.commands

    @property
    def expired(self) -> bool:
        """Whether the host has closed the shell by now, as nobody used it, or its password is an old one."""
        return self._door.retired or self._idle >= self.options.idle_timeout

    def cut(self) -> None:
        """Break the connection now, from any thread: the command that runs, or is about to, fails."""
        self._abandoned = True
        self._wire.deadline = Deadline(0)
        self._wire.cut()

    @property
    def _idle(self) -> float:
        return time.monotonic() - self._used

    def outlives_us(self) -> None:
        """A change runs in it: if this process is killed, the next one lets it end by itself."""
        self._kept.remove(self._remembered)
        self._kept = KeptShells(None)

    def _prepare(self, deadline: Deadline) -> None:
        """A connection to trust, and an open runspace pool."""
        self._wire.deadline = deadline
        if self._abandoned:
            raise Failed(stopping())
        self._wire.bounds.begin()
        if self._idle > self.limits.keep_alive:
            self._wire.repair()
        if self._pool.shell.opened:
            return
        self._kept.add(self._remembered)  # before it is asked for: we may be killed while it opens
        try:
            self._pool.open()
        except BaseException as error:
            self._shell_may_exist = self._pool.shell.opened or self._perhaps_opened(error)
            raise
        else:
            self._shell_may_exist = True
        finally:
            if not self._shell_may_exist:
                self._kept.remove(self._remembered)

    def _perhaps_opened(self, error: BaseException) -> bool:
        """Whether a Create that failed may have made a shell all the same."""
        if isinstance(error, WSManFaultError):
            return bool(error.code == OPERATION_TIMEOUT)
        if not isinstance(error, Exception):
            return True
        return self._wire.connected and not explain(error, self.options).unsent

    def _command(self, command: str, parameters: Mapping[str, object]) -> PowerShell:
        """Two statements (docs/wire-contract.md, section 2). First, once per pool: the module's text, in the
        runspace's own scope so that its functions stay. Then the command by name; values travel as
        parameters.
        """
        pipeline = PowerShell(self._pool)
        if not self._has_module:
            pipeline.add_script(self._module, use_local_scope=False).add_statement()
        return pipeline.add_cmdlet(command).add_parameters(dict(parameters))

    def _judged(self, command: str, failure: Failure, deadline: Deadline) -> Failed:
        sent = self._sent(failure)
        if deadline.passed and not failure.refused:
            failure = timed_out(command, deadline.seconds, sent=sent)
        return Failed(failure, sent=sent)

    def _sent(self, failure: Failure) -> bool:
        """Whether the command may have reached the host, seen from what failed."""
        if self._pipeline is None:
            return False  # not even opened
        return self._pipeline.state != PSInvocationState.NOT_STARTED or not failure.unsent

    def _answer(self, command: str, pipeline: PowerShell) -> str:
        """The answer of a pipeline that has ended; the shell has its module then, and waits for the next."""
        self._pipeline = None
        self._pool.pipelines.pop(pipeline.id, None)
        self._pool.user_events.clear()  # nobody reads them
        self._fragments.forget()
        self._commands += 1
        self._used = time.monotonic()
        text = answer_of(command, pipeline, self.options)
        self._has_module = True
        return text

    # --- ending ---

    def adopt(self, shell: str) -> None:
        """Take over a shell by its id, only to dispose of it."""
        self._pool.id, self._remembered = shell, KeptShell.of(self.options, shell)
        self._shell_may_exist = True

    def dispose(self) -> None:
        """Stop what runs, delete the shell, close the connection; failures are only logged."""
        self._wire.deadline = Deadline(self.limits.disposal)
        self._wire.bounds.begin()
        call_off = self._cut_after(self.limits.disposal)
        for step in (self._stop, self._delete):
            try:
                if self._wire.broken or self._idle > self.limits.keep_alive:
                    self._used = time.monotonic()
                    self._wire.repair()
                step()
            except Exception as error:  # noqa: BLE001 -- the answer, or the better error, is told already
                reason = explain(error, self.options).what
                _log.info("%s: a shell was not ended properly: %s", self.options.server, reason)
        call_off()
        self._wire.close()

    def _stop(self) -> None:
        """Signal with the command's own id: the library's `stop` sends another one to old hosts."""
        if self._pipeline is not None and self._shell_may_exist:
            pipeline, self._pipeline = self._pipeline, None
            self._name_shell()
            self._pool.shell.signal(SignalCode.PS_CTRL_C, pipeline._command_id or pipeline.id)

    def _delete(self) -> None:
        if self._shell_may_exist:
            self._name_shell()
            try:
                self._pool.shell.close()
            except WSManFaultError as fault:
                if fault.code != SHELL_GONE:
                    raise
            self._shell_may_exist = False
            self._kept.remove(self._remembered)

    def _name_shell(self) -> None:
        """A shell whose Create was not answered has the id that we asked for."""
        shell = self._pool.shell
        if not shell.opened:
            selectors = SelectorSet()
            selectors.add_option("ShellId", self._pool.id)
            shell._selector_set, shell.opened = selectors, True

    def _cut_after(self, seconds: float) -> Callable[[], None]:
        """Time-outs of a socket count from byte to byte; this one does not. Returns what calls it off."""
        return _watchdog.later(seconds, self._wire.cut)
