"""Who owns the System Attendant, and what is down."""

from __future__ import annotations

import pytest

from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.facts import Unreachable

from .answers import (
    ATTENDANT,
    DENIED,
    E2,
    NODE1,
    NODE2,
    NODE3,
    ZERO,
    Raw,
    cluster,
    diagnose,
    events,
    healthy,
    judge,
    resource,
    root_ver,
    services,
)

POP3 = "Microsoft Exchange POP3 Server Instance"
IMAP4 = "Microsoft Exchange IMAP4 Server Instance"
NO_WORD = cluster(resource("Unknown", None))
AWAY = Unreachable("0x800706ba", "The RPC server is unavailable.")


def owners(diagnoses: tuple[Diagnosis, ...]) -> list[bool | None]:
    """Each node's `owner`."""
    return [one.owner for one in diagnoses]


def state(diagnosis: Diagnosis) -> tuple[bool | None, bool | None]:
    """(attendant down, services down)."""
    return diagnosis.attendant_down, diagnosis.services_down


# --- who owns ---


def test_the_nodes_own_word_says_who_owns() -> None:
    """The owner of a System Attendant resource, and nobody else."""
    assert owners(diagnose(healthy(), healthy(NODE2))) == [True, False]


@pytest.mark.parametrize("owner", ["exch-node1", "EXCH-NODE1.corp.example"])
@pytest.mark.parametrize("kind", [ATTENDANT, ATTENDANT.upper()])
def test_owners_and_types_compare_without_case(owner: str, kind: str) -> None:
    """A full name equals its first label."""
    assert owners(diagnose(healthy(cluster=cluster(resource(owner=owner, kind=kind))))) == [True]


@pytest.mark.parametrize("own", [NO_WORD, cluster(), cluster(resource(owner=NODE1, kind=POP3))])
def test_without_a_word_of_its_own_the_first_partner_with_one_decides(own: Raw) -> None:
    """Partners in the order of the inventory; an entry without an owner is no word."""
    second = healthy(NODE2, cluster=NO_WORD)
    third = healthy(NODE3, cluster=cluster(resource(owner=NODE3)))
    assert owners(diagnose(healthy(cluster=own), second, third)) == [False, False, True]


def test_partners_speak_in_the_order_of_the_inventory() -> None:
    """Node 2 is asked before node 3, whatever node 3 says."""
    answers = (
        healthy(cluster=NO_WORD),
        healthy(NODE2, cluster=cluster(resource(owner=NODE1))),
        healthy(NODE3, cluster=cluster(resource(owner=NODE3))),
    )
    assert owners(diagnose(*answers)) == [True, False, True]


def test_an_entry_without_an_owner_is_nobodys() -> None:
    """Beside an entry with an owner it changes nothing."""
    both = cluster(resource("Failed", None, "SA 2"), resource(owner=NODE1))
    diagnosis = judge(cluster=both)
    assert diagnosis.owner is True
    assert diagnosis.attendant_down is False


def test_two_attendants_may_have_two_owners() -> None:
    """An active/active cluster: both nodes own one."""
    both = cluster(resource(owner=NODE1), resource(owner=NODE2, name="SA 2"))
    assert owners(diagnose(healthy(cluster=both), healthy(NODE2, cluster=both))) == [True, True]


def test_a_stranger_may_own() -> None:
    """The cluster's word counts even for a node that the inventory does not know."""
    far = cluster(resource(owner="EXCH-NODE9"))
    assert owners(diagnose(healthy(cluster=far), healthy(NODE2, cluster=far))) == [False, False]


@pytest.mark.parametrize("running", ["Running", "Start Pending"])
def test_without_any_word_the_service_tells_the_owner(running: str) -> None:
    """Where MSExchangeSA runs or starts is the owner; the others are passive."""
    on = services(MSExchangeSA=(running, "Manual"))
    diagnoses = diagnose(healthy(cluster=NO_WORD, services=on), healthy(NODE2, cluster=NO_WORD))
    assert owners(diagnoses) == [True, False]
    assert state(diagnoses[0]) == ((False, False) if running == "Running" else (True, True))
    assert state(diagnoses[1]) == (False, False)


@pytest.mark.parametrize("state_word", ["Stopped", "Stop Pending", "Paused"])
def test_where_it_runs_nowhere_every_node_is_judged_as_an_owner(state_word: str) -> None:
    """The owner is unknown, and the attendant is down on all."""
    off = services(MSExchangeSA=(state_word, "Manual"))
    answers = (healthy(cluster=NO_WORD, services=off), healthy(NODE2, cluster=NO_WORD, services=off))
    diagnoses = diagnose(*answers)
    assert owners(diagnoses) == [None, None]
    assert [state(one) for one in diagnoses] == [(True, True), (True, True)]


