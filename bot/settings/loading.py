"""The settings file and the environment → `Settings`, or every reason why not."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from bot.settings import environment, names, secrets
from bot.settings.environment import NAMED, KeyPath
from bot.settings.file import SettingsError, SettingsFile, read
from bot.settings.host_sections import PATHS, Host, options
from bot.settings.refused import sentences
from bot.settings.sections import (
    Approval,
    Audit,
    ClusterSection,
    Log,
    Metrics,
    NodeSection,
    Section,
    Slack,
    Storage,
)
from bot.settings.settings import Settings
from handlers import host_options
from handlers.host_options import HostOptions


class Tree(Section):
    """All sections."""

    slack: Slack = Slack()
    approval: Approval = Approval()
    storage: Storage = Storage()
    audit: Audit = Audit()
    log: Log = Log()
    metrics: Metrics = Metrics()
    hosts: dict[str, Host] = Field(default_factory=dict)
    clusters: dict[str, ClusterSection] = Field(default_factory=dict)
    nodes: dict[str, NodeSection] = Field(default_factory=dict)


def load(config: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read, overlay, validate. `config` is what --config names.

    Raises `SettingsError` with everything that is wrong; no secret is in it.
    """
    source = read(config, environ)
    tree = copy.deepcopy(source.tree)
    reasons = [*_other_mode(environ), *secrets.refuse_in_file(tree)]
    said = environment.overlay(tree, environ)
    unread, secret_files = secrets.read_files(tree, said.origins, source)
    reasons += [*said.reasons, *unread]
    named_hosts = list(tree["hosts"]) if isinstance(tree.get("hosts"), dict) else []
    valid, wrong, complete = _validated(tree, said.origins)
    reasons += [*wrong, *names.check(valid.clusters, valid.nodes, named_hosts)]
    if complete:
        reasons += names.orphans(valid.clusters, valid.nodes)
    hosts = {name: _located(options(host), source) for name, host in valid.hosts.items()}
    reasons += [reason for name, one in hosts.items() for reason in _host_reasons(name, one)]
    if reasons:
        raise SettingsError(reasons, source.path)
    database = source.locate(valid.storage.path)
    key = valid.audit.signing_key
    return Settings(
        file=source.path,
        sha256=source.sha256,
        database=database,
        signing_key=source.locate(key) if key else Path(f"{database}.key"),
        evidence_days=valid.storage.evidence_days,
        slack=valid.slack,
        approval=valid.approval,
        log=valid.log,
        metrics=_listening(valid.metrics, source),
        clusters=valid.clusters,
        nodes=valid.nodes,
        host_options=hosts,
        secret_files=secret_files,
        again=partial(load, config, environ),
    )


def _other_mode(environ: Mapping[str, str]) -> Iterator[str]:
    """Bolt takes these two for an installation by OAuth, and then ignores the token (bolt's App)."""
    if environ.get("SLACK_CLIENT_ID") and environ.get("SLACK_CLIENT_SECRET"):
        yield (
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set: with them Slack's library would wait for an"
            " installation by OAuth and ignore the token. Remove both from the environment."
        )


def _validated(tree: dict[str, Any], origins: Mapping[KeyPath, str]) -> tuple[Tree, list[str], bool]:
    """What is valid, what is wrong, and whether all is valid: one broken section hides no other's faults."""
    try:
        return Tree.model_validate(tree), [], True
    except ValidationError as error:
        wrong = list(sentences(error, origins))
        for one in error.errors(include_url=False, include_input=False):
            _prune(tree, tuple(map(str, one["loc"])))
    return Tree.model_validate(tree), wrong, False


def _prune(tree: dict[str, Any], loc: KeyPath) -> None:
    if loc[0] in NAMED and len(loc) > 1:
        tree.get(loc[0], {}).pop(loc[1], None)
    else:
        tree.pop(loc[0], None)


def _listening(metrics: Metrics, source: SettingsFile) -> Metrics:
    """With the absolute path of its socket, if it is one."""
    kind, _, path = (metrics.listen or "").partition("unix:")
    if kind or not path:
        return metrics
    return metrics.model_copy(update={"listen": f"unix:{source.locate(path)}"})


def _located(one: HostOptions, source: SettingsFile) -> HostOptions:
    """The options with absolute paths."""
    located: dict[str, Any] = {
        name: str(source.locate(path)) for name in PATHS if isinstance(path := getattr(one, name), str)
    }
    return replace(one, change=one.change and _located(one.change, source), **located)


def _host_reasons(name: str, one: HostOptions) -> Iterator[str]:
    yield from (f"hosts.{name}: {sentence}" for sentence in host_options.check(one))
    for where, part in ((f"hosts.{name}", one), (f"hosts.{name}.change", one.change)):
        for path in (getattr(part, key) for key in PATHS if part):
            if isinstance(path, str) and (why := _unreadable(Path(path))):
                yield f"{where}: {path} cannot be read ({why}). Relative paths count from the settings file."


def _unreadable(path: Path) -> str | None:
    """Why a file cannot be read: TLS would only say that it failed."""
    try:
        with path.open("rb"):
            return None
    except (OSError, ValueError) as error:  # a path with a NUL
        return getattr(error, "strerror", None) or str(error)
