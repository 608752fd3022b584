"""A System Attendant that is down where nobody looked, and nodes that the settings do not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.blocks.diagnosis import diagnosed
from handlers.diagnose import ClusterReport
from handlers.kb906154.assess import Diagnosis, assess
from handlers.kb906154.facts import Unreachable
from handlers.kb906154.ownership import Members
from tests.bot.message_checks import words
from tests.bot.samples import ALICE

from .answers import (
    ABSENT,
    NODE1,
    NODE2,
    NODE3,
    NOW,
    Raw,
    cluster,
    decode_facts,
    diagnose,
    healthy,
    judge,
    resource,
    value,
)

AWAY = Unreachable("0x800706ba", "The RPC server is unavailable.")


def test_an_outage_elsewhere_is_told_even_out_of_scope() -> None:
    """On every node that was read."""
    away = cluster(resource("Failed", NODE3))
    diagnoses = diagnose(healthy(exchange=ABSENT, cluster=away), healthy(NODE2, cluster=away))
    assert [one.verdict for one in diagnoses] == ["out_of_scope", "healthy"]
    assert [[cause.id for cause in one.related] for one in diagnoses] == [["attendant_elsewhere"]] * 2


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ([resource("Failed", NODE2)], AWAY, "on EXCH-NODE2, which could not be read."),
        ([resource("Failed", "EXCH-NODE9")], AWAY, "on EXCH-NODE9, which is not in the settings."),
        ([resource("Offline", None)], AWAY, "and no node owns it."),
        ([resource("Failed", NODE2)], [resource("Failed", NODE2)], None),
        ([resource("Offline", None)], [resource("Offline", None)], "and no node owns it."),
        ([resource("Offline", None)], [resource("Offline", NODE1)], None),
        (
            [resource("Online", NODE1)],
            [resource("Failed", NODE3)],
            "on EXCH-NODE3, which is not in the settings.",
        ),
    ],
)
def test_elsewhere_is_where_nobody_looked(
    here: list[Raw], there: list[Raw] | Unreachable, expected: str | None
) -> None:
    """Not in the settings, not read, or nobody's in any list that was read; with its name and state."""
    other = there if isinstance(there, Unreachable) else healthy(NODE2, cluster=cluster(*there))
    diagnoses = diagnose(healthy(cluster=cluster(*here)), other)
    read = [one for one in diagnoses if one.not_checked != ("node",)]
    for one in read:
        assert [cause.id for cause in one.down_elsewhere] == (["attendant_elsewhere"] if expected else [])
        if expected:
            assert one.down_elsewhere[0].seen.endswith(expected)
            assert one.down_elsewhere[0].seen.startswith('"SA (EXCHVS1)" is ')
            assert len(one.down_elsewhere[0].advice) == 1


def test_an_outage_elsewhere_takes_the_green_from_the_headline() -> None:
    """Never "OK" alone beside it, and never a green mark."""
    away = cluster(resource("Failed", NODE3))
    diagnosis = judge(cluster=away)
    assert (diagnosis.verdict, diagnosis.headline) == (
        "healthy",
        "OK here, but mail is down elsewhere in the cluster",
    )
    told = diagnosed([ClusterReport("exch-node1", "EXCH-CL1", NOW, ("exch-node1",), (diagnosis,))], ALICE)
    assert told.blocks[0]["text"]["text"].startswith("*:red_circle: ")
    assert ":large_green_circle: EXCH" not in words(told)


def unlisted(**sections: Any) -> tuple[Diagnosis, ...]:
    """Two nodes, both well, with these sections on the first."""
    return diagnose(healthy(**sections), healthy(NODE2))


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (value({**cluster(resource())["value"], "members": [NODE1, NODE2]}), None),
        (value({**cluster(resource())["value"], "members": ["exch-node1.corp", NODE2, NODE3]}), NODE3),
        (value({**cluster(resource())["value"], "members": ["EXCH-NODE9", "exch-node9"]}), "EXCH-NODE9"),
        (cluster(resource(), resource(owner=NODE3, name="Disk E:", kind="Physical Disk")), NODE3),
        (cluster(resource(), resource(owner=None, name="Disk E:", kind="Physical Disk")), None),
    ],
)
def test_a_node_that_the_settings_do_not_have_is_told_on_every_node(told: Raw, names: str | None) -> None:
    """A member, or the owner of any resource, in any list that was read; each name once."""
    for one in unlisted(cluster=told):
        assert one.notes == (("unlisted_node",) if names else ())
        if names:
            assert f"the cluster lists {names}, which" in one.named["unlisted_node"]


def test_what_an_older_module_does_not_tell_is_no_unlisted_node() -> None:
    """No list of members is not an empty one."""
    assert unlisted()[0].notes == ()


def test_a_long_name_of_the_settings_is_listed_as_windows_cuts_it() -> None:
    """The cluster tells its first 15 characters."""
    told = cluster(resource(owner="EXCH-CLUSTER-NO"))
    answer = healthy("EXCH-CLUSTER-NO", owner="EXCH-CLUSTER-NO", cluster=told)
    (one,) = assess(
        Members({"exch-cluster-node02": "EXCH-CLUSTER-NODE02"}),
        {"exch-cluster-node02": decode_facts(json.dumps(answer))},
        {},
    )
    assert (one.verdict, one.owner, one.notes, one.related) == ("healthy", True, (), ())
