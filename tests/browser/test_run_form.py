"""The form of a new training run: what it shows, offers and refuses."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.training_runs import arms
from tests.dataset_seeding import Seeded
from webapp.db.base import new_id

__all__ = ["arms"]

pytestmark = pytest.mark.browser


def test_the_changes_of_pictures_are_seen_before_the_run(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief")
    picture = page.get_by_role("img", name="Pictures of this dataset")
    expect(picture).to_be_visible(timeout=SOON_MS)
    before = picture.get_attribute("src")

    page.get_by_label("Turn").focus()
    page.keyboard.press("ArrowRight")

    expect(picture).not_to_have_attribute("src", before or "", timeout=SOON_MS)
    expect(page.locator("output[for=run-augmentation-rotation_deg]")).to_have_text("41")


def test_where_nothing_is_reviewed_the_form_offers_the_proposed_ones(
    open_page: OpenPage, server: RunningServer
) -> None:
    people = ("Anna", "Ben", "Cleo")
    seeded = seeding.dataset(server, "chief", 12, name=f"Proposed {new_id()}", people=people, states=("proposed",))
    page = open_page(f"/datasets/{seeded.dataset_id}/runs/new", username="chief")
    expect(page.locator("[data-start-problem]")).to_contain_text("Nobody has reviewed a label")
    expect(page.get_by_text("No sample has a label that is reviewed yet.")).to_be_visible()
    expect(page.get_by_label("Begin with ImageNet's weights")).to_be_disabled()

    page.get_by_role("button", name="Train on the 12 proposed ones").click()

    expect(page.get_by_label("proposed by a model")).to_be_checked()
    expect(page.get_by_role("img", name="Pictures of this dataset")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-start-problem]")).to_be_hidden()
    expect(page.locator("[data-split]")).to_have_text(
        "3 people: about 1 for training, 1 for validation, 1 for the test."
    )


def test_all_that_is_wrong_is_marked_at_once(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief", expected_errors="status of 422")
    name, epochs = page.get_by_label("Name", exact=True), page.get_by_label("Epochs", exact=True)
    page.get_by_text("More settings").click()
    name.fill("")
    epochs.fill("0")
    page.get_by_label("Side of the picture").fill("33")
    page.get_by_label("Batch").fill("")
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_text("Epochs must be a whole number from 1 to 10000, got 0.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("Side of the picture must be a multiple of 32, got 33.")).to_be_visible()
    expect(page.get_by_text("Batch must be a whole number from 1 to 1024.", exact=True)).to_be_visible()
    expect(page.locator(".is-invalid")).to_have_count(4)
    expect(name).to_be_focused()

    epochs.fill("3")

    expect(page.locator(".is-invalid")).to_have_count(3)
    expect(page.locator("[data-form-error]")).to_be_hidden()


def test_shares_that_leave_too_little_are_both_marked_and_told_once(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief", expected_errors="status of 422")
    validation, test = page.get_by_label("For validation"), page.get_by_label("For the test")
    page.get_by_text("More settings").click()
    validation.fill("0.5")
    test.fill("0.5")
    test.press("Tab")
    told = page.get_by_text("must leave at least a fifth to train on")
    expect(told).to_be_visible(timeout=SOON_MS)

    page.get_by_role("button", name="Start the run").click()

    expect(validation).to_be_focused(timeout=SOON_MS)
    expect(told).to_have_count(1)
    expect(page.locator(".is-invalid")).to_have_count(2)
    validation.fill("0.1")
    expect(page.locator(".is-invalid")).to_have_count(0)


def test_only_losses_that_fit_the_answer_are_offered(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief")
    loss = page.locator("[name=loss]")
    expect(loss.locator("option:not([disabled])")).to_have_text(["Squared distance (MSE)"])

    page.get_by_label("What it answers").select_option("regression")

    expect(loss.locator("option:not([disabled])")).to_have_count(3)
    page.get_by_label("What it answers").select_option("heatmap")
    expect(loss).to_have_value("mse")
