"""A Docker engine: the one that answers, or one of our own for the length of the tests.

Our own is Debian's (docker.io), run by root in a mount and a process namespace: all that it keeps is in
memory, and all that it started ends with it. It reaches no registry, so Debian stands in for the base image.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

BASE = "python:3.13-slim"  # what the Dockerfile begins with
PATIENCE = 60.0  # seconds for an engine to answer

# A test run that is killed takes them with it.
_NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--mount-proc"]
_NAMESPACES += ["--pid", "--fork", "--kill-child"]

# An engine writes into /etc and /run: here into memory, laid over them. $1: a folder, $2: its cgroup's name.
_DAEMON = """
mount -t tmpfs -o mode=0755 tmpfs "$1/engine"
cd "$1/engine"
for each in etc run; do
    mkdir -p "$each/upper" "$each/work"
    mount -t overlay overlay -o "lowerdir=/$each,upperdir=$each/upper,workdir=$each/work" "/$each"
done
exec dockerd --host "unix://$1/docker.sock" --data-root "$PWD/data" --exec-root "$PWD/exec" \
    --pidfile "$PWD/pid" --cgroup-parent "/$2" --bridge none --iptables=false --ip6tables=false
"""

# Debian 13's Python is 3.13. With headers and pip, which may install what it likes, as in Docker Hub's image;
# and with the certificates that this machine trusts. $1: a folder.
_STAND_IN = """
mount -t tmpfs tmpfs "$1"
TMPDIR=$1 exec mmdebstrap --quiet --variant=minbase \
    --include=ca-certificates,python3-dev,python3-pip,python3-venv \
    --customize-hook='rm "$1"/usr/lib/python3*/EXTERNALLY-MANAGED' \
    --customize-hook='ln -s python3 "$1/usr/bin/python"' \
    --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs' trixie -
"""

# The way to Python's packages that this machine is set up for. `.ci/run` passes it on, and more: folders and
# files of this machine, which are not in a container.
_WAY = re.compile(
    "PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|PROXY|DEFAULT_TIMEOUT)|(http|https|all|no)_proxy",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Engine:
    """Where it listens (None: where `docker` looks by itself), and what a build needs to reach packages."""

    host: str | None = None
    build_options: tuple[str, ...] = ()

    def docker(self, *words: str, given: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
        """`docker WORDS`, with what it reads: what it printed, and its exit code."""
        environ = {**os.environ, **({"DOCKER_HOST": self.host} if self.host else {})}
        return subprocess.run(
            ["docker", *words], stdin=given or subprocess.DEVNULL, env=environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def told(self, *words: str, given: IO[bytes] | None = None) -> str:
        """What it printed, where it must not fail."""
        done = self.docker(*words, given=given)
        assert done.returncode == 0, f"docker {' '.join(words)}: {(done.stdout + done.stderr)[-4000:]}"
        return done.stdout.strip()

    @property
    def answers(self) -> bool:
        """Whether there is one."""
        return shutil.which("docker") is not None and self.docker("version").returncode == 0


def missing() -> str | None:
    """Why no image can be built here; None: it can be."""
    if Engine().answers:
        return None
    if os.geteuid() != 0:
        return "no Docker engine answers, and only root can start one"
    programs = [name for name in ("docker", "dockerd", "mmdebstrap", "unshare") if not shutil.which(name)]
    if programs:
        return f"no Docker engine answers; to start one there is no {', '.join(programs)}"
    tried = subprocess.run([*_NAMESPACES, "true"], capture_output=True, text=True, check=False)
    return f"no Docker engine answers, and none can be started: {tried.stderr}" if tried.returncode else None


@contextmanager
def engine() -> Iterator[Engine]:
    """The engine that answers, or one of our own until the end."""
    if Engine().answers:
        yield Engine()
        return
    with TemporaryDirectory(prefix="rootver-engine-") as folder, _own(Path(folder)) as ours:
        _stand_in(Path(folder), ours)
        yield ours


@contextmanager
def _own(folder: Path) -> Iterator[Engine]:
    (folder / "engine").mkdir()
    words = [*_NAMESPACES, "sh", "-ec", _DAEMON, "sh", str(folder), folder.name]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        ours = Engine(f"unix://{folder}/docker.sock", ("--network", "host"))
        patience = time.monotonic() + PATIENCE
        while not ours.answers:
            if process.poll() is not None or time.monotonic() > patience:
                raise RuntimeError(f"dockerd does not answer: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield ours
    finally:
        # The first process of the namespace: when `unshare` sees its end, all others have ended.
        for first in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(first), signal.SIGKILL)
        process.wait()
        for group in Path("/sys/fs/cgroup").glob(f"**/{folder.name}"):
            for left in sorted((group, *filter(Path.is_dir, group.rglob("*"))), reverse=True):
                left.rmdir()


def _stand_in(folder: Path, ours: Engine) -> None:
    (folder / "base").mkdir()
    way = [f"ENV {name}={value}" for name, value in os.environ.items() if _WAY.fullmatch(name)]
    fast = "ENV CFLAGS=-O0"  # what is built from source is tried, not used
    changes = [word for one in (*way, fast) for word in ("--change", one)]
    words = ["unshare", "--mount", "sh", "-ec", _STAND_IN, "sh", str(folder / "base")]
    with (folder / "debian").open("w+") as log:
        debian = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        with debian:
            ours.told("import", *changes, "-", BASE, given=debian.stdout)
        log.seek(0)
        assert debian.returncode == 0, f"mmdebstrap: {log.read()[-2000:]}"
