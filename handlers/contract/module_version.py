"""Which version of the host's module tells what (docs/wire-contract.md, section 6).

With inline delivery the module is the bot's own; an endpoint has the one that was installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

NEWEST = (1, 2)  # major and minor version of the module that comes with the bot

# What an older module lacks that a version added, in a person's words.
_ADDED: Mapping[tuple[int, int], str] = {
    (1, 1): "it does not tell the accounts of services, the nodes of the cluster, owners where Exchange's own"
    " class does not answer, whether a resource is kept offline, and events of a log whose oldest record does"
    " not answer",
    (1, 2): "on an endpoint it puts back any value, and not only what the host's journal says was there",
}


def lacking(version: str) -> tuple[str, ...]:
    """What a module of that version ("1.0.0") lacks; nothing for the newest, or a newer one."""
    told = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return tuple(words for added, words in sorted(_ADDED.items()) if told < added)


def older_module(version: str) -> str | None:
    """What is said of an older module: what it lacks, and what to do; None for one that lacks nothing."""
    missing = lacking(version)
    if not missing:
        return None
    newest = ".".join(map(str, NEWEST))
    return (
        f"Module {version} is older than the bot's own, {newest}: {'; '.join(missing)}. Install it anew with"
        " Register-RootVerEndpoint.ps1."
    )
