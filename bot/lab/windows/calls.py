"""What reached the practice nodes' WMI, and what may go wrong with it: for tests and for the lab's page."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.lab.windows.stdregprov import WRITING
from bot.lab.windows.values import TIMED_OUT, CimError, CimValue

Operation = Literal["open", "query", "invoke", "close"]

_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)


@dataclass
class CimCall:
    """One operation of a CIM session, as it reached a node.

    `computer`: the name that was asked. `timeout`: the operation's own, in seconds, None if none was given;
    of `open` the session's. `code`: the error it ended with, None if it was answered. `status`: a method's
    ReturnValue. `rows`: how many instances a query found.
    """

    operation: Operation
    computer: str
    session: int = 0
    timeout: int | None = None
    namespace: str = ""
    query: str = ""
    class_name: str = ""
    method: str = ""
    arguments: Mapping[str, CimValue] = field(default_factory=dict)
    code: str | None = None
    status: int | None = None
    rows: int = 0

    def __post_init__(self) -> None:
        found = _FROM.search(self.query)
        if found is not None:
            self.class_name = found[1]

    @property
    def key(self) -> str:
        """The registry path that a method of StdRegProv is about."""
        given = self.arguments.get("sSubKeyName")
        return str(given.data) if given is not None else ""

    @property
    def writes(self) -> bool:
        """Say whether it is a method that changes a registry."""
        return self.method.casefold() in (name.casefold() for name in WRITING)


class CimLog:
    """Every operation, in order. Safe in any thread."""

    def __init__(self) -> None:
        self._calls: list[CimCall] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[CimCall]:
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: CimCall) -> None:
        """Write down an operation that has just arrived."""
        with self._lock:
            self._calls.append(call)

    def of(self, operation: Operation) -> list[CimCall]:
        """Return the calls of one operation."""
        return [call for call in self if call.operation == operation]

    def left_open(self) -> set[int]:
        """Return the sessions that were opened and not closed."""
        opened = {call.session for call in self.of("open") if call.code is None}
        return opened - {call.session for call in self.of("close")}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._calls.clear()


@dataclass
class Rule:
    """What happens to the calls whose attributes are as in `where` (text in any case).

    The first `skip` of them are spared, then `times` of them are met (None: all). In this order: `before`
    runs; the call lasts `seconds`; it fails with `code`; `after` runs once the node has done what was asked.
    """

    where: Mapping[str, object]
    code: str | None = None
    seconds: float = 0.0
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None
    skip: int = 0
    times: int | None = None

    def meets(self, call: CimCall) -> bool:
        """Say whether the rule is for this call, and count it."""
        if not all(_same(getattr(call, name), wanted) for name, wanted in self.where.items()):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class CimFaults:
    """What goes wrong between the management host and the nodes, changed at any time.

    A call that lasts longer than its time-out ends with `timed_out` when that is over.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.timed_out = TIMED_OUT
        self.stopping = threading.Event()

    def fail(self, code: str, *, skip: int = 0, times: int | None = None, **where: object) -> None:
        """Let calls fail with an HRESULT: `fail("0x80041010", class_name="ExchangeClusterResource")`.

        Or with the name of a NativeErrorCode, as what the CIM client says by itself: `fail("AccessDenied")`.
        """
        self.rules.append(Rule(where, code=code, skip=skip, times=times))

    def slow(self, seconds: float, **where: object) -> None:
        """Let calls last so long."""
        self.rules.append(Rule(where, seconds=seconds))

    def before(self, action: Callable[[], None], *, skip: int = 0, **where: object) -> None:
        """Run `action` once, before such a call is carried out."""
        self.rules.append(Rule(where, before=action, skip=skip, times=1))

    def after(self, action: Callable[[], None], *, skip: int = 0, **where: object) -> None:
        """Run `action` once, after such a call was carried out and before it is answered."""
        self.rules.append(Rule(where, after=action, skip=skip, times=1))

    def clear(self) -> None:
        """Put everything in order."""
        self.rules.clear()
        self.timed_out = TIMED_OUT

    def met_by(self, call: CimCall) -> list[Rule]:
        """Return the rules for a call."""
        return [rule for rule in list(self.rules) if rule.meets(call)]

    def apply(self, rules: list[Rule], call: CimCall) -> None:
        """Let happen what comes before the call is carried out. Raises CimError where it fails."""
        for rule in rules:
            if rule.before is not None:
                rule.before()
            self._last(rule.seconds, call.timeout)
            if rule.code is not None:
                raise CimError(rule.code)

    def _last(self, seconds: float, timeout: int | None) -> None:
        if not seconds:
            return
        limit = timeout or float("inf")
        self.stopping.wait(min(seconds, limit))
        if seconds >= limit:
            raise CimError(self.timed_out)


def _same(seen: object, wanted: object) -> bool:
    if isinstance(seen, str) and isinstance(wanted, str):
        return seen.casefold() == wanted.casefold()
    return seen == wanted
