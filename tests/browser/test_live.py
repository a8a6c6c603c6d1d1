"""The live page with a real worker: the overlay follows, frames keep to their credits, events appear and stay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.clips import FIRST_JACK, JACKS, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import (
    keep,
    sign_up,
    teach_from_file,
    teach_jumping_jack,
    wait_for_people,
    wait_for_worker,
    wait_until,
)
from tests.browser.man_boxes import MARGIN, box_in, faults
from tests.browser.running import RunningServer
from tests.browser.wire import SocketLog
from webapp.core.skeleton import SKELETONS

pytestmark = pytest.mark.browser

DRAWN = """() => {
  const canvas = document.querySelector('[data-stage] canvas');
  const { width, height } = canvas;
  const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
  const drawn = [];
  for (let y = 0; y < height; y += 2) for (let x = 0; x < width; x += 2) {
    if (pixels[4 * (y * width + x) + 3]) drawn.push([x / width, y / height]);
  }
  return drawn;
}"""
"""Where the overlay is painted, as shares of the picture."""


def badly_placed(log: SocketLog) -> list[list[str]]:
    """The faults of every answered frame with people, held to where the man is in the very picture that was sent."""
    skeleton = SKELETONS["blazepose_33"].keypoints
    with_people = [result for result in log.results if result["people"]]
    boxes = [box_in(log.jpeg_of[result["frame_id"]]) for result in with_people]
    return [
        [fault for person in result["people"] for fault in faults(person, skeleton, box)]
        for result, box in zip(with_people, boxes, strict=True)
    ]


def test_a_recorded_movement_is_recognised_live_and_kept_over_a_restart(
    open_page: OpenPage, server: RunningServer
) -> None:
    page = open_page("/login", username=None, expected_errors="WebSocket|ERR_CONNECTION|503")
    sign_up(page, "newcomer")

    page.goto("/record/")
    wait_for_worker(page)
    teach_jumping_jack(page, SKELETONS["blazepose_33"])

    log = SocketLog(page)
    page.goto("/live/")
    expect(page.locator("[data-events] .event").first).to_contain_text("jumping jack", timeout=60_000)
    wait_for_people(page, log, frames=60)
    frames = badly_placed(log)
    assert frames.count([]) / len(frames) >= 0.95, [wrong for wrong in frames if wrong]
    assert log.most_unanswered <= 2
    expect(page.locator("[data-ranking] li")).to_contain_text("jumping jack")
    expect(page.locator("[data-models]")).to_contain_text("blazepose")

    server.restart()
    page.goto("/history/")
    page.get_by_role("link", name="jumping jack").first.click()
    expect(page.locator("[data-replay] canvas")).to_be_visible()


def test_the_skeleton_is_drawn_over_the_mirrored_person(open_page: OpenPage) -> None:
    page = open_page()
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log)
    page.evaluate("document.querySelector('[data-stage] video').pause()")
    page.wait_for_timeout(1000)  # until what was on its way is drawn
    x1, y1, x2, y2 = box_in(log.jpeg_of[log.results[-1]["frame_id"]])
    margin = MARGIN * (y2 - y1)

    drawn = page.evaluate(DRAWN)

    inside = [x1 - margin <= (1 - x) * 640 <= x2 + margin and y1 - margin <= y * 360 <= y2 + margin for x, y in drawn]
    assert len(drawn) > 100
    assert sum(inside) / len(drawn) >= 0.95
    assert min(y for _x, y in drawn) * 360 < y1 + (y2 - y1) / 3
    assert max(y for _x, y in drawn) * 360 > y2 - (y2 - y1) / 3


def test_frames_are_small_jpegs_with_the_cameras_aspect_ratio(open_page: OpenPage) -> None:
    logs: list[SocketLog] = []  # from the first address on: what a page before it sent would be counted as well
    page = open_page(before=lambda opened: logs.append(SocketLog(opened)))
    log = logs[0]
    wait_for_people(page, log)

    assert all(jpeg.startswith(b"\xff\xd8\xff") and len(jpeg) < 200_000 for jpeg in log.jpegs)
    assert {(result["width_px"], result["height_px"]) for result in log.results} == {(640, 360)}
    ids = [frame["frame_id"] for frame in log.sent]
    times = [frame["time_s"] for frame in log.sent]
    assert ids == sorted(set(ids))
    assert times == sorted(set(times))


def test_a_hidden_tab_sends_nothing_and_goes_on_when_it_is_seen(open_page: OpenPage) -> None:
    page = open_page()
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log)

    show(page, hidden=True)
    page.wait_for_timeout(300)  # what was on its way
    sent = len(log.sent)
    page.wait_for_timeout(1000)
    assert len(log.sent) == sent

    show(page, hidden=False)
    wait_until(page, lambda: len(log.sent) > sent + 5, "frames after the tab is seen again")


def show(page: Page, *, hidden: bool) -> None:
    """Headless Chromium has no tab bar: tell the page what a covered tab would."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def test_measurements_and_models_are_shown(open_page: OpenPage) -> None:
    page = open_page()
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log)

    for name in ("fps", "round_trip", "decode", "pose", "recognise", "server"):
        expect(page.locator(f"[data-stat={name}]")).not_to_have_text("–")
    expect(page.locator("[data-worker-state]")).to_contain_text("ready")


