"""The lines of evidence, in words."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.kb906154.checks import Check
from handlers.kb906154.facts import Unreachable

from .answers import (
    ABSENT,
    DENIED,
    E3,
    MISSING_KEY,
    MISSING_VALUE,
    NODE2,
    ZERO,
    Raw,
    cluster,
    diagnose,
    event,
    events,
    frameworks,
    healthy,
    judge,
    resource,
    root_ver,
    services,
    system,
    value,
    version,
    versions,
)

ALL = [
    "identity", "windows", "exchange", "cluster", "root_ver", "dotnet_11", "other_versions", "owner",
    "system_attendant", "information_store", "pop3", "imap4", "symptoms", "permissions", "aspnet_account",
    "remote_registry", "write_access", "event_log", "store_databases",
]  # fmt: skip
NO_WORD = cluster(resource("Unknown", None))


def check(name: str, **sections: Any) -> Check:
    """One check of a single node."""
    return {one.id: one for one in judge(**sections).checks}[name]


def test_every_check_is_made_once_and_in_order() -> None:
    """With all four texts."""
    checks = judge().checks
    assert [one.id for one in checks] == ALL
    assert all(one.seen and one.expected and one.reference for one in checks)


def test_on_a_healthy_owner_all_is_well() -> None:
    """But for what is only told, and what cannot be read."""
    results = {one.id: one.result for one in judge().checks}
    assert {name for name, result in results.items() if result != "ok"} == {"owner", "store_databases"}


@pytest.mark.parametrize(
    ("name", "sections", "result", "seen"),
    [
        ("windows", {"system": system(os_version="5.2.3790")}, "info", "5.2.3790"),
        ("windows", {"system": system(os_version="6.0.6002")}, "fail", "6.0.6002"),
        ("windows", {"system": DENIED}, "unknown", "Access is denied. (0x80070005)"),
        ("exchange", {"exchange": ABSENT}, "fail", "absent"),
        ("exchange", {"exchange": DENIED}, "unknown", "0x80070005"),
        ("exchange", {"exchange": value({"version": "8.0.1", "path": ""})}, "fail", "8.0.1"),
        ("cluster", {"cluster": ABSENT}, "fail", "not a cluster node"),
        ("root_ver", {"root_ver": ZERO}, "fail", "0.0.0.0"),
        ("root_ver", {"root_ver": MISSING_KEY}, "fail", "key is missing"),
        ("root_ver", {"root_ver": MISSING_VALUE}, "fail", "value is missing"),
        ("root_ver", {"root_ver": root_ver("2.0.50727.0")}, "fail", "does not have here"),
        ("root_ver", {"root_ver": root_ver(" 1.1.4322.0")}, "fail", r"\u00201.1.4322.0"),
        ("root_ver", {"root_ver": root_ver("\uff11.1.4322.0")}, "fail", "\\uff11.1.4322.0"),
        ("root_ver", {"root_ver": root_ver(["a"], "REG_MULTI_SZ")}, "fail", '["a"] (REG_MULTI_SZ)'),
        ("root_ver", {"root_ver": root_ver(0, "REG_DWORD")}, "fail", "0 (REG_DWORD)"),
        ("root_ver", {"root_ver": DENIED}, "unknown", "0x80070005"),
        ("root_ver", {"aspnet_versions": DENIED}, "unknown", "is not known"),
        ("dotnet_11", {"frameworks": frameworks(0)}, "fail", "not installed; 1.1.4322.0 registered"),
        ("dotnet_11", {"aspnet_versions": versions()}, "fail", "not registered"),
        ("dotnet_11", {"frameworks": DENIED}, "unknown", "unknown"),
        ("dotnet_11", {"aspnet_versions": DENIED}, "unknown", "could not be read"),
        ("dotnet_11", {}, "ok", "file 1.1.4322.2032"),
        ("other_versions", {"aspnet_versions": versions(version("2.0.50727.0"))}, "info", "2.0.50727.0"),
        (
            "other_versions",
            {"aspnet_versions": versions(version("2.0.50727.0", DENIED))},
            "unknown",
            "2.0.50727.0",
        ),
        ("other_versions", {"aspnet_versions": DENIED}, "unknown", "0x80070005"),
        ("owner", {"cluster": NO_WORD}, "info", "the cluster did not tell"),
        ("system_attendant", {"services": services(running=False)}, "fail", "Stopped"),
        ("system_attendant", {"cluster": cluster(resource("Failed"))}, "fail", "SA (EXCHVS1) Failed"),
        ("information_store", {"services": services(running=False)}, "fail", "Stopped"),
        ("information_store", {"services": DENIED}, "unknown", "0x80070005"),
        ("pop3", {"services": services(POP3Svc=("Stopped", "Auto"))}, "fail", "Stopped (start mode Auto)"),
        ("symptoms", {"events": events(E3)}, "warn", "newest 2026-11-01T12:00:00Z"),
        (
            "symptoms",
            {"events": events(E3), "services": services(running=False)},
            "fail",
            "1 of the article's 8 events",
        ),
        ("symptoms", {"events": events(event("MSExchangeSA", 1031))}, "info", "1 of the article's 8 events"),
        ("symptoms", {"events": DENIED}, "unknown", "0x80070005"),
        ("symptoms", {"system": DENIED}, "unknown", "0x80070005"),
        (
            "permissions",
            {"events": events(event("MSExchangeDSAccess", 2112))},
            "warn",
            "MSExchangeDSAccess 2112",
        ),
        ("permissions", {"events": DENIED}, "unknown", "0x80070005"),
        ("aspnet_account", {"aspnet_account": ABSENT}, "fail", "missing"),
        (
            "aspnet_account",
            {"aspnet_account": ABSENT, "former_domain_controller": value(True)},
            "fail",
            "traces of a former domain controller",
        ),
        (
            "aspnet_account",
            {"aspnet_account": value({"disabled": True, "locked": True})},
            "warn",
            "disabled, locked",
        ),
        ("aspnet_account", {"aspnet_account": DENIED}, "unknown", "0x80070005"),
        ("aspnet_account", {"system": system(domain_role=5), "aspnet_account": ABSENT}, "info", "not judged"),
        ("remote_registry", {"services": services(RemoteRegistry=("Stopped", "Auto"))}, "fail", "Stopped"),
        ("remote_registry", {"services": services(without=("RemoteRegistry",))}, "fail", "not installed"),
        ("write_access", {"write_access": value(False)}, "warn", "denied"),
        ("write_access", {"write_access": DENIED}, "unknown", "0x80070005"),
        ("event_log", {"events": DENIED}, "unknown", "0x80070005"),
        ("event_log", {"events": events(oldest=None)}, "warn", "empty"),
        ("event_log", {"events": events(truncated=True)}, "warn", "cut after 0 records"),
        ("event_log", {"events": events(oldest="2026-10-31T00:00:00Z")}, "warn", "from 2026-10-31T00:00:00Z"),
        ("store_databases", {}, "unknown", "not readable remotely"),
    ],
)
def test_each_check_says_what_was_seen(name: str, sections: dict[str, Raw], result: str, seen: str) -> None:
    """Result and words."""
    found = check(name, **sections)
    assert (found.result, seen in found.seen) == (result, True), found


def test_on_a_passive_node_stopped_services_are_only_told() -> None:
    """They are normal there."""
    passive = {one.id: one for one in diagnose(healthy(), healthy(NODE2))[1].checks}
    for name in ("system_attendant", "information_store", "pop3", "imap4"):
        assert (passive[name].result, passive[name].expected) == (
            "info",
            "stopped is normal on a passive node",
        )
    assert "resource" not in passive["system_attendant"].seen


def test_what_may_be_down_is_unknown_where_the_owner_is() -> None:
    """Stopped here and perhaps running there."""
    stopped = healthy(cluster=NO_WORD, services=services(running=False))
    diagnosis = diagnose(stopped, Unreachable(None, "no answer"))[0]
    results = {one.id: one.result for one in diagnosis.checks}
    assert (results["owner"], results["system_attendant"], results["information_store"]) == ("unknown",) * 3


def test_a_disagreement_is_told_with_the_owner() -> None:
    """As a warning."""
    found = diagnose(healthy(), healthy(NODE2, owner=NODE2))[0].checks[7]
    assert (found.id, found.result, "disagree" in found.seen) == ("owner", "warn", True)


@pytest.mark.parametrize("name", ["pop3", "imap4"])
def test_a_protocol_that_is_not_installed_has_no_check(name: str) -> None:
    """There is nothing to say."""
    absent = services(without=("POP3Svc", "IMAP4Svc"))
    assert name not in [one.id for one in judge(services=absent).checks]


def test_on_windows_2003_the_account_has_no_check() -> None:
    """ASP.NET runs as another account there."""
    assert "aspnet_account" not in [one.id for one in judge(system=system(os_version="5.2.3790")).checks]


def test_foreign_text_stays_on_one_line_and_short() -> None:
    """Whatever a server says: no line breaks, nothing unprintable, no page of text."""
    hostile = {**DENIED, "message": "first\r\nsecond\x00\u202e\ud800" + "x" * 5_000}
    for section in ("exchange", "root_ver", "services", "events"):
        diagnosis = judge(**{section: hostile})
        for text in (*(one.seen for one in diagnosis.checks), *diagnosis.why):
            assert text.isprintable()
            assert len(text) < 600


def test_many_records_are_counted_not_listed() -> None:
    """A line stays a line."""
    found = check("symptoms", events=events(*[E3] * 100))
    assert found.seen.startswith("1 of the article's 8 events, newest ")
    assert len(found.seen) < 400
    traces = check("permissions", events=events(*[event("MSExchangeDSAccess", 2112)] * 100))
    assert "100 in all" in traces.seen
