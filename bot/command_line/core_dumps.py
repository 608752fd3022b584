"""No core dumps: a picture of this process's memory holds tokens and passwords."""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid() -> None:
    """Write none, and hand none to a program: one that `core_pattern` names gets it whatever the limit says.

    (Linux, man 5 core, man 2 prctl. It also keeps other processes of this account from reading our memory.)
    Elsewhere the limit alone counts.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
