"""The page of models, with live sessions running: one click switches them all, another takes it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.browser.driving import wait_for_people, wait_for_worker, wait_until
from tests.browser.running import RunningServer
from tests.browser.wire import SocketLog

pytestmark = pytest.mark.browser

MEASURED_WITHIN_MS = 120_000
LOADED_WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Iterator[RunningServer]:
    """A server of its own: what is chosen here is chosen for everybody."""
    running = RunningServer(tmp_path_factory.mktemp("models"))
    running.start()
    for username, role in (("reader", "user"), ("chief", "admin")):
        running.add_account(username, role)
    yield running
    running.stop()


@pytest.fixture
def models(open_page: OpenPage) -> Page:
    # 503 while no worker is there yet, 422 for a model that does not exist
    return open_page("/models/", username="chief", expected_errors=r"status of (422|503)")


def test_one_click_changes_the_models_of_a_running_session_and_another_takes_it_back(
    open_page: OpenPage, models: Page
) -> None:
    live = open_page("/live/")
    log = SocketLog(live)
    live.reload()
    wait_for_worker(live)
    wait_for_people(live, log)
    expect(live.locator("[data-models]")).to_contain_text("blazepose_full")

    models.get_by_role("button", name="Use BlazePose lite").click()

    expect(models.get_by_role("status").first).to_contain_text("From now on blazepose_lite is used")
    expect(models.locator("#pose-blazepose_lite")).to_contain_text("in use")
    expect(live.locator("[data-models]")).to_contain_text("blazepose_lite", timeout=LOADED_WITHIN_MS)
    seen = log.people_seen
    wait_until(live, lambda: log.people_seen > seen + 5, "people after the change")
    models.get_by_role("button", name="Go back to blazepose_full with auto").click()
    expect(models.locator("#pose-blazepose_full")).to_contain_text("in use")
    expect(models.get_by_role("button", name="Go back to")).to_have_count(0)
    expect(live.locator("[data-models]")).to_contain_text("blazepose_full", timeout=LOADED_WITHIN_MS)


def test_models_are_measured_one_after_the_other_until_it_is_stopped_and_the_speeds_stay(models: Page) -> None:
    wait_for_a_worker(models)
    all_models = models.locator("[data-measurable]").count()
    measured = models.locator("[data-measurable]:has([data-ms])")

    models.get_by_role("button", name="Measure all that are installed").click()

    expect(models.get_by_role("button", name="Measure all")).to_be_hidden()
    expect(measured).to_have_count(2, timeout=MEASURED_WITHIN_MS)
    expect(models.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "2", timeout=MEASURED_WITHIN_MS)
    models.get_by_role("button", name="Stop").click()
    expect(models.locator("[data-status]")).to_contain_text("Stopped before the other", timeout=MEASURED_WITHIN_MS)
    assert 2 <= measured.count() < all_models
    expect(models.get_by_role("button", name="Measure all")).to_be_focused()
    expect(models.locator("[data-fastest]:visible")).to_have_count(1)
    models.reload()
    expect(measured.first.locator("[data-measured]")).to_contain_text("measured")
    expect(measured.first.locator("[data-measured] time")).to_be_visible()
    expect(models.locator("[data-fastest]:visible")).to_have_count(1)


def test_a_model_that_cannot_be_measured_says_why_and_the_rest_goes_on(models: Page) -> None:
    wait_for_a_worker(models)
    models.locator("[data-measurable]").evaluate_all("(all) => all.slice(2).forEach((one) => one.remove())")
    models.locator("[data-measurable]").first.evaluate("(card) => (card.dataset.name = 'nonsense')")

    models.get_by_role("button", name="Measure all that are installed").click()

    expect(models.locator("[data-status]")).to_contain_text("1 of 2 models measured.", timeout=MEASURED_WITHIN_MS)
    expect(models.locator("[data-status]")).to_contain_text("1 could not be: the reason stands with it.")
    expect(models.locator("[data-failed]").first).to_contain_text("There is no pose model 'nonsense'")


def wait_for_a_worker(page: Page) -> None:
    """Load the page again and again until the worker, which loads its models first, can be asked."""
    ask = """async (url) => {
      const headers = { Accept: "application/json", "Content-Type": "application/json" };
      headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
      const body = JSON.stringify({ role: "detector", name: "blazepose" });
      return (await fetch(url, { method: "POST", headers, body })).status;
    }"""
    wait_until(page, lambda: page.evaluate(ask, "/models/speed") == 200, "a worker that measures", within_s=90)


def test_a_session_that_begins_with_models_that_recognise_none_of_its_actions_says_so_as_long_as_it_is_so(
    server: RunningServer, open_page: OpenPage, models: Page
) -> None:
    seeding.add_account(server, "mover")
    seeding.learn(server, "mover", "raise the arms", 0.35)
    models.locator("#pose-hand_full").get_by_role("button", name="Use").click()

    live = open_page("/live/", username="mover", expected_errors="503")
    note = live.locator("[data-actions-note]")
    expect(note).to_contain_text("None of your actions can be recognised with hand_full", timeout=LOADED_WITHIN_MS)
    expect(live.locator("#toasts")).to_be_empty()
    models.get_by_role("button", name="Go back to").click()

    expect(note).to_be_hidden(timeout=LOADED_WITHIN_MS)
