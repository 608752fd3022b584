"""The container, as far as it can be tried without a container engine: its commands are run as they stand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.bot.command_line.invoking import clean_environment

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = [line for line in TEXT.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
BUILD, FINAL = (stage.splitlines() for stage in re.split(r"(?m)^FROM .*\n", "\n".join(LINES))[1:])


def instruction(stage: list[str], name: str) -> str:
    """What the only such instruction of a stage says."""
    (found,) = (line.removeprefix(name).strip() for line in stage if line.startswith(f"{name} "))
    return found


def exec_form(text: str) -> list[str]:
    """The words of a command that runs without a shell."""
    words = json.loads(text[text.index("[") :])
    assert isinstance(words, list)
    return [str(word) for word in words]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the image with the installed script, in an empty folder and without any variable."""
    script = Path(sys.executable).with_name(words[0])
    return subprocess.run(
        [script, *words[1:]], cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False
    )


def copied() -> list[str]:
    """What the first stage takes from the build context."""
    return [word for line in BUILD if line.startswith("COPY ") for word in line.split()[1:-1]]


def test_the_command_of_the_image_ends_with_78_without_tokens(tmp_path: Path) -> None:
    """It runs as it stands, says what is missing, and makes nothing."""
    done = run(exec_form(instruction(FINAL, "CMD")), tmp_path)
    assert done.returncode == 78
    assert "SLACK_BOT_TOKEN is not set" in done.stderr
    assert "SLACK_BOT_TOKEN_FILE" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_health_check_of_the_image_fails_while_no_bot_runs(tmp_path: Path) -> None:
    """With the documented code; that it succeeds beside a bot is tested with `health`."""
    check = instruction(FINAL, "HEALTHCHECK")
    done = run(exec_form(check), tmp_path)
    assert done.returncode == 69
    assert "No bot runs here" in done.stderr


def test_the_image_runs_as_nobody_special_and_where_it_may_write() -> None:
    """A numeric user, so that an orchestrator can see that it is not root; data in a volume."""
    user = instruction(FINAL, "USER")
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", user)
    assert instruction(FINAL, "WORKDIR") == instruction(FINAL, "VOLUME") == "/data"
    order = [line.split()[0] for line in FINAL]
    assert order.index("USER") > order.index("RUN")


def test_no_secret_can_be_baked_into_the_image() -> None:
    """No arguments, no variables but two, and nothing of the machine's folder but what is named."""
    assert not [line for line in LINES if line.startswith("ARG ")]
    names = re.findall(r"(\w+)=", instruction(FINAL, "ENV"))
    assert names == ["PATH", "PYTHONUNBUFFERED"]
    assert "COPY . " not in TEXT
    assert "ADD " not in TEXT


def test_the_final_stage_takes_nothing_but_the_built_environment() -> None:
    """Tools and sources stay behind."""
    assert [line for line in FINAL if line.startswith("COPY ")] == ["COPY --from=build /app /app"]
    assert "pip install" not in "\n".join(FINAL)


def test_everything_installed_is_pinned_with_hashes() -> None:
    """Except our own wheel, which is taken from no index."""
    for command in re.findall(r"pip install[^&\n]*", "\n".join(BUILD)):
        assert "--require-hashes" in command or "--no-index" in command, command
    base = re.findall(r"(?m)^FROM (\S+)", TEXT)
    assert len(set(base)) == 1
    assert base[0].endswith("-slim")


def test_the_context_holds_what_is_copied_and_nothing_else() -> None:
    """.dockerignore lets exactly those through, so a secret that lies about never reaches the builder."""
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(copied())
    for name in copied():
        assert (ROOT / name).exists(), name
    for name in ("rootver.toml", "rootver.db", ".env", "secrets", ".git", "tests"):
        assert not any(fnmatch(name, rule[1:]) for rule in rules if rule.startswith("!"))


def test_the_build_tool_is_cut_out_of_the_lock_with_its_hashes(tmp_path: Path) -> None:
    """The line that does it is run as it stands."""
    (line,) = (line for line in BUILD if "build.lock" in line)
    command = line.removeprefix("RUN ").split("&&")[0]
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    subprocess.run(["sh", "-ec", command], cwd=tmp_path, check=True)
    lock = (tmp_path / "build.lock").read_text().splitlines()
    assert re.fullmatch(r"setuptools==[0-9.]+ \\", lock[0])
    assert len([one for one in lock if "--hash=sha256:" in one]) >= 1
    assert len([one for one in lock if "==" in one]) == 1


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the context by the command of the image."""
    context = tmp_path_factory.mktemp("context")
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, context)
    (line,) = (line for line in BUILD if "pip wheel" in line)
    command = line.removeprefix("RUN ").split("&&")[0].replace("/wheels", str(context / "wheels"))
    subprocess.run(
        ["sh", "-ec", f"{sys.executable} -m {command}"],
        cwd=context,
        env=clean_environment(),
        capture_output=True,
        check=True,
    )
    (built,) = (context / "wheels").iterdir()
    unpacked = context / "unpacked"
    shutil.unpack_archive(built, unpacked, "zip")
    return unpacked


def test_the_wheel_holds_every_package_and_its_data(wheel: Path) -> None:
    """A package that is not named for the build backend would be missing in the container alone."""
    for folder in ("bot", "handlers", "storage"):
        for source in (ROOT / folder).rglob("*"):
            if source.is_file() and "__pycache__" not in source.parts:
                assert (wheel / source.relative_to(ROOT)).exists(), source.relative_to(ROOT)
    assert not (wheel / "tests").exists()


def test_the_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """The command of the image on the wheel's own files."""
    environ = {**clean_environment(), "PYTHONPATH": str(wheel)}
    for words, code in ((["run"], 78), (["manifest"], 0), (["config"], 0), (["health"], 69)):
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from bot.command_line.main import main; main()", *words],
            cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
