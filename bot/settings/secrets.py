"""Secrets: never in the settings file; from the environment, or from files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.settings.environment import SINGLE, KeyPath, variable_of
from bot.settings.file import SettingsFile
from bot.settings.host_sections import SECRET_FILES, SECRETS

_FILES = ("bot_token_file", "app_token_file", *SECRET_FILES)


def refuse_in_file(tree: dict[str, Any]) -> list[str]:
    """Take out of the file's tree what may not stand there; a sentence for each."""
    reasons = []
    for path, table in _host_tables(tree):
        for name in SECRETS:
            if name in table and not (name == "proxy" and "@" not in str(table[name])):
                del table[name]
                reasons.append(_from_environment((*path, name), variable_of((*path, name))))
    for section, model in SINGLE.items():
        keys = tree[section] if isinstance(tree.get(section), dict) else {}
        for name, key in model.model_fields.items():
            if isinstance(key.json_schema_extra, dict) and name in keys:
                del keys[name]
                reasons.append(_from_environment((section, name), str(key.json_schema_extra["variable"])))
    return reasons


def _from_environment(path: KeyPath, variable: str) -> str:
    file = "" if variable.endswith(("_FILE", "_URL")) else f" or {variable}_FILE"
    return f"{'.'.join(path)} must not stand in the settings file. Set {variable}{file} in the environment."


def read_files(
    tree: dict[str, Any], origins: Mapping[KeyPath, str], source: SettingsFile
) -> tuple[list[str], frozenset[Path]]:
    """Replace every key `…_file` by the secret in that file; a sentence for each that cannot be had.

    Returns the files that were read too. The environment goes before the file: a secret in it is used,
    whatever the settings file names.
    """
    reasons, files = [], set()
    tables = [(("slack",), tree["slack"])] if isinstance(tree.get("slack"), dict) else []
    for path, table in [*tables, *_host_tables(tree)]:
        for key in [key for key in table if key in _FILES and isinstance(table[key], str)]:
            name, where = key.removesuffix("_file"), (*path, key)
            shown = origins.get(where, ".".join(where))
            if name not in table:
                try:
                    path_of = source.locate(table[key])
                    table[name] = _read(path_of)
                    files.add(path_of)
                except ValueError as error:
                    reasons.append(f"{shown}: {error}")
            elif where in origins:
                other = origins.get((*path, name), name)
                reasons.append(f"{shown} and {other} are both set. Keep one of them.")
            del table[key]
    return reasons, frozenset(files)


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror}). Check the path and who may read it."
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text. It must hold the secret and nothing else.") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ValueError(f"{path} is empty. It must hold the secret and nothing else.")
    return secret


def _host_tables(tree: Mapping[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Every host's table and its change table."""
    hosts = tree.get("hosts")
    for name, host in hosts.items() if isinstance(hosts, dict) else ():
        if isinstance(host, dict):
            yield ("hosts", name), host
            if isinstance(host.get("change"), dict):
                yield ("hosts", name, "change"), host["change"]
