"""Filters of the grid, and what is done with the samples that are selected."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.datasets.grid import OpenGrid, cell, count_says, grid_of
from tests.browser.driving import SOON_MS
from tests.dataset_seeding import Seeded

pytestmark = pytest.mark.browser


def test_excluding_by_key_can_be_undone(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    before = cell(page, 0).get_attribute("data-state") or ""
    cell(page, 0).click()

    page.keyboard.press("e")

    expect(cell(page, 0)).to_have_attribute("data-state", "excluded", timeout=SOON_MS)
    expect(page.get_by_label("Excluded 1")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(cell(page, 0)).to_have_attribute("data-state", before, timeout=SOON_MS)


def test_accepting_and_splits_go_for_everything_that_the_filter_shows(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some, "?state=proposed")
    count_says(page, "30 samples of 60")

    grid_of(page).focus()
    page.keyboard.press("Control+a")
    page.get_by_label("Set the split").select_option("test")
    expect(page.get_by_role("dialog")).to_contain_text("Set the split of 30 samples?")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_label("Test 30")).to_be_visible(timeout=SOON_MS)
    grid_of(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("a")
    page.get_by_role("button", name="Accept 30 samples").click()

    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="Show everything").last.click()
    count_says(page, "60 samples")
    expect(page.get_by_label("Reviewed 45")).to_be_visible()


def test_deleting_asks_first_and_enter_does_not_agree(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    # a thumbnail that is asked for before and answered after the sample is gone is an error in the console
    expect(cell(page, 3).locator("img.here").first).to_be_visible(timeout=SOON_MS)
    cell(page, 3).click()

    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_contain_text("Delete 1 sample?")
    expect(page.get_by_role("dialog")).to_contain_text("Its label goes with it")
    page.keyboard.press("Enter")
    count_says(page, "60 samples")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete 1 sample").click()

    count_says(page, "59 samples")
    expect(cell(page, 3)).to_have_count(0)


def test_the_person_of_several_is_set_and_set_back(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    anna, ben = some.people
    expect(cell(page, 0)).to_contain_text(anna)
    cell(page, 0).click()
    cell(page, 2).click()

    page.get_by_label("Set the person").select_option(label=ben)

    expect(cell(page, 0)).to_contain_text(ben, timeout=SOON_MS)
    expect(cell(page, 2)).to_contain_text(ben)
    page.get_by_role("button", name="Undo").click()
    expect(cell(page, 0)).to_contain_text(anna, timeout=SOON_MS)
    expect(cell(page, 2)).not_to_contain_text(ben)


def test_what_an_address_names_that_no_filter_has_is_dropped(open_grid: OpenGrid, some: Seeded) -> None:
    unknown = "order=foo&state=bar&state=reviewed&outlier=baz&split=qux&pose_group=99999999999&source=mars&it=1"
    page = open_grid(some, f"?{unknown}")

    count_says(page, re.compile(r"^\d+ samples of 60$"))
    assert page.url.endswith("/pictures?state=reviewed")
    expect(page.get_by_label("Order")).to_have_value("position")
    expect(page.get_by_label("Everything", exact=True)).to_be_checked()
    expect(page.locator(".toast")).to_have_count(0)


def test_filters_live_in_the_address_and_going_back_takes_them_back(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)

    page.get_by_label("Reviewed").check()
    count_says(page, "15 samples of 60")
    page.get_by_label("Recording").select_option("monday")
    count_says(page, re.compile(r"^[1-9]\d? samples of 60$"))
    assert re.search(r"\?state=reviewed&session=monday$", page.url)
    page.go_back()
    count_says(page, "15 samples of 60")
    expect(page.get_by_label("Recording")).to_have_value("")
    page.go_back()
    count_says(page, "60 samples")
    expect(page.get_by_label("Reviewed")).not_to_be_checked()
    page.go_forward()
    count_says(page, "15 samples of 60")
    page.reload()
    count_says(page, "15 samples of 60")
    page.get_by_label("Name of the file").fill("figure-00002")
    count_says(page, "1 sample of 60")
    page.get_by_label("Name of the file").fill("no such file")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible(timeout=SOON_MS)


def test_poses_are_chosen_by_their_drawings(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some)
    poses = page.get_by_role("group", name="Pose").get_by_role("checkbox")
    expect(poses).to_have_count(6)  # of eight, the two whose samples have no label
    assert len(page.locator(".pose-choice path").first.get_attribute("d") or "") > 10

    poses.nth(1).check()

    expect(page).to_have_url(re.compile(r"\?pose_group=1$"))
    count_says(page, re.compile(r"^\d+ samples of 60$"))
    said = page.locator("[data-count]").text_content() or ""
    page.reload()
    count_says(page, said)
    expect(poses.nth(1)).to_be_checked()


def test_a_duplicate_is_shown_beside_what_it_repeats(open_grid: OpenGrid, some: Seeded) -> None:
    page = open_grid(some, "?outlier=duplicate")
    count_says(page, "1 sample of 60")
    duplicate = cell(page, 49)

    expect(duplicate.locator("img.here")).to_have_count(2, timeout=SOON_MS)

    expect(duplicate).to_contain_text("repeats 48")
    assert some.sample_ids[48] in (duplicate.locator("img").nth(1).get_attribute("src") or "")
