"""A page in a real Chromium for a measurement, logged in by its cookie."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from webapp.core.errors import MoveprintError

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium_page(url: str, cookie: str, width_px: int = 1440, height_px: int = 900) -> Iterator[Page]:
    """A fresh page of this size; cookie: as a header has it. MoveprintError where playwright or Chromium is missing."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise MoveprintError("this bench drives Chromium by playwright: pip install -r requirements-dev.txt") from error
    if path is None:
        raise MoveprintError("this bench needs Chromium; on Debian and Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_context(base_url=url, viewport={"width": width_px, "height": height_px}).new_page()
        name, _, value = cookie.partition("=")
        page.context.add_cookies([{"name": name, "value": value.split(";")[0], "url": url}])
        yield page
        browser.close()
