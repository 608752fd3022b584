"""A stored backup of the ASP.NET key as a .reg file, which regedit imports.

Format: "Windows Registry Editor Version 5.00", UTF-16 with a byte order mark, `hex(…)` for what is neither a
string nor a DWORD (support.microsoft.com/kb/310516; Windows 2000 reads it).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack.post import Attachment
from handlers.spelling import spelt_out

_ROOTS = {"HKLM": "HKEY_LOCAL_MACHINE"}
# winnt.h: the numbers of the registry kinds.
_NUMBERS = {
    "REG_NONE": 0, "REG_SZ": 1, "REG_EXPAND_SZ": 2, "REG_BINARY": 3, "REG_DWORD": 4, "REG_MULTI_SZ": 7,
    "REG_QWORD": 11,
}  # fmt: skip


def backup_file(fix_id: str, backup: bytes) -> Attachment:
    """The backup of a fix to attach: a .reg file, or the stored JSON where no .reg file can say it."""
    title = f"Backup of {fix_id}: the whole ASP.NET key before the change"
    try:
        return Attachment(f"{fix_id}-backup.reg", title, reg_file(backup))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Attachment(f"{fix_id}-backup.json", title, backup)


def reg_file(backup: bytes) -> bytes:
    """The file for a stored answer of `Backup-AspNetKey` (docs/wire-contract.md, section 9).

    Importing it puts values back; it removes none that were added since. Raises `ValueError`, `KeyError` or
    `TypeError` for a text that is not a backup or cannot be said: a line break in a name could smuggle in
    another key.
    """
    answer = json.loads(backup)
    root, _, path = answer["key"].partition("\\")
    lines = ["Windows Registry Editor Version 5.00", ""]
    lines += _key(f"{_ROOTS[root]}\\{path}", answer["tree"])
    return b"\xff\xfe" + "\r\n".join([*lines, ""]).encode("utf-16-le", "surrogatepass")


def _key(path: str, tree: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{_one_line(path)}]"
    for value in tree["values"]:
        name = "@" if value["name"] == "" else _quoted(value["name"])
        yield f"{name}={_data(value['kind'], value['data'])}"
    yield ""
    for key in tree["keys"]:
        yield from _key(f"{path}\\{key['name']}", key)


def _data(kind: str, data: Any) -> str:
    if kind == "REG_SZ" and spelt_out(data) == data:  # else bytes, in which nothing hides
        return _quoted(data)
    if kind == "REG_DWORD":
        return f"dword:{data:08x}"
    raw = _bytes(kind, data)
    number = "" if kind == "REG_BINARY" else f"({_NUMBERS[kind]:x})"
    return f"hex{number}:" + ",".join(f"{byte:02x}" for byte in raw)


def _bytes(kind: str, data: Any) -> bytes:
    if kind in ("REG_SZ", "REG_EXPAND_SZ"):
        return _terminated(data)
    if kind == "REG_MULTI_SZ":
        return b"".join(map(_terminated, data)) + b"\0\0"
    if kind == "REG_QWORD":
        return int(data).to_bytes(8, "little")
    return bytes.fromhex(data)


def _terminated(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le", "surrogatepass")


def _quoted(text: str) -> str:
    return '"' + _one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _one_line(text: str) -> str:
    if any(character < " " or character in "\x85\u2028\u2029" for character in text):
        raise ValueError("a control character in a name")
    return text
