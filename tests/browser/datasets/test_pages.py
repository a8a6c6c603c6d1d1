"""The pages of datasets and of the people in them: they work, fit and are accessible."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account
from tests.browser.test_pages import Look, needs_axe
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.app import create_app
from webapp.config import Settings
from webapp.core.skeleton import COCO_17, HAND_21
from webapp.services import accounts, people

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def seeded(server: RunningServer) -> Seeded:
    """Datasets of "collector": with pictures, with a skeleton of its own kind, shared with "reader"."""
    add_account(server, "collector")
    settings = Settings(instance_dir=server.instance.folder, async_mode="threading")
    with create_app(settings).app_context():
        owner, reader = accounts.get_account("collector"), accounts.get_account("reader")
        seeded = seed_dataset(owner, settings.instance_dir, 12, name="Kitchen", members={reader.id: "viewer"})
        seed_dataset(owner, settings.instance_dir, 4, name="Garden", skeleton=COCO_17, people=("Clara",))
        people.create_person(owner, seeded.dataset_id, "Zoe", agreed=True)
    return seeded


def test_the_open_page_of_a_dataset_is_in_view_on_a_phone(open_page: OpenPage, seeded: Seeded) -> None:
    page = open_page(
        f"/datasets/{seeded.dataset_id}/settings", username="collector", viewport={"width": 390, "height": 844}
    )

    expect(page.locator("[data-dataset-nav] [aria-current]")).to_be_in_viewport(ratio=1)


def test_the_bar_at_the_top_fits_every_width_for_administrators(open_page: OpenPage) -> None:
    page = open_page("/datasets/", username="chief")

    for width in (320, 360, 768, 1024, 1200):
        page.set_viewport_size({"width": width, "height": 700})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), width


def test_a_person_is_deleted_after_a_question(open_page: OpenPage, seeded: Seeded) -> None:
    page = open_page("/datasets/people/", username="collector")
    page.get_by_role("link", name="Zoe").click()
    page.get_by_text("Delete Zoe").first.click()
    page.get_by_role("button", name="Yes, delete Zoe").click()

    expect(page.get_by_text("The person and 0 pictures are deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Zoe")).to_have_count(0)


@needs_axe
def test_pages_of_datasets_are_accessible_and_fit(open_page: OpenPage, seeded: Seeded) -> None:
    page = open_page("/datasets/new", username="collector")
    look = Look(page)

    page.get_by_role("radio", name="Your own").check()
    page.locator("[data-start-from]").select_option(HAND_21.name)
    page.get_by_label("Name of the skeleton").fill("hand of mine")
    expect(page.locator("[data-problem]")).to_have_text("This skeleton will do.")
    look.at("datasets-new")
    for name, path in (
        ("list", ""),
        ("overview", f"{seeded.dataset_id}/"),
        ("settings", f"{seeded.dataset_id}/settings"),
        ("people", "people/"),
        ("person", f"people/{seeded.people['Anna']}"),
    ):
        page.goto(f"/datasets/{path}")
        look.at(f"datasets-{name}")

    assert not look.problems, "\n".join(look.problems)
