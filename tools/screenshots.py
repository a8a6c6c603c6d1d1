"""python -m tools.screenshots: makes the README's pictures from a real run, with the sample clip in place of a camera.

It serves on its own instance directory, teaches one take of the clip's first jumping jack on the record page, plays
the clip on the live page and takes the picture when the second one is recognised.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import QUIET, find_chromium
from tests.browser.clips import DEMO_CLIP
from tests.browser.driving import keep, log_in, wait_for_worker
from tests.browser.running import RunningServer
from webapp.config import ROOT

IMAGES = ROOT / "docs" / "images"
SIZE_PX: ViewportSize = {"width": 1280, "height": 800}
TALL_PX: ViewportSize = {"width": 1280, "height": 1520}
PERSON = "anna"


def main() -> int:
    chromium = find_chromium()
    missing = "Chromium (apt install chromium)" if chromium is None else "the sample clip (python -m tools.sample_clip)"
    if chromium is None or not DEMO_CLIP.is_file():
        print(f"screenshots: {missing} is needed", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = RunningServer(Path(folder))
        server.start()
        try:
            server.add_account(PERSON)
            browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
            page = browser.new_page(base_url=server.url, viewport=SIZE_PX, color_scheme="light")
            log_in(page, PERSON)
            record(page)
            live(page)
            browser.close()
        finally:
            server.stop()
    print(f"Wrote {IMAGES / 'record.png'} and {IMAGES / 'live.png'}.")
    return 0


def record(page: Page) -> None:
    page.goto("/record/")
    wait_for_worker(page)
    page.locator("[data-stage-message] [data-do=sample]").click()
    page.locator("[data-use-piece]").click()
    take = page.locator(".take").first
    expect(take).to_have_attribute("data-phase", "ready", timeout=120_000)
    keep(take)
    page.locator("[data-take-replay] canvas").scroll_into_view_if_needed()
    settle(page)
    page.evaluate("scrollTo(0, 0)")
    page.set_viewport_size(TALL_PX)
    page.wait_for_timeout(400)
    page.screenshot(path=IMAGES / "record.png")
    page.set_viewport_size(SIZE_PX)


def live(page: Page) -> None:
    page.goto("/live/")
    wait_for_worker(page)
    page.locator("[data-stage-message] [data-do=sample]").click()
    expect(page.locator("[data-events] .event")).to_have_count(2, timeout=120_000)
    settle(page)
    page.screenshot(path=IMAGES / "live.png")


def settle(page: Page) -> None:
    """Hold the clip until the skeleton of the very picture shown has come back."""
    page.evaluate("const video = document.querySelector('[data-stage] video'); video.pause(); video.controls = false;")
    page.wait_for_timeout(300)
    page.mouse.move(0, 0)


if __name__ == "__main__":
    sys.exit(main())
