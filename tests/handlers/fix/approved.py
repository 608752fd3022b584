"""Fixes that are approved, and readings to hold them against."""

from __future__ import annotations

from collections.abc import Callable

from bot.lab.cluster.healthy import ASPNET_2_0, register_aspnet
from tests.handlers.fix.night import (
    BOB,
    CAROL,
    Night,
)

Start = Callable[..., Night]
UNREADABLE = {"is": "unreadable", "code": "0x800706ba", "message": "The RPC server is unavailable."}


def value(data: str) -> dict[str, object]:
    return {"is": "value", "value": {"kind": "REG_SZ", "data": data}}


def approved(night: Night) -> Night:
    night.propose()
    night.react(BOB)
    return night


def assert_paused(night: Night) -> None:
    assert night.pause.pause(CAROL).step == "approve"


def drift(night: Night) -> None:
    register_aspnet(night.remote.cluster.owner(), ASPNET_2_0)
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "2.0.50727.0")


def unreachable(night: Night) -> None:
    night.remote.cluster.owner().reachable = False
