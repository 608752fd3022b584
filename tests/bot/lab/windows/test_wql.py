"""WQL as Windows 2000 reads it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.windows.stdregprov import Manner
from bot.lab.windows.wql import from_dmtf, parse
from tests.bot.lab.windows.asking_wmi import NOW, query, refused


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Name = 'W3SVC'", ["W3SVC"]),
        ("name = 'w3svc'", ["W3SVC"]),
        ('Name = "W3SVC"', ["W3SVC"]),
        ("Name = 'W3SVC' OR Name = 'SMTPSVC'", ["SMTPSVC", "W3SVC"]),
        ("Name = 'W3SVC' AND State = 'Stopped'", []),
        ("NOT State = 'Running' AND (Name = 'POP3Svc' OR Name = 'W3SVC')", ["POP3Svc"]),
        ("Started = TRUE AND Name = 'W3SVC'", ["W3SVC"]),
        ("ExitCode = 0 AND Name = 'W3SVC'", ["W3SVC"]),
        ("ExitCode <> 0", []),
        ("ExitCode > -1 AND ExitCode <= '0' AND Name = 'W3SVC'", ["W3SVC"]),
        ("PathName IS NULL AND Name = 'W3SVC'", ["W3SVC"]),
        ("PathName IS NOT NULL", []),
        ("PathName = 'x'", []),
        ("Name = 'it''s'", None),
        ("Name = 'it\\'s'", []),
        ("Name LIKE 'MSExch%'", None),
        ("Name = MSExchangeSA", None),
        ("Name =", None),
        ("Name = 'a' Name = 'b'", None),
        ("(Name = 'a'", None),
        ("Name = 'C:\\WINNT'", None),
        ("Nonsense = 'a'", None),
        ("ExitCode = 'many'", None),
        ("Started = 'yes'", None),
        ("Name = 5", None),
    ],
)
def test_where_is_read_as_windows_2000_reads_it(
    cluster: PracticeCluster, condition: str, names: list[str] | None
) -> None:
    """Names that a condition selects; None: refused as an invalid query, LIKE among others."""
    text = f"SELECT Name FROM Win32_Service WHERE {condition}"
    if names is None:
        assert refused(lambda: query(cluster, text)) == "0x80041017"
    else:
        assert sorted(row["Name"] for row in query(cluster, text)) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Win32_Service",
        "SELECT FROM Win32_Service",
        "SELECT * FROM",
        "ASSOCIATORS OF {a}",
        "SELECT * FROM a;",
    ],
)
def test_what_is_no_query_is_an_invalid_query(text: str) -> None:
    """WBEM_E_INVALID_QUERY."""
    assert refused(lambda: parse(text)) == "0x80041017"


@given(st.text(max_size=30))
@settings(deadline=None)
def test_any_text_survives_as_one_literal(text: str) -> None:
    """With backslashes and quotes escaped, a literal says what was put in."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    condition = parse(f"SELECT Name FROM CIM_DataFile WHERE Name = '{escaped}'").condition
    assert condition is not None
    assert getattr(condition, "literal") == text  # noqa: B009 - a union of two classes


def test_times_are_compared_as_moments(cluster: PracticeCluster) -> None:
    """A literal in another offset is the same moment; one that is no DMTF time is refused."""
    assert from_dmtf("20261123120000.000000+120") == NOW
    utc = "Logfile = 'Application' AND TimeWritten >= '20261123090000.000000+000'"
    east = "Logfile = 'Application' AND TimeWritten >= '20261123144500.000000+345'"
    columns = "SELECT RecordNumber, EventCode FROM Win32_NTLogEvent WHERE"
    assert len(query(cluster, f"{columns} {utc}")) == 8
    assert query(cluster, f"{columns} {utc}") == query(cluster, f"{columns} {east}")
    wrong = "Logfile = 'Application' AND TimeWritten >= '2026-11-23'"
    assert refused(lambda: query(cluster, f"{columns} {wrong}")) == "0x80041017"


def test_times_may_be_compared_by_their_digits(cluster: PracticeCluster, node: Node) -> None:
    """Then a literal in another offset than the node's is another moment."""
    node.system.utc_offset = 60
    (system,) = query(cluster, "SELECT CurrentTimeZone FROM Win32_OperatingSystem")
    assert system["CurrentTimeZone"] == 60
    columns = "SELECT RecordNumber FROM Win32_NTLogEvent WHERE Logfile = 'Application'"
    asked = f"{columns} AND TimeWritten >= '20261123100000.000000{{}}'"
    digits = Manner(dates_by_digits=True)
    here = query(cluster, asked.format("+060"))
    assert len(here) == 8
    assert query(cluster, asked.format("+000")) == []
    assert query(cluster, asked.format("+060"), manner=digits) == here
    assert query(cluster, asked.format("+000"), manner=digits) == here
