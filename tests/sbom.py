"""`make sbom`: what the image installs of Python, as CycloneDX (cyclonedx.org), from the locked requirements.

    python -m tests.sbom > rootver-bot.cdx.json

Each package with its version, the hashes of its files, one of which was installed, and what it needs. What
Debian brings is not in it: that is decided when the image is built, and a scanner finds it in the image.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements-run.lock", "requirements-kerberos.lock")  # as the Dockerfile installs them
_LINE = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+))?", re.MULTILINE)


@dataclass(frozen=True)
class Locked:
    """A package of a lock: the hashes of its files, and which packages need it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]


def locked(text: str) -> Iterator[Locked]:
    """What a lock, as uv writes it, installs in the image."""
    found = [*_LINE.finditer(text)]
    for one, end in zip(found, [*(each.start() for each in found[1:]), len(text)], strict=True):
        if one["marker"] and not Marker(one["marker"]).evaluate(in_the_image()):
            continue
        rest = text[one.end() : end]
        yield Locked(
            canonicalize_name(one["name"]),
            one["version"],
            tuple(re.findall("--hash=sha256:([0-9a-f]{64})", rest)),
            tuple(re.findall(r"(?m)^    #(?:   | via )([a-z0-9][\w.-]*)", rest)),
        )


def in_the_image() -> dict[str, str]:
    """What markers ask, as it is there: CPython on Linux, of the version that the Dockerfile begins with."""
    (python,) = set(re.findall(r"(?m)^FROM python:(\d+\.\d+)-", (ROOT / "Dockerfile").read_text()))
    return {
        "python_version": python, "python_full_version": f"{python}.0", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "sys_platform": "linux", "platform_system": "Linux",
        "os_name": "posix",
    }  # fmt: skip


def sbom() -> Bom:
    """Of the image of this checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = [one for lock in LOCKS for one in locked((ROOT / lock).read_text())]
    known = {one.name: component(one) for one in packages}
    ours = Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION,
        description=project["description"], licenses=[LicenseExpression(project["license"])],
        bom_ref=project["name"],
    )  # fmt: skip
    bom = Bom(components=known.values())
    bom.metadata.component = ours
    for one in packages:
        # What we ask for by ourselves says so, and so does nothing of what an extra of ours brings.
        for name in one.needed_by or (ours.name,):
            bom.register_dependency(known.get(name, ours), [known[one.name]])
    return bom


def component(one: Locked) -> Component:
    """A package of PyPI. Which of its files was installed is decided by the machine that builds."""
    purl = PackageURL("pypi", None, one.name, one.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in one.hashes],
    )
    return Component(
        name=one.name, version=one.version, type=ComponentType.LIBRARY, purl=purl, bom_ref=str(purl),
        external_references=[files],
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(JsonV1Dot6(sbom()).output_as_string(indent=2) + "\n")
