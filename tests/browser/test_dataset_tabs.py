"""The way between the pages of a dataset."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.running import RunningServer
from tests.browser.seeding import dataset
from webapp.db.base import new_id

pytestmark = pytest.mark.browser


WIDTHS = (1440, 1280, 1199, 1024, 820)


@pytest.mark.parametrize("path", ["settings", "pictures"])
def test_every_page_of_a_dataset_is_in_view_from_a_tablets_width_on(
    open_page: OpenPage, server: RunningServer, path: str
) -> None:
    seeded = dataset(server, "reader", 1, name=new_id())
    page = open_page(f"/datasets/{seeded.dataset_id}/{path}")
    tabs = page.get_by_role("navigation", name="This dataset")
    expect(tabs.get_by_role("link")).to_have_count(9)
    beyond_px = {}

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        beyond_px[width] = tabs.evaluate("tabs => tabs.scrollWidth - tabs.clientWidth")

    assert beyond_px == dict.fromkeys(WIDTHS, 0)
