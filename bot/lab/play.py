"""`rootver lab`: the practice page, from its start to Ctrl-C."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from bot.lab.misbehaviours import switch
from bot.lab.page.rounds import Rounds
from bot.lab.page.server import PageServer

UNAVAILABLE = 69
"""Exit code (sysexits.h, EX_UNAVAILABLE): the port is taken, or the bot does not start."""


def play(
    incident: str,
    powershell: Path | None,
    port: int,
    open_browser: bool,
    told_to_stop: Callable[[], object],
    *,
    misbehave: Sequence[str] = (),
    out: TextIO | None = None,
) -> int:
    """Serve the practice page until `told_to_stop` returns; returns the process exit code.

    `incident`: the one to begin with. `powershell`: what runs behind the practice host, else Python does.
    `port` 0: any free one. `misbehave`: names of `misbehaviours` to begin with. `out`: where to print, else
    stdout. Raises `KeyError` for an unknown incident or misbehaviour.
    """
    rounds = Rounds(powershell=powershell)
    try:
        server = PageServer(rounds, port=port)
    except OSError as error:
        print(
            f"The page cannot be served on port {port}: {error.strerror}. Another lab may run there already; "
            "else take another port: rootver lab --port 0",
            file=out,
        )
        return UNAVAILABLE
    try:
        print(
            "Starting the practice: a chat, a management host, a cluster, and the bot …", file=out, flush=True
        )
        rounds.begin(incident)
        for name in misbehave:
            switch(rounds.current.practice, name)
        return _serve(rounds, server, told_to_stop, open_browser=open_browser, out=out)
    finally:
        rounds.close()


# --- inside ---


def _serve(
    rounds: Rounds,
    server: PageServer,
    told_to_stop: Callable[[], object],
    *,
    open_browser: bool,
    out: TextIO | None,
) -> int:
    if rounds.current.trouble:
        print(rounds.current.trouble, file=out)
        return UNAVAILABLE
    with server:
        print(f"The practice page: {server.url}", file=out)
        print(
            "It is served to this machine only. Ctrl-C ends it, and nothing stays behind.",
            file=out,
            flush=True,
        )
        if open_browser:
            _show(server.url, out)
        told_to_stop()
    return 0


def _show(url: str, out: TextIO | None) -> None:
    browser = _graphical_browser()
    if browser is None:
        print("No graphical browser was found: open the address yourself.", file=out, flush=True)
    else:
        browser.open(url)  # says False too where a starter like xdg-open has done its work and ended


def _graphical_browser() -> webbrowser.BaseBrowser | None:
    """The browser to open, unless it would take this terminal, and Ctrl-C with it.

    So do a plain `GenericBrowser` (w3m, lynx, whatever BROWSER names that Python does not know) and a
    `UnixBrowser` that is not for the background (elinks):
    https://github.com/python/cpython/blob/3.11/Lib/webbrowser.py
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    in_terminal = type(browser) is webbrowser.GenericBrowser or not getattr(browser, "background", True)
    return None if in_terminal else browser
