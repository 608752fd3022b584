"""The SBOM of the image, by CycloneDX's own schema and against the locks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.sbom import LOCKS, ROOT, locked

OURS = "rootver-bot"


@pytest.fixture(scope="module")
def text() -> str:
    """As `make sbom` writes it."""
    words = [sys.executable, "-m", "tests.sbom"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def sbom(text: str) -> dict[str, Any]:
    """The same, read."""
    read: dict[str, Any] = json.loads(text)
    return read


def test_cyclonedx_takes_it(text: str) -> None:
    """By its own schema; a fault that is planted is found."""
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"SHA-256"', '"SHA-255"')) is not None


def test_every_package_that_the_image_installs_is_in_it(sbom: dict[str, Any]) -> None:
    """With its version and every hash that the lock takes for it; no other package is."""
    told = {
        one["name"]: (one["version"], {each["content"] for each in one["externalReferences"][0]["hashes"]})
        for one in sbom["components"]
    }
    text = "\n".join((ROOT / lock).read_text() for lock in LOCKS)
    expected = {
        name: (version, set(re.findall("sha256:([0-9a-f]{64})", rest)))
        for name, version, rest in re.findall(r"(?m)^([\w.-]+)==(\S+)(.*(?:\n .*)*)", text)
    }
    del expected["sspilib"]  # for Windows alone
    assert told == expected


def test_it_says_of_what_it_is_and_what_needs_what(sbom: dict[str, Any]) -> None:
    """Everything is reached from the program."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = sbom["metadata"]["component"]
    assert (ours["name"], ours["version"]) == (project["name"], project["version"])
    needs = {one["ref"]: one.get("dependsOn", []) for one in sbom["dependencies"]}
    reached, new = {ours["bom-ref"]}, [ours["bom-ref"]]
    while new:
        found = set(needs[new.pop()]) - reached
        reached |= found
        new += found
    assert reached == {ours["bom-ref"], *(one["bom-ref"] for one in sbom["components"])}


def test_a_lock_is_read_as_uv_writes_it() -> None:
    """Who needs a package stands in one line or in several; what the image does not install is left out."""
    text = f"""\
one==1.0 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
    # via two-x
two.x==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:{"c" * 64}
    # via
    #   -c requirements.lock
    #   rootver-bot (pyproject.toml)
    #   one
three==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:{"d" * 64}
"""
    found = [(one.name, one.version, [each[0] for each in one.hashes], one.needed_by) for one in locked(text)]
    assert found == [("one", "1.0", ["a", "b"], ("two-x",)), ("two-x", "2.0", ["c"], (OURS, "one"))]
