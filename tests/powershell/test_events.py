"""The Application log: what is asked for, how far back, how much, and what is told of each record."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.lab.cluster.eventlog import Event, Record
from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host import sections
from bot.lab.windows.stdregprov import Manner
from tests.powershell.conftest import NOW
from tests.powershell.engine import Engine

pytestmark = pytest.mark.powershell

MU = Record("MSExchangeMU", 1042, "text")


@pytest.fixture
def log(node: Node) -> Callable[..., None]:
    """Writes records to the node's log, which is empty at first: numbers go on, one second apart."""
    node.log.clear()

    def write(*records: Record, before: timedelta = timedelta(hours=1), first: int | None = None) -> None:
        number = first or (node.log[-1].number + 1 if node.log else 1)
        for place, record in enumerate(records):
            time = NOW - before + timedelta(seconds=place)
            node.log.append(Event(number + place, time, node.computer, record))

    return write


def events(engine: Engine, **parameters: Any) -> Any:
    return engine.facts(**parameters)["events"]["value"]


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_exactly_the_listed_events_are_read(engine: Engine, log: Callable[..., None]) -> None:
    """By source and id together, sources in any case; newest first."""
    asked = [(source, id_) for source, ids in sections.EVENTS.items() for id_ in sorted(ids)]
    every = {id_ for _, id_ in asked}
    near = [
        (source, id_) for source in sections.EVENTS for id_ in sorted(every) if (source, id_) not in asked
    ]
    log(*(Record(source, id_, "t") for source, id_ in [*near, ("SceCli", 1704), *asked]))
    told = [(record["source"], record["id"]) for record in events(engine)["records"]]
    assert told == asked[::-1]


@pytest.mark.parametrize("offset", [-570, -480, 0, 60, 345, 840])
@pytest.mark.parametrize("by_digits", [False, True])
def test_a_time_is_asked_for_in_the_nodes_time_zone(
    engine: Engine,
    cluster: PracticeCluster,
    node: Node,
    log: Callable[..., None],
    offset: int,
    by_digits: bool,
) -> None:
    """WMI compares two times for certain only where both have one UTC offset (MSDN, CIM_DATETIME)."""
    node.system.utc_offset = offset
    engine.use(cluster, Manner(dates_by_digits=by_digits))
    log(MU, before=timedelta(hours=73))
    log(MU, before=timedelta(hours=71))
    log(MU, before=timedelta(minutes=1))
    seen = events(engine)
    assert [record["record"] for record in seen["records"]] == [3, 2]
    assert seen["oldest"] == stamp(NOW - timedelta(hours=73))


def test_records_at_one_moment_are_told_by_number(
    engine: Engine, node: Node, log: Callable[..., None]
) -> None:
    """The newest number first."""
    node.log += [Event(number, NOW - timedelta(hours=1), node.computer, MU) for number in (7, 8, 9)]
    assert [record["record"] for record in events(engine)["records"]] == [9, 8, 7]


def test_the_window_is_the_nodes_own(
    engine: Engine, cluster: PracticeCluster, node: Node, log: Callable[..., None]
) -> None:
    """It ends at the node's time, however wrong its clock is, and begins -EventHours before."""
    node.clock_offset = timedelta(hours=-30)
    log(MU, before=timedelta(hours=30 + 73))
    log(MU, before=timedelta(hours=30 + 71))
    log(MU, before=timedelta(hours=30))
    log(MU, before=timedelta(hours=29))
    seen = events(engine)
    assert [record["record"] for record in seen["records"]] == [3, 2]
    assert seen["since"] == stamp(NOW - timedelta(hours=30 + 72))
    assert seen["oldest"] == stamp(NOW - timedelta(hours=30 + 73))
    short = events(engine, EventHours=24)
    assert [record["record"] for record in short["records"]] == [3]
    assert short["since"] == stamp(NOW - timedelta(hours=30 + 24))


