"""The ASP.NET key of a practice node as lines of text, so that before and after can be laid side by side."""

from __future__ import annotations

from collections.abc import Iterator

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.registry import Key, RegistryData


def aspnet_lines(node: Node) -> Iterator[str]:
    """Yield the key with all that is in it, one line for each key and value; nothing if it is missing."""
    key = node.registry.find(ASPNET_KEY)
    if key is not None:
        yield "HKLM\\" + ASPNET_KEY
        yield from _inside(key, "  ")


def _inside(key: Key, indent: str) -> Iterator[str]:
    for name, value in sorted(key.values.items()):
        yield f"{indent}{name or '(default)'}  {value.kind}  {as_text(value.data)}"
    for name, inner in sorted(key.keys.items()):
        yield f"{indent}{name}\\"
        yield from _inside(inner, indent + "  ")


def as_text(data: RegistryData) -> str:
    """What a value holds, for a person to read."""
    if isinstance(data, bytes):
        return data.hex(" ") or "(empty)"
    return ", ".join(data) if isinstance(data, list) else str(data)
