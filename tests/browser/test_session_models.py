"""Other models for a running session: chosen on the page, refused with a sentence, and gone with the tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import wait_for_people, wait_for_worker, wait_until
from tests.browser.wire import SocketLog

pytestmark = pytest.mark.browser

OFFER = """(name) => {
  const select = document.querySelector('[data-choose=pose_model]');
  select.append(new Option(name, name));
}"""


@pytest.fixture
def watched(open_page: OpenPage) -> tuple[Page, SocketLog]:
    page = open_page()
    log = SocketLog(page)
    page.reload()
    wait_for_worker(page)
    wait_for_people(page, log)
    page.get_by_text("Other models for this session").click()
    return page, log


def test_the_pose_model_of_a_running_session_is_another_and_the_usual_one_again(
    watched: tuple[Page, SocketLog],
) -> None:
    page, log = watched
    choice = page.get_by_label("Pose model")
    expect(choice).to_have_value("blazepose_full")

    choice.select_option("blazepose_lite")

    expect(page.locator("[data-models]")).to_contain_text("blazepose_lite", timeout=30_000)
    seen = log.people_seen
    wait_until(page, lambda: log.people_seen > seen + 5, "people after the change")
    page.goto("/record/")  # the same tab
    expect(page.locator("[data-models]")).to_contain_text("blazepose_lite", timeout=30_000)
    page.get_by_text("Other models for this session").click()
    page.get_by_role("button", name="Back to the usual ones").click()
    expect(page.locator("[data-models]")).to_contain_text("blazepose_full", timeout=30_000)
    expect(page.get_by_label("Pose model")).to_have_value("blazepose_full")


def test_a_refused_model_is_told_and_the_session_goes_on(watched: tuple[Page, SocketLog]) -> None:
    page, log = watched
    page.evaluate(OFFER, "no_such_model")

    page.get_by_label("Pose model").select_option("no_such_model")

    expect(page.locator("#toasts")).to_contain_text("no_such_model")
    expect(page.get_by_label("Pose model")).to_have_value("blazepose_full")
    expect(page.get_by_label("Pose model")).to_be_enabled()
    expect(page.get_by_role("button", name="Back to the usual ones")).to_be_hidden()
    seen = log.people_seen
    wait_until(page, lambda: log.people_seen > seen + 5, "people after the refusal")


def test_after_a_refusal_the_choice_before_holds_and_can_be_taken_back(watched: tuple[Page, SocketLog]) -> None:
    page, _ = watched
    choice, used = page.get_by_label("Pose model"), page.locator("[data-models]")
    choice.select_option("blazepose_lite")
    expect(used).to_contain_text("blazepose_lite", timeout=30_000)
    page.evaluate(OFFER, "no_such_model")
    choice.select_option("no_such_model")
    expect(page.locator("#toasts")).to_contain_text("no_such_model")

    page.reload()

    expect(used).to_contain_text("blazepose_lite", timeout=30_000)
    page.get_by_text("Other models for this session").click()
    page.get_by_role("button", name="Back to the usual ones").click()
    expect(used).to_contain_text("blazepose_full", timeout=30_000)
