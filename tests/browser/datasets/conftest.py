"""What tests of datasets in the browser begin with: who labels, a dataset of each test's own, pages that are open."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.datasets.grid import OpenGrid
from tests.browser.driving import SOON_MS
from tests.browser.labelling import DESK, Labeller, OpenLabeller
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account, dataset
from tests.dataset_seeding import Seeded

_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def labellers(server: RunningServer) -> None:
    for name in ("labeller", "colleague", "looker"):
        add_account(server, name)


@pytest.fixture
def open_labeller(open_page: OpenPage) -> OpenLabeller:
    """The labelling page of a dataset, with its first picture."""

    def opened(dataset_id: str, sample_id: str = "", *, username: str = "labeller", **options: Any) -> Labeller:
        path = f"/datasets/{dataset_id}/label" + (f"?sample={sample_id}" if sample_id else "")
        page = open_page(path, username=username, **({"viewport": DESK} | options))
        labeller = Labeller(page, dataset_id)
        labeller.wait_for_picture()
        return labeller

    return opened


@pytest.fixture
def dataset_url(server: RunningServer) -> str:
    """Of an empty dataset of the test's own."""
    return f"/datasets/{dataset(server, 'reader', 0, name=f'Collected {next(_numbers)}', people=()).dataset_id}"


@pytest.fixture
def some(server: RunningServer, request: pytest.FixtureRequest) -> Seeded:
    """A dataset of the test's own."""
    name = re.sub(r"\W+", " ", request.node.name)[:60]
    return dataset(server, "reader", 60, name=name, people=(f"{name} Anna", f"{name} Ben", None))


@pytest.fixture
def open_grid(open_page: OpenPage) -> OpenGrid:
    def opened(seeded: Seeded, query: str = "", **options: Any) -> Page:
        page = open_page(f"/datasets/{seeded.dataset_id}/pictures{query}", **options)
        expect(page.locator(".sample-cell img.here").first).to_be_visible(timeout=SOON_MS)
        return page

    return opened
