"""python -m tools.screenshots: makes the README's pictures from a real run, with the sample clip in place of a camera.

It serves on its own instance directory, teaches one take of the clip's first jumping jack on the record page, plays
the clip on the live page and takes the picture when the second one is recognised. Then pictures of the clip become a
dataset that a model labels, for the labelling page.
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
DATASET = "Warming up"


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
            make_dataset(server)
            label(page)
            browser.close()
        finally:
            server.stop()
    print(f"Wrote record.png, live.png and label.png in {IMAGES}.")
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


def make_dataset(server: RunningServer) -> None:
    server.instance.command("datasets", "create", DATASET, "--skeleton", "coco_17", "--owner", PERSON)
    chosen = ("--every-frames", "40", "--label-with", "blazepose_full")
    server.instance.command("datasets", "import", str(DEMO_CLIP), "--dataset", DATASET, *chosen)


def label(page: Page) -> None:
    page.goto("/datasets/")
    page.get_by_role("link", name=DATASET).first.click()
    page.get_by_role("link", name="Label", exact=True).first.click()
    expect(page.locator("[data-facts]")).not_to_be_empty()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "label.png")


def settle(page: Page) -> None:
    """Hold the clip until the skeleton of the very picture shown has come back."""
    page.evaluate("const video = document.querySelector('[data-stage] video'); video.pause(); video.controls = false;")
    page.wait_for_timeout(300)
    page.mouse.move(0, 0)


if __name__ == "__main__":
    sys.exit(main())