@pytest.mark.parametrize("partner", [AWAY, healthy(NODE2, cluster=NO_WORD, services=DENIED)])
def test_where_services_of_a_node_were_not_read_the_owners_are_unknown(partner: Raw | Unreachable) -> None:
    """It may run there; a stopped service here says nothing then."""
    off = services(running=False)
    diagnoses = diagnose(healthy(cluster=NO_WORD, services=off), partner)
    assert owners(diagnoses) == [None, None]
    assert state(diagnoses[0]) == (None, None)


@pytest.mark.parametrize("reading", [ZERO, root_ver("1.1.4322.0")])
def test_where_the_word_of_a_partner_was_lost_the_owners_are_unknown(reading: Raw) -> None:
    """It may have said that the partner owns: then nothing would be down here."""
    off = services(running=False)
    here = healthy(cluster=NO_WORD, services=off, root_ver=reading, events=events(E2))
    lost = diagnose(here, healthy(NODE2, cluster=DENIED, services=off))[0]
    told = diagnose(here, healthy(NODE2, owner=NODE2, services=off))[0]
    assert (lost.owner, *state(lost), lost.confidence) == (
        None,
        None,
        None,
        "suspected" if reading == ZERO else "inconclusive",
    )
    assert (told.owner, *state(told), told.confidence) == (
        False,
        False,
        False,
        "latent" if reading == ZERO else None,
    )


def test_where_the_word_of_a_partner_was_lost_a_running_service_still_tells_the_owner() -> None:
    """Where it runs it is owned."""
    diagnoses = diagnose(healthy(cluster=NO_WORD), healthy(NODE2, cluster=DENIED))
    assert owners(diagnoses) == [True, False]


def test_with_the_owner_unknown_what_runs_here_is_not_down() -> None:
    """Owner or passive: nothing is down on this node."""
    assert state(diagnose(healthy(cluster=NO_WORD), AWAY)[0]) == (False, False)


def test_with_a_word_an_unreadable_partner_changes_nothing() -> None:
    """The node's own word is enough."""
    alone = diagnose(healthy(), AWAY)[0]
    together = diagnose(healthy(), healthy(NODE2))[0]
    assert alone == together


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([resource(owner=NODE1)], [resource(owner=NODE1)], False),
        ([resource(owner=NODE1)], [resource(owner="exch-node1.corp")], False),
        ([resource(owner=NODE1)], [resource(owner=NODE2)], True),
        ([resource(owner=NODE1)], [resource("Unknown", None)], False),
        ([resource(owner=NODE1)], [], False),
        (
            [resource(owner=NODE1), resource(owner=NODE2, name="SA 2")],
            [resource(owner=NODE2), resource(owner=NODE1, name="SA 2")],
            True,
        ),
        ([resource(owner=NODE1)], [resource(owner=NODE1), resource(owner=NODE2, name="SA 2")], True),
        ([resource(owner=NODE1), resource("Unknown", None, "SA 2")],
         [resource(owner=NODE1), resource(owner=NODE2, name="SA 2")], False),
        ([resource(owner=NODE1)], [resource("Failed", NODE1)], False),
        ([resource(owner=NODE1), resource("Unknown", None, "SA 2")], [resource(owner=NODE2)], True),
        ([resource(owner=NODE1, kind=POP3)], [resource(owner=NODE2, kind=POP3)], False),
    ],
)  # fmt: skip
def test_a_disagreement_is_told_on_every_node(first: list[Raw], second: list[Raw], expected: bool) -> None:
    """One word gives an attendant an owner that the other denies it."""
    diagnoses = diagnose(healthy(cluster=cluster(*first)), healthy(NODE2, cluster=cluster(*second)))
    assert ["owner_disagreement" in one.notes for one in diagnoses] == [expected, expected]


def test_in_a_disagreement_each_node_keeps_its_own_word() -> None:
    """Both own by their own word, and both say that the words differ."""
    diagnoses = diagnose(healthy(), healthy(NODE2, owner=NODE2), healthy(NODE3, cluster=NO_WORD))
    assert owners(diagnoses) == [True, True, False]
    assert all("owner_disagreement" in one.notes for one in diagnoses)


# --- what is down ---


@pytest.mark.parametrize("down", ["Offline", "Failed", "Pending"])
def test_the_attendant_is_down_if_its_resource_is(down: str) -> None:
    """Even if the service says that it runs."""
    assert state(judge(cluster=cluster(resource(down)))) == (True, True)


@pytest.mark.parametrize("service_state", ["Stopped", "Start Pending", "Stop Pending", "Paused"])
def test_the_attendant_is_down_if_its_service_does_not_run(service_state: str) -> None:
    """Even if the resource says Online."""
    assert state(judge(services=services(MSExchangeSA=(service_state, "Manual")))) == (True, True)


def test_the_attendant_is_down_where_its_service_is_not_installed() -> None:
    """The list was read, and it does not run."""
    assert judge(services=services(without=("MSExchangeSA",))).attendant_down is True


