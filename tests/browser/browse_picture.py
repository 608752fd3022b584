"""Takes the picture of docs/auditor.md, of `rootver browse`: `python -m tests.browser.browse_picture [FILE]`.

It needs Datasette (extra `browse`) beside Playwright and Chromium.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.file.database import Database
from tests.browser.browsing import browser
from tests.storage.samples import Ticking, tell_night

FILE = Path(__file__).parents[2] / "docs" / "pictures" / "browse.png"


def main(file: Path = FILE) -> None:
    """Show the record of one fix, and take a picture of its story."""
    with TemporaryDirectory(prefix="rootver-picture-") as folder:
        record = Path(folder, "rootver.db")
        with Database.open(record, Ticking()) as database:
            tell_night(database)
        words = [sys.executable, "-m", "bot", "browse", "--port", "8765", "--database", str(record)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
            try:
                assert served.stdout is not None
                address = next(filter(None, (re.search(r"http://\S+", line) for line in served.stdout)))[0]
                _take(address, file)
            finally:
                served.terminate()


def _take(address: str, file: Path) -> None:
    with browser() as chrome:
        page = chrome.new_page(viewport={"width": 1280, "height": 900})
        for _ in range(100):  # the address is printed a moment before it is answered
            try:
                page.goto(address)
                break
            except Exception:  # noqa: BLE001 - Playwright's own; the last one tells
                page.wait_for_timeout(200)
        page.goto(address.partition("/-/")[0])
        page.get_by_role("link", name="1. What was changed").first.click()
        page.get_by_role("link", name="FIX-1", exact=True).first.click()
        page.get_by_text("bob approved").wait_for()
        page.screenshot(path=file, full_page=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
