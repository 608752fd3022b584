from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.reg_file import backup_file, reg_file

KEY = "HKLM\\SOFTWARE\\Microsoft\\ASP.NET"


def backup(*values: tuple[str, str, Any], keys: Any = ()) -> bytes:
    """A stored answer of Backup-AspNetKey."""
    tree = {"values": [{"name": n, "kind": k, "data": d} for n, k, d in values], "keys": list(keys)}
    return json.dumps({"schema": 1, "computer": "EXCH-NODE2", "key": KEY, "tree": tree}).encode()


def lines(content: bytes) -> list[str]:
    """The file as regedit reads it."""
    assert content.startswith(b"\xff\xfe")
    return content.decode("utf-16").split("\r\n")


def test_a_backup_reads_as_regedit_wrote_it() -> None:
    """Every registry kind in the form of version 5.00."""
    content = reg_file(backup(
        ("RootVer", "REG_SZ", "0.0.0.0"),
        ("", "REG_SZ", 'C:\\a "b"'),
        ("n", "REG_DWORD", 258),
        ("q", "REG_QWORD", 1),
        ("b", "REG_BINARY", "00ff"),
        ("none", "REG_NONE", ""),
        ("e", "REG_EXPAND_SZ", "%a%"),
        ("m", "REG_MULTI_SZ", ["a", "b"]),
        keys=[{"name": "1.1.4322.0", "values": [], "keys": []}],
    ))  # fmt: skip
    assert lines(content) == [
        "Windows Registry Editor Version 5.00",
        "",
        "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\ASP.NET]",
        '"RootVer"="0.0.0.0"',
        '@="C:\\\\a \\"b\\""',
        '"n"=dword:00000102',
        '"q"=hex(b):01,00,00,00,00,00,00,00',
        '"b"=hex:00,ff',
        '"none"=hex(0):',
        '"e"=hex(2):25,00,61,00,25,00,00,00',
        '"m"=hex(7):61,00,00,00,62,00,00,00,00,00',
        "",
        "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\ASP.NET\\1.1.4322.0]",
        "",
        "",
    ]


def test_a_text_that_no_line_can_hold_is_written_as_bytes() -> None:
    """A line break in quotes would end the line."""
    assert '"x"=hex(1):61,00,0a,00,00,00' in lines(reg_file(backup(("x", "REG_SZ", "a\n"))))


@pytest.mark.parametrize("hidden", ["\u034f", "\u3164", "\u2800", "\u00a0"])
def test_a_text_in_which_something_hides_is_written_as_bytes(hidden: str) -> None:
    """Whoever reads the file before they use it sees that the value is another one."""
    low, high = hidden.encode("utf-16-le")
    assert f'"x"=hex(1):61,00,{low:02x},{high:02x},00,00' in lines(
        reg_file(backup(("x", "REG_SZ", f"a{hidden}")))
    )
    assert '"x"="größe"' in lines(reg_file(backup(("x", "REG_SZ", "größe"))))


@pytest.mark.parametrize("name", ['a\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Evil]\n"x', "\r", "\0", "\u2028"])
def test_a_name_that_would_smuggle_in_a_key_makes_no_reg_file(name: str) -> None:
    """Somebody may import the file: what it cannot say is attached as JSON instead."""
    for stored in (backup((name, "REG_SZ", "")), backup(keys=[{"name": name, "values": [], "keys": []}])):
        with pytest.raises(ValueError, match="control character"):
            reg_file(stored)
        file = backup_file("FIX-12", stored)
        assert (file.name, file.content) == ("FIX-12-backup.json", stored)


@pytest.mark.parametrize(
    "stored", [b"", b"[]", b"{}", b'{"key": 1, "tree": {}}', backup(("x", "REG_ODD", "y"))]
)
def test_a_text_that_is_not_a_backup_is_attached_as_it_is(stored: bytes) -> None:
    """Never an exception in the middle of telling that a fix was applied."""
    assert backup_file("FIX-12", stored).content == stored


def test_a_backup_is_named_after_its_fix() -> None:
    """Several may lie in one download folder."""
    assert backup_file("FIX-12", backup(("RootVer", "REG_SZ", "0.0.0.0"))).name == "FIX-12-backup.reg"


@given(st.text(), st.text())
@settings(deadline=None)
def test_no_data_adds_a_line(name: str, data: str) -> None:
    """One value is one line, whatever it holds."""
    file = backup_file("FIX-12", backup((name, "REG_SZ", data)))
    if file.name.endswith(".reg"):
        assert len(file.content[2:].decode("utf-16-le", "surrogatepass").splitlines()) == 5
