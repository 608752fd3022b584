"""The windows in which the page must work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, Page


@dataclass(frozen=True)
class Size:
    """A window in CSS pixels, and how many pixels of the screen each of them is: 2 is a zoom of 200 %."""

    width: int
    height: int
    zoom: int = 1


SIZES = {
    "wide": Size(1680, 1000),
    "desktop": Size(1440, 900),
    "desktop at 200 %": Size(720, 450, 2),
    "laptop at 200 %": Size(640, 400, 2),
    "phone": Size(390, 844),
    "phone on its side": Size(844, 390),
    "small phone": Size(320, 640),
}


@contextmanager
def window(
    chrome: Browser, size: Size, scheme: Literal["light", "dark"] = "light", *, tour: bool = False
) -> Iterator[Page]:
    """A new window, without things that move."""
    context = chrome.new_context(
        viewport={"width": size.width, "height": size.height},
        device_scale_factor=size.zoom,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    if not tour:
        context.add_init_script("localStorage.setItem('rootver-tour-dismissed', 'yes')")
    yield context.new_page()
    context.close()
