"""Slack's own packages for Node against the practice workspace: it suits not only those for Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace

SESSION = Path(__file__).with_name("node_session.cjs")
PACKAGES = ("@slack/web-api@7", "@slack/socket-mode@2")
PATIENCE = 120.0


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The folder that has them; skipped where Node, npm or the registry is not there."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("Node and npm are not installed")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    try:
        installed = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer")
    if installed.returncode != 0:
        pytest.skip(f"npm has no Slack packages: {installed.stderr[-200:]}")
    return tmp_path


@pytest.mark.timeout(300)
def test_a_session_of_the_public_node_packages(
    packages: Path, workspace: Workspace, server: WorkspaceServer
) -> None:
    """Connect, acknowledge, answer, edit, react, upload; Markdown, and a file as a form of several parts."""
    session = shutil.copy(SESSION, packages)
    environ = {
        **os.environ,
        "API_URL": server.api_url,
        "BOT_TOKEN": workspace.bot_token,
        "APP_TOKEN": workspace.app_token,
    }
    running = subprocess.Popen(["node", session], env=environ, stderr=subprocess.PIPE, text=True)
    try:
        workspace.wait_for(lambda: server.sockets.connected, PATIENCE)
        ts = workspace.say("alice", "#exchange-oncall", "@rootver help")
        _, err = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
    assert running.returncode == 0, err
    plain, markdown, upload = workspace.messages("#exchange-oncall", ts)[1:]
    assert plain.text == "heard alice"
    assert markdown.blocks[0]["type"] == "markdown"
    assert markdown.blocks[0]["text"] == "**other** words"
    assert upload.files[0].data == bytes([13, 10, 0, 255, 45, 45])
    assert workspace.message("#exchange-oncall", ts).reactions == {"eyes": [workspace.bot_user]}
    assert server.sockets.deliveries[0].outcome == "acked"
