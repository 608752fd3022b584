"""WMI as a practice node answers it: namespaces and classes over the node's data, with WMI's own errors.

What Windows 2000 would refuse is refused here: LIKE, properties and methods that came later, classes in
another namespace. What this imitation does not know is refused too, as an invalid class or query: it gives no
answer that a real node would not give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.windows import wql
from bot.lab.windows.classes import CLASSES, CLUSTER, EXCHANGE
from bot.lab.windows.stdregprov import Manner, StdRegProv
from bot.lab.windows.values import (
    ACCESS_DENIED,
    INVALID_CLASS,
    INVALID_NAMESPACE,
    RPC_UNAVAILABLE,
    TIMED_OUT,
    CimError,
    CimValue,
    Instance,
)

REGISTRY = "root\\default"
"""Where StdRegProv is; in root\\cimv2 it is only from Windows Vista on."""


@dataclass(frozen=True)
class Found:
    """What a query found: the instances, each with the properties that were asked for."""

    namespace: str
    instances: Sequence[Instance]


class CimProvider:
    """WMI of every node of one practice cluster. A method raises CimError with the code that WMI gives."""

    def __init__(self, cluster: PracticeCluster, manner: Manner | None = None) -> None:
        self.cluster = cluster
        self.manner = manner or Manner()

    def connect(self, computer: str) -> Node:
        """Return the node that answers to a computer's name, as DCOM finds it."""
        with self.cluster.lock:
            try:
                node = self.cluster.node(computer)
            except KeyError:
                raise CimError(RPC_UNAVAILABLE) from None
            self.check(node)
            return node

    def check(self, node: Node) -> None:
        """Raise CimError if the node does not answer (any more), or refuses the management host."""
        if not node.reachable:
            raise CimError(RPC_UNAVAILABLE)
        if node.access_denied:
            raise CimError(ACCESS_DENIED)

    def query(self, node: Node, namespace: str, text: str) -> Found:
        """Run a WQL query. No match is no error."""
        with self.cluster.lock:
            space = self._namespace(node, namespace)
            if self.manner.dates_by_digits:
                text = wql.DMTF.sub(rf"\1.\2{node.system.utc_offset:+04d}", text)
            query = wql.parse(text)
            known = CLASSES.get((space, query.class_name.casefold()))
            if known is None:
                raise CimError(INVALID_CLASS)
            query.check(known.types)
            if known.costly_without and not query.pins(known.costly_without):
                raise CimError(TIMED_OUT)
            matching = (one for one in known.instances(self.cluster, node) if query.matches(one))
            return Found(space, [query.project(one) for one in matching])

    def invoke(
        self, node: Node, namespace: str, class_name: str, method: str, arguments: Mapping[str, CimValue]
    ) -> dict[str, CimValue]:
        """Call a static method; return its out-parameters and its `ReturnValue`."""
        with self.cluster.lock:
            space = self._namespace(node, namespace)
            if (space, class_name.casefold()) != (REGISTRY, "stdregprov"):
                raise CimError(INVALID_CLASS)
            return StdRegProv(self.cluster, node, self.manner).invoke(method, arguments)

    def _namespace(self, node: Node, namespace: str) -> str:
        """Return a namespace in one spelling: lower case, backslashes."""
        known = {REGISTRY, *(space for space, _ in CLASSES)}
        spelling = namespace.replace("/", "\\").casefold()
        missing = {
            EXCHANGE: not node.exchange_wmi,
            CLUSTER: not node.system.os_version.startswith("5.2"),  # came with Windows Server 2003
        }
        if spelling not in known or missing.get(spelling):
            raise CimError(INVALID_NAMESPACE)
        return spelling
