"""The practice cluster, the management host and the way between them and the bot, as the page gets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.lab.cluster.aspnet_lines import as_text, aspnet_lines
from bot.lab.cluster.eventlog import Event
from bot.lab.cluster.healthy import NDP_KEY
from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import EXCHANGE_SERVICES, PracticeCluster
from bot.lab.page.rounds import Round
from bot.lab.payload import Payload
from bot.lab.practice import Practice

NEWEST_EVENTS, NEWEST_CALLS = 12, 40
"""How many of each the page shows."""

LEVELS = {1: "error", 2: "warning", 3: "information"}
"""Win32_NTLogEvent.EventType."""


class MachineNews:
    """What is to be seen of the machines, whenever it has changed."""

    def __init__(self, played: Round) -> None:
        self._round = played
        self._told: Payload = {}

    def close(self) -> None:
        """Ask no more."""

    def news(self) -> Iterator[Payload]:
        """Yield the whole picture if it is another than before."""
        now = {"kind": "machines", **machines(self._round.practice, self._round.before)}
        if now != self._told:
            self._told = now
            yield now


def machines(practice: Practice, before: Mapping[str, tuple[str, ...]]) -> Payload:
    """Everything at this moment; `before`: each node's ASP.NET key as the round found it."""
    cluster = practice.cluster
    with cluster.lock:
        attendant = cluster.attendant()
        seen: Payload = {
            "cluster": cluster.name,
            "virtual_server": cluster.virtual_servers[0],
            "attendant": {
                "name": attendant.name,
                "state": attendant.state,
                "can_start": cluster.obstacle(cluster.owner()) is None,
            },
            "nodes": [_node(cluster, node, before[node.name]) for node in cluster.nodes],
            "resources": [
                {"name": one.name, "type": one.type, "state": one.state, "owner": one.owner}
                for one in cluster.resources
            ],
        }
    return seen | {"host": _host(practice), "slack": _slack(practice)}


# --- inside ---


def _node(cluster: PracticeCluster, node: Node, before: tuple[str, ...]) -> Payload:
    value, key = node.root_ver(), node.registry.find(ASPNET_KEY)
    return {
        "name": node.name,
        "computer": node.computer,
        "owner": node is cluster.owner(),
        "reachable": node.reachable,
        "denied": node.access_denied,
        "root_ver": {"kind": value.kind, "data": as_text(value.data)} if value else None,
        "has_key": key is not None,
        "valid": value is not None and value.kind == "REG_SZ" and node.is_registered(str(value.data)),
        "registered": [name for name in (key.keys if key else ()) if node.is_registered(name)],
        "frameworks": list(_frameworks(node)),
        "services": [
            {"name": name, "state": one.state, "start": one.start_mode, "exchange": name in EXCHANGE_SERVICES}
            for name, one in node.services.items()
        ],
        "events": [_event(one) for one in node.log[: -NEWEST_EVENTS - 1 : -1]],
        "before": list(before),
        "now": list(aspnet_lines(node)),
        "writes": len(node.writes),
    }


def _frameworks(node: Node) -> Iterator[str]:
    key = node.registry.find(NDP_KEY)
    for name, inner in sorted(key.keys.items()) if key else ():
        pack = inner.get("SP")
        yield f"{name} SP{as_text(pack.data)}" if pack and pack.data else name


def _event(event: Event) -> Payload:
    record = event.record
    return {
        "number": event.number,
        "time": event.time.isoformat(),
        "source": record.source,
        "id": record.id,
        "level": LEVELS.get(record.type, "information"),
        "computer": event.computer,
        "text": record.text,
    }


def _host(practice: Practice) -> Payload:
    endpoint = practice.endpoint
    calls = list(practice.costs.with_costs())[-NEWEST_CALLS:]
    return {
        "exchanges": len(endpoint.exchanges),
        "shells": len(endpoint.shells()),
        "calls": [
            {
                "command": call.command,
                "node": call.parameters.get("ComputerName"),
                "user": call.user,
                "started": call.started.isoformat(),
                "seconds": call.seconds and round(call.seconds, 3),
                "end": call.end,
                "exchanges": exchanges,
            }
            for call, exchanges in reversed(calls)
        ],
    }


def _slack(practice: Practice) -> Payload:
    workspace = practice.workspace
    return {
        "connected": practice.server.sockets.connected,
        "calls": len(workspace.faults.calls),
        "events": len(workspace.events),
        "undelivered": practice.server.sockets.unfinished,
        "anomalies": [{"kind": one.kind, "detail": one.detail} for one in workspace.anomalies],
    }
