"""A Kerberos realm of its own on loopback: MIT's KDC, as whoever runs the test, beside whatever is set up."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

REALM = "CORP.EXAMPLE"
HOST = "mgmt1.corp.example"
"""The management host's name in the realm; the practice host listens on loopback."""

_FOLDERS = os.pathsep.join(
    (os.environ.get("PATH", ""), "/usr/sbin", "/sbin")
)  # an ordinary user's PATH lacks these
_CONFIG = """\
[libdefaults]
default_realm = {realm}
dns_lookup_realm = false
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
  default_principal_flags = +preauth
}}
[domain_realm]
.corp.example = {realm}
[logging]
kdc = FILE:{folder}/kdc.log
"""


def missing() -> str | None:
    """What is not here of what a realm takes; None: all is."""
    programs = [name for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit") if not _program(name)]
    packages = [name for name in ("gssapi", "krb5") if find_spec(name) is None]
    return ", ".join([*programs, *packages]) or None


class Realm:
    """A running KDC with the management host's key in `keytab`. `environment`: what leads to it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.keytab, self._tickets, config = folder / "keytab", folder / "tickets", folder / "krb5.conf"
        config.write_text(_CONFIG.format(realm=REALM, folder=folder, port=port))
        self.environment = {
            "KRB5_CONFIG": str(config),
            "KRB5_KDC_PROFILE": str(config),
            "KRB5_KTNAME": f"FILE:{self.keytab}",
            "KRB5CCNAME": f"FILE:{self._tickets}",
            "KRB5RCACHEDIR": str(folder),
        }
        self.run("kdb5_util", "create", "-s", "-P", "practice")
        self._administer(f"addprinc -randkey host/{HOST}", f"ktadd -k {self.keytab} host/{HOST}")

    def add(self, user: str, password: str) -> None:
        """Give the realm an account."""
        self._administer(f"addprinc -pw {password} {user}")

    def change(self, user: str, how: str) -> None:
        """Change an account, in the words of kadmin's modprinc."""
        self._administer(f"modprinc {how} {user}")

    def ticket(self, user: str, password: str, *options: str) -> None:
        """Put that account's ticket where the bot's own account has its tickets."""
        self.run("kinit", *options, f"{user}@{REALM}", put_in=f"{password}\n")

    def no_ticket(self) -> None:
        """Take it away."""
        self._tickets.unlink(missing_ok=True)

    def refused(self, user: str) -> int:
        """How many wrong passwords the KDC has counted towards the account's lock-out."""
        told = self._administer(f"getprinc {user}")
        found = re.search(r"Failed password attempts: (\d+)", told)
        assert found, told
        return int(found[1])

    def _administer(self, *queries: str) -> str:
        return "".join(self.run("kadmin.local", "-q", query) for query in queries)

    def run(self, name: str, *arguments: str, put_in: str = "") -> str:
        program = _program(name)
        assert program
        ran = subprocess.run(
            [program, *arguments], env={**os.environ, **self.environment}, input=put_in, text=True,
            capture_output=True, check=True,
        )  # fmt: skip
        return ran.stdout


@contextmanager
def realm(folder: Path) -> Iterator[Realm]:
    """Run a KDC in that folder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Realm(folder, port)
    kdc = subprocess.Popen(
        [_program("krb5kdc") or "", "-n"],
        env={**os.environ, **made.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(kdc, port)
        yield made
    finally:
        kdc.terminate()
        kdc.wait()


def _wait(kdc: subprocess.Popen[bytes], port: int) -> None:
    while True:
        assert kdc.poll() is None, "the KDC did not start"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)


def _program(name: str) -> str | None:
    return shutil.which(name, path=_FOLDERS)
