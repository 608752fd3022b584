"""The settings file: where it is, what stands in it, and where it says that the database lies.

Without pydantic, so that commands which only read the database start fast.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG_VARIABLE = "ROOTVER_CONFIG"
DATABASE_VARIABLE = "ROOTVER_STORAGE__PATH"
FILE_NAME = "rootver.toml"
DATABASE_NAME = "rootver.db"


class SettingsError(Exception):
    """The settings cannot be used: every reason as a sentence, and the file, if there is one."""

    def __init__(self, reasons: Sequence[str], file: Path | None = None) -> None:
        super().__init__(*reasons)
        self.reasons, self.file = tuple(reasons), file

    def __str__(self) -> str:
        where = f"{self.file}: the settings" if self.file else "The settings"
        if len(self.reasons) == 1:
            return f"{where} cannot be used. {self.reasons[0]}"
        return "\n".join([f"{where} cannot be used:", *(f"  - {reason}" for reason in self.reasons)])


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What was read; all empty where there is no file."""

    path: Path | None = None
    tree: dict[str, Any] = field(default_factory=dict)
    sha256: str | None = None  # of the file, hex

    def locate(self, written: str) -> Path:
        """A path as written in the settings: a relative one counts from the settings file."""
        folder = self.path.parent if self.path else Path.cwd()
        return (folder / _at_home(written)).absolute()


def read(config: Path | None, environ: Mapping[str, str]) -> SettingsFile:
    """Find and read the file. Raises `SettingsError` if one was named that cannot be read, or is no TOML."""
    path = _find(config, environ)
    if path is None:
        return SettingsFile()
    try:
        raw = path.read_bytes()
        tree = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(
            [f"It cannot be read: {error.strerror}. Check the path and who may read it."], path
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(["It is not UTF-8 text. Save it as UTF-8."], path) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or what tomllib lets through
        raise SettingsError([f"It is not TOML: {error}.{_hint(str(error))}"], path) from error
    return SettingsFile(path, tree, hashlib.sha256(raw).hexdigest())


def database_path(config: Path | None, environ: Mapping[str, str]) -> Path:
    """Where the database lies. Looks at nothing else in the settings. Raises `SettingsError`."""
    file = read(config, environ)
    storage = file.tree.get("storage", {})
    written = environ.get(DATABASE_VARIABLE) or (
        storage.get("path", DATABASE_NAME) if isinstance(storage, dict) else None
    )
    if not isinstance(written, str) or not written:
        raise SettingsError([f'storage.path must be a text. Example: path = "{DATABASE_NAME}"'], file.path)
    return file.locate(written)


def _find(config: Path | None, environ: Mapping[str, str]) -> Path | None:
    """--config, else the variable, else the working directory."""
    if config is not None:
        return config.absolute()
    if named := environ.get(CONFIG_VARIABLE):
        return _at_home(named).absolute()
    here = Path.cwd() / FILE_NAME
    return here if here.exists() or here.is_symlink() else None  # a link that leads nowhere is told


def _at_home(written: str) -> Path:
    """A path, `~` in it replaced; where nobody knows whose home that is, it is a name like others."""
    return Path(os.path.expanduser(written))  # noqa: PTH111 - unlike Path's, it never raises


def _hint(error: str) -> str:
    """The usual mistake: a Windows account name in double quotes."""
    if "Unescaped" in error or "hex value" in error:
        return " A text with a backslash stands in single quotes: username = 'CORP\\rootver'."
    return ""
