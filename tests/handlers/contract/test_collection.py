"""Saved collections: nothing is lost, and what is none is refused."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.contract.collection import (
    Collection,
    NotACollection,
    answers,
    dump_collection,
    load_collection,
    raw_result,
    unreachable,
)
from handlers.kb906154.facts import BrokenAnswer, NodeFacts, Unreachable
from handlers.kb906154.ownership import Members
from tests.handlers.kb906154.answers import NODE2, Raw, facts, healthy

ENVELOPE: Raw = {
    "schema": 1,
    "asked": "exch-node2",
    "cluster": "EXCH-CL1",
    "at": "2026-11-01T12:30:00Z",
    "inventory": {
        "nodes": {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"},
        "virtual_servers": ["EXCHVS1"],
    },
    "fixed": {"exch-node2": "2026-11-01T09:00:00Z"},
    "results": {
        "exch-node1": healthy(),
        "exch-node2": {"unreachable": {"code": "0x800706ba", "message": "The RPC server is unavailable."}},
    },
}


def saved(**changes: Any) -> str:
    """A saved collection with fields replaced."""
    return json.dumps({**copy.deepcopy(ENVELOPE), **changes})


def result(content: object) -> str:
    """A saved collection whose node 2 gave this."""
    return saved(results={"exch-node2": content})


def test_a_collection_is_read_back() -> None:
    """Envelope and results."""
    collection = load_collection(saved())
    assert (collection.asked, collection.cluster) == ("exch-node2", "EXCH-CL1")
    assert collection.at == datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
    assert list(collection.members.nodes.items()) == [
        ("exch-node1", "EXCH-NODE1"),
        ("exch-node2", "EXCH-NODE2"),
    ]
    assert collection.members.virtual_servers == ("EXCHVS1",)
    assert collection.fixed == {"exch-node2": datetime(2026, 11, 1, 9, tzinfo=UTC)}
    assert answers(collection) == {
        "exch-node1": facts(),
        "exch-node2": Unreachable("0x800706ba", "The RPC server is unavailable."),
    }


def test_what_is_saved_is_what_is_loaded() -> None:
    """Byte for byte the same collection, extra fields of the results included."""
    results = {"exch-node1": healthy() | {"new": [1.5, None, "ünï\ud800"]}, "exch-node2": "Access denied."}
    collection = load_collection(saved(results=results))
    assert load_collection(dump_collection(collection)) == collection
    assert collection.results == results


TEXTS = (
    st.text(max_size=60)
    | st.just(json.dumps(healthy(NODE2)))
    | st.sampled_from(
        [
            "null",
            "[]",
            "{}",
            '{"schema": NaN}',
            '{"a": 1, "a": 2}',
            "[" * 50_000,
            "[" * 700 + "]" * 700,
            '"text"',
            "1e999",
        ]
    )
)


@settings(deadline=None, max_examples=200)
@given(text=TEXTS, away=st.booleans(), fixed=st.timedeltas(timedelta(0), timedelta(days=900)))
def test_replaying_gives_the_answers_that_came(text: str, away: bool, fixed: timedelta) -> None:
    """Facts, broken answers and unreachable nodes are the same after a save and a load."""
    raw = unreachable("0x80004005", text) if away else raw_result(text)
    fresh = Collection(
        asked=text,
        cluster="EXCH-CL1",
        at=datetime(2026, 11, 1, tzinfo=UTC) + fixed,
        members=Members({"exch-node2": NODE2}, ("EXCHVS1",)),
        fixed={"exch-node2": datetime(2026, 11, 1, tzinfo=UTC) + fixed},
        results={"exch-node2": raw},
    )
    loaded = load_collection(dump_collection(fresh))
    assert loaded == fresh
    assert answers(loaded) == answers(fresh)


def test_a_node_without_a_result_was_not_read() -> None:
    """It still has an answer: that it was not asked."""
    found = answers(load_collection(saved(results={})))
    assert found == dict.fromkeys(("exch-node1", "exch-node2"), Unreachable(None, "it was not asked"))


@pytest.mark.parametrize(
    "content",
    [
        None,
        1,
        "text",
        [],
        {},
        {"schema": 2},
        {"unreachable": None},
        {"unreachable": {}},
        {"unreachable": {"code": "0x1"}},
        {"unreachable": {"code": 1, "message": ""}},
        healthy(NODE2) | {"system": None},
        json.dumps(healthy(NODE2)),
    ],
    ids=lambda content: str(content)[:30],
)
def test_a_result_that_is_no_answer_breaks_the_contract_for_its_node_alone(content: object) -> None:
    """The others are judged as ever; a text with facts in it is no object either."""
    collection = load_collection(saved(results={"exch-node1": healthy(), "exch-node2": content}))
    found = answers(collection)
    assert isinstance(found["exch-node2"], BrokenAnswer)
    assert isinstance(found["exch-node1"], NodeFacts)


@pytest.mark.parametrize("flawed", ['{"schema":1,"schema":1}', '{"schema":NaN}', '{"a":' + "9" * 500 + "}"])
def test_a_result_that_is_no_clean_json_breaks_it_for_its_node_alone(flawed: str) -> None:
    """Though the rest of the file is fine."""
    found = answers(load_collection(result("HERE").replace('"HERE"', flawed)))
    assert isinstance(found["exch-node2"], BrokenAnswer)


def test_an_unreachable_node_may_have_no_code() -> None:
    """Not everything that fails has one."""
    for code in (None, "", "401"):
        found = answers(load_collection(result({"unreachable": {"code": code, "message": "refused"}})))
        assert found["exch-node2"] == Unreachable(code, "refused")


@pytest.mark.parametrize("name", ["EXCH-NODE2", "exch-node2.corp.example"])
def test_nodes_are_found_under_any_spelling(name: str) -> None:
    """Names compare without case, a full name by its first label."""
    collection = load_collection(saved(results={name: healthy(NODE2)}, fixed={name: "2026-11-01T09:00:00Z"}))
    assert list(collection.results) == list(collection.fixed) == ["exch-node2"]


@pytest.mark.parametrize("field", sorted(ENVELOPE))
def test_every_field_of_the_envelope_must_be_there(field: str) -> None:
    """Else the file is no collection, and the error names the field."""
    text = json.dumps({name: one for name, one in ENVELOPE.items() if name != field})
    with pytest.raises(NotACollection, match=field):
        load_collection(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"schema": True},
        {"asked": None},
        {"cluster": 1},
        {"at": "today"},
        {"inventory": {"nodes": {"a": "A"}}},
        {"inventory": {"virtual_servers": []}},
        {"inventory": {"nodes": {}, "virtual_servers": []}},
        {"inventory": {"nodes": {"exch-node2": None}, "virtual_servers": []}},
        {"inventory": {"nodes": ["exch-node2"], "virtual_servers": []}},
        {"inventory": {"nodes": {"exch-node2": "A"}, "virtual_servers": "EXCHVS1"}},
        {"inventory": []},
        {"fixed": None},
        {"fixed": {"exch-node2": None}},
        {"fixed": {"exch-node2": "yesterday"}},
        {"fixed": []},
        {"results": []},
        {"results": {"exch-node3": healthy("EXCH-NODE3")}},
        {"results": {"exch-node1": healthy(), "EXCH-NODE1": healthy()}},
    ],
    ids=str,
)
def test_a_broken_envelope_is_no_collection(changes: Raw) -> None:
    """Also a result of a node outside the inventory."""
    with pytest.raises(NotACollection):
        load_collection(saved(**changes))


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "rootver", json.dumps(healthy()), "[" * 100_000, '{"a":' * 100_000, "NaN",
     saved()[:-1], saved()[:-1] + ', "asked": "again"}'],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_another_file_is_no_collection(text: str) -> None:
    """And the sentence says how one is made."""
    with pytest.raises(NotACollection, match="--save"):
        load_collection(text)


def test_unknown_fields_and_a_byte_order_mark_are_taken() -> None:
    """Later versions may tell more, and Windows editors put a mark in front."""
    assert load_collection("\ufeff" + saved(new=1)) == load_collection(saved())


def test_a_change_on_a_node_outside_the_inventory_concerns_nobody() -> None:
    """The inventory may have been changed since."""
    assert load_collection(saved(fixed={"exch-node9": "2026-11-01T09:00:00Z"})).fixed == {}
