"""The bar of what is done with selected samples: for whom it is, what fits, and naming somebody nobody knew."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.seeding import app_of, dataset
from tests.dataset_seeding import Seeded
from webapp.db.base import new_id
from webapp.services import accounts

pytestmark = pytest.mark.browser


@pytest.fixture
def unnamed(server: RunningServer) -> Seeded:
    """A dataset that names nobody."""
    return dataset(server, "reader", 6, name=new_id(), people=(None,))


def shared_with_reader(server: RunningServer, role: str) -> Seeded:
    with app_of(server).app_context():
        reader = accounts.get_account("reader").id
    return dataset(server, "chief", 6, name=new_id(), people=("Anna", None), members={reader: role})


def open_grid(open_page: OpenPage, seeded: Seeded, **options: object) -> Page:
    page = open_page(f"/datasets/{seeded.dataset_id}/pictures", **options)
    expect(page.locator(".sample-cell img.here").first).to_be_visible(timeout=SOON_MS)
    return page


@pytest.mark.parametrize("role", ["viewer", "labeller", "editor"])
def test_everybody_who_sees_the_pictures_sees_what_there_is_to_filter_by(
    open_page: OpenPage, server: RunningServer, role: str
) -> None:
    page = open_grid(open_page, shared_with_reader(server, role))

    expect(page.locator("[data-count-of=state][data-value=unlabelled]")).not_to_be_empty(timeout=SOON_MS)
    expect(page.locator(".toast-note")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 1024, 800])
def test_everything_that_can_be_done_is_within_the_bar(open_page: OpenPage, unnamed: Seeded, width: int) -> None:
    page = open_grid(open_page, unnamed, viewport={"width": width, "height": 800})

    page.locator(".sample-cell").first.click()

    bar = page.get_by_role("toolbar")
    expect(bar.get_by_role("button", name="Delete")).to_be_in_viewport(ratio=1)
    assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")


def test_somebody_nobody_knew_is_named_in_the_selected_samples(open_page: OpenPage, unnamed: Seeded) -> None:
    page = open_grid(open_page, unnamed, expected_errors="status of 422")
    name = f"Nora {new_id()[:8]}"
    page.locator(".sample-cell").nth(0).click()
    page.locator(".sample-cell").nth(2).click()

    page.get_by_label("Set the person").select_option("new")
    dialog = page.get_by_role("dialog", name="Who is it?")
    dialog.get_by_label("Name").fill("  \u00a0 ")
    dialog.get_by_role("button", name="Set").click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Name").press("Enter")

    for place, shown in enumerate((True, False, True)):
        cell = page.locator(".sample-cell").nth(place)
        (expect(cell).to_contain_text if shown else expect(cell).not_to_contain_text)(name, timeout=SOON_MS)
    expect(page.locator("#filter-person")).to_contain_text(f"{name} (2)")
    expect(page.get_by_label("Set the person")).to_contain_text(name)


def test_naming_nobody_changes_nothing(open_page: OpenPage, unnamed: Seeded) -> None:
    page = open_grid(open_page, unnamed)
    page.locator(".sample-cell").first.click()

    page.get_by_label("Set the person").select_option("new")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-selected]")).to_have_text("1 sample selected")
