"""Two people in view: the one that somebody clicks, or chooses by keyboard, is followed, until they are let go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clips import JACKS, two_people, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import wait_for_worker, wait_until
from tests.browser.wire import SocketLog

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("film") / "two.webm", two_people(JACKS))


@pytest.fixture
def watched(open_page: OpenPage, film: Path) -> tuple[Page, SocketLog]:
    """The live page with both in view, so slow that they hardly move between a look and a click."""
    page = open_page()
    log = SocketLog(page)
    page.reload()
    wait_for_worker(page)
    page.locator("[data-file-input]").set_input_files(str(film))
    page.evaluate("document.querySelector('[data-stage] video').playbackRate = 0.2")
    wait_until(page, lambda: len(people(log)) == 2, "both people")
    return page, log


def people(log: SocketLog) -> list[dict[str, Any]]:
    """The newest answer's, from left to right."""
    found = log.results[-1]["people"] if log.results else []
    return sorted(found, key=lambda person: float(person["box_px"][0]))


def click_on(page: Page, person: dict[str, Any], *, mirrored: bool) -> None:
    """The middle of their box, as the page shows it."""
    x1, y1, x2, y2 = person["box_px"]
    x, y = (x1 + x2) / 2 / 640, (y1 + y2) / 2 / 360
    view = page.locator("[data-stage-view]").bounding_box()
    assert view is not None
    page.mouse.click(view["x"] + view["width"] * (1 - x if mirrored else x), view["y"] + view["height"] * y)


def wait_for_follower(page: Page, log: SocketLog, person_id: int | None) -> None:
    wait_until(page, lambda: log.results[-1].get("followed") == person_id, f"{person_id} is followed")


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_click_follows_a_person_and_another_lets_them_go(watched: tuple[Page, SocketLog], mirrored: bool) -> None:
    page, log = watched
    page.get_by_label("Mirror").set_checked(mirrored)
    left = people(log)[0]
    wanted = left["person_id"]

    click_on(page, left, mirrored=mirrored)

    wait_for_follower(page, log, wanted)
    expect(page.get_by_role("button", name=f"Person {wanted}", exact=True)).to_have_attribute("aria-pressed", "true")
    assert {person["reason"] for person in people(log) if person["person_id"] != wanted} <= {"not followed"}
    assert page.evaluate("!document.querySelector('[data-stage] video').paused")
    click_on(page, next(person for person in people(log) if person["person_id"] == wanted), mirrored=mirrored)
    wait_for_follower(page, log, None)


def test_the_keyboard_follows_a_person_and_everybody_again(watched: tuple[Page, SocketLog]) -> None:
    page, log = watched
    right = people(log)[1]["person_id"]

    chip = page.get_by_role("button", name=f"Person {right}", exact=True)
    chip.focus()
    page.keyboard.press("Enter")

    wait_for_follower(page, log, right)
    expect(chip).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    everybody = page.get_by_role("button", name="Everybody")
    everybody.focus()
    page.keyboard.press("Space")
    wait_for_follower(page, log, None)
    expect(everybody).to_have_attribute("aria-pressed", "true")
