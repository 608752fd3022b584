"""WQL as Windows 2000 knows it: SELECT … FROM … WHERE with comparisons, AND, OR, NOT.

LIKE came with Windows XP. ASSOCIATORS OF, REFERENCES OF and ISA are not imitated. All of them are refused as
an invalid query (0x80041017).
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bot.lab.windows.values import INTEGERS, INVALID_QUERY, CimData, CimError, CimType, CimValue, Instance

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|<>|!=|[=<>(),*]))",
    re.DOTALL,
)
DMTF = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")
"""DSP0004, datetime type: yyyymmddhhmmss.mmmmmm and the distance from UTC in minutes."""

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Comparison:
    """One comparison of a property with a literal; `sign` of COMPARISONS, or `IS` and `IS NOT` with NULL."""

    name: str
    sign: str
    literal: CimData


@dataclass(frozen=True)
class Junction:
    """AND, OR or NOT of conditions."""

    word: str
    parts: "tuple[Condition, ...]"


Condition = Comparison | Junction


@dataclass(frozen=True)
class Query:
    """A parsed query. `columns`: None for `*`; `condition`: None without WHERE."""

    columns: tuple[str, ...] | None
    class_name: str
    condition: Condition | None

    def check(self, types: Mapping[str, CimType]) -> None:
        """Refuse a property that the class does not have, and a literal that is none of its type."""
        known = {name.casefold(): type_ for name, type_ in types.items()}
        for name in self.columns or ():
            if name.casefold() not in known:
                raise CimError(INVALID_QUERY)
        for comparison in _comparisons(self.condition):
            type_ = known.get(comparison.name.casefold())
            if type_ is None:
                raise CimError(INVALID_QUERY)
            _literal(type_, comparison.literal)

    def matches(self, instance: Instance) -> bool:
        """Say whether an instance meets the condition; a comparison with NULL is never true."""
        return self.condition is None or _holds(self.condition, instance)

    def project(self, instance: Instance) -> Instance:
        """Return the instance with the properties that were asked for, and no others."""
        if self.columns is None:
            return instance
        wanted = {name.casefold() for name in self.columns}
        kept = {key: value for key, value in instance.properties.items() if key.casefold() in wanted}
        return Instance(instance.class_name, kept)

    def pins(self, names: tuple[str, ...]) -> bool:
        """Say whether the condition can only be met by one value of each of these properties."""
        pinned = {comparison.name.casefold() for comparison in _required(self.condition)}
        return all(name.casefold() in pinned for name in names)


def parse(text: str) -> Query:
    """Read a query. Raises CimError(0x80041017) for anything that is none."""
    return _Parser(text).query()


def _comparisons(condition: Condition | None) -> Iterator[Comparison]:
    if isinstance(condition, Comparison):
        yield condition
    elif condition is not None:
        for part in condition.parts:
            yield from _comparisons(part)


def _required(condition: Condition | None) -> Iterator[Comparison]:
    """Yield the equalities without which the condition is not met."""
    if isinstance(condition, Comparison):
        if condition.sign == "=":
            yield condition
    elif condition is not None and condition.word == "AND":
        for part in condition.parts:
            yield from _required(part)


def _holds(condition: Condition, instance: Instance) -> bool:
    if isinstance(condition, Comparison):
        return _compare(condition, instance.get(condition.name))
    held = (_holds(part, instance) for part in condition.parts)
    if condition.word == "NOT":
        return not next(held)
    return all(held) if condition.word == "AND" else any(held)


def _compare(comparison: Comparison, value: CimValue | None) -> bool:
    data = None if value is None else value.data
    if comparison.sign.startswith("IS"):
        return (data is None) == (comparison.sign == "IS")
    if value is None or data is None:
        return False
    if isinstance(data, str):
        data = data.casefold()
    return COMPARISONS[comparison.sign](data, _literal(value.type, comparison.literal))


def _literal(type_: CimType, literal: CimData) -> CimData:
    """Return a literal as data of a type, text in lower case. WMI takes numbers in quotes as well."""
    try:
        if literal is None:
            return None
        if type_ == "string" and isinstance(literal, str):
            return literal.casefold()
        if type_ == "boolean" and isinstance(literal, bool):
            return literal
        if type_ in INTEGERS and not isinstance(literal, bool):
            return int(str(literal))
        if type_ == "datetime" and isinstance(literal, str):
            return from_dmtf(literal)
    except ValueError:
        pass
    raise CimError(INVALID_QUERY)


def from_dmtf(text: str) -> datetime:
    """Return the moment that a DMTF date and time names, in UTC. Raises ValueError for anything else."""
    match = DMTF.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no DMTF date and time")
    offset = timezone(timedelta(minutes=int(match[3] + match[4])))
    moment = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=offset, microsecond=int(match[2]))
    return moment.astimezone(UTC)


class _Parser:
    """One query, token by token."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._place = 0

    def query(self) -> Query:
        self._expect("SELECT")
        columns = self._columns()
        self._expect("FROM")
        class_name = self._name()
        condition = self._either() if self._take("WHERE") else None
        if self._place != len(self._tokens):
            raise CimError(INVALID_QUERY)
        return Query(columns, class_name, condition)

    def _columns(self) -> tuple[str, ...] | None:
        if self._take("*"):
            return None
        names = [self._name()]
        while self._take(","):
            names.append(self._name())
        return tuple(names)

    def _either(self) -> Condition:
        return self._junction("OR", self._all)

    def _all(self) -> Condition:
        return self._junction("AND", self._one)

    def _junction(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Junction(word, tuple(parts))

    def _one(self) -> Condition:
        if self._take("NOT"):
            return Junction("NOT", (self._one(),))
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        name = self._name()
        if self._take("IS"):
            sign = "IS NOT" if self._take("NOT") else "IS"
            self._expect("NULL")
            return Comparison(name, sign, None)
        kind, sign = self._next()
        if kind != "sign" or sign not in COMPARISONS:
            raise CimError(INVALID_QUERY)
        return Comparison(name, sign, self._constant())

    def _constant(self) -> CimData:
        kind, text = self._next()
        if kind == "number":
            return int(text)
        if kind == "text":
            return _unquoted(text)
        if text.upper() in ("TRUE", "FALSE"):
            return text.upper() == "TRUE"
        raise CimError(INVALID_QUERY)

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise CimError(INVALID_QUERY)
        return text

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise CimError(INVALID_QUERY)

    def _take(self, word: str) -> bool:
        """Go past the next token if it is that word or sign."""
        if self._place < len(self._tokens):
            kind, text = self._tokens[self._place]
            if kind in ("word", "sign") and text.upper() == word:
                self._place += 1
                return True
        return False

    def _next(self) -> tuple[str, str]:
        if self._place == len(self._tokens):
            raise CimError(INVALID_QUERY)
        self._place += 1
        return self._tokens[self._place - 1]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise CimError(INVALID_QUERY)
        yield match.lastgroup, match[match.lastgroup]
        place = match.end()


def _unquoted(literal: str) -> str:
    """Return what a quoted literal says. Only the backslash and the two quotes may be escaped."""
    if re.search(r"\\[^\\'\"]", literal[1:-1].replace("\\\\", "")):
        raise CimError(INVALID_QUERY)
    return re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL)
