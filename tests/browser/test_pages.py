"""Every page in both themes, on a phone and on a desk: accessible, nothing cut off, and a screenshot to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clips import FIRST_JACK, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import log_in, teach_from_file, wait_for_people, wait_for_worker
from tests.browser.running import RunningServer
from tests.browser.wire import SocketLog
from webapp.config import ROOT

pytestmark = pytest.mark.browser

ARTEFACTS = ROOT / "test-artefacts" / "pages"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
PUBLIC = ("/login", "/signup")
OURS = ("/live/", "/record/", "/actions/", "/history/", "/accounts/", "/admin/", "/nowhere")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, each with the elements concerned."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {json.dumps([node['target'] for node in violation['nodes']])}"
        for violation in found["violations"]
    ]


def name_of(path: str) -> str:
    return path.strip("/").replace("/", "-") or "start"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_accessible_and_fits_the_screen(open_page: OpenPage, size: str, theme: str) -> None:
    problems: list[str] = []
    page = open_page(
        "/login", username=None, viewport=SIZES[size], color_scheme=theme, expected_errors="404 \\(NOT FOUND\\)"
    )
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for path in (*PUBLIC, "log in", *OURS):
        if path == "log in":
            log_in(page, "chief")
            continue
        page.goto(path)
        page.wait_for_timeout(400)
        page.screenshot(path=ARTEFACTS / f"{name_of(path)}-{size}-{theme}.png", full_page=True)
        problems += [f"{path}: {text}" for text in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{path}: wider than the screen")

    assert not problems, "\n".join(problems)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_full_of_movement_are_accessible_too(
    open_page: OpenPage, server: RunningServer, tmp_path: Path, size: str, theme: str
) -> None:
    username = f"mover-{size}-{theme}"
    server.add_account(username)
    page = open_page("/record/", username=username, viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce")
    wait_for_worker(page)
    problems: list[str] = []

    def look(name: str) -> None:
        page.screenshot(path=ARTEFACTS / f"{name}-{size}-{theme}.png", full_page=True)
        problems.extend(f"{name}: {text}" for text in violations(page))

    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    teach_from_file(page, "jumping jack", str(write_video(tmp_path / "jack.webm", man_alone(FIRST_JACK))))
    look("record-with-take")
    log = SocketLog(page)
    page.goto("/live/")
    expect(page.locator("[data-events] .event").first).to_be_visible(timeout=60_000)
    wait_for_people(page, log)
    look("live-with-event")
    page.get_by_role("button", name="Save the last five seconds").click()
    page.wait_for_timeout(500)
    look("live-saving")
    page.keyboard.press("Escape")
    for path in ("/actions/", "/history/"):
        page.goto(path)
        look(f"{name_of(path)}-filled")
        page.locator("main a", has_text="jumping jack").first.click()
        expect(page.locator("[data-replay] canvas").first).to_be_visible()
        look(f"{name_of(path)}-detail")

    assert not problems, "\n".join(problems)


def test_the_theme_can_be_chosen_and_is_remembered(open_page: OpenPage) -> None:
    page = open_page("/login", username=None, color_scheme="dark")
    toggle = page.locator("[data-theme-toggle]")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    toggle.click()

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
