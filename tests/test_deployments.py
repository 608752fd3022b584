"""The examples for containers, by Kubernetes' own schemas; their commands and variables are tried."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.command_line import main
from bot.settings.loading import load

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICE: dict[str, Any] = COMPOSE["services"]["rootver"]
KUBERNETES: list[dict[str, Any]] = [*yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text())]
DEPLOYMENT = next(one["spec"] for one in KUBERNETES if one["kind"] == "Deployment")
POD: dict[str, Any] = DEPLOYMENT["template"]["spec"]
CONTAINER: dict[str, Any] = POD["containers"][0]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
USER = 10001

SETTINGS = """
[approval]
approvers = ["U012AB3CD"]
[hosts.mgmt1]
server = "mgmt1.corp.example"
username = 'CORP\\rootver'
[hosts.mgmt1.change]
username = 'CORP\\rootver-fix'
password_file = "secrets/mgmt1_change"
[clusters.EXCH-CL1]
host = "mgmt1"
nodes = ["exch-node1", "exch-node2"]
"""


@pytest.mark.parametrize("number", range(len(KUBERNETES)))
def test_kubernetes_takes_each_part(number: int) -> None:
    """By its own schemas, without a field that they do not know."""
    kubernetes_validate.validate(KUBERNETES[number], kubernetes_validate.latest_version(), strict=True)


def test_one_bot_at_a_time_runs_and_has_time_to_end() -> None:
    """The second of two would be refused the database, and Slack would give each event to one of them."""
    assert (DEPLOYMENT["replicas"], DEPLOYMENT["strategy"]["type"]) == (1, "Recreate")
    assert POD["terminationGracePeriodSeconds"] >= 30
    assert SERVICE["stop_grace_period"] == "30s"


def test_it_runs_as_the_account_of_the_image_and_writes_only_where_it_must() -> None:
    """Nothing is left of root."""
    assert re.search(rf"(?m)^USER {USER}:{USER}$", DOCKERFILE)
    pod = POD["securityContext"]
    assert (pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]) == (USER, USER, USER)
    assert pod["runAsNonRoot"]
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]
    assert CONTAINER["securityContext"]["capabilities"]["drop"] == SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["read_only"]


def test_only_a_bot_that_hangs_is_restarted() -> None:
    """A full disk, or a Slack that is away, is not mended by that."""
    for probe in ("startupProbe", "livenessProbe"):
        assert CONTAINER[probe]["exec"]["command"] == ["rootver", "health", "--live"]
    assert CONTAINER["readinessProbe"]["exec"]["command"] == ["rootver", "health"]
    assert 'CMD ["rootver", "health", "--live"]' in DOCKERFILE
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        words = CONTAINER[probe]["exec"]["command"][1:]
        with main.rootver.make_context("rootver", [*words]) as context:
            name, command, rest = main.rootver.resolve_command(context, [*words])
            assert command is not None
            command.make_context(name, rest, parent=context).close()


def test_what_is_mounted_is_there_and_used() -> None:
    """A name that was misspelt would be an empty folder."""
    mounted = {one["name"] for one in CONTAINER["volumeMounts"]}
    assert mounted == {one["name"] for one in POD["volumes"]}
    claims = {one["metadata"]["name"] for one in KUBERNETES if one["kind"] == "PersistentVolumeClaim"}
    claimed = [one["persistentVolumeClaim"] for one in POD["volumes"] if "persistentVolumeClaim" in one]
    assert claims == {one["claimName"] for one in claimed}
    assert set(SERVICE["secrets"]) == set(COMPOSE["secrets"])
    volumes = {one.split(":")[0] for one in SERVICE["volumes"] if not one.startswith((".", "/"))}
    assert volumes == set(COMPOSE["volumes"])
    for folder in ("/data", "/key"):  # a new volume takes its owner from the image
        assert folder in re.findall(r"install -d -o 10001 -g 10001 -m 0700 (.*)", DOCKERFILE)[0].split()


@pytest.mark.parametrize(
    "environ",
    [SERVICE["environment"], {one["name"]: one["value"] for one in CONTAINER["env"]}],
    ids=["compose", "kubernetes"],
)
def test_the_bot_understands_its_variables(tmp_path: Path, environ: Mapping[str, str]) -> None:
    """With the secrets where the files are, it would start."""
    secrets = {
        "slack_bot_token": "xoxb-1",
        "slack_app_token": "xapp-1",
        "mgmt1": "ask",
        "mgmt1_change": "fix",
    }
    given = dict(environ)
    for name, path in environ.items():
        if name.endswith("_FILE"):
            given[name] = str(tmp_path / Path(path).name)
            Path(given[name]).write_text(secrets[Path(path).name])
    given.pop("ROOTVER_CONFIG", None)
    (tmp_path / "rootver.toml").write_text(SETTINGS)
    settings = load(tmp_path / "rootver.toml", given)
    assert settings.tokens().bot == "xoxb-1"
    host = settings.hosts()["mgmt1"]
    assert (host.password, host.change and host.change.password) == ("ask", "fix")
    assert settings.signing_key == Path("/key/anchor.key")
    assert len(settings.secret_files) == 4


def test_the_labels_of_the_image_say_what_it_is() -> None:
    """In the names of the Open Container Initiative; the version is that of the package."""
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]+)"', DOCKERFILE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert labels["version"] == project["version"]
    assert (labels["title"], labels["licenses"]) == (project["name"], project["license"])
    base = re.findall(r"(?m)^FROM (\S+)$", DOCKERFILE)[-1]
    assert labels["base.name"] == f"docker.io/library/{base}"
