"""Settings of a bot between a practice workspace and a practice host, for tests that start from settings."""

from __future__ import annotations

from pathlib import Path

from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, QUERY_USER, Endpoint
from bot.lab.workspace.web.server import WorkspaceServer

APPROVAL = 'approvers = ["U07BOB00000"]\napprover_groups = ["S07EXADMINS"]'
CHANGE = f"""[hosts.mgmt1.change]
username = '{CHANGE_USER}'
configuration_name = "RootVerChange"
"""
FILE = """
[slack]
audit_channel = "C07AUDIT000"
[approval]
{approval}
[hosts.mgmt1]
server = "127.0.0.1"
port = {port}
ssl = false
auth = "ntlm"
username = '{query}'
deadline_seconds = 20
{change}
[clusters.EXCH-CL1]
host = "mgmt1"
nodes = ["exch-node1", "exch-node2"]
"""


def write(folder: Path, host: Endpoint, *, approval: str = APPROVAL, change: str = CHANGE) -> Path:
    """Write the settings file; returns where it is."""
    file = folder / "rootver.toml"
    file.write_text(FILE.format(approval=approval, port=host.port, query=QUERY_USER, change=change))
    return file


def environment(server: WorkspaceServer) -> dict[str, str]:
    """The variables: tokens, Slack's address, passwords."""
    return {
        "SLACK_BOT_TOKEN": server.workspace.bot_token,
        "SLACK_APP_TOKEN": server.workspace.app_token,
        "SLACK_API_URL": server.api_url,
        "ROOTVER_HOSTS__MGMT1__PASSWORD": ACCOUNTS[QUERY_USER],
        "ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD": ACCOUNTS[CHANGE_USER],
    }
