"""Looking over a dataset in a real browser: thousands of samples, filters, selecting, plots, versions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS, wait_until
from tests.browser.running import RunningServer
from tests.browser.seeding import dataset
from tests.browser.test_pages import Look, needs_axe
from tests.dataset_seeding import Seeded

pytestmark = pytest.mark.browser

MANY = 20_000
MOST_ELEMENTS = 4000
"""Of the whole page, however far somebody scrolls; all samples at once would be 300,000."""
PLACES = (0.0, 0.5, 0.07, 1.0)
"""Where a person scrolls to, as shares of the page's height."""

SHOWN = """() => [...document.querySelectorAll('.grid-row:not([hidden]) .sample-cell:not([hidden])')]
  .filter((cell) => { const box = cell.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; })
  .map((cell) => ({
    index: Number(cell.dataset.index),
    sample: cell.dataset.sampleId,
    name: cell.querySelector("[data-name]").textContent,
    picture: cell.querySelector('img.here')?.src ?? null,
  }))"""


def grid_of(page: Page) -> Locator:
    return page.get_by_role("grid", name="Samples")


def cell(page: Page, position: int) -> Locator:
    return page.locator(".sample-cell", has=page.locator("[data-name]", has_text=re.compile(rf"^{position}( |$)")))


def shown(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(SHOWN)
    return found


def count_says(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-count]")).to_have_text(words, timeout=SOON_MS)


@pytest.fixture(scope="module")
def many(server: RunningServer) -> Seeded:
    return dataset(server, "reader", MANY, name="Many", different_pictures=60, people=("Many One", "Many Two"))


@pytest.fixture
def some(server: RunningServer, request: pytest.FixtureRequest) -> Seeded:
    """A dataset of the test's own."""
    name = re.sub(r"\W+", " ", request.node.name)[:60]
    return dataset(server, "reader", 60, name=name, people=(f"{name} Anna", f"{name} Ben", None))


@pytest.fixture
def open_grid(open_page: OpenPage) -> Callable[..., Page]:
    def opened(seeded: Seeded, query: str = "", **options: Any) -> Page:
        page = open_page(f"/datasets/{seeded.dataset_id}/pictures{query}", **options)
        expect(page.locator(".sample-cell img.here").first).to_be_visible(timeout=SOON_MS)
        return page

    return opened


def test_twenty_thousand_samples_need_few_elements_and_every_row_shows_its_own(
    open_grid: Callable[..., Page], many: Seeded
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


def test_rows_are_used_again_and_a_long_way_past_is_not_fetched(open_grid: Callable[..., Page], many: Seeded) -> None:
    page = open_grid(many)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/samples?" in request.url else None)

    # at once: on the way of a smooth one a slow browser shows places in between
    page.evaluate("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")

    wait_until(page, lambda: MANY - 1 in {one["index"] for one in shown(page)}, "the last sample")
    wait_until(page, lambda: all(one["picture"] for one in shown(page)), "pictures of every cell in view")
    assert 1 <= len(asked) <= 5


def test_the_grid_is_gone_through_by_keyboard_alone(open_grid: Callable[..., Page], many: Seeded) -> None:
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


def test_ranges_are_selected_with_shift_and_everything_with_control_a(
    open_grid: Callable[..., Page], many: Seeded
) -> None:
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


def test_excluding_by_key_can_be_undone(open_grid: Callable[..., Page], some: Seeded) -> None:
    page = open_grid(some)
    before = cell(page, 0).get_attribute("data-state") or ""
    cell(page, 0).click()

    page.keyboard.press("x")

    expect(cell(page, 0)).to_have_attribute("data-state", "excluded", timeout=SOON_MS)
    expect(page.get_by_label("Excluded 1")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(cell(page, 0)).to_have_attribute("data-state", before, timeout=SOON_MS)


def test_accepting_and_splits_go_for_everything_that_the_filter_shows(
    open_grid: Callable[..., Page], some: Seeded
) -> None:
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


def test_deleting_asks_first_and_enter_does_not_agree(open_grid: Callable[..., Page], some: Seeded) -> None:
    page = open_grid(some)
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


def test_the_person_of_several_is_set_and_set_back(open_grid: Callable[..., Page], some: Seeded) -> None:
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


def test_filters_live_in_the_address_and_going_back_takes_them_back(
    open_grid: Callable[..., Page], some: Seeded
) -> None:
    page = open_grid(some)

    page.get_by_label("Reviewed").check()
    count_says(page, "15 samples of 60")
    page.get_by_label("Session").select_option("monday")
    count_says(page, re.compile(r"^[1-9]\d? samples of 60$"))
    assert re.search(r"\?state=reviewed&session=monday$", page.url)
    page.go_back()
    count_says(page, "15 samples of 60")
    expect(page.get_by_label("Session")).to_have_value("")
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


def test_poses_are_chosen_by_their_drawings(open_grid: Callable[..., Page], some: Seeded) -> None:
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


def test_a_duplicate_is_shown_beside_what_it_repeats(open_grid: Callable[..., Page], some: Seeded) -> None:
    page = open_grid(some, "?outlier=duplicate")
    count_says(page, "1 sample of 60")
    duplicate = cell(page, 49)

    expect(duplicate.locator("img.here")).to_have_count(2, timeout=SOON_MS)

    expect(duplicate).to_contain_text("repeats 48")
    assert some.sample_ids[48] in (duplicate.locator("img").nth(1).get_attribute("src") or "")


def test_outliers_and_duplicates_are_looked_for_from_the_page(open_grid: Callable[..., Page], some: Seeded) -> None:
    page = open_grid(some)
    expect(page.get_by_label("Look like another 1")).to_be_visible(timeout=SOON_MS)

    page.get_by_text("Look for outliers and duplicates").click()
    page.get_by_role("button", name="Look now").click()

    expect(page.locator("[data-progress]")).to_contain_text("done", timeout=60_000)
    expect(page.get_by_label("Look like another 0")).to_be_visible(timeout=SOON_MS)


def test_enter_opens_the_sample_to_label_and_the_way_back_leads_to_where_it_was(
    open_grid: Callable[..., Page], many: Seeded
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


def test_statistics_warn_of_a_person_in_two_splits(open_grid: Callable[..., Page], some: Seeded) -> None:
    page = open_grid(some)
    anna = next(iter(some.people))
    for position, split in ((0, "train"), (3, "test")):
        cell(page, position).click()
        page.get_by_label("Set the split").select_option(split)
        expect(cell(page, position)).to_contain_text(split, timeout=SOON_MS)

    page.get_by_role("link", name="Statistics").click()

    expect(
        page.get_by_role("listitem").filter(has_text=f"{anna} (training and test) is in more than one")
    ).to_be_visible()


def test_a_version_is_made_compared_and_gone_back_to(open_grid: Callable[..., Page], some: Seeded) -> None:
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
    page.keyboard.press("x")
    expect(cell(page, 2)).to_have_attribute("data-state", "excluded", timeout=SOON_MS)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Compare with now").click()

    compared = page.get_by_role("region", name="Compare")
    expect(compared.get_by_text("Removed1")).to_be_visible(timeout=SOON_MS)
    expect(compared.get_by_text("Changed1")).to_be_visible()
    expect(compared).to_contain_text("reviewed → excluded")
    expect(page).to_have_url(re.compile(r"\?compare=1&with=now$"))
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 sample that was deleted since comes back")
    page.get_by_role("button", name="Go back", exact=True).click()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("link", name="Pictures").click()
    count_says(page, "60 samples")
    expect(cell(page, 2)).to_have_attribute("data-state", "reviewed")


@needs_axe
def test_the_pages_are_accessible_and_fit_the_screen(open_grid: Callable[..., Page], some: Seeded) -> None:
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
