"""Every page in both themes, on a phone and on a desk: accessible, nothing cut off, and a screenshot to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.clips import FIRST_JACK, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import log_in, show_replay, teach_from_file, wait_for_worker
from tests.browser.running import RunningServer
from webapp.config import ROOT

pytestmark = pytest.mark.browser

ARTEFACTS = ROOT / "test-artefacts" / "pages"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
LET_SCROLL = "document.querySelectorAll('.topbar, .tabs').forEach((bar) => (bar.style.position = 'static'))"
"""What stays in view while scrolling would cover the middle of a picture of the whole page."""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""A chart hears of its new size at the end of a frame, however long a busy machine takes to come to one."""
NARROWEST: ViewportSize = {"width": 320, "height": 640}
"""What WCAG asks to need no scrolling sideways."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PUBLIC = ("/login", "/signup")
OURS = ("/live/", "/record/", "/actions/", "/history/", "/feedback/", "/models/", "/accounts/", "/admin/", "/nowhere")
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci")


WIDER_THAN_PARENT = """[...document.querySelectorAll('.card *, .panel *, .take *, .replay, .replay *')]
  .filter((box) => box.checkVisibility())
  .filter((box) => !box.closest('.table-responsive, .trim-strip, .visually-hidden, .form-switch, option'))
  .filter((box) => {
    const [own, around] = [box, box.parentElement].map((one) => one.getBoundingClientRect());
    return own.width && own.right > around.right + 2;
  })
  .map((box) => `${box.tagName}.${box.className}`)"""


class Look:
    """Looks at a page in both sizes and themes: what is wrong with it, and a screenshot for people to judge."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.problems: list[str] = []
        ARTEFACTS.mkdir(parents=True, exist_ok=True)

    def at(self, name: str) -> None:
        self._page.evaluate(LET_SCROLL)
        for size, viewport in SIZES.items():
            self._page.set_viewport_size(viewport)
            for theme in THEMES:
                self._page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                self._settle()
                self._page.screenshot(path=ARTEFACTS / f"{name}-{size}-{theme}.png", full_page=True)
                self.problems += [f"{name}, {size}, {theme}: {problem}" for problem in self._wrong()]
        self._page.set_viewport_size(NARROWEST)
        self._settle()
        self.problems += [f"{name}, narrowest: {problem}" for problem in self._too_wide()]

    def _settle(self) -> None:
        self._page.wait_for_timeout(150)
        self._page.evaluate(TWO_FRAMES)

    def _wrong(self) -> list[str]:
        self._page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self._page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        wrong = [
            f"{violation['id']} ({violation['impact']}): {json.dumps([node['target'] for node in violation['nodes']])}"
            for violation in found["violations"]
        ]
        return wrong + self._too_wide()

    def _too_wide(self) -> list[str]:
        wrong = [f"{box} is wider than the box around it" for box in self._page.evaluate(WIDER_THAN_PARENT)]
        if self._page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append("wider than the screen")
        return wrong


def name_of(path: str) -> str:
    return path.strip("/").replace("/", "-")


@needs_axe
def test_every_page_is_accessible_and_fits_the_screen(open_page: OpenPage) -> None:
    page = open_page("/login", username=None, expected_errors="404 \\(NOT FOUND\\)")
    look = Look(page)

    for path in PUBLIC:
        page.goto(path)
        look.at(name_of(path))
    log_in(page, "chief")
    for path in OURS:
        page.goto(path)
        look.at(name_of(path))

    assert not look.problems, "\n".join(look.problems)


@needs_axe
def test_pages_full_of_movement_are_accessible_too(open_page: OpenPage, server: RunningServer, tmp_path: Path) -> None:
    server.add_account("mover")
    page = open_page("/record/", username="mover")
    wait_for_worker(page)
    look = Look(page)

    teach_from_file(page, "jumping jack", str(write_video(tmp_path / "jack.webm", man_alone(FIRST_JACK))))
    look.at("record-with-take")
    page.goto("/live/")
    expect(page.locator("[data-events] .event").first).to_be_visible(timeout=60_000)
    look.at("live-with-event")
    page.get_by_role("button", name="Save the last five seconds").click()
    expect(page.get_by_role("dialog").locator(".take")).not_to_have_attribute("data-phase", "checking")
    look.at("live-saving")
    page.keyboard.press("Escape")
    for path in ("/actions/", "/history/"):
        page.goto(path)
        look.at(f"{name_of(path)}-filled")
        page.locator("main a", has_text="jumping jack").first.click()
        show_replay(page)
        look.at(f"{name_of(path)}-detail")

    assert not look.problems, "\n".join(look.problems)


def test_the_theme_can_be_chosen_and_is_remembered(open_page: OpenPage) -> None:
    page = open_page("/login", username=None, color_scheme="dark")
    toggle = page.locator("[data-theme-toggle]")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    toggle.click()

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
