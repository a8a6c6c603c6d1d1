"""A real training run from the form to a model in use, and what is asked before one is used that is not worth it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.training_runs import Seed, app, arms, seed
from tests.dataset_seeding import Seeded
from tests.run_seeding import evaluation

__all__ = ["app", "arms", "seed"]

pytestmark = pytest.mark.browser

TRAINED_MS = 420_000
"""TensorFlow's start, two epochs and five exported forms on a busy machine."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Iterator[RunningServer]:
    """A server with its own weights: what is registered and activated here is so for everybody."""
    running = RunningServer(tmp_path_factory.mktemp("runs"))
    running.use_own_weights(tmp_path_factory.mktemp("weights"))
    running.start()
    for username, role in (("reader", "user"), ("chief", "admin")):
        running.add_account(username, role)
    yield running
    running.stop()


def test_a_run_goes_from_the_form_to_a_model_in_use_and_back(open_page: OpenPage, arms: Seeded) -> None:
    # the epochs that are wrong at first are refused with 422
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief", expected_errors="status of 422")
    page.get_by_role("link", name="New run").click()
    expect(page.get_by_role("list", name="Before you start")).to_contain_text("Only 16 reviewed")
    fill_in(page, name="Tiny one", epochs="0")
    expect(page.get_by_text("Epochs must be a whole number from 1")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_label("Epochs", exact=True)).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Tiny one")
    page.get_by_label("Epochs", exact=True).fill("2")
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_role("heading", name="Tiny one")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-progress] .tag")).to_have_text("done", timeout=TRAINED_MS)

    expect(page.get_by_role("heading", name="How good it is")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-announce]")).to_contain_text("The run is done.")
    expect(page.get_by_role("img", name="Loss of training")).to_be_visible()
    expect(page.locator("[data-examples] img").first).to_be_visible()
    page.get_by_role("link", name="Files", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="history.csv").click()
    assert len(download.value.path().read_text(encoding="utf-8").strip().splitlines()) == 3
    registered_activated_and_taken_back(page)


def fill_in(page: Page, name: str, epochs: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Epochs", exact=True).fill(epochs)
    page.get_by_text("More settings").click()
    page.get_by_label("Side of the picture").fill("32")
    page.get_by_label("Batch").fill("4")
    page.get_by_label("Examples every").fill("1")
    page.get_by_role("button", name="Start the run").click()


def registered_activated_and_taken_back(page: Page) -> None:
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("Not A Name")
    page.get_by_role("button", name="Register as a model").click()
    expect(page.get_by_text("A model's name must be 1 to 30 of a-z")).to_be_visible(timeout=SOON_MS)
    name.fill("tiny")
    page.get_by_role("button", name="Register as a model").click()
    page.get_by_role("button", name="Activate tiny-v1").click(timeout=SOON_MS)
    heading = page.get_by_role("heading", name="Versions of trained models")
    anyway = page.get_by_role("button", name="Activate it anyway")
    expect(heading.or_(anyway)).to_be_visible(timeout=SOON_MS)
    if anyway.is_visible():  # two epochs are seldom worth it
        anyway.click()

    expect(heading).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#tiny-v1")).to_contain_text("in use")
    page.get_by_role("link", name="among all models").click()
    expect(page.locator("#pose-tiny-v1")).to_contain_text("where it came from")
    page.goto("/models/versions/")
    page.get_by_role("button", name="Go back to").click()
    page.goto("/models/versions/")
    page.get_by_role("button", name="Remove tiny-v1").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("heading", name="No version yet")).to_be_visible(timeout=SOON_MS)


def test_a_version_that_is_not_worth_it_is_activated_after_a_question_alone(
    open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    run_id = seed(metrics=evaluation(arms, worth_activating=False, reasons=["it finds less than the mean pose"]))
    page = open_page(f"/runs/{run_id}", username="chief")
    page.get_by_role("textbox", name="Name", exact=True).fill("weak")
    page.get_by_role("button", name="Register as a model").click()
    activate = page.get_by_role("button", name=re.compile("(Activate|Use) weak-v1"))

    for address in (None, "/models/", "/models/versions/"):
        if address:
            page.goto(address)
        activate.click(timeout=SOON_MS)
        dialog = page.get_by_role("dialog", name="weak-v1 is not worth activating. Use it anyway?")
        expect(dialog.get_by_role("listitem")).to_have_text(["It finds less than the mean pose."])
        expect(dialog.get_by_role("button", name="No, leave it")).to_be_focused()
        page.get_by_role("button", name="No, leave it").click()
        expect(activate).to_be_visible()

    expect(page.locator("#weak-v1")).to_contain_text("not worth activating")
    page.get_by_role("button", name="Remove weak-v1").click()
    page.get_by_role("button", name="Remove it").click()
    expect(activate).to_be_hidden(timeout=SOON_MS)
