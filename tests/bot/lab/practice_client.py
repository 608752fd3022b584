"""An unmodified pypsrp, pointed at a practice endpoint."""

import json
from typing import Any

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER, Endpoint
from bot.lab.host.shell import COMMANDS

MODULE_TEXT = "\n".join(f"function {name} {{ [CmdletBinding()] param() }}" for name in COMMANDS)
"""What stands for the module's text: it defines the five commands."""
ZERO = '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'
"""The reading that a change of the outage expects, as a client sends it."""


class Refused(Exception):
    """The pipeline failed: its error records, as text, and their ids."""

    def __init__(self, errors: list[Any]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.ids = [error.fq_error for error in errors]


def wsman(endpoint: Endpoint, auth: str = "basic", user: str = QUERY_USER, **options: Any) -> WSMan:
    """Return a connection: Basic without sealed messages, or `ntlm` or `negotiate` with them."""
    settings: dict[str, Any] = {
        "port": endpoint.port,
        "ssl": False,
        "auth": auth,
        "username": user,
        "password": ACCOUNTS[user],
        "encryption": "never" if auth == "basic" else "auto",
        **options,
    }
    return WSMan("127.0.0.1", **settings)


def open_pool(connection: WSMan, configuration: str = "Microsoft.PowerShell") -> RunspacePool:
    """Open a runspace pool of that configuration."""
    pool = RunspacePool(connection, configuration_name=configuration)
    pool.open()
    return pool


def prepare(
    pool: RunspacePool, command: str, parameters: dict[str, Any], *, send: bool = False
) -> PowerShell:
    """Return a pipeline: with `send`, the module's text and then the command; else the command alone."""
    pipeline = PowerShell(pool)
    if send:
        pipeline.add_script(MODULE_TEXT)
        pipeline.add_statement()
    pipeline.add_cmdlet(command)
    pipeline.add_parameters(parameters)
    return pipeline


def run(pool: RunspacePool, command: str, *, send: bool = False, **parameters: Any) -> dict[str, Any]:
    """Run a command on EXCH-NODE2 and return its answer. Raises Refused if the pipeline does not complete."""
    pipeline = prepare(pool, command, {"ComputerName": "exch-node2", **parameters}, send=send)
    output = pipeline.invoke()
    if pipeline.state != PSInvocationState.COMPLETED:
        raise Refused(pipeline.streams.error)
    (text,) = output
    result = json.loads(text)
    assert isinstance(result, dict)
    return result


def actions(endpoint: Endpoint) -> list[str]:
    """The kinds of the requests that the endpoint got, in order."""
    return [exchange.action for exchange in endpoint.exchanges]
