"""The sentences of errors and refusals as they stand in the code, read from its syntax."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.docs_links import ROOT

OPEN = "…"  # stands for what differs from case to case

# What makes a sentence of an error, beside `raise`: findings of the self-check, faults of the record.
_MAKERS = frozenset({"fault", "broken"})
_LISTS = (
    "reasons",
    "missing",
    "found",
    "refused",
    "taken_over",
)  # what is appended to a list of such a name is one too
_ERROR = re.compile(r"Error|Exception|Ended|UnknownName")  # a base of every class of ours that is raised


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with where it stands; `raised`: the class of the error, "" where it is not raised."""

    file: str
    line: int
    text: str
    raised: str = ""


def raised(file: str) -> list[Sentence]:
    """What one module raises, or says with a maker, or in `__str__` of an error: in its order, each once."""
    told: dict[str, Sentence] = {}
    for node in ast.walk(_tree(file)):
        for text, error in _told(node):
            if is_sentence(text):
                told.setdefault(text, Sentence(file, getattr(node, "lineno", 0), text, error))
    return sorted(told.values(), key=lambda one: one.line)


def _told(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Raise(exc=ast.Call(func=func, args=args)):
            error = ast.unparse(func).rpartition(".")[2]
            yield from ((text, error) for text in _joined(args))
        case ast.Call(func=ast.Name(id="fail" | "warn"), args=args):
            yield from ((text, "") for text in _joined(args, ": "))
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in _MAKERS:
            yield from ((text, "") for text in _joined(args))
        case ast.Call(func=ast.Attribute(value=to, attr="append"), args=args) if ast.unparse(to).endswith(
            _LISTS
        ):
            yield from ((text, "") for text in _joined(args))
        case ast.ClassDef(bases=bases, body=body) if any(_ERROR.search(ast.unparse(one)) for one in bases):
            yield from ((text, "") for one in body for text in _texts(one) if text.endswith((".", OPEN)))
        case ast.Return(value=ast.expr() as value):
            yield from ((text, "") for text in _texts(value) if len(text.split()) > 4 and text.endswith("."))
        case _:
            pass


def _joined(args: Iterable[ast.expr], between: str = ". ") -> list[str]:
    """The arguments of an error as it says them: reason and advice are two sentences of one."""
    alternatives = [texts for one in args if any(map(is_sentence, texts := list(_texts(one))))]
    if len(alternatives) > 1 and all(len(one) == 1 for one in alternatives):
        *first, last = (one[0] for one in alternatives)
        return [between.join([*(one.removesuffix(".") for one in first), last])]
    return [text for one in alternatives for text in one]


def every(file: str) -> list[Sentence]:
    """Every text of a module that is nothing but sentences for people; a reason and its advice are one."""
    texts = dict.fromkeys(text for text in _with_pairs(_tree(file)) if is_sentence(text))
    return [Sentence(file, 0, text) for text in texts]


def _with_pairs(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return
        case (
            ast.Tuple(elts=[ast.Constant(value=str(reason)), ast.Constant(value=str(advice))])
            | ast.Call(args=[*_, ast.Constant(value=str(reason)), ast.Constant(value=str(advice))])
        ) if is_sentence(reason) and is_sentence(advice):
            yield f"{reason}. {advice}"
        case ast.JoinedStr() | ast.Constant():
            yield from _texts(node)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _with_pairs(child)


def with_next_step(file: str) -> list[Sentence]:
    """The texts of a module that name a next step: what is said where something did not go as asked."""
    texts = dict.fromkeys(text for text in _texts(_tree(file)) if "Next:" in text.partition(" ")[2])
    return [Sentence(file, 0, text) for text in texts if len(text.split()) > 8]


# A text of PowerShell, and several with + between them.
_TEXT = r"""(?:'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")"""
_TEXTS = re.compile(rf"{_TEXT}(?:\s*\+\s*{_TEXT})*")
_THROWN = re.compile(r"\b(?:throw|Write-Warning)\b(?:[^\n]*\+\s*\n)*[^\n]*")
_VARIABLE = re.compile(r"\$\([^()]*(?:\([^()]*\)[^()]*)*\)|\$\w+(?:\.\w+)*")


def thrown(file: str) -> list[Sentence]:
    """What a script or a module of PowerShell throws, or warns of."""
    told: dict[str, Sentence] = {}
    for statement in _THROWN.finditer((ROOT / file).read_text(encoding="utf-8-sig")):
        for texts in _TEXTS.findall(statement[0]):
            whole = "".join(_plain(one) for one in re.findall(_TEXT, texts))
            if is_sentence(whole):
                told.setdefault(whole, Sentence(file, 0, whole))
    return list(told.values())


def _plain(text: str) -> str:
    """A text without its quotes; in double ones variables differ."""
    inner = text[1:-1].replace(text[0] * 2, text[0])
    return inner if text[0] == "'" else _VARIABLE.sub(OPEN, inner)


@cache
def _tree(file: str) -> ast.Module:
    """The module, with each name of a text that it knows in the place of the name."""
    tree = ast.parse((ROOT / file).read_text())
    Written(_constants(file)).visit(tree)
    return tree


@cache
def _constants(file: str) -> Mapping[str, str]:
    """The texts that a module gives a name in capitals, and those that it takes from other modules."""
    body = ast.parse((ROOT / file).read_text()).body
    known: dict[str, str] = {}
    for node in body:
        if (
            isinstance(node, ast.ImportFrom)
            and (other := ROOT / f"{(node.module or '').replace('.', '/')}.py").exists()
        ):
            theirs = _constants(str(other))
            known |= {one.asname or one.name: theirs[one.name] for one in node.names if one.name in theirs}
    return known | {name: text for name, text in _named(body).items() if name.isupper()}


def _named(body: Iterable[ast.AST]) -> dict[str, str]:
    """Names that are given a text, and nothing else elsewhere."""
    given = [one for one in body if isinstance(one, ast.Assign)]
    count = Counter(ast.unparse(one.targets[0]) for one in given)
    return {
        ast.unparse(one.targets[0]): one.value.value
        for one in given
        if isinstance(one.value, ast.Constant)
        and isinstance(one.value.value, str)
        and count[ast.unparse(one.targets[0])] == 1
    }


class Written(ast.NodeTransformer):
    """Puts texts in the place of their names: those of the module, and those of the function around."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A name that a function gives a text counts within it."""
        outside, self._known = self._known, self._known | _named(ast.walk(node))
        self.generic_visit(node)
        self._known = outside
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """The text, where the name is read."""
        known = isinstance(node.ctx, ast.Load) and node.id in self._known
        return ast.copy_location(ast.Constant(self._known[node.id]), node) if known else node


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts within a node, each whole, in the order of the code, without docstrings."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.JoinedStr):
        parts = (_part(one) for one in node.values)
        yield re.sub(rf"{OPEN}(?:\s?{OPEN})+", OPEN, "".join(parts)).strip()
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.strip()
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _part(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=value) | ast.FormattedValue(value=ast.Constant(value=value)):
            return str(value)
    return OPEN


def is_sentence(text: str) -> bool:
    """Two words at least, and people read it: no name, no list of codes, no line of the log, no SQL."""
    words = re.findall(r"[A-Za-z]{2,}", text)
    return len(words) > 1 and " " in text and not re.search(r"%[sg]|^SELECT |^(?:\w+_\w+ ?){2}|\n", text)


def modules(*patterns: str) -> list[str]:
    """The modules that these patterns name, from the root of the repository, without the practice lab."""
    found = {one.relative_to(ROOT).as_posix() for pattern in patterns for one in ROOT.glob(pattern)}
    return sorted(one for one in found if not one.startswith("bot/lab/"))
