"""The image as it is built and run: `make image-test`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.image.conftest import COMMIT, ROOT
from tests.image.container import USER, ContainerStage
from tests.image.engine import Engine
from tests.sbom import LOCKS, locked
from tests.test_deployments import SETTINGS

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

Run = Callable[..., tuple[int, str]]
PACKAGES = """
import json, sysconfig
from importlib.metadata import distributions
here = distributions(path=[sysconfig.get_path("purelib")])
print(json.dumps({one.name: one.version for one in here}))
"""


@pytest.fixture
def run(docker: Engine, image: str) -> Run:
    """Runs the image (with another command, if there is one): its exit code, and all that it printed."""

    def run(*words: str, options: Sequence[str] = ()) -> tuple[int, str]:
        done = docker.docker("run", "--rm", "--network", "none", "--read-only", *options, image, *words)
        return done.returncode, done.stdout + done.stderr

    return run


def test_it_says_which_commit_it_is(docker: Engine, image: str, run: Run) -> None:
    """The command and the label."""
    code, told = run("rootver", "--version")
    assert (code, told.strip()) == (0, f"rootver, version {VERSION}, commit {COMMIT}")
    labels = json.loads(docker.told("inspect", "--format", "{{json .Config.Labels}}", image))
    assert labels["org.opencontainers.image.revision"] == COMMIT
    assert labels["org.opencontainers.image.version"] == VERSION


def test_without_tokens_it_ends_with_78_and_says_what_is_missing(run: Run) -> None:
    """As an engine starts it."""
    code, told = run()
    assert code == 78
    assert "SLACK_BOT_TOKEN is not set. Set it, or SLACK_BOT_TOKEN_FILE" in told


def test_it_is_not_healthy_where_no_bot_runs(run: Run) -> None:
    """With the documented code."""
    code, told = run("rootver", "health", "--live")
    assert code == 69
    assert "No bot runs here" in told


def test_it_reads_the_settings_that_are_mounted(run: Run, tmp_path: Path) -> None:
    """`config` shows them; `doctor` finds what is not there, Slack and the host, and fails."""
    settings = tmp_path / "rootver.toml"
    settings.write_text(SETTINGS)
    options = ["--volume", f"{settings}:/data/rootver.toml:ro", "--env", "SLACK_BOT_TOKEN=xoxb-1"]
    options += ["--env", "SLACK_APP_TOKEN=xapp-1", "--env", "ROOTVER_HOSTS__MGMT1__PASSWORD=secret-word"]
    options += ["--env", "ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD=secret-word"]
    code, told = run("rootver", "config", options=options)
    assert code == 0, told
    assert "mgmt1.corp.example" in told
    assert "secret-word" not in told
    code, told = run("rootver", "doctor", options=options)
    assert code == 1, told
    assert "mgmt1" in told


def test_its_account_is_10001_and_owns_nothing_but_its_data(run: Run) -> None:
    """A new volume takes owner and mode from the image; the program is not the account's to change."""
    assert run("id", "-u") == (0, f"{USER}\n")
    assert run("stat", "-c", "%u:%g %a %n", "/data", "/key") == (
        0,
        f"{USER}:{USER} 700 /data\n{USER}:{USER} 700 /key\n",
    )
    assert run("find", "/app", "/usr", "-writable", "-not", "-type", "l") == (0, "")


def test_kerberos_is_there(run: Run) -> None:
    """Built from source in the first stage, with the library of the second."""
    assert run("python", "-c", "import gssapi, krb5; gssapi.Credentials") == (0, "")


def test_what_is_installed_is_what_the_sbom_says(run: Run) -> None:
    """And the program itself."""
    code, told = run("python", "-c", PACKAGES)
    assert code == 0, told
    installed = {canonicalize_name(name): version for name, version in json.loads(told).items()}
    assert installed.pop(canonicalize_name("rootver-bot")) == VERSION
    assert installed == {one.name: one.version for lock in LOCKS for one in locked((ROOT / lock).read_text())}


@pytest.mark.parametrize("example", ["compose", "kubernetes"])
def test_a_night_in_a_container(docker: Engine, image: str, tmp_path: Path, example: str) -> None:
    """Healthy; diagnoses, repairs, writes only where it may, ends at SIGTERM, goes on afterwards."""
    with ContainerStage(tmp_path, docker, image, example) as stage:
        stage.wait(lambda: stage.about("{{.State.Health.Status}}") == "healthy")
        stage.say("alice", "@rootver diagnose exch-node2")
        stage.react("bob", stage.card())
        stage.see("FIX-1 applied .* read back")
        assert stage.root_ver == "1.1.4322.0"
        for folder, code in (("/data", 0), ("/key", 0), ("/tmp", 0), ("/app", 1), ("/etc", 1)):
            assert docker.docker("exec", stage.name, "touch", f"{folder}/x").returncode == code, folder
        done = docker.docker("exec", stage.name, "rootver", "doctor")
        assert done.returncode == 0, done.stdout + done.stderr
        assert stage.terminate() == 0, stage.log()
        docker.told("start", stage.name)
        stage.wait(lambda: stage.server.sockets.connected > 0)
        assert "bob approved" in docker.told("exec", stage.name, "rootver", "show", "FIX-1")
        docker.told("exec", stage.name, "rootver", "verify")
