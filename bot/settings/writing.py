"""A new settings file, from the few answers that a bot needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.settings.refused import toml
from handlers.host_options import HostOptions

_HEAD = """\
# Written by `rootver init`. docs/settings.md explains each key, docs/hosts.md those of a host.
# No secret stands here: tokens and passwords come from the environment, or from files of their own.
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first settings file says. `approvers` are ids of people (U…) and of user groups (S…)."""

    channels: Sequence[str]
    approvers: Sequence[str]
    host_name: str
    host: HostOptions
    cluster: str
    nodes: Sequence[str]
    virtual_servers: Sequence[str]
    password_file: str | None  # as it stands in the file; None: the environment has the password
    change_password_file: str | None = None  # of the identity for changes, likewise


def text(answers: Answers) -> str:
    """The file. What is the default is left out, but for the lists that people will want to extend."""
    people = [one for one in answers.approvers if not one.startswith("S")]
    groups = [one for one in answers.approvers if one.startswith("S")]
    tables: dict[tuple[str, ...], dict[str, object]] = {
        ("slack",): {"channels": list(answers.channels)} if answers.channels else {},
        ("approval",): {"approvers": people, **({"approver_groups": groups} if groups else {})},
        ("hosts", answers.host_name): dict(_host(answers)),
        **({("hosts", answers.host_name, "change"): dict(_change(answers))} if answers.host.change else {}),
        ("clusters", answers.cluster): {
            "host": answers.host_name,
            "nodes": list(answers.nodes),
            **({"virtual_servers": list(answers.virtual_servers)} if answers.virtual_servers else {}),
        },
    }
    return "\n".join([_HEAD, *(_table(name, keys) for name, keys in tables.items())])


def _host(answers: Answers) -> Iterator[tuple[str, object]]:
    plain = HostOptions(server=answers.host.server)
    yield "server", answers.host.server
    for name in ("port", "ssl", "auth", "username", "configuration_name", "delivery"):
        value = getattr(answers.host, name)
        if value != getattr(plain, name):
            yield name, value
    if answers.password_file:
        yield "password_file", answers.password_file


def _change(answers: Answers) -> Iterator[tuple[str, object]]:
    """What it does not name is taken from the host."""
    assert answers.host.change is not None  # noqa: S101 - asked for only then
    yield "username", answers.host.change.username
    yield "configuration_name", answers.host.change.configuration_name
    if answers.change_password_file:
        yield "password_file", answers.change_password_file


def _table(path: tuple[str, ...], keys: dict[str, object]) -> str:
    head = ".".join(map(_key, path))
    return "\n".join([f"[{head}]", *(f"{key} = {toml(value)}" for key, value in keys.items()), ""])


def _key(name: str) -> str:
    """A name as a key: a dot in it would make a table of its own (toml.io/en/v1.0.0#keys)."""
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else toml(name)


def write_new(file: Path, content: str) -> None:
    """Write a settings file that is not there yet. Raises `OSError`, as `FileExistsError`."""
    with file.open("x", encoding="utf-8") as out:
        out.write(content)
