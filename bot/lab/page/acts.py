"""What can be done from the page beside talking: to the machines, the bot, the round.

`POST /practice/do` takes one JSON object, `{"do": "bring_online"}`; see `ACTS` for the words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from bot.lab.incidents import INCIDENTS
from bot.lab.misbehaviours import MISBEHAVIOURS, behave, switch
from bot.lab.page.rounds import Rounds
from bot.lab.payload import Payload


def _begin(rounds: Rounds, wanted: Payload) -> Payload:
    """`incident`: which one; without it, the same again."""
    rounds.begin(wanted.get("incident") or rounds.current.practice.incident)
    return {}


def _restart_bot(rounds: Rounds, wanted: Payload) -> Payload:
    """`kill`: true ends the bot as a power failure does."""
    rounds.restart_bot(kill=bool(wanted.get("kill")))
    return {}


def _bring_online(rounds: Rounds, _: Payload) -> Payload:
    """Answers `came`: whether the System Attendant came up."""
    return {"came": rounds.current.practice.cluster.bring_online()}


def _fail_over(rounds: Rounds, _: Payload) -> Payload:
    """Answers `came`, and `owner`: the computer that owns the virtual server now."""
    cluster = rounds.current.practice.cluster
    return {"came": cluster.fail_over(), "owner": cluster.owner().computer}


def _set_root_ver(rounds: Rounds, wanted: Payload) -> Payload:
    """`node`, and `data`: the new text; null removes the value."""
    cluster = rounds.current.practice.cluster
    data = wanted["data"]
    cluster.set_root_ver(cluster.node(wanted["node"]), None if data is None else str(data))
    return {}


def _network(rounds: Rounds, wanted: Payload) -> Payload:
    """`node`, and `up`: whether the management host reaches it."""
    cluster = rounds.current.practice.cluster
    with cluster.lock:
        cluster.node(wanted["node"]).reachable = bool(wanted["up"])
    return {}


def _misbehave(rounds: Rounds, wanted: Payload) -> Payload:
    """`name`: one of `misbehaviours`, with a `choice` where it has some; a switch that is on goes off.

    Answers `on`.
    """
    return {"on": switch(rounds.current.practice, wanted["name"], wanted.get("choice"))}


def _behave(rounds: Rounds, _: Payload) -> Payload:
    """Everything works again."""
    behave(rounds.current.practice)
    return {}


ACTS: Mapping[str, Callable[[Rounds, Payload], Payload]] = {
    "begin": _begin,
    "restart_bot": _restart_bot,
    "bring_online": _bring_online,
    "fail_over": _fail_over,
    "set_root_ver": _set_root_ver,
    "network": _network,
    "misbehave": _misbehave,
    "behave": _behave,
}


def do(rounds: Rounds, wanted: Payload) -> Payload:
    """Do what the page asks; returns what there is to answer.

    Raises `KeyError`, `TypeError` or `ValueError` for what is not understood, `RuntimeError` if it
    cannot be done.
    """
    _known("act", wanted["do"], ACTS)
    if wanted["do"] == "misbehave":
        _known("misbehaviour", wanted["name"], MISBEHAVIOURS)
        if wanted.get("choice"):
            _known("choice", wanted["choice"], MISBEHAVIOURS[wanted["name"]].choices)
    if wanted.get("incident"):
        _known("incident", wanted["incident"], INCIDENTS)
    if "node" in wanted:
        _known("node", wanted["node"], [node.name for node in rounds.current.practice.cluster.nodes])
    return ACTS[wanted["do"]](rounds, wanted)


def _known(kind: str, name: object, names: Collection[str]) -> None:
    if name not in names:
        raise ValueError(f"no {kind} is called {name}; there are {', '.join(names)}")