def test_somebody_without_actions_is_sent_to_record_one(open_page: OpenPage, server: RunningServer) -> None:
    server.add_account("beginner")  # others may have actions by now
    page = open_page(username="beginner")

    page.get_by_role("link", name="Record the first action").click()

    page.wait_for_url("**/record/")


def test_the_sample_clip_plays_in_place_of_the_camera(open_page: OpenPage, browser_without_camera: Browser) -> None:
    page = open_page(using=browser_without_camera)
    log = SocketLog(page)
    page.reload()

    page.locator("[data-stage-message] [data-do=sample]").click()

    wait_for_people(page, log)
    expect(page.locator("[data-sample-credit]")).to_contain_text("BSD-3")
    assert {(result["width_px"], result["height_px"]) for result in log.results} == {(640, 360)}


def test_a_video_file_is_recognised_like_the_camera(
    open_page: OpenPage, browser_without_camera: Browser, server: RunningServer, tmp_path: Path
) -> None:
    server.add_account("filmer")
    page = open_page("/record/", username="filmer", using=browser_without_camera)
    take = write_video(tmp_path / "one_jack.webm", man_alone(FIRST_JACK))
    teach_from_file(page, "jumping jack", str(take))

    page.goto("/live/")
    film = write_video(tmp_path / "both_jacks.webm", man_alone(JACKS))
    page.locator("[data-file-input]").set_input_files(str(film))

    expect(page.locator("[data-events] .event").first).to_contain_text("jumping jack", timeout=60_000)
    expect(page.locator("[data-counts]")).to_contain_text("jumping jack")


def test_what_was_recognised_is_told_apart_from_what_is_seen_now(
    open_page: OpenPage, server: RunningServer, tmp_path: Path
) -> None:
    server.add_account("reader-of-titles")
    page = open_page("/record/", username="reader-of-titles")
    wait_for_worker(page)
    teach_from_file(page, "jumping jack", str(write_video(tmp_path / "one_jack.webm", man_alone(FIRST_JACK))))

    page.goto("/live/")

    expect(page.locator("[data-now-title]")).to_have_text("Just recognised", timeout=60_000)
    expect(page.locator("[data-now]")).to_have_text("jumping jack")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-now-title]")).to_have_text("Right now")
    expect(page.locator("[data-now]")).to_have_text("No picture yet")


def test_the_last_five_seconds_become_a_take(open_page: OpenPage, server: RunningServer) -> None:
    server.add_account("saver")
    page = open_page(username="saver")
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log, frames=60)

    page.get_by_role("button", name="Save the last five seconds").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".take")).to_have_attribute("data-phase", re.compile("ready|unusable"))
    dialog.get_by_label("Name of the action").fill("two jacks")
    keep(dialog.locator(".take"))

    page.goto("/actions/")
    expect(page.get_by_role("link", name="two jacks")).to_be_visible()
