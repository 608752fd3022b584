"""What the pages and the code refer to is there: links, anchors, paths, and pages that comments cite."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`+[^`]*`+")
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_ID = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
_PATH = re.compile(r"`((?:bot|handlers|storage|tests|docs)/[^`\s,;:]*)`")
_MADE = re.compile(r"\.(?!ci$|github$).*|__pycache__|build|dist|.*\.egg-info")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
# "docs/hosts.md", "docs/hosts.md#options", "docs/wire-contract.md, section 4": how a comment cites a page.
_CITED = re.compile(
    r"\b(docs/[\w./-]+\.md)(?:#([\w-]+))?(?:,\s+(?:#\s+)?sections?\s+(\d+)(?:\s+(?:and|to)\s+(\d+))?)?"
)
# What nobody who clones the repository can open.
_NOT_HERE = re.compile(r"\bthe\s+design\b(?! of\b)|\bdesign,? section\b|\(design[:] ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder with pages and code; `files` are the paths of what belongs to it, from its root."""

    root: Path
    files: frozenset[str] = field(default_factory=frozenset)

    @property
    def pages(self) -> list[str]:
        """Every page for people, the READMEs in the rooms too."""
        return sorted(one for one in self.files if one.endswith(".md"))

    @property
    def code(self) -> list[str]:
        """Everything that is not a page and may cite one."""
        ends = (".py", ".psm1", ".psd1", ".ps1", ".pssc", ".toml", ".js", ".css", ".yml")
        named = ("Makefile", "Dockerfile", ".ci/run")
        return sorted(one for one in self.files if one.endswith(ends) or one in named)

    def text(self, path: str) -> str:
        """What stands in a file."""
        return (self.root / path).read_text(encoding="utf-8-sig")

    def has(self, path: str) -> bool:
        """Whether a path, perhaps of a folder or with `*` in it, is there."""
        if "*" in path:
            return any(self.root.glob(path))
        return (self.root / path).exists()


def tree(root: Path = ROOT) -> Tree:
    """A checkout as it is, without what was built, installed or cached in it."""
    return Tree(root, frozenset(_files(root, root)))


def _files(root: Path, folder: Path) -> Iterator[str]:
    for one in folder.iterdir():
        if one.is_file():
            yield one.relative_to(root).as_posix()
        elif one.is_dir() and not _MADE.fullmatch(one.name):
            yield from _files(root, one)


def faults(here: Tree) -> list[str]:
    """Everything that leads nowhere, as sentences."""
    return [
        *(fault for page in here.pages for fault in page_faults(here, page)),
        *(fault for file in here.code for fault in citation_faults(here, file)),
    ]


def page_faults(here: Tree, page: str) -> Iterator[str]:
    """The links, anchors and paths of one page that lead nowhere."""
    text = here.text(page)
    for target in _links(text):
        path, _, anchor = target.partition("#")
        to = _inside(page, path) if path else page
        if to is None or not here.has(to):
            yield f"{page} links to {target}, which is not there. Correct the link, or add the file."
        elif anchor and to.endswith(".md") and anchor not in anchors(here.text(to)):
            yield f"{page} links to {target}, and {to} has no such heading. Name one that it has."
    for path in _PATH.findall(text):
        if "…" not in path and not here.has(path):
            yield f"{page} names {path}, which is not there. Write where it is now."


def citation_faults(here: Tree, file: str) -> Iterator[str]:
    """The pages and sections that the comments of one file cite and that are not there."""
    text = here.text(file)
    for page, anchor, *sections in _CITED.findall(text):
        if not here.has(page):
            yield f"{file} cites {page}, which is not there. Cite a page of docs/."
        elif anchor and anchor not in anchors(here.text(page)):
            yield f"{file} cites {page}#{anchor}, and the page has no such heading. Name one that it has."
        for section in filter(None, sections if here.has(page) else ()):
            if f"section-{section}" not in anchors(here.text(page)):
                yield f"{file} cites section {section} of {page}, which is not there. Name one that is."
    if _NOT_HERE.search(text):
        yield f"{file} cites a design that is not in the repository. Cite a page of docs/."


@cache
def anchors(text: str) -> frozenset[str]:
    """The anchors of a page: those of its headings as GitHub makes them, and those that are written out."""
    plain = _FENCE.sub("", text)
    seen: Counter[str] = Counter()
    found = set(_ID.findall(plain))
    for heading in _HEADING.findall(plain):
        slug = _slug(heading)
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(found)


def _slug(heading: str) -> str:
    """GitHub's rule: lower case, no punctuation but - and _, a hyphen for each blank; links by their text."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def _links(text: str) -> Iterable[str]:
    """The targets of a page's links that lie in the repository."""
    plain = _CODE.sub("", _FENCE.sub("", text))
    targets = (one or other for one, other in _LINK.findall(plain))
    return [target for target in targets if not _ELSEWHERE.match(target)]


def _inside(page: str, path: str) -> str | None:
    """A link of a page as a path from the root; None where it leads out of the repository."""
    parts: list[str] = [] if path.startswith("/") else list(Path(page).parts[:-1])
    for part in Path(path.removeprefix("/")).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return None
    return "/".join(parts)
