"""A module with one thing of it left out or turned round, so that tests can be held to noticing it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from types import ModuleType
from typing import NamedTuple

import pytest

# What becomes of an operator: the other side, or its border.
_TURNED: Mapping[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip

Change = Callable[[ast.AST], None]


class Mutant(NamedTuple):
    """One change: `what` says "function: line of the source: what was done to it"."""

    what: str
    source: str
    function: int  # its place in a walk through the module
    inside: int  # the place of what is changed in a walk through the function
    change: Change

    def module(self, original: ModuleType) -> ModuleType:
        """The module as the changed source makes it; the original stays what it is."""
        tree = ast.parse(self.source)
        self.change(_at(_at(tree, self.function), self.inside))
        mutated = ModuleType(original.__name__)
        exec(compile(ast.fix_missing_locations(tree), f"<{self.what}>", "exec"), vars(mutated))
        return mutated


def mutants(module: ModuleType, functions: Collection[str]) -> Iterator[Mutant]:
    """Every mutant of these functions and methods, in the order of the source; made when it is wanted."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    for place, function in enumerate(ast.walk(ast.parse(source))):
        if isinstance(function, ast.FunctionDef) and function.name in functions:
            for inside, node in enumerate(ast.walk(function)):
                for how, change, line in _changes(node):
                    what = f"{function.name}: {lines[line - 1].strip()}: {how}"
                    yield Mutant(what, source, place, inside, change)


def _at(tree: ast.AST, place: int) -> ast.AST:
    return next(node for number, node in enumerate(ast.walk(tree)) if number == place)


def _changes(node: ast.AST) -> Iterator[tuple[str, Change, int]]:
    """What may be done to this node: in words, the change, and the line of the source."""
    yield from _without_statements(node)
    match node:
        case ast.Compare(ops=operators):
            for number, operator in enumerate(operators):
                yield "turned round", _put("ops", number, _TURNED[type(operator)]()), node.lineno
        case ast.Dict(keys=[ast.Constant(value=int()), *_]):
            for number, value in enumerate(node.values):
                yield "always holds", _put("values", number, ast.Constant(True)), value.lineno
        case ast.Match():
            yield from _without_cases(node)
        case _:
            yield from _otherwise(node)


def _without_statements(node: ast.AST) -> Iterator[tuple[str, Change, int]]:
    for name in ("body", "orelse"):
        statements = getattr(node, name, None)
        for number, statement in enumerate(statements if isinstance(statements, list) else ()):
            alone = isinstance(node, ast.If) and len(statements or ()) == 1  # left out with its condition
            if _does_something(statement) and not (alone and isinstance(statement, ast.Raise)):
                yield "left out", _put(name, number, ast.Pass()), statement.lineno


def _otherwise(node: ast.AST) -> Iterator[tuple[str, Change, int]]:
    match node:
        case ast.IfExp():
            yield "always so", _put("test", None, ast.Constant(True)), node.lineno
        case ast.BoolOp():
            yield "and is or", _put("op", None, _TURNED[type(node.op)]()), node.lineno
        case ast.comprehension() if node.ifs:
            yield "without its condition", _put("ifs", None, []), node.ifs[0].lineno
        case ast.Constant(value=bool()):
            yield "the other", _put("value", None, not node.value), node.lineno


def _without_cases(node: ast.Match) -> Iterator[tuple[str, Change, int]]:
    for number, case in enumerate(node.cases):
        if len(node.cases) > 1:
            yield "no such case", _put("cases", number, None), case.pattern.lineno
        if case.guard is not None:
            without = ast.match_case(case.pattern, None, case.body)
            yield "without its guard", _put("cases", number, without), case.pattern.lineno
        for inside, pattern in enumerate(ast.walk(case.pattern)):
            if isinstance(pattern, ast.MatchOr):
                for one in range(len(pattern.patterns)):
                    yield "one less", _narrowed(number, inside, one), case.pattern.lineno


def _narrowed(case: int, inside: int, one: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Match)
        pattern = _at(node.cases[case].pattern, inside)
        assert isinstance(pattern, ast.MatchOr)
        del pattern.patterns[one]
        pattern.patterns *= 2  # one alternative alone is no such pattern

    return change


def _put(name: str, number: int | None, value: object) -> Change:
    """A change that puts something into a field, or at a place of a field that is a list (None: nothing)."""

    def change(node: ast.AST) -> None:
        if number is None:
            setattr(node, name, value)
        elif value is None:
            del getattr(node, name)[number]
        else:
            getattr(node, name)[number] = value

    return change


def _does_something(statement: ast.AST) -> bool:
    """Whether anything runs without it: neither a docstring, nor what gives a name its value."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Assert():
            return False
        case ast.Assign(targets=[ast.Name()]) | ast.Assign(targets=[ast.Tuple(elts=[ast.Name(), *_])]):
            return False
        case ast.Expr() | ast.If() | ast.For() | ast.Raise() | ast.Match() | ast.Assign() | ast.AugAssign():
            return True
        case ast.Return(value=None):
            return True
    return False


def fails(check: Callable[[], object]) -> bool:
    """Whether a check notices something: by an assertion, or because nothing works any more."""
    try:
        check()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever a mutant leads to
        return True
    return False