def test_without_the_nodes_time_the_window_is_the_hosts(engine: Engine, log: Callable[..., None]) -> None:
    """It ends now."""
    engine.cim.faults.fail("0x80041001", class_name="Win32_OperatingSystem")
    since = datetime.strptime(events(engine)["since"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - timedelta(hours=72) - since) < timedelta(minutes=2)


def test_of_many_records_the_newest_five_hundred_are_told(engine: Engine, log: Callable[..., None]) -> None:
    """And that there were more."""
    log(*[MU] * 500)
    assert events(engine)["truncated"] is False
    log(MU, before=timedelta(minutes=1))
    seen = events(engine)
    assert seen["truncated"] is True
    assert [record["record"] for record in seen["records"]] == list(range(501, 1, -1))


def test_an_empty_log_has_no_oldest_record(engine: Engine, log: Callable[..., None]) -> None:
    """Null, and no records."""
    seen = events(engine)
    assert (seen["oldest"], seen["records"], seen["truncated"]) == (None, [], False)


def test_a_log_without_records_in_the_window_reaches_back_far_enough(
    engine: Engine, log: Callable[..., None]
) -> None:
    """Then the oldest counts as the start of the window."""
    log(Record("SceCli", 1704, "old"), before=timedelta(days=9))
    seen = events(engine)
    assert seen["oldest"] == seen["since"] == stamp(NOW - timedelta(hours=72))


@pytest.mark.parametrize("hours", [0.5, 3, 20, 60])
def test_the_oldest_record_is_found_without_reading_the_log(
    engine: Engine, node: Node, log: Callable[..., None], hours: float
) -> None:
    """Numbers need not begin at 1, the newest need not be one that is asked for."""
    log(*[Record("SceCli", 1704, "policy")] * 800, before=timedelta(days=8), first=100_001)
    log(Record("SceCli", 1704, "policy"), before=timedelta(hours=hours))
    assert events(engine)["oldest"] == stamp(NOW - timedelta(days=8))
    log_rows = [call.rows for call in engine.cim.calls.of("query") if call.class_name == "Win32_NTLogEvent"]
    assert max(log_rows) == 1


def test_records_that_fall_off_the_end_meanwhile_are_skipped(
    engine: Engine, node: Node, log: Callable[..., None]
) -> None:
    """The oldest is then a little further on."""
    log(*[MU] * 20, before=timedelta(hours=2), first=50)
    engine.cim.faults.after(lambda: node.log.__delitem__(slice(0, 2)), class_name="Win32_NTEventlogFile")
    assert events(engine)["oldest"] > stamp(NOW - timedelta(hours=2))


def number_query(number: int) -> str:
    """How the time of one record is asked for."""
    return (
        "SELECT TimeGenerated FROM Win32_NTLogEvent"
        f" WHERE Logfile = 'Application' AND RecordNumber = {number}"
    )


@pytest.mark.parametrize("code", ["0x80041001", "0x80070005", "0x00040004", "0x8004106c"])
def test_that_the_oldest_record_is_not_found_costs_no_other_record(
    engine: Engine, log: Callable[..., None], code: str
) -> None:
    """Then its time is null, and why is told."""
    log(*[MU] * 3)
    whole = events(engine)
    engine.cim.faults.fail(code, class_name="Win32_NTEventlogFile")
    seen = events(engine)
    assert (whole["oldest_error"], seen["oldest_error"]["code"]) == (None, code)
    assert {**seen, "oldest_error": None} == {**whole, "oldest": None}


def test_one_record_that_does_not_answer_is_passed_over(engine: Engine, log: Callable[..., None]) -> None:
    """The oldest is then said to be the next: a log never reaches further back than was seen."""
    log(*[MU] * 20, first=50)
    engine.cim.faults.fail("0x00040004", query=number_query(50))
    seen = events(engine)
    assert (seen["oldest"], seen["oldest_error"]) == (stamp(NOW - timedelta(minutes=59, seconds=59)), None)
    engine.cim.faults.fail("0x00040004", query=number_query(51))
    engine.cim.calls.clear()
    seen = events(engine)
    assert (seen["oldest"], seen["oldest_error"]["code"]) == (None, "0x00040004")
    assert len(seen["records"]) == 20
    assert sum(call.code == "0x00040004" for call in engine.cim.calls) == 2


@pytest.mark.parametrize("code", ["0x8004106c", "0x80041017"])
def test_a_query_that_is_too_large_is_asked_in_parts(
    engine: Engine, log: Callable[..., None], code: str
) -> None:
    """Once more, one source each (MSDN, Querying with WQL: there is a limit); the answer is the same."""
    sources = list(sections.EVENTS)
    log(*(Record(source, min(sections.EVENTS[source]), "t") for source in sources + sources[::-1]))
    whole = events(engine)
    engine.cim.faults.fail(code, class_name="Win32_NTLogEvent", times=1)
    engine.cim.calls.clear()
    assert events(engine) == whole
    parts = [call.query for call in engine.cim.calls if "Message FROM Win32_NTLogEvent" in call.query][1:]
    assert [query.count("SourceName = ") for query in parts] == [1] * len(sources)
    assert len(whole["records"]) == 2 * len(sources)


def test_another_failure_is_not_asked_again(engine: Engine, log: Callable[..., None]) -> None:
    """A part that fails as well makes the section unreadable: half the records are none."""
    engine.cim.faults.fail("0x80041001", class_name="Win32_NTLogEvent", times=1)
    assert engine.facts()["events"]["code"] == "0x80041001"
    assert sum(call.class_name == "Win32_NTLogEvent" for call in engine.cim.calls) == 1
    engine.cim.faults.clear()
    engine.cim.faults.fail("0x8004106c", class_name="Win32_NTLogEvent", times=1)
    engine.cim.faults.fail("0x80041003", class_name="Win32_NTLogEvent", skip=3, times=1)
    assert engine.facts()["events"]["code"] == "0x80041003"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("failed with 0x80040A01.", ["0x80040a01"]),
        ("Error code is error 800706b5.", ["0x800706b5"]),
        ("0X80040A01 and 80040a01", ["0x80040a01"]),
        ("c0070000, 0x00000005", ["0xc0070000", "0x00000005"]),
        ("(80070005) [C0070000]", ["0x80070005", "0xc0070000"]),
        ("0x80040a011 0x8004", ["0x00008004"]),
        ("0x5, 0x0 and 0xA01.", ["0x00000005", "0x00000000", "0x00000a01"]),
        ("Error -2147218943, then -2147219967.", ["0x80040a01", "0x80040601"]),
        ("(-2147024891) 0x80070005", ["0x80070005"]),
        ("-2147483648 -1073741824 -805306369", ["0x80000000", "0xc0000000", "0xcfffffff"]),
        ("-2147483649 -1879048192 -1018 -1 2147218943", []),
        ("1-2147218943 -2147218943-1 x-2147218943 -2147218943z -21472189430", []),
        ("20061123 70040a01 00040a01", []),
        ("{80040a01-0000-0000-0000-000000000000} 0000-80040a01", []),
        ("x80040a01 80040a01z 180040a01 80040a01\u00e4", []),
        ("80040a01_", ["0x80040a01"]),
    ],
)
def test_codes_are_found_in_a_text(
    engine: Engine, log: Callable[..., None], text: str, codes: list[str]
) -> None:
    """With 0x, or bare if it begins with 8 or c; no dates, no parts of a GUID; in any language."""
    log(Record("MSExchangeMU", 1042, text), Record("MSExchangeMU", 1042, "t", ("other", text)))
    assert [record["codes"] for record in events(engine)["records"]] == [codes, codes]


