"""The incidents of the practice lab: what is broken, what to watch for, what the bot must say.

What must be said is written down here as plain data and never computed: the lab and the diagnosis must not
share a mistake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.lab.cluster.healthy import (
    ASPNET_1_1,
    ASPNET_2_0,
    add_node,
    healthy_cluster,
    register_aspnet,
    unregister_aspnet,
)
from bot.lab.cluster.node import ASPNET_KEY, FileInfo
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.faults import HostFaults

SINCE = timedelta(minutes=40)
"""How long the incident has lasted when the lab opens: well within the window of events that are read."""

RESTARTED_AFTER = timedelta(minutes=30)
"""When somebody restarts a node, counted from the incident's begin."""

Change = Callable[[PracticeCluster, HostFaults], None]


@dataclass(frozen=True)
class Expected:
    """What must be said of one node: the row of the table of verdicts, the verdict, its confidence if any;
    the notes and the related causes beside it, in order.
    """

    row: int
    verdict: str
    confidence: str | None = None
    notes: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


HEALTHY = Expected(14, "healthy")
CONFIRMED = Expected(3, "rootver_invalid", "confirmed")
LATENT = Expected(3, "rootver_invalid", "latent")
UNKNOWN = Expected(0, "inconclusive", "inconclusive")
ELSEWHERE = Expected(14, "healthy", notes=("unlisted_node",), related=("attendant_elsewhere",))


@dataclass(frozen=True)
class Incident:
    """One incident. `watch`: one line of what to look at. `expected`: by node. `fix_ends`: the state in which
    an approved fix ends, where that is the point.
    """

    name: str
    watch: str
    expected: Mapping[str, Expected]
    change: Change
    fix_ends: str | None = None


INCIDENTS: dict[str, Incident] = {}
"""Every incident by name; the first one is the lab's default."""


