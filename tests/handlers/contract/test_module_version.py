"""Which module tells what, and what is said of an older one."""

from __future__ import annotations

import re

import pytest

from handlers.contract.module_version import NEWEST, lacking, older_module
from handlers.psrp.remote import module_text


def test_the_newest_is_the_bots_own() -> None:
    """Major and minor version of the module that comes with the bot."""
    (version,) = re.findall(r"\$RootVerModuleVersion = '([\d.]+)'", module_text())
    assert tuple(map(int, version.split(".")[:2])) == NEWEST
    assert lacking(version) == ()


@pytest.mark.parametrize(
    ("version", "older"),
    [
        ("1.0.0", True), ("1.0.9", True), ("0.9.0", True), ("1.0.0-rc.1", True),
        ("1.1.7", True), ("0.0.1", True), ("1.2.0", False), ("1.2.7", False), ("1.10.0", False),
        ("2.0.0", False),
    ],
)  # fmt: skip
def test_versions_are_compared_as_numbers(version: str, older: bool) -> None:
    """Semantic versions, of which the last part never changes what is told."""
    assert bool(lacking(version)) == older
    assert (older_module(version) is not None) == older


def test_an_older_module_is_told_with_what_it_lacks_and_what_to_do() -> None:
    """One sentence and a next step."""
    told = older_module("1.0.0")
    assert told is not None
    assert "Module 1.0.0 is older than the bot's own, 1.2" in told
    assert "the accounts of services, the nodes of the cluster" in told
    assert told.endswith("Install it anew with Register-RootVerEndpoint.ps1.")
    told = older_module("1.1.0")
    assert told is not None
    assert "1.2: on an endpoint it puts back any value" in told
