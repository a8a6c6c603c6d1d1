"""The labelling page of a dataset without pictures."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.seeding import app_of, dataset
from webapp.db.base import new_id
from webapp.services import accounts

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("role", "may_collect"), [("viewer", False), ("labeller", False), ("editor", True)])
def test_without_pictures_nothing_is_called_reviewed(
    open_page: OpenPage, server: RunningServer, role: str, may_collect: bool
) -> None:
    with app_of(server).app_context():
        reader = accounts.get_account("reader").id
    seeded = dataset(server, "chief", 0, name=new_id(), people=(), members={reader: role})

    page = open_page(f"/datasets/{seeded.dataset_id}/label")

    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("Everything is reviewed")).to_have_count(0)
    collect = page.get_by_role("button", name="Collect pictures")
    expect(collect).to_have_count(int(may_collect))
    if may_collect:
        collect.click()
        page.wait_for_url(f"**/datasets/{seeded.dataset_id}/collect")