def build(
    name: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> tuple[PracticeCluster, HostFaults]:
    """Return the practice cluster and host as the incident `name` leaves them, begun `SINCE` before now.

    `clock` gives the time in UTC. Raises KeyError for an unknown name.
    """
    incident = INCIDENTS[name]
    cluster, faults = healthy_cluster(lambda: clock() - SINCE), HostFaults()
    incident.change(cluster, faults)
    cluster.clock = clock
    return cluster, faults


def _incident(
    name: str, *, owner: Expected, passive: Expected = HEALTHY, fix_ends: str | None = None
) -> Callable[[Change], Change]:
    """Enter a function that changes the healthy cluster and the host; its docstring is what to watch."""

    def enter(change: Change) -> Change:
        expected = {"exch-node2": owner, "exch-node1": passive}
        INCIDENTS[name] = Incident(name, change.__doc__ or "", expected, change, fix_ends)
        return change

    return enter


@_incident("zero", owner=CONFIRMED)
def _zero(cluster: PracticeCluster, _: HostFaults) -> None:
    """RootVer is 0.0.0.0 on the owner: fix it, then bring the System Attendant online."""
    cluster.set_root_ver(cluster.owner(), "0.0.0.0")
    cluster.bring_online()


@_incident("latent", owner=HEALTHY, passive=LATENT)
def _latent(cluster: PracticeCluster, _: HostFaults) -> None:
    """RootVer is 0.0.0.0 on the passive node: mail runs, the next failover would fail."""
    cluster.set_root_ver(cluster.nodes[0], "0.0.0.0")


@_incident("both-nodes", owner=CONFIRMED, passive=LATENT)
def _both_nodes(cluster: PracticeCluster, faults: HostFaults) -> None:
    """RootVer is 0.0.0.0 on both nodes: two fixes, the passive node first."""
    _latent(cluster, faults)
    _zero(cluster, faults)


@_incident("two-versions", owner=replace(CONFIRMED, notes=("other_version_registered",)))
def _two_versions(cluster: PracticeCluster, faults: HostFaults) -> None:
    """.NET 2.0 is registered too: the fix is offered, with a note that 1.1 is being chosen."""
    register_aspnet(cluster.owner(), ASPNET_2_0)
    _zero(cluster, faults)


@_incident("dangling", owner=Expected(4, "rootver_invalid_undocumented", "confirmed"))
def _dangling(cluster: PracticeCluster, _: HostFaults) -> None:
    """RootVer names .NET 2.0, which is gone: documented nowhere, and the card says so."""
    # Leave what a removal of .NET 2.0 by hand leaves: RootVer and the subkey, but no DLL.
    owner = cluster.owner()
    owner.registry.create(f"{ASPNET_KEY}\\2.0.50727.0").set("DllFullPath", "REG_SZ", ASPNET_2_0.dll)
    cluster.set_root_ver(owner, "2.0.50727.0")
    cluster.bring_online()


@_incident("restarted-first", owner=Expected(3, "rootver_invalid", "suspected", ("before_boot",)))
def _restarted_first(cluster: PracticeCluster, faults: HostFaults) -> None:
    """As zero, but somebody restarted the node first: its events are older than the boot."""
    _zero(cluster, faults)
    cluster.owner().system.last_boot = cluster.clock() + RESTARTED_AFTER


@_incident("ambiguous", owner=Expected(5, "rootver_invalid_ambiguous"))
def _ambiguous(cluster: PracticeCluster, _: HostFaults) -> None:
    """RootVer is malformed and two versions are registered: no fix is offered."""
    register_aspnet(cluster.owner(), ASPNET_2_0)
    cluster.set_root_ver(cluster.owner(), "1.1.4322")
    cluster.bring_online()


@_incident(
    "contested", owner=Expected(5, "rootver_invalid_ambiguous"), passive=Expected(8, "rootver_differs")
)
def _contested(cluster: PracticeCluster, faults: HostFaults) -> None:
    """RootVer is 0.0.0.0 here and 2.0 on the partner, both registered on both: no fix is offered."""
    for node in cluster.nodes:
        register_aspnet(node, ASPNET_2_0)
    cluster.set_root_ver(cluster.nodes[0], ASPNET_2_0.name)
    _zero(cluster, faults)


@_incident("dotnet-removed", owner=Expected(6, "rootver_invalid_would_dangle"))
def _dotnet_removed(cluster: PracticeCluster, faults: HostFaults) -> None:
    """RootVer is 0.0.0.0 and .NET 1.1 is gone: repair .NET first, the value would point nowhere."""
    unregister_aspnet(cluster.owner(), ASPNET_1_1)
    _zero(cluster, faults)


@_incident("missing-key", owner=Expected(7, "aspnet_not_registered"))
def _missing_key(cluster: PracticeCluster, _: HostFaults) -> None:
    """ASP.NET was never registered: nothing to set, advice only."""
    cluster.owner().registry.delete(ASPNET_KEY)
    cluster.bring_online()


@_incident("account-missing", owner=Expected(9, "aspnet_account_missing"))
def _account_missing(cluster: PracticeCluster, _: HostFaults) -> None:
    """The same events, but RootVer is fine: the ASPNET account went with Active Directory."""
    # Leave what removing Active Directory from a domain controller leaves (KB 906154, More Information).
    owner = cluster.owner()
    del owner.accounts["ASPNET"]
    owner.registry.create("SYSTEM\\CurrentControlSet\\Services\\NTDS\\Parameters")
    owner.files["C:\\WINNT\\debug\\dcpromo.log"] = FileInfo(None, 20480)
    cluster.bring_online()


@_incident("permissions", owner=Expected(10, "permissions_suspected", "suspected"))
def _permissions(cluster: PracticeCluster, _: HostFaults) -> None:
    """The same outage, but the domain controllers refuse the node: policytest, setup /domainprep."""
    cluster.owner().audit_privilege = False
    cluster.bring_online()


@_incident("remote-registry", owner=Expected(11, "remote_registry_stopped"))
def _remote_registry(cluster: PracticeCluster, _: HostFaults) -> None:
    """The same outage, but Remote Registry is stopped."""
    cluster.owner().services["RemoteRegistry"].state = "Stopped"
    cluster.bring_online()


@_incident("directory-down", owner=Expected(13, "services_down", related=("directory_unreachable",)))
def _directory_down(cluster: PracticeCluster, _: HostFaults) -> None:
    """The same outage, but no domain controller answers: none of the article's eight events."""
    cluster.directory_answers = False
    cluster.bring_online()


@_incident("iis-down", owner=Expected(12, "other_cause", related=("iis_down",)))
def _iis_down(cluster: PracticeCluster, _: HostFaults) -> None:
    """The same outage, but IIS Admin does not start: all that depends on it stays down."""
    for name in ("IISADMIN", "W3SVC", "SMTPSVC"):  # the latter two depend on the first
        cluster.owner().services[name].state = "Stopped"
    cluster.bring_online()


@_incident("elsewhere", owner=ELSEWHERE, passive=ELSEWHERE)
def _elsewhere(cluster: PracticeCluster, _: HostFaults) -> None:
    """Mail is down on a third node that the settings do not name: both nodes asked are well."""
    third = add_node(cluster, "exch-node3")
    cluster.set_root_ver(third, "0.0.0.0")
    cluster.fail_over()


@_incident("healthy", owner=HEALTHY)
def _healthy(_: PracticeCluster, __: HostFaults) -> None:
    """Nothing is broken, and the bot says so."""


@_incident("unreachable", owner=UNKNOWN)
def _unreachable(cluster: PracticeCluster, _: HostFaults) -> None:
    """The owner does not answer the management host: nothing is guessed."""
    cluster.owner().reachable = False


@_incident("access-denied", owner=UNKNOWN, passive=UNKNOWN)
def _access_denied(cluster: PracticeCluster, _: HostFaults) -> None:
    """Every node refuses the management host: the second hop, and its three remedies."""
    for node in cluster.nodes:
        node.access_denied = True


@_incident("slow", owner=CONFIRMED)
def _slow(cluster: PracticeCluster, faults: HostFaults) -> None:
    """As zero, but the node takes its time: the thread shows that the bot is at it."""
    _zero(cluster, faults)
    faults.slow["Get-RootVerFact"] = 8.0


@_incident("drift", owner=CONFIRMED, fix_ends="voided")
def _drift(cluster: PracticeCluster, faults: HostFaults) -> None:
    """RootVer changes after the approval: nothing is written, the thread shows both values."""
    # Let somebody install .NET 2.0 while the bot, with its approval, is taking the backup.
    _zero(cluster, faults)

    def install(_: Mapping[str, Any]) -> None:
        with cluster.lock:
            register_aspnet(cluster.owner(), ASPNET_2_0)
            cluster.set_root_ver(cluster.owner(), "2.0.50727.0")

    faults.before("Backup-AspNetKey", install)


@_incident("lost-answer", owner=CONFIRMED, fix_ends="applied")
def _lost_answer(cluster: PracticeCluster, faults: HostFaults) -> None:
    """The connection is lost during the change: the bot does not know, reads back, and then does."""
    _zero(cluster, faults)
    faults.lose_answer("Set-RootVer")
