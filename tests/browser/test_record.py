"""The record page: takes in a row, body check, trim, retry, video files, the sample clip."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.clips import FIRST_JACK, FPS, JACKS, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import checked_sequences, keep, record_takes, teach_from_file, wait_for_worker
from tests.browser.running import RunningServer

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    opened = open_page("/record/")
    wait_for_worker(opened)
    return opened


def test_several_takes_follow_each_other_without_a_touch(page: Page) -> None:
    record_takes(page, "hands free", takes=2, seconds=1.5)

    titles = page.locator(".take [data-title]").all_text_contents()
    assert sorted(titles) == ["Take 1", "Take 2"]
    expect(page.locator("[data-start]")).to_be_visible()


def test_a_phone_shows_the_picture_while_it_records_and_the_takes_after_it(open_page: OpenPage) -> None:
    page = open_page("/record/", viewport={"width": 390, "height": 844})
    wait_for_worker(page)
    page.locator("#action-name").fill("from afar")
    page.locator("#take-count").fill("1")
    page.locator("#countdown-seconds").fill("2")

    page.locator("[data-start]").click()

    expect(page.locator("[data-countdown]")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-stage-view]")).to_be_in_viewport(ratio=0.99)
    expect(page.locator("[data-session-sign]")).to_contain_text("Take 1 of 1")
    expect(page.locator(".take [data-take-replay]")).to_be_in_viewport(timeout=30_000)
    expect(page.locator("[data-session-sign]")).to_be_hidden()


def test_the_body_check_says_what_is_in_view(page: Page) -> None:
    check = page.locator("[data-body-check]")

    expect(check.get_by_label("head in view")).to_be_visible()
    expect(check.get_by_label("legs in view")).to_be_visible()
    expect(check.locator("[data-advice]")).not_to_be_empty()


def test_recording_without_a_name_asks_for_one(page: Page) -> None:
    expect(page.locator("[data-start]")).to_be_enabled()

    page.locator("[data-start]").click()

    expect(page.get_by_text("Give the action a name first.")).to_be_visible()
    expect(page.locator("#action-name")).to_be_focused()


def test_escape_stops_a_recording(page: Page) -> None:
    page.locator("#action-name").fill("never")
    page.locator("[data-start]").click()

    page.keyboard.press("Escape")

    expect(page.locator("[data-start]")).to_be_visible()
    expect(page.locator("[data-session-note]")).to_contain_text("stopped")


def test_a_take_during_which_the_worker_is_replaced_is_recorded_again(page: Page, server: RunningServer) -> None:
    page.locator("#action-name").fill("interrupted")
    page.locator("#take-count").fill("1")
    page.locator("#countdown-seconds").fill("1")
    page.locator("[data-start]").click()
    expect(page.locator("[data-recording]")).to_be_visible(timeout=30_000)

    server.kill_worker()

    expect(page.locator("#toasts")).to_contain_text("interrupted during take 1", timeout=30_000)
    expect(page.locator(".take")).to_have_count(0)
    expect(page.locator(".take")).to_have_count(1, timeout=60_000)
    expect(page.locator("[data-start]")).to_be_visible()


def test_the_trim_handles_obey_the_arrow_keys(page: Page) -> None:
    record_takes(page, "keys", seconds=2)
    start = page.locator(".take [data-handle=start]")
    start.focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")

    expect(start).to_have_attribute("aria-valuenow", "0.25")
    page.keyboard.press("ArrowRight")
    expect(start).to_have_attribute("aria-valuenow", "0.28")


def test_a_failed_save_stays_and_the_retry_makes_one_take(open_page: OpenPage) -> None:
    page = open_page("/record/", expected_errors="ERR_FAILED")
    wait_for_worker(page)
    record_takes(page, "stubborn", seconds=2)
    keys: list[str] = []

    def lose_the_answer(route: Route) -> None:
        keys.append(json.loads(route.request.post_data or "{}")["client_key"])
        if len(keys) == 1:
            route.fetch()  # the server has kept it, the browser never learns
            route.abort()
        else:
            route.continue_()

    page.route("**/takes", lose_the_answer)
    take = page.locator(".take")
    take.locator("[data-keep]").click()
    expect(take).to_have_attribute("data-phase", "failed")
    expect(take.get_by_role("alert")).to_contain_text("cannot be reached")

    keep(take)

    assert len(set(keys)) == 1
    take.locator("[data-action-link]").click()
    expect(page.locator("[data-replay]")).to_have_count(1)


def test_a_discarded_take_is_gone(page: Page) -> None:
    record_takes(page, "unwanted", seconds=1.5)

    page.get_by_role("button", name="Discard").click()

    expect(page.locator(".take")).to_have_count(0)


def test_two_video_files_become_two_takes(
    open_page: OpenPage, browser_without_camera: Browser, server: RunningServer, tmp_path: Path
) -> None:
    server.add_account("uploader")
    page = open_page("/record/", username="uploader", using=browser_without_camera)
    pictures = man_alone(FIRST_JACK)
    files = [str(write_video(tmp_path / name, pictures)) for name in ("first.webm", "second.webm")]

    teach_from_file(page, "jumping jack", *files)

    page.locator(".take [data-action-link]").first.click()
    expect(page.locator("[data-replay]")).to_have_count(2)


def test_every_picture_of_a_file_is_looked_at(
    open_page: OpenPage, browser_without_camera: Browser, tmp_path: Path
) -> None:
    page = open_page("/record/", using=browser_without_camera)
    pictures = man_alone(FIRST_JACK)
    sequences = checked_sequences(page)
    page.locator("#action-name").fill("whole")

    page.locator("[data-file-input]").set_input_files(str(write_video(tmp_path / "jack.webm", pictures)))
    page.locator("[data-use-piece]").click()

    expect(page.locator(".take")).to_have_attribute("data-phase", "ready", timeout=60_000)
    assert len(sequences[0]["times_s"]) >= len(pictures) - 2


def test_a_file_is_read_anew_when_the_worker_is_replaced_meanwhile(
    open_page: OpenPage, browser_without_camera: Browser, server: RunningServer, tmp_path: Path
) -> None:
    page = open_page("/record/", using=browser_without_camera)
    wait_for_worker(page)
    pictures = man_alone(JACKS)
    sequences = checked_sequences(page)
    page.locator("#action-name").fill("read twice")
    page.locator("[data-file-input]").set_input_files(str(write_video(tmp_path / "jacks.webm", pictures)))
    progress = page.locator("[data-progress]")
    page.evaluate(
        """() => {
          const progress = document.querySelector('[data-progress]');
          window.shares = [];
          const note = () => window.shares.push(Number(progress.ariaValueNow));
          new MutationObserver(note).observe(progress, {attributes: true});
        }"""
    )
    page.locator("[data-use-piece]").click()
    expect(progress).to_have_attribute("aria-valuenow", re.compile("^[1-9][0-9]$"))

    server.kill_worker()

    expect(page.locator(".take")).to_have_count(1, timeout=90_000)
    shares = page.evaluate("window.shares")
    assert any(later < earlier for earlier, later in itertools.pairwise(shares))
    assert len(sequences[0]["times_s"]) >= len(pictures) - 2


def test_a_file_chosen_while_the_camera_runs_keeps_its_own_length(page: Page, tmp_path: Path) -> None:
    pictures = man_alone(FIRST_JACK)
    sequences = checked_sequences(page)
    expect(page.locator("[data-start]")).to_be_enabled()
    page.locator("#action-name").fill("switched")

    page.locator("[data-file-input]").set_input_files(str(write_video(tmp_path / "jack.webm", pictures)))
    page.locator("[data-use-piece]").click()

    expect(page.locator(".take")).to_have_count(1, timeout=60_000)
    assert sequences[0]["times_s"][-1] == pytest.approx(len(pictures) / FPS, abs=0.1)


def test_a_file_that_is_no_video_is_named_and_the_others_are_read(
    open_page: OpenPage, browser_without_camera: Browser, tmp_path: Path
) -> None:
    page = open_page("/record/", using=browser_without_camera)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    whole = write_video(tmp_path / "whole.webm", man_alone(FIRST_JACK))

    page.locator("[data-file-input]").set_input_files([str(broken), str(whole)])

    expect(page.locator("[data-file-problems]")).to_contain_text("broken.mp4")
    expect(page.locator(".take")).to_have_count(1, timeout=60_000)


def test_a_newcomer_without_a_camera_gets_to_a_first_recognition_with_the_page_alone(
    open_page: OpenPage, browser_without_camera: Browser, server: RunningServer
) -> None:
    server.add_account("cameraless")
    page = open_page("/live/", username="cameraless", using=browser_without_camera)

    page.get_by_role("link", name="Record the first action").click()
    page.locator("[data-stage-message] [data-do=sample]").click()
    expect(page.locator("#action-name")).to_have_value("jumping jack")
    page.get_by_role("button", name="Make a take of this piece").click()
    expect(page.locator(".take")).to_have_attribute("data-phase", "ready", timeout=120_000)
    keep(page.locator(".take"))
    page.get_by_role("link", name="Try it live").click()

    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "file")
    expect(page.locator("[data-events] .event").first).to_contain_text("jumping jack", timeout=90_000)
