"""Debian's Chromium, driven by Playwright from its package."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, sync_playwright

# The suite may run as root, and runs without a network.
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The browser's program: that of ROOTVER_CHROMIUM, else `chromium` on PATH, else None."""
    return shutil.which(os.environ.get("ROOTVER_CHROMIUM") or "chromium")


@cache
def lacking() -> str | None:
    """What this machine lacks to drive a browser, and what to install; None: nothing."""
    if chromium() is None:
        return "no Chromium: install the package chromium, or set ROOTVER_CHROMIUM"
    driver = compute_driver_executable()[0]  # a Node.js of Playwright's own
    try:
        subprocess.run([driver, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        return f"Playwright's driver does not start (Debian: install libatomic1): {said.strip()}"
    return None


@contextmanager
def browser() -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        try:
            yield running
        finally:
            running.close()