@pytest.mark.parametrize(
    ("told", "read", "expected"),
    [
        ("Online", services(), False),
        ("Online", DENIED, False),
        ("Unknown", services(), False),
        ("Nonsense", services(), False),
        ("Unknown", DENIED, None),
        ("Failed", DENIED, True),
    ],
)
def test_the_attendant_is_unknown_only_where_neither_could_be_read(
    told: str, read: Raw, expected: bool | None
) -> None:
    """The state Unknown says nothing."""
    assert judge(cluster=cluster(resource(told)), services=read).attendant_down is expected


def test_a_resource_on_another_node_does_not_count() -> None:
    """Each owner is judged by its own resources."""
    both = cluster(resource(owner=NODE1), resource("Failed", NODE2, "SA 2"))
    assert judge(cluster=both).attendant_down is False


def test_a_partners_word_tells_the_state_too() -> None:
    """Where the node itself has no word."""
    partner = healthy(NODE2, cluster=cluster(resource("Failed")))
    assert diagnose(healthy(cluster=NO_WORD), partner)[0].attendant_down is True


@pytest.mark.parametrize("kept", ["Stopped", "Start Pending"])
def test_a_store_that_does_not_run_is_a_service_down(kept: str) -> None:
    """The attendant itself may run."""
    assert state(judge(services=services(MSExchangeIS=(kept, "Manual")))) == (False, True)


def test_a_store_that_is_not_installed_does_not_run() -> None:
    """A service missing from the list is not installed."""
    assert state(judge(services=services(without=("MSExchangeIS",)))) == (False, True)


@pytest.mark.parametrize(("name", "kind"), [("POP3Svc", POP3), ("IMAP4Svc", IMAP4)])
@pytest.mark.parametrize(
    ("found", "instance", "expected"),
    [
        (("Stopped", "Auto"), None, True),
        (("Stopped", "Disabled"), None, False),
        (("Stopped", "Manual"), None, False),
        (("Running", "Auto"), None, False),
        (("Start Pending", "Auto"), None, False),
        (("Stopped", "Manual"), resource("Failed", NODE1, "P"), True),
        (("Stopped", "Disabled"), resource("Failed", "exch-node1.corp", "P"), True),
        (("Stopped", "Manual"), resource("Offline", NODE1, "P"), False),
        (("Stopped", "Manual"), resource("Failed", NODE2, "P"), False),
        (("Stopped", "Manual"), resource("Failed", None, "P"), False),
        (("Running", "Manual"), resource("Failed", NODE1, "P"), False),
    ],
)
def test_a_mail_protocol_is_down_only_where_it_is_wanted(
    name: str, kind: str, found: tuple[str, str], instance: Raw | None, expected: bool
) -> None:
    """Stopped, and started automatically or with a failed resource of its own type on this node."""
    told = [resource(), *([{**instance, "type": kind.lower()}] if instance else [])]
    diagnosis = judge(services=services(True, (), **{name: found}), cluster=cluster(*told))
    assert state(diagnosis) == (False, expected)


@pytest.mark.parametrize(("name", "kind"), [("POP3Svc", POP3), ("IMAP4Svc", IMAP4)])
@pytest.mark.parametrize(("owner", "expected"), [(NODE1, True), (NODE2, False)])
def test_a_partner_may_be_the_one_who_tells_of_a_failed_protocol(
    name: str, kind: str, owner: str, expected: bool
) -> None:
    """Where the node itself has no word on such resources."""
    here = healthy(services=services(True, (), **{name: ("Stopped", "Manual")}))
    there = healthy(NODE2, cluster=cluster(resource(), resource("Failed", owner, "P", kind)))
    assert state(diagnose(here, there)[0]) == (False, expected)


def test_the_other_protocols_failed_resource_does_not_count() -> None:
    """A failed IMAP4 instance says nothing of POP3."""
    told = cluster(resource(), resource("Failed", NODE1, "I", IMAP4))
    off = services(POP3Svc=("Stopped", "Manual"), IMAP4Svc=("Running", "Manual"))
    assert state(judge(services=off, cluster=told)) == (False, False)


def test_a_protocol_that_is_not_installed_is_not_down() -> None:
    """It is simply not there."""
    absent = services(without=("POP3Svc", "IMAP4Svc"))
    assert state(judge(services=absent)) == (False, False)


def test_services_that_could_not_be_read_do_not_count() -> None:
    """The resource is online, so the attendant is known, and the rest is not guessed."""
    assert state(judge(services=DENIED)) == (False, False)


def test_service_names_compare_without_case() -> None:
    """WMI may spell them otherwise."""
    lower = services(without=("MSExchangeSA", "MSExchangeIS"), msexchangesa=("Running", "Manual"),
                     MSEXCHANGEIS=("Running", "Manual"))  # fmt: skip
    assert state(judge(services=lower)) == (False, False)


def test_on_a_passive_node_nothing_is_down() -> None:
    """Exchange services are Manual and stopped there, which is normal."""
    passive = diagnose(healthy(), healthy(NODE2, services=services(False, POP3Svc=("Stopped", "Auto"))))[1]
    assert state(passive) == (False, False)
    assert passive.verdict == "healthy"
