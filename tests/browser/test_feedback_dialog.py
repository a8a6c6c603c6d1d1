"""Feedback by hand, with a real worker: the effect first, applied once, undone again."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account, learn, recognised
from tests.browser.test_pages import Look, needs_axe

pytestmark = pytest.mark.browser

ANSWER_MS = 60_000
NUMBERS = itertools.count()


class Case:
    """A person with two actions and an event of the first that was a bit of both."""

    def __init__(self, server: RunningServer, username: str) -> None:
        self.server, self.username = server, username
        add_account(server, username)
        action_id = learn(server, username, "Arm raise", 0.4, 0.42)
        self.other_id = learn(server, username, "Half raise", 0.2)
        self.event_id = recognised(server, username, action_id, "Arm raise", 0.4, 0.38, 0.3)[-1]

    @property
    def page(self) -> str:
        return f"/history/{self.event_id}"


@pytest.fixture
def case(server: RunningServer) -> Case:
    """Of its own for each test."""
    return Case(server, f"corrector{next(NUMBERS)}")


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog")


def phase(dialog: Locator, *names: str) -> None:
    expect(dialog).to_have_attribute("data-phase", re.compile("|".join(names)), timeout=ANSWER_MS)


def shown(page: Page) -> Locator:
    """Ask for the effect of what the dialog says."""
    dialog = dialog_of(page)
    dialog.get_by_role("button", name="Show what this would change").click()
    phase(dialog, "shown")
    return dialog


def feedback(page: Page) -> list[dict[str, Any]]:
    answer = page.request.get("/feedback/", headers={"Accept": "application/json"})
    found: list[dict[str, Any]] = answer.json()["feedback"]
    return found


def test_the_effect_is_shown_before_anything_changes_and_undone_on_the_event(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username)
    page.get_by_role("button", name="That was wrong").click()

    dialog = shown(page)
    expect(dialog.locator("[data-change]")).to_contain_text("Threshold of Arm raise")
    expect(dialog.locator("[data-change]")).to_contain_text("stricter")
    expect(dialog).to_contain_text("2 events")
    assert feedback(page) == []

    dialog.get_by_role("button", name="Apply").dblclick()
    phase(dialog, "applied")
    assert len(feedback(page)) == 1
    dialog.get_by_role("button", name="Close").last.click()

    expect(page.locator("[data-applied]")).to_contain_text("it was none of your actions")
    page.locator("[data-applied]").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-applied]")).to_have_count(0)
    assert feedback(page)[0]["undone_at"] is not None


def test_what_is_said_otherwise_takes_the_effect_away_and_its_own_is_asked_for(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username)
    page.get_by_role("button", name="That was wrong").click()
    dialog = shown(page)

    dialog.get_by_label("It was another action").check()

    expect(dialog.get_by_role("button", name="Apply")).to_be_hidden()
    assert dialog.get_by_label("Which action it was").locator("option").all_inner_texts() == ["Half raise"]
    shown(page)
    dialog.get_by_label("Keep the poses as a take of Half raise").check()
    phase(dialog, "shown")
    dialog.get_by_role("button", name="Apply").click()
    phase(dialog, "applied")
    applied = feedback(page)[0]
    assert (applied["kind"], applied["right_action"]) == ("wrong", "Half raise")
    assert applied["take_id"] is not None


def test_one_missed_in_an_event_leaves_what_it_was_taken_for_alone(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username)
    page.get_by_role("button", name="You missed another action").click()

    dialog = shown(page)
    expect(dialog).not_to_contain_text("Threshold of Arm raise")
    dialog.get_by_label("Keep the poses as a take").check()
    phase(dialog, "shown")
    dialog.get_by_role("button", name="Apply").click()
    phase(dialog, "applied")
    dialog.get_by_role("button", name="Undo").click()
    phase(dialog, "undone")

    (applied,) = feedback(page)
    assert (applied["kind"], applied["right_action"]) == ("missed", "Half raise")
    assert applied["undone_at"] is not None


def test_an_answer_that_got_lost_is_asked_for_again_and_applied_once(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username, expected_errors="ERR_FAILED")
    lost: list[object] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch())  # it arrives, its answer does not
        route.abort()

    page.route(
        re.compile("/feedback/$"), lambda route: lose(route) if route.request.method == "POST" else route.continue_()
    )
    page.get_by_role("button", name="That was wrong").click()
    dialog = shown(page)
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server cannot be reached")
    phase(dialog, "shown")

    dialog.get_by_role("button", name="Apply").click()

    phase(dialog, "applied")
    assert len(lost) == len(feedback(page)) == 1


def test_actions_that_changed_meanwhile_are_looked_at_again(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username, expected_errors="422")
    page.get_by_role("button", name="That was wrong").click()
    dialog = shown(page)
    learn(case.server, case.username, "Half raise", 0.22)

    dialog.get_by_role("button", name="Apply").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Your actions have changed since")
    dialog.get_by_role("button", name="Look again").click()
    expect(dialog.get_by_role("alert")).to_be_hidden()
    phase(dialog, "shown")
    dialog.get_by_role("button", name="Apply").click()

    phase(dialog, "applied")


def test_without_a_worker_nothing_is_lost_and_it_can_be_asked_again(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username, expected_errors="503")
    page.route("**/feedback/preview", lambda route: route.fulfill(status=503, json={"error": "No worker is there."}))
    page.get_by_role("button", name="That was wrong").click()
    dialog = dialog_of(page)
    dialog.get_by_label("It was another action").check()
    ask = dialog.get_by_role("button", name="Show what this would change")

    ask.click()
    expect(dialog.get_by_role("alert")).to_have_text("No worker is there.")
    expect(dialog.get_by_label("It was another action")).to_be_checked()
    page.unroute("**/feedback/preview")
    shown(page)

    expect(dialog.get_by_role("alert")).to_be_hidden()


@needs_axe
def test_the_dialog_and_what_it_leads_to_are_accessible_and_fit(open_page: OpenPage, case: Case) -> None:
    page = open_page(case.page, username=case.username)
    look = Look(page)
    for name in ("repetitions", "comparison"):
        expect(page.locator(f"[data-{name}]")).to_have_attribute("data-state", "shown", timeout=ANSWER_MS)
    look.at("event")
    page.get_by_role("button", name="That was wrong").click()
    dialog = shown(page)
    dialog.get_by_label("Keep the poses").check()
    phase(dialog, "shown")
    look.at("feedback-effect")
    dialog.get_by_role("button", name="Apply").click()
    phase(dialog, "applied")
    page.goto("/feedback/")
    look.at("feedback-list")
    page.goto("/history/")
    page.locator("summary").first.click()
    look.at("history-sets")

    assert not look.problems, "\n".join(look.problems)
