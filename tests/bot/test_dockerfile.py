"""What the Dockerfile says, without an engine; `tests/image` builds and runs it."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

from tests.release import LOCK, pins

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = [line for line in TEXT.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
BUILD, FINAL = (stage.splitlines() for stage in re.split(r"(?m)^FROM .*\n", "\n".join(LINES))[1:])


def instruction(stage: list[str], name: str) -> str:
    """What the only such instruction of a stage says."""
    (found,) = (line.removeprefix(name).strip() for line in stage if line.startswith(f"{name} "))
    return found


def copied() -> list[str]:
    """What the first stage takes from the build context."""
    return [word for line in BUILD if line.startswith("COPY ") for word in line.split()[1:-1]]


def test_the_image_runs_as_nobody_special_and_where_it_may_write() -> None:
    """A numeric user, so that an orchestrator can see that it is not root; data in a volume."""
    user = instruction(FINAL, "USER")
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", user)
    assert instruction(FINAL, "WORKDIR") == instruction(FINAL, "VOLUME") == "/data"
    order = [line.split()[0] for line in FINAL]
    assert order.index("USER") > order.index("RUN")


def test_no_secret_can_be_baked_into_the_image() -> None:
    """No argument but the commit, two variables, and of the machine's folder nothing but what is named."""
    assert {line for line in LINES if line.startswith("ARG ")} == {"ARG SOURCE_COMMIT"}
    names = re.findall(r"(\w+)=", instruction(FINAL, "ENV"))
    assert names == ["PATH", "PYTHONUNBUFFERED"]
    assert "COPY . " not in TEXT
    assert "ADD " not in TEXT


def test_the_final_stage_takes_nothing_but_the_built_environment() -> None:
    """Tools and sources stay behind."""
    assert [line for line in FINAL if line.startswith("COPY ")] == ["COPY --from=build /app /app"]
    assert "pip install" not in "\n".join(FINAL)


def test_everything_installed_is_pinned_with_hashes() -> None:
    """And built: except our own wheel, which is taken from no index, and what it is built from."""
    commands = re.findall(r"pip .*?(?:install|wheel) [^&\n]*", "\n".join(BUILD))
    assert len(commands) == 5
    for command in commands:
        assert "--require-hashes" in command or "--no-index" in command or command.split()[-1] == ".", command
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


def test_the_wheel_is_built_as_here() -> None:
    """What the image builds with is locked at the versions of everybody else's lock."""
    everything, building = (pins((ROOT / name).read_text()) for name in (LOCK, "requirements-build.lock"))
    assert building["setuptools"] == everything["setuptools"]