CODE_TEXT = st.text(st.sampled_from("0x80cC4aAfFgz-_ .{}1\u00e4\n"), max_size=30) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["", " ", "-", "a", "1", "\u00e4"]),
    st.integers(-(2**31) - 9, 1).map(str) | st.integers(0, 2**32).map("{:x}".format),
    st.sampled_from(["", ".", "-", "a", "1", "\u00e4"]),
)


@given(st.lists(st.tuples(CODE_TEXT, st.lists(CODE_TEXT, max_size=3)), min_size=20, max_size=60))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_codes_are_those_that_the_practice_host_finds(
    engine: Engine, node: Node, texts: list[tuple[str, list[str]]]
) -> None:
    """Two readings of the same rule, over texts made to be near it."""
    records = [Record("MSExchangeMU", 1042, text, tuple(strings)) for text, strings in texts]
    node.log = [
        Event(number, NOW - timedelta(hours=1), node.computer, record)
        for number, record in enumerate(records, 1)
    ]
    expected = [sections._codes(record) for record in records]
    assert [record["codes"] for record in events(engine)["records"]] == expected[::-1]


def test_long_records_are_cut(engine: Engine, log: Callable[..., None]) -> None:
    """Eight strings of 256, a text of 2,048; codes behind the cut are found, no character is halved."""
    strings = (*(str(place) for place in range(7)), "s" * 255 + "\U0001f600", "ninth")
    log(Record("MSExchangeMU", 1042, "t" * 2047 + "\U0001f600 80040a01", strings))
    (record,) = events(engine)["records"]
    assert record["strings"] == [*strings[:7], "s" * 255]
    assert record["text"] == "t" * 2047
    assert record["codes"] == ["0x80040a01"]


def test_a_full_answer_arrives_whole(engine: Engine, log: Callable[..., None]) -> None:
    """Five hundred records of the greatest size: two megabytes of JSON."""
    log(*[Record("MSExchangeMU", 1042, "\u20ac" * 2048, ("\u20ac" * 256,) * 8)] * 501)
    seen = events(engine)
    assert (len(seen["records"]), seen["truncated"]) == (500, True)
    assert {len(record["text"]) for record in seen["records"]} == {2048}


def test_a_record_without_text_or_strings_has_empty_ones(engine: Engine, log: Callable[..., None]) -> None:
    """WMI gives null for both, for one where no message file is installed."""
    log(Record("MSExchangeMU", 1042, None))  # type: ignore[arg-type]
    (record,) = events(engine)["records"]
    assert (record["text"], record["strings"], record["codes"]) == ("", [], [])


def test_a_record_tells_who_logged_it(engine: Engine, cluster: PracticeCluster, node: Node) -> None:
    """In a cluster often another node."""
    cluster.log(cluster.nodes[0], MU)
    assert events(engine)["records"][0]["computer"] == "EXCH-NODE1"


def test_text_of_any_language_survives(engine: Engine, log: Callable[..., None]) -> None:
    """Control characters, line ends, emoji, half characters."""
    text = "Virhe \u00e4\u00f6 \u65e5\u672c\r\n\t\x01 \U0001f600 \udc00 </S> \\u0041 _x0041_"
    log(Record("MSExchangeMU", 1042, text, (text,)))
    (record,) = events(engine)["records"]
    assert record["text"] == text
    assert record["strings"] == [text]
