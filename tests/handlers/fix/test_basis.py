"""What a fix is bound to, read out of a stored backup."""

from __future__ import annotations

from bot.lab.cluster.node import ASPNET_KEY
from bot.lab.host.commands import answer
from handlers.fix import basis
from tests.handlers.fix.night import Night


def backup(night: Night) -> bytes:
    return answer(night.remote.cluster, "Backup-AspNetKey", {"ComputerName": "EXCH-NODE2"}).encode()


def test_root_ver_is_found_among_the_other_values_of_its_key(night: Night) -> None:
    """By its name, in any case; the others are not looked at."""
    key = night.remote.cluster.owner().registry.create(ASPNET_KEY)
    key.values = {}
    key.set("Another", "REG_SZ", "1.1.4322.0")
    assert basis.root_ver_of_backup(backup(night)) == basis.ABSENT_READING
    key.set("rootVER", "REG_MULTI_SZ", ["0.0.0.0"])
    found = {"is": "value", "value": {"kind": "REG_MULTI_SZ", "data": ["0.0.0.0"]}}
    assert basis.root_ver_of_backup(backup(night)) == found
