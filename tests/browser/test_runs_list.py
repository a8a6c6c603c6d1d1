"""The lists of training runs: some are chosen and laid beside each other."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.teaching import post
from tests.browser.training_runs import Seed, app, arms, seed
from tests.dataset_seeding import Seeded
from tests.run_seeding import evaluation, seed_run
from webapp.db.base import new_id
from webapp.services.accounts import get_account
from webapp.web.runs import ON_A_PAGE

__all__ = ["app", "arms", "seed"]

pytestmark = pytest.mark.browser


def test_runs_are_chosen_with_the_keyboard_and_compared(open_page: OpenPage, arms: Seeded, seed: Seed) -> None:
    seed(name="One", metrics=evaluation(arms))
    seed(name="Two", settings={"side_px": 192}, pck=0.9, metrics=evaluation(arms, 0.85))
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief")
    button = page.get_by_role("button", name="Compare")
    expect(button).to_be_disabled()

    for name in ("One", "Two"):
        page.get_by_label(f"Compare {name}").focus()
        page.keyboard.press("Space")
    button.press("Enter")

    expect(page.get_by_role("heading", name="Runs compared")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("img", name="Validation loss by epoch")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("row", name="Side of the picture")).to_contain_text("192 pixels")
    expect(page.get_by_role("row", name="Validation PCK@0.2")).to_contain_text("90.0 % best")


def test_what_is_chosen_on_one_page_is_still_so_on_others_until_it_is_cleared(
    open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    for number in range(ON_A_PAGE + 2):
        seed(files=False, name=f"Number {number}", epochs=2)
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief")
    chosen, elsewhere = page.locator("[data-chosen]"), page.get_by_role("list", name="Chosen on other pages")
    page.get_by_label("Compare Number 41").check()
    page.get_by_label("Compare Number 40").check()
    page.get_by_role("link", name="Older").click()
    expect(chosen).to_have_text("2 runs chosen.")
    page.get_by_label("Compare Number 0").check()
    expect(chosen).to_have_text("3 runs chosen.")
    expect(elsewhere.get_by_role("button")).to_have_text(["Number 41", "Number 40"])

    elsewhere.get_by_role("button", name="Leave out Number 41").press("Enter")
    expect(elsewhere.get_by_role("button", name="Leave out Number 40")).to_be_focused()
    page.get_by_role("button", name="Compare").press("Enter")

    expect(page.get_by_role("heading", name="Runs compared")).to_be_visible(timeout=SOON_MS)
    for name in ("Number 40", "Number 0"):
        expect(page.get_by_role("columnheader", name=name, exact=True).first).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Compare Number 0")).to_be_checked()
    page.goto("/runs/")
    expect(chosen).to_have_text("2 runs chosen.")
    expect(page.get_by_label("Compare Number 40")).to_be_checked()
    page.get_by_role("button", name="Clear").press("Enter")
    expect(chosen).to_have_text("Choose 2 to 6 runs to compare, from any page.")
    page.reload()
    expect(page.locator("[name=run]:checked")).to_have_count(0)


def test_a_run_that_is_deleted_is_no_longer_chosen(open_page: OpenPage, arms: Seeded, seed: Seed) -> None:
    names = ("Stays", "Goes")
    seed(name="Stays")
    goes = seed(name="Goes")
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief")
    for name in names:
        page.get_by_label(f"Compare {name}").check()

    page.goto(f"/runs/{goes}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the run").click()

    expect(page.locator("[data-chosen]")).to_have_text("1 run chosen: one more, at least.", timeout=SOON_MS)
    expect(page.get_by_label("Compare Stays")).to_be_checked()


def test_a_run_that_was_deleted_since_it_was_chosen_is_left_out_from_then_on(
    open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    ids = {name: seed(name=name) for name in ("One", "Two", "Three")}
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief")
    for name in ids:
        page.get_by_label(f"Compare {name}").check()
    post(page, f"/runs/{ids['Three']}/delete", {})

    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_text("One of the runs chosen is not there any more; here are the others.")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Two", exact=True).first).to_be_visible()
    page.goto(f"/datasets/{arms.dataset_id}/runs/")
    expect(page.locator("[data-chosen]")).to_have_text("2 runs chosen.")


def test_runs_of_one_page_are_compared_without_a_script(open_page: OpenPage, arms: Seeded, seed: Seed) -> None:
    for name in ("One", "Two"):
        seed(name=name)
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief", java_script_enabled=False)

    page.get_by_label("Compare One").check()
    page.get_by_label("Compare Two").check()
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_role("heading", name="Runs compared")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_two_runs_are_seen_beside_each_other_however_long_their_names(
    open_page: OpenPage, server: RunningServer, app: Flask, width: int
) -> None:
    long = f"{new_id()}{'w' * 80}"[:80]
    seeded = seeding.dataset(server, "chief", 4, name=long, people=("Anna", "Ben"), states=("reviewed",))
    with app.app_context():
        chief = get_account("chief").id
        wing = {"family": "regression", "loss": "wing"}
        told = evaluation(seeded)
        ids = [seed_run(seeded, chief, name=long, settings=each, metrics=told) for each in ({}, wing)]
    page = open_page(
        f"/runs/compare?run={ids[0]}&run={ids[1]}", username="chief", viewport={"width": width, "height": 900}
    )

    frames = page.locator(".table-responsive")

    expect(frames).to_have_count(3)
    for frame in frames.all():
        assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") <= 0
