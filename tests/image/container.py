"""The stage with the bot in a container, as compose.yaml and docs/kubernetes.yaml run it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from tests.image.engine import Engine
from tests.scenarios.stage import Stage

ROOT = Path(__file__).parents[2]
USER = 10001
SECRETS = {
    "slack_bot_token": "SLACK_BOT_TOKEN",
    "slack_app_token": "SLACK_APP_TOKEN",
    "mgmt1": "ROOTVER_HOSTS__MGMT1__PASSWORD",
    "mgmt1_change": "ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD",
}
"""File → the variable of the stage that has its content."""


class ContainerStage(Stage):
    """A scenario whose bot runs in a container. `ways`: how it is run there, of `compose` or `kubernetes`."""

    def __init__(self, folder: Path, docker: Engine, image: str, example: str) -> None:
        super().__init__(folder)
        self.docker = docker
        self.name = f"rootver-{uuid4().hex[:12]}"
        self._image, self._example = image, example

    def start(self) -> None:
        """Start it; returns once it is connected."""
        options = {"compose": self._compose, "kubernetes": self._kubernetes}[self._example]()
        # The practice Slack and host are on this machine's loopback. The image's own check, but at once.
        options += ["--env", f"SLACK_API_URL={self._environment()['SLACK_API_URL']}"]
        options += ["--network", "host", "--health-interval", "1s", "--health-start-period", "0s"]
        self.docker.told("run", "--detach", "--name", self.name, *options, self._image)
        self.wait(lambda: self.server.sockets.connected > 0 or not self.alive)
        assert self.alive, self.log()

    def stop(self) -> None:
        """Whatever became of it, nothing of it is left."""
        self.docker.told("rm", "--force", "--volumes", self.name)
        for volume in self.docker.told("volume", "ls", "--quiet", "--filter", f"name={self.name}").split():
            self.docker.told("volume", "rm", volume)

    def terminate(self) -> int:
        """As an engine or Kubernetes ends it: SIGTERM, and SIGKILL if that is not enough. The exit code."""
        self.docker.told("stop", "--time", "30", self.name)
        return int(self.about("{{.State.ExitCode}}"))

    @property
    def alive(self) -> bool:
        return self.about("{{.State.Running}}") == "true"

    def about(self, template: str) -> str:
        return self.docker.told("inspect", "--format", template, self.name)

    def log(self) -> str:
        done = self.docker.docker("logs", self.name)
        return done.stdout + done.stderr

    # --- how it is run ---

    def _compose(self) -> list[str]:
        """What `docker compose` makes of compose.yaml, and its files as docs/operating.md says."""
        service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["rootver"]
        self._write(self.folder / "rootver.toml", self._settings(), USER, 0o400)
        options = ["--read-only"] * service["read_only"]
        options += _each("--tmpfs", service["tmpfs"]) + _each("--cap-drop", service["cap_drop"])
        options += _each("--security-opt", service["security_opt"])
        options += _each("--env", (f"{name}={value}" for name, value in service["environment"].items()))
        for secret in service["secrets"]:
            file = self._write(self.folder / secret, self._environment()[SECRETS[secret]], USER, 0o400)
            options += ["--volume", f"{file}:/run/secrets/{secret}:ro"]
        for volume in service["volumes"]:
            here = f"{self.folder}/{volume[2:]}" if volume.startswith("./") else f"{self.name}-{volume}"
            options += ["--volume", here]
        return options

    def _kubernetes(self) -> list[str]:
        """What a kubelet makes of the Deployment: its volumes belong to root and to the group `fsGroup`."""
        parts = yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text())
        pod = next(one for one in parts if one["kind"] == "Deployment")["spec"]["template"]["spec"]
        container, security = pod["containers"][0], pod["securityContext"]
        own = container["securityContext"]
        options = ["--read-only"] * own["readOnlyRootFilesystem"]
        options += ["--security-opt", "no-new-privileges:true"] * (not own["allowPrivilegeEscalation"])
        options += _each("--cap-drop", own["capabilities"]["drop"])
        options += ["--user", f"{security['runAsUser']}:{security['runAsGroup']}"]
        options += ["--group-add", str(security["fsGroup"])]
        options += _each("--env", (f"{one['name']}={one['value']}" for one in container["env"]))
        volumes = {one["name"]: one for one in pod["volumes"]}
        for mount in container["volumeMounts"]:
            folder = self._volume(volumes[mount["name"]], security["fsGroup"])
            options += ["--volume", f"{folder}:{mount['mountPath']}{':ro' * mount.get('readOnly', False)}"]
        return options

    def _volume(self, volume: Mapping[str, Any], group: int) -> Path:
        """Files of a secret or a config map are links into a folder that is exchanged as a whole."""
        folder = self.folder / str(volume["name"])
        folder.mkdir()
        os.chown(folder, 0, group)
        folder.chmod(0o2775)
        contents = {}
        if "configMap" in volume:
            contents = {"rootver.toml": (self._settings(), 0o644)}
        if "secret" in volume:
            mode = volume["secret"]["defaultMode"]
            contents = {file: (self._environment()[name], mode) for file, name in SECRETS.items()}
        for name, (text, mode) in contents.items():
            (folder / "..2026").mkdir(exist_ok=True)
            self._write(folder / "..2026" / name, text, 0, mode, group)
            (folder / name).symlink_to(f"..data/{name}")
        if contents:
            (folder / "..data").symlink_to("..2026")
        return folder

    @staticmethod
    def _write(file: Path, text: str, owner: int, mode: int, group: int = -1) -> Path:
        file.write_text(text)
        os.chown(file, owner, group)
        file.chmod(mode)
        return file


def _each(option: str, values: Iterator[str] | list[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
