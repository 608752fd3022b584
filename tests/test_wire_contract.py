"""docs/wire-contract.md holds what the module, its manifest and the schemas hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.powershell import COMMANDS, CONTRACT, MANIFEST, MODULE

PAGE = (Path(__file__).parents[1] / "docs" / "wire-contract.md").read_text()
MODULE_TEXT = MODULE.read_text("utf-8-sig")


def sections() -> dict[str, str]:
    """Title without its number → text of the section."""
    parts = re.split(r"^## \d+\. (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def constant(name: str, end: str) -> str:
    """The text of a constant of the module, up to its end."""
    return MODULE_TEXT.split(f"${name} = ")[1].split(end)[0]


def test_every_section_has_its_number_as_its_anchor() -> None:
    """From 1, without a gap: comments cite them by number."""
    numbers = re.findall(r'<a id="section-(\d+)"></a>\n## (\d+)\. ', PAGE)
    assert numbers == [(str(one), str(one)) for one in range(1, len(sections()) + 1)]


def test_every_schema_is_linked() -> None:
    """Each file of the contract, and none that is not there."""
    linked = re.findall(r"\]\(\.\./handlers/powershell/contract/([\w-]+\.json)\)", PAGE)
    assert sorted(linked) == sorted(file.name for file in CONTRACT.glob("*.json"))


def exported() -> list[str]:
    """The commands that the module's manifest exports."""
    functions = MANIFEST.read_text("utf-8-sig").split("FunctionsToExport")[1].split(")")[0]
    return re.findall(r"'([\w-]+)'", functions)


@pytest.mark.parametrize("command", exported())
def test_every_command_of_the_module_has_a_section_with_its_parameters(command: str) -> None:
    """The first line of it shows how the command is called."""
    call = sections()[f"`{command}`"].strip().splitlines()[0]
    assert call.startswith(command)
    assert re.findall(r"-(\w+) <", call) == list(COMMANDS[command])


def test_the_page_is_of_this_module() -> None:
    """Its major and minor version; the schema's number in every example."""
    version = re.findall(r"\$RootVerModuleVersion = '(\d+\.\d+)\.\d+'", MODULE_TEXT)
    assert re.findall(r"It describes module\s+(\S+);", PAGE) == version
    assert set(re.findall(r'"module": "(\d+\.\d+)\.\d+"', PAGE)) == set(version)
    assert set(re.findall(r'"schema": (\d+)', PAGE)) == set(
        re.findall(r"\$RootVerSchema = (\d+)", MODULE_TEXT)
    )


def test_the_events_of_the_page_are_those_that_are_asked_for() -> None:
    """Source by source."""
    asked = {
        source: sorted(map(int, ids.split(",")))
        for source, ids in re.findall(r"(\w+) += ([\d, ]+)", constant("RootVerEvents", "}"))
    }
    rows = re.findall(r"^\| ([\w, ]+?) \| ([\d, ]+?) \|$", sections()["Events"], re.MULTILINE)
    printed = {
        source: sorted(map(int, ids.split(","))) for sources, ids in rows for source in sources.split(", ")
    }
    assert printed == asked


def test_the_services_and_frameworks_of_the_page_are_those_that_are_asked_for() -> None:
    """And no other."""
    facts = sections()["Where the facts come from"]
    services = facts.split("Win32_Service for ")[1].split(". One")[0]
    assert re.findall(r"\w+", services) == re.findall(r"'(\w+)'", constant("RootVerServices", "\n\n"))
    frameworks = facts.split("those that are there of ")[1].split(" under")[0]
    assert re.findall(r"`([^`]+)`", frameworks) == re.findall(
        r"'([^']+)'", constant("RootVerFrameworks", "\n")
    )


def test_the_order_of_the_sections_is_that_of_the_module() -> None:
    """The first five by name; what comes after them is "the rest"."""
    order = re.findall(r"^ {4}(\w+) +=", constant("RootVerSections", "\n}"), re.MULTILINE)
    told = sections()["`Get-RootVerFact`"].split("Order: ")[1].split(", then the rest")[0]
    assert re.findall(r"`(\w+)`", told) == order[:5]
