"""The page of an event with a real worker: a coach's words, joints, its set of repetitions; the list leading there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account, learn, recognised

pytestmark = pytest.mark.browser

PERSON = "raiser"
ANSWER_MS = 60_000


@pytest.fixture(scope="module")
def event_ids(server: RunningServer) -> list[str]:
    """Five arm raises in a row, the last half as high."""
    add_account(server, PERSON)
    action_id = learn(server, PERSON, "Arm raise", 0.4, 0.42)
    return recognised(server, PERSON, action_id, "Arm raise", 0.4, 0.39, 0.38, 0.36, 0.2)


def panel(page: Page, name: str) -> Locator:
    """A part of the page that a worker has worked out."""
    found = page.locator(f"[data-{name}]")
    expect(found).to_have_attribute("data-state", "shown", timeout=ANSWER_MS)
    return found


def test_a_coachs_words_stand_before_the_figures(open_page: OpenPage, event_ids: list[str]) -> None:
    page = open_page(f"/history/{event_ids[-1]}", username=PERSON)

    comparison = panel(page, "comparison")

    expect(comparison.locator("[data-sentences] li").first).to_contain_text(re.compile("arms are raised .* lower"))
    shoulder = comparison.locator("tr[data-joint=left_shoulder]")
    expect(shoulder).to_contain_text("left shoulder")
    assert re.search(r"−\d+°", shoulder.inner_text())


def test_the_reader_chooses_the_joint_and_the_moment(open_page: OpenPage, event_ids: list[str]) -> None:
    page = open_page(f"/history/{event_ids[-1]}", username=PERSON)
    comparison = panel(page, "comparison")
    chart = comparison.locator("svg")
    expect(chart.locator("path")).to_have_count(2)

    comparison.get_by_role("button", name="left elbow").click()
    expect(comparison.get_by_label("Joint", exact=True)).to_have_value("left_elbow")
    expect(chart).to_have_attribute("aria-label", re.compile("Angle of the left elbow"))

    moment = comparison.get_by_label("Moment of the movement")
    moment.focus()
    page.keyboard.press("Home")
    expect(comparison.locator("output")).to_contain_text("0.0 s:")
    expect(comparison.locator(".bodies canvas")).to_have_count(2)
    before = bodies(comparison)
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(comparison.locator("output")).not_to_contain_text("0.0 s:")
    assert bodies(comparison) != before


def bodies(comparison: Locator) -> str:
    return str(
        comparison.locator(".bodies").evaluate(
            "(box) => [...box.querySelectorAll('canvas')].map((one) => one.toDataURL()).join()"
        )
    )


def test_an_event_tells_of_its_set_and_leads_to_the_others(open_page: OpenPage, event_ids: list[str]) -> None:
    page = open_page(f"/history/{event_ids[-1]}", username=PERSON)

    repetitions = panel(page, "repetitions")

    expect(repetitions).to_contain_text("Arm raise × 5, 25 a minute")
    expect(repetitions.locator("[aria-current]")).to_have_text("5, this one")
    expect(repetitions.get_by_role("row", name=re.compile("left shoulder"))).to_contain_text("−")
    repetitions.get_by_role("link", name="2", exact=True).click()
    page.wait_for_url(f"**/history/{event_ids[1]}")


def test_the_list_shows_a_set_as_one_entry_that_unfolds(open_page: OpenPage, event_ids: list[str]) -> None:
    page = open_page("/history/", username=PERSON)
    expect(page.locator(".event-set")).to_have_count(1)
    expect(page.get_by_role("link", name="Arm raise × 5")).to_be_visible()
    members = page.locator(".event-members a")
    expect(members.first).to_be_hidden()

    page.locator("summary", has_text="Show each").focus()
    page.keyboard.press("Enter")

    expect(members).to_have_count(5)
    members.last.click()
    page.wait_for_url(f"**/history/{event_ids[0]}")


def test_a_coach_reads_the_comparison_and_corrects_nothing(
    open_page: OpenPage, server: RunningServer, event_ids: list[str]
) -> None:
    add_account(server, "raisers-coach", role="coach")
    page = open_page(f"/history/{event_ids[-1]}", username="raisers-coach")

    comparison = panel(page, "comparison")

    expect(comparison.locator("[data-sentences] li").first).to_be_visible()
    expect(comparison.locator("svg path")).to_have_count(2)
    expect(comparison.get_by_role("link", name="The take")).to_have_count(0)
    expect(page.get_by_role("button", name="That was wrong")).to_have_count(0)


def test_without_a_worker_the_page_says_so_and_asks_again(open_page: OpenPage, event_ids: list[str]) -> None:
    sentence = "No worker is connected at the moment. Try again in a minute."
    gone = True

    def answer(route: Route) -> None:
        if gone:
            route.fulfill(status=503, json={"error": sentence})
        else:
            route.continue_()

    page = open_page(
        f"/history/{event_ids[0]}",
        username=PERSON,
        expected_errors="503",
        before=lambda page: page.route("**/comparison", answer),
    )
    comparison = page.locator("[data-comparison]")
    expect(comparison.get_by_role("alert")).to_have_text(sentence)
    expect(page.locator("[data-replay] canvas")).to_be_visible()

    gone = False
    comparison.get_by_role("button", name="Try again").click()

    panel(page, "comparison")
