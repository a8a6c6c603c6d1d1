"""Labelling by fingers; the page is accessible and fits the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.labelling import PHONE, OpenLabeller, seed
from tests.browser.running import RunningServer
from tests.browser.test_pages import Look, needs_axe
from webapp.core.skeleton import COCO_17
from webapp.datasets.records import VISIBLE

pytestmark = pytest.mark.browser


def test_a_finger_drags_a_keypoint_under_a_glass_and_two_fingers_zoom(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 3)
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[0], **PHONE)
    page, sample = labeller.page, labeller.stored()
    k = next(k for k, point in enumerate(sample["keypoints"]) if point[2] == VISIBLE)
    x, y, *_ = sample["keypoints"][k]
    start, end = (labeller.point(*at, sample["box_px"]) for at in ((x, y), (x + 12, y + 8)))
    fingers = Fingers(page)

    fingers.down((start[0] + 10, start[1] + 12))  # beside it: what is under the finger is not hidden by it
    fingers.move((end[0] + 10, end[1] + 12))
    expect(page.locator("[data-loupe]")).to_be_visible()
    fingers.up()
    expect(page.locator("[data-loupe]")).to_be_hidden()
    fingers.down((150, 400), (240, 400))
    fingers.move((110, 400), (280, 400))
    fingers.up()
    page.locator("[data-do=accept]").tap()

    stored = labeller.wait_for_revision(sample["sample_id"], 2)
    assert stored["keypoints"][k][:2] == pytest.approx([x + 12, y + 8], abs=0.8)
    others = [point[:3] for position, point in enumerate(sample["keypoints"]) if position != k]
    assert [point[:3] for position, point in enumerate(stored["keypoints"]) if position != k] == others


@needs_axe
def test_the_labelling_page_is_accessible_and_fits_the_screen(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 6, skeleton=COCO_17, members={"colleague": "labeller"})
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[2], expected_errors="409 \\(CONFLICT\\)")
    look = Look(labeller.page)

    look.at("label")
    labeller.press("7", "m")
    look.at("label-mirror")
    labeller.press("?")
    look.at("label-help")
    labeller.press("Escape")
    other = open_labeller(seeded.dataset_id, seeded.sample_ids[2], username="colleague")
    other.press("1", "Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+Enter")
    other.wait_for_revision(seeded.sample_ids[2], 2)
    labeller.press("2", "Shift+ArrowRight", "Shift+Enter")
    expect(labeller.page.locator("[data-conflict]")).to_be_visible()
    look.at("label-conflict")

    assert not look.problems, "\n".join(look.problems)


class Fingers:
    """Touches, as a phone's screen sends them."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def down(self, *at: tuple[float, float]) -> None:
        self._send("touchStart", *at)

    def move(self, *at: tuple[float, float]) -> None:
        self._send("touchMove", *at)

    def up(self) -> None:
        self._send("touchEnd")

    def _send(self, kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(at)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
