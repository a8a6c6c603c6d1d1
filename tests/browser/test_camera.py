"""What the page says when there is no picture, and that every such page still offers a way on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import LAN_HOST, OpenPage

pytestmark = pytest.mark.browser


def expect_message(page: Page, state: str, text: str) -> None:
    message = page.locator(f"[data-stage-message] [data-state={state}]")
    expect(message).to_contain_text(text)
    expect(message.locator("[data-do=file]")).to_be_visible()


@pytest.mark.parametrize("path", ["/live/", "/record/"])
def test_a_refused_camera_tells_how_to_allow_it(open_page: OpenPage, browser_that_refuses: Browser, path: str) -> None:
    page = open_page(path, using=browser_that_refuses)

    page.get_by_role("button", name="Start the camera").click()

    expect_message(page, "denied", "Firefox")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_no_camera_says_so_and_offers_the_sample_clip(open_page: OpenPage, browser_without_camera: Browser) -> None:
    page = open_page(using=browser_without_camera)
    if page.locator("[data-state]").count() == 0:
        page.get_by_role("button", name="Start the camera").click()

    expect_message(page, "no-camera", "No camera found")
    expect(page.get_by_role("button", name="Use the sample clip")).to_be_visible()


def test_plain_http_from_another_machine_asks_for_https_or_localhost(
    open_page: OpenPage, browser_that_refuses: Browser
) -> None:
    page = open_page(using=browser_that_refuses, host=LAN_HOST)

    assert page.evaluate("isSecureContext") is False
    expect_message(page, "insecure", "https")
    expect(page.locator("[data-state=insecure] [data-do=camera]")).to_have_count(0)


def test_a_camera_that_another_program_holds_is_named_busy(open_page: OpenPage, browser_that_refuses: Browser) -> None:
    busy = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('busy', 'NotReadableError'))"
    page = open_page(using=browser_that_refuses, before=lambda page: page.add_init_script(busy))

    page.get_by_role("button", name="Start the camera").click()

    expect_message(page, "in-use", "busy")


def test_an_unplugged_camera_is_noticed(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "camera")
    page.wait_for_function("document.querySelector('video').videoWidth > 0")

    page.evaluate("document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))")

    expect_message(page, "unplugged", "went away")


def test_the_camera_can_be_chosen_stopped_and_started(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_label("Camera", exact=True)).to_be_visible()

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    assert page.evaluate("document.querySelector('video').srcObject") is None

    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "camera")


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=["desk", "phone"])
def test_the_source_can_be_changed_while_the_camera_runs(open_page: OpenPage, size: ViewportSize) -> None:
    page = open_page()
    page.set_viewport_size(size)
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "camera")

    page.get_by_role("button", name="Source").click()
    page.locator(".dropdown-item", has_text="Sample clip").click(timeout=5000)

    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "file")


def test_ones_own_camera_is_mirrored_and_the_switch_turns_it(open_page: OpenPage) -> None:
    page = open_page()
    video = page.locator("[data-stage] video")
    expect(video).to_have_class("mirrored")

    page.get_by_label("Mirror").uncheck()

    expect(video).not_to_have_class("mirrored")


def test_a_file_that_is_no_video_is_named_with_the_reason(open_page: OpenPage, browser_without_camera: Browser) -> None:
    page = open_page(using=browser_without_camera)

    page.locator("[data-file-input]").set_input_files(
        {"name": "holiday.mp4", "mimeType": "video/mp4", "buffer": b"these are words and no video"}
    )

    expect_message(page, "undecodable", "holiday.mp4")


def test_somebody_logged_out_meanwhile_is_told_to_log_in(open_page: OpenPage) -> None:
    page = open_page(expected_errors="WebSocket")
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "camera")

    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    refused = page.locator("[data-state=refused]")
    expect(refused).to_contain_text("log in")
    expect(refused.get_by_role("link", name="Log in")).to_be_visible()
