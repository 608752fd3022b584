"""A practice management host, options that lead to it, and what is asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, QUERY_USER, Endpoint
from bot.lab.host.shell import COMMANDS
from handlers.approval import _SEAL as SEAL
from handlers.approval import Permit
from handlers.host_options import HostOptions
from handlers.ports import Query
from handlers.psrp.remote import PsrpRemote

MODULE = "\n".join(f"function {name} {{ }}" for name in COMMANDS)
"""Stands for the module's text: the practice host only looks for the names that it defines."""

FACTS = Query("Get-RootVerFact", {"ComputerName": "EXCH-NODE2", "EventHours": 72, "BudgetSeconds": 90})
BACKUP = Query("Backup-AspNetKey", {"ComputerName": "EXCH-NODE2"})
ZERO = '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'
GOOD = '{"is":"value","value":{"kind":"REG_SZ","data":"1.1.4322.0"}}'
SLOW = 60
"""Seconds that a command takes where a test lets it hang."""

MUCH_LESS = 30
"""Seconds: whoever waited for a `SLOW` command, or for a time-out of the library, waits longer."""

PERMIT = Permit("FIX-12", "fix", "mgmt1", "EXCH-NODE2", ZERO, GOOD, SEAL)


def options_for(host: Endpoint, **changed: Any) -> HostOptions:
    """Options for the query identity of a practice host: NTLM with message encryption.

    A time-out of an exchange never ends what hangs before `MUCH_LESS` has passed: only a deadline does.
    """
    given: dict[str, Any] = {
        "server": "127.0.0.1", "port": host.port, "ssl": False, "auth": "ntlm",
        "username": QUERY_USER, "password": ACCOUNTS[QUERY_USER], "deadline_seconds": 60,
        "operation_timeout": 60, "read_timeout": 70,
    }  # fmt: skip
    return HostOptions(**{**given, **changed})


def change_identity(host: Endpoint, **changed: Any) -> HostOptions:
    """Options for the change identity."""
    return options_for(
        host,
        **{
            "username": CHANGE_USER,
            "password": ACCOUNTS[CHANGE_USER],
            "configuration_name": "RootVerChange",
            **changed,
        },
    )


BASIC: dict[str, Any] = {"auth": "basic", "encryption": "never"}


def actions(host: Endpoint) -> list[str]:
    """The WSMan actions of all HTTP exchanges so far, `Logon` for a leg of authentication."""
    return [exchange.action for exchange in host.exchanges]


def hurry(remote: PsrpRemote, seconds: float) -> None:
    """Log on, open a shell and send the module, all in good time; what follows has `seconds`.

    A logon under load may take longer than a test can wait for a deadline.
    """
    remote.query("mgmt1", FACTS)
    remote._hosts["mgmt1"] = replace(remote._hosts["mgmt1"], deadline_seconds=seconds)


def eventually(condition: Callable[[], object], seconds: float = 30) -> bool:
    """Wait, at most `seconds`, until something holds that happens in the background."""
    end, never = time.monotonic() + seconds, threading.Event()
    while not condition() and time.monotonic() < end:
        never.wait(0.01)
    return bool(condition())
