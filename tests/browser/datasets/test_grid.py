"""The grid of twenty thousand samples in a real browser: few elements, keys, ranges."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.datasets.grid import OpenGrid, cell, count_says, grid_of, shown
from tests.browser.driving import SOON_MS, wait_until
from tests.browser.running import RunningServer
from tests.browser.seeding import dataset
from tests.dataset_seeding import Seeded

pytestmark = pytest.mark.browser
MANY = 20_000
MOST_ELEMENTS = 4000
"""Of the whole page, however far somebody scrolls; all samples at once would be 300,000."""
PLACES = (0.0, 0.5, 0.07, 1.0)
"""Where a person scrolls to, as shares of the page's height."""


@pytest.fixture(scope="module")
def many(server: RunningServer) -> Seeded:
    return dataset(server, "reader", MANY, name="Many", different_pictures=60, people=("Many One", "Many Two"))


def test_twenty_thousand_samples_need_few_elements_and_every_row_shows_its_own(
    open_grid: OpenGrid, many: Seeded
) -> None:
    page = open_grid(many)
    count_says(page, "20,000 samples")

    for place in PLACES:
        page.evaluate(f"scrollTo(0, {place} * document.documentElement.scrollHeight)")
        wait_until(page, lambda: all(one["picture"] for one in shown(page)), "pictures of every cell in view")
        seen = shown(page)
        assert len(seen) > 10
        for one in seen:
            assert one["sample"] == many.sample_ids[one["index"]]
            assert one["name"].split(" ")[0] == str(one["index"])
            assert one["sample"] in one["picture"]
        assert page.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS

    ids: list[str] = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert max(one["index"] for one in seen) == MANY - 1


def test_rows_are_used_again_and_a_long_way_past_is_not_fetched(open_grid: OpenGrid, many: Seeded) -> None:
    page = open_grid(many)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/samples?" in request.url else None)

    # at once: on the way of a smooth one a slow browser shows places in between
    page.evaluate("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")

    wait_until(page, lambda: MANY - 1 in {one["index"] for one in shown(page)}, "the last sample")
    wait_until(page, lambda: all(one["picture"] for one in shown(page)), "pictures of every cell in view")
    assert 1 <= len(asked) <= 5


def test_the_grid_is_gone_through_by_keyboard_alone(open_grid: OpenGrid, many: Seeded) -> None:
    page = open_grid(many)
    grid = grid_of(page)
    columns = int(grid.get_attribute("aria-colcount") or 0)
    assert int(grid.get_attribute("aria-rowcount") or 0) == -(-MANY // columns)

    def active() -> str:
        index = (grid.get_attribute("aria-activedescendant") or "").removeprefix("sample-")
        expect(page.locator(f"#sample-{index}")).to_be_in_viewport()
        return index

    grid.focus()
    for key, index in (
        ("ArrowRight", 1), ("ArrowDown", 1 + columns), ("End", 2 * columns - 1), ("Home", columns), ("ArrowUp", 0),
        ("ArrowUp", 0), ("ArrowLeft", 0), ("Control+End", MANY - 1), ("ArrowDown", MANY - 1), ("Control+Home", 0),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert active() == str(index), key
    page.keyboard.press("PageDown")
    assert int(active()) > columns
    expect(page.locator(f"#sample-{active()}")).to_have_attribute("data-sample-id", re.compile("^[0-9a-f]"))


def test_ranges_are_selected_with_shift_and_everything_with_control_a(open_grid: OpenGrid, many: Seeded) -> None:
    page = open_grid(many)
    columns = int(grid_of(page).get_attribute("aria-colcount") or 0)
    said = page.locator("[data-selected]")

    grid_of(page).focus()
    page.keyboard.press("Space")
    expect(said).to_have_text("1 sample selected")
    page.keyboard.press("Shift+ArrowDown")
    expect(said).to_have_text(f"{columns + 1} samples selected")
    expect(page.locator('.sample-cell[aria-selected="true"]')).to_have_count(columns + 1)
    page.keyboard.press("Control+a")
    expect(said).to_have_text("All 20,000 samples selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="What to do with the selected")).to_be_hidden()
    cell(page, 2).click()
    cell(page, 5).click(modifiers=["Shift"])
    expect(said).to_have_text("4 samples selected")


def test_enter_opens_the_sample_to_label_and_the_way_back_leads_to_where_it_was(
    open_grid: OpenGrid, many: Seeded
) -> None:
    page = open_grid(many)
    page.evaluate("scrollTo(0, 60000)")
    wait_until(page, lambda: bool(shown(page)) and all(one["picture"] for one in shown(page)), "pictures")
    first = shown(page)[10]
    wait_until(page, lambda: bool(page.evaluate("history.state?.first")), "the place to be remembered")

    page.locator(f"#sample-{first['index']}").click()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/label?sample={first['sample']}*")
    page.go_back()

    expect(page.locator(f"#sample-{first['index']}")).to_be_in_viewport(timeout=SOON_MS)
