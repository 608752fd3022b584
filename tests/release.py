"""`make release-check`: is what would be released whole, and does it say of itself what is true?

    python -m tests.release [FOLDER]

Each finding is a sentence with the next step; the exit code is 1 if there is one. Needs no network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.docs_links import ROOT, Tree, faults, tree

PACKAGES = ("bot/", "handlers/", "storage/")
LOCK, RUN_LOCK, DOCS_LOCK = "requirements.lock", "requirements-run.lock", "requirements-docs.lock"
LOCKED_EXTRA = "dev"  # what `make lock` writes into requirements.lock beside what runs
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def findings(here: Tree) -> list[str]:
    """All that stands in the way of a release."""
    project = tomllib.loads(here.text("pyproject.toml"))
    return [
        *changelog(here, project["project"]["version"]),
        *locks(here, project),
        *wheel(here, project),
        *faults(here),
    ]


# --- the version ---


def changelog(here: Tree, version: str) -> Iterator[str]:
    """The newest heading of the changelog is that of this version, with its date."""
    heading = re.search(r"^## (\S+)(?: \S (\S+))?", here.text("CHANGELOG.md"), re.MULTILINE)
    if heading is None:
        yield f"CHANGELOG.md has no heading of a version. Write one with {version} and the date."
    elif heading[1] != version:
        yield (
            f"pyproject.toml is at version {version}, the newest heading of CHANGELOG.md at {heading[1]}. "
            "Make them the same."
        )
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", heading[2] or ""):
        yield f"CHANGELOG.md gives {version} no date. Write the day of the release into its heading."


# --- the locked versions ---


def locks(here: Tree, project: Mapping[str, Any]) -> Iterator[str]:
    """Every requirement is locked at a version that it allows, and both files have the same versions."""
    everything, running = pins(here.text(LOCK)), pins(here.text(RUN_LOCK))
    asked = [*requirements(project, ""), *requirements(project, LOCKED_EXTRA)]
    asked += [Requirement(one) for one in project["build-system"]["requires"]]
    yield from _unmet(LOCK, asked, everything)
    yield from _unmet(RUN_LOCK, requirements(project, ""), running)
    yield from _unmet(DOCS_LOCK, requirements(project, "docs"), pins(here.text(DOCS_LOCK)))
    for name, version in running.items():
        if everything.get(name) != version:
            there = f"has it at {everything[name]}" if name in everything else "does not have it"
            yield f"{RUN_LOCK} has {name} at {version}, and {LOCK} {there}. Run `make lock`."


def pins(text: str) -> dict[str, Version]:
    """Name → version of a lock file."""
    found = re.findall(r"^([\w.-]+)==([\w.!+-]+)", text, re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def requirements(project: Mapping[str, Any], extra: str) -> list[Requirement]:
    """What runs (no extra), or what an extra asks for, with the extras of our own that it names."""
    own = canonicalize_name(project["project"]["name"])
    table = project["project"]
    texts = table["optional-dependencies"][extra] if extra else table["dependencies"]
    found: list[Requirement] = []
    for one in map(Requirement, texts):
        if canonicalize_name(one.name) == own:
            found += [each for name in sorted(one.extras) for each in requirements(project, name)]
        else:
            found.append(one)
    return found


def _unmet(file: str, asked: list[Requirement], locked: Mapping[str, Version]) -> Iterator[str]:
    for one in asked:
        version = locked.get(canonicalize_name(one.name))
        if version is None:
            yield f"{file} does not have {one.name}, which pyproject.toml asks for. Run `make lock`."
        elif not one.specifier.contains(version, prereleases=True):
            yield f"{file} has {one.name} {version}, and pyproject.toml asks for {one}. Run `make lock`."


# --- the wheel ---


def wheel(here: Tree, project: Mapping[str, Any]) -> Iterator[str]:
    """Every file of the packages is in the wheel, and nothing else but what describes it."""
    with TemporaryDirectory(prefix="rootver-release-") as folder:
        try:
            built = build(here, Path(folder))
        except subprocess.CalledProcessError as failed:
            yield f"The wheel cannot be built. Repair pyproject.toml: {failed.stderr.strip()[-400:]}"
            return
    ours = {one for one in here.files if one.startswith(PACKAGES)}
    inside = {one for one in built if ".dist-info/" not in one}
    for file in sorted(ours - inside):
        yield f"{file} is not in the wheel. Name it under [tool.setuptools] in pyproject.toml."
    for file in sorted(inside - ours):
        yield f"{file} is in the wheel and should not be. Leave it out under [tool.setuptools]."
    for command, target in project["project"]["scripts"].items():
        module = target.partition(":")[0].replace(".", "/")
        if not {f"{module}.py", f"{module}/__init__.py"} & inside:
            yield f"The command {command} starts {target}, which is not in the wheel. Name a module that is."


def build(here: Tree, folder: Path) -> list[str]:
    """Build a wheel from a copy of the files, without a network; the names of what is in it.

    Raises `subprocess.CalledProcessError`.
    """
    source, out = folder / "source", folder / "out"
    out.mkdir()
    for file in here.files:
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(here.root / file, source / file)
    command = [sys.executable, "-c", BUILD, str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    (made,) = out.glob("*.whl")
    with ZipFile(made) as archive:
        return archive.namelist()


def main(root: Path) -> int:
    """Print the findings; the exit code."""
    found = findings(tree(root))
    lines = found or ["Nothing stands in the way of a release."]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
