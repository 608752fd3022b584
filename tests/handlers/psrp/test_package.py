"""What the package brings along, and what it leaves for later."""

from __future__ import annotations

import subprocess
import sys

from bot.lab.host.endpoint import Endpoint
from bot.lab.host.shell import COMMANDS
from handlers.ports import Remote
from handlers.psrp.remote import PsrpRemote, module_text
from tests.handlers.psrp.practice_host import FACTS, options_for


def test_importing_the_remote_imports_no_transport() -> None:
    """pypsrp and requests cost 0.2 s: the first command pays, not every start."""
    heavy = "pypsrp", "requests", "spnego"
    code = f"import sys, handlers.psrp.remote; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_remote_that_is_warmed_up_loads_it_before_anybody_asks() -> None:
    """In the background: whoever asks first would wait for it."""
    code = (
        "import sys; from handlers.psrp.remote import PsrpRemote as Remote\n"
        "remote = Remote({}); remote.warm_up(); remote._disposal.shutdown(); print('pypsrp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_the_module_of_the_package_is_what_is_sent(host: Endpoint) -> None:
    """Its text defines the five commands, and is sent as it lies there."""
    text = module_text()
    assert all(f"function {name}" in text for name in COMMANDS)
    remote: Remote = PsrpRemote({"mgmt1": options_for(host)})
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert isinstance(remote, PsrpRemote)
    remote.close()
