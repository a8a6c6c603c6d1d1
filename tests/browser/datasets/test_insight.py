"""Outliers, statistics and versions of a dataset in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.datasets.grid import OpenGrid, cell, count_says
from tests.browser.driving import SOON_MS, wait_until
from tests.browser.test_pages import Look, needs_axe
from tests.dataset_seeding import Seeded

pytestmark = pytest.mark.browser


def test_outliers_and_duplicates_are_looked_for_from_the_page(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    expect(page.get_by_label("Look like another 1")).to_be_visible(timeout=SOON_MS)

    page.get_by_text("Look for outliers and duplicates").click()
    page.get_by_role("button", name="Look now").click()

    expect(page.locator("[data-progress]")).to_contain_text("done", timeout=60_000)
    expect(page.get_by_label("Look like another 0")).to_be_visible(timeout=SOON_MS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_statistics_are_plots_and_tables_and_follow_the_theme(open_page: OpenPage, some: Seeded, theme: str) -> None:
    page = open_page(f"/datasets/{some.dataset_id}/statistics", color_scheme=theme)
    plots = page.get_by_role("img", name="How often each joint is visible")
    expect(plots).to_be_visible(timeout=SOON_MS)
    before = plots.evaluate("(canvas) => canvas.toDataURL()")

    page.get_by_text("Numbers").nth(4).click()

    expect(page.get_by_role("row", name=re.compile("left_elbow"))).to_be_visible()
    expect(page.get_by_role("img", name="Where left_elbow lies")).to_be_visible()
    for _ in range(1 if theme == "dark" else 2):  # from "as the system" to light, then to dark
        page.locator("[data-theme-toggle]").click()
    wait_until(page, lambda: plots.evaluate("(canvas) => canvas.toDataURL()") != before, "other colours")


def test_statistics_warn_of_a_person_in_two_splits(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    anna = next(iter(some.people))
    for position, split, words in ((0, "train", "training"), (3, "test", "test")):
        cell(page, position).click()
        page.get_by_label("Set the split").select_option(split)
        expect(cell(page, position)).to_contain_text(words, timeout=SOON_MS)

    page.get_by_role("link", name="Statistics").click()

    expect(
        page.get_by_role("listitem").filter(has_text=f"{anna} (training and test) is in more than one")
    ).to_be_visible()


def test_a_version_is_made_compared_and_gone_back_to(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("heading", name="No version yet")).to_be_visible(timeout=SOON_MS)

    page.get_by_label("Keep what is here now").fill("before the great mistake")
    page.get_by_role("button", name="Make a version").click()
    expect(page.get_by_role("heading", name="Version 1")).to_contain_text("before the great mistake", timeout=SOON_MS)
    expect(page.get_by_text("60 samples")).to_be_visible()
    page.get_by_role("link", name="Pictures").click()
    cell(page, 5).click()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete 1 sample").click()
    count_says(page, "59 samples")
    cell(page, 2).click()
    page.keyboard.press("e")
    expect(cell(page, 2)).to_have_attribute("data-state", "excluded", timeout=SOON_MS)
    cell(page, 2).click()
    page.get_by_label("Set the split").select_option("train")
    expect(cell(page, 2)).to_contain_text("training", timeout=SOON_MS)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Compare with now").click()

    compared = page.get_by_role("region", name="Compare")
    expect(compared.get_by_text("Removed1")).to_be_visible(timeout=SOON_MS)
    expect(compared.get_by_text("Changed1")).to_be_visible()
    expect(compared).to_contain_text("reviewed → excluded, none → training")
    expect(page).to_have_url(re.compile(r"\?compare=1&with=now$"))
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 sample that was deleted since comes back")
    page.get_by_role("button", name="Go back", exact=True).click()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("link", name="Pictures").click()
    count_says(page, "60 samples")
    expect(cell(page, 2)).to_have_attribute("data-state", "reviewed")


@needs_axe
def test_the_pages_are_accessible_and_fit_the_screen(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    look = Look(page)
    cell(page, 1).click()

    look.at("dataset-pictures")
    page.goto(f"/datasets/{some.dataset_id}/statistics")
    expect(page.get_by_role("img", name="Where left_elbow lies")).to_be_visible(timeout=SOON_MS)
    look.at("dataset-statistics")
    page.goto(f"/datasets/{some.dataset_id}/versions")
    page.get_by_role("button", name="Make a version").click()
    page.get_by_role("button", name="Compare with now").click()
    expect(page.get_by_text("Nothing differs.")).to_be_visible(timeout=SOON_MS)
    look.at("dataset-versions")

    assert not look.problems, "\n".join(look.problems)
