"""Answers for `rootver init`: out of an option, the environment or a file, else typed in at a terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import click

from bot.command_line.exits import Exit, Stop
from bot.command_line.terminal import fitted
from bot.doctor.findings import DoctorLine

Answer = TypeVar("Answer")
_BETWEEN = re.compile(r"[\s,]+")


@dataclass(slots=True)
class Asking:
    """Who asks. `given`: the options, by name; `asks`: whether somebody is there to answer.

    `tries`: whether answers are tried at once; `failed`: something failed and was kept all the same.
    """

    given: dict[str, str | None]
    secrets: Path  # the folder of their files
    asks: bool
    tries: bool
    typed: dict[str, str] = field(default_factory=dict)  # file → secret that was typed, to be written
    failed: bool = False

    def word(self, name: str, question: str, check: Callable[[str], Answer], default: str | None) -> Answer:
        """One answer; `check` raises `ValueError` with what is wrong. An option that is wrong ends it."""
        given = self.given.get(name)
        if given is None and not self.asks:
            given = default
        while True:
            text = given
            if text is None:
                text = click.prompt(question, default=default, show_default=bool(default), err=True)
            try:
                return check(text.strip())
            except ValueError as wrong:
                if given is not None:
                    raise click.UsageError(f"--{name.replace('_', '-')} {wrong}.") from wrong
                click.echo(f"That {wrong}.", err=True)

    def words(
        self, name: str, question: str, check: Callable[[str], str], default: str | None = ""
    ) -> list[str]:
        """Several of them, with commas or blanks between them; where there is no default, at least one."""

        def each(text: str) -> list[str]:
            found = [check(one) for one in _BETWEEN.split(text) if one]
            if not found and default is None:
                raise ValueError("needs at least one")
            return found

        return self.word(name, question, each, default)

    def secret(self, variable: str, file: str, question: str, check: Callable[[str], str]) -> str:
        """What is typed is not shown; it is kept for its file. A file that is there already is used."""
        path = self.secrets / file
        known = os.environ.get(variable)
        if known is None and path.exists():
            known = path.read_text(encoding="utf-8-sig").strip()
            click.echo(f"{path} is there already, and is used.", err=True)
        while known is None:
            try:
                self.typed[file] = check(click.prompt(question, hide_input=True, err=True).strip())
            except ValueError as wrong:
                click.echo(f"That {wrong}.", err=True)
            else:
                return self.typed[file]
        try:
            return check(known)
        except ValueError as wrong:
            raise Stop(Exit.SETTINGS, f"{variable} or {path} {wrong}.") from wrong

    def good(self, lines: Iterable[DoctorLine], *names: str) -> bool:
        """Try answers, and say what was found. False: it failed, and these are to be given anew."""
        found = False
        for line in lines if self.tries else ():
            click.echo(fitted(f"{line.result.upper():4} {line.name}: ", line.text))
            found = found or line.result == "fail"
        if found and self.asks and click.confirm("Answer that again?", default=True, err=True):
            self.given.update(dict.fromkeys(names))
            return False
        self.failed = self.failed or found
        return True
