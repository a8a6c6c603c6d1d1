"""The pages around actions: health of the takes, options, and movements that are none of the actions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import keep, show_replay, wait_for_worker
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account
from tests.browser.teaching import post, teach, teach_negative
from tests.browser.test_pages import Look, needs_axe
from tests.jointed_figure import ARMS_UP, SQUAT, STANDING, posed, there_and_back, towards
from webapp.core.records import PoseSequence
from webapp.services.sequence_json import sequence_to_json

pytestmark = pytest.mark.browser

WORKED_OUT_MS = 60_000
"""How long a test waits for what a worker works out, its start included."""


def squat(seed: int) -> PoseSequence:
    return posed(there_and_back(towards(SQUAT, 0.85 + 0.05 * seed)), 1.7 + 0.1 * seed, seed=seed)


def raised(seed: int) -> PoseSequence:
    return posed(there_and_back(ARMS_UP), 1.6 + 0.1 * seed, seed=seed)


def still() -> PoseSequence:
    return posed(lambda _: STANDING, 2.0)


def legless(sequence: PoseSequence) -> PoseSequence:
    scores = sequence.scores.copy()
    columns = [i for i, name in enumerate(sequence.skeleton.keypoints) if name.endswith(("knee", "ankle"))]
    scores[:, columns] = 0
    return replace(sequence, scores=scores)


@pytest.fixture(scope="module")
def taught(server: RunningServer) -> dict[str, str]:
    """Accounts of this module with their actions, by name, filled by the tests that teach them."""
    for username in ("caretaker", "tuner", "wanderer", "waiting"):
        add_account(server, username)
    return {}


@pytest.fixture
def page(open_page: OpenPage, taught: dict[str, str]) -> Page:
    """An action of four takes, one of which is another action and one without movement; a twin of it; a good one."""
    opened = open_page("/accounts/", username="caretaker")
    if not taught:
        taught["arms up"] = teach(opened, "arms up", *(raised(seed) for seed in (1, 2, 3)))
        taught["squat"] = teach(opened, "squat", squat(1), squat(2), still(), squat(3), raised(4))
        taught["knee bend"] = teach(opened, "knee bend", squat(4), squat(5))
    return opened


def open_action(page: Page, action_id: str) -> None:
    page.goto(f"/actions/{action_id}")
    expect(page.locator("[data-health-state] .tag")).to_be_visible(timeout=WORKED_OUT_MS)


def test_the_list_says_which_actions_need_attention_and_which_are_hard_to_tell_apart(
    page: Page, taught: dict[str, str]
) -> None:
    page.goto("/actions/")

    state = page.locator(f"[data-state-of='{taught['squat']}']")
    expect(state).to_have_text("needs attention", timeout=WORKED_OUT_MS)
    expect(page.locator(f"[data-state-of='{taught['arms up']}']")).to_have_text("good")
    pair = page.locator("[data-pair-list] .finding")
    expect(pair).to_have_count(1)
    expect(pair).to_contain_text("hard to tell apart")
    expect(pair.get_by_role("link", name="Open squat")).to_have_attribute(
        "href", re.compile(f"/actions/{taught['squat']}#take-")
    )
    expect(pair.get_by_role("link", name="Open knee bend")).to_be_visible()


def test_a_good_action_says_so_and_names_its_most_typical_take(page: Page, taught: dict[str, str]) -> None:
    open_action(page, taught["arms up"])

    expect(page.locator("[data-health-state]")).to_have_text("good")
    expect(page.locator("[data-health]")).to_contain_text("Each of the 3 takes is recognised by the others")
    expect(page.get_by_text("most typical")).to_have_count(1)
    expect(page.get_by_text("The other takes alone would recognise it.")).to_have_count(3)


def test_a_take_that_does_harm_is_switched_off_where_it_is_told_of_and_on_again_at_the_take(
    page: Page, taught: dict[str, str]
) -> None:
    open_action(page, taught["squat"])
    take = page.locator("[data-number='5']")
    told = page.locator(".finding", has_text="Take 5 would be taken for arms up")
    expect(take.locator("[data-take-verdict]")).to_contain_text("taken for arms up")
    expect(take.get_by_text("unlike the others")).to_be_visible()

    told.get_by_role("button", name="Switch it off: take 5").click()

    expect(take).to_have_attribute("data-switched", "off")
    expect(take.locator("[data-take-verdict]")).to_have_text("Kept, but not learned from.", timeout=WORKED_OUT_MS)
    expect(told).to_have_count(0)
    take.get_by_role("button", name="Switch on: Take 5").click()
    expect(told).to_be_visible(timeout=WORKED_OUT_MS)
    expect(take.get_by_role("button", name="Switch off: Take 5")).to_be_visible()


def test_takes_are_called_by_their_own_numbers_where_one_before_them_is_switched_off(
    page: Page, taught: dict[str, str]
) -> None:
    open_action(page, taught["squat"])
    page.get_by_role("button", name="Switch off: Take 1").click()
    expect(page.locator("[data-number='1'] [data-take-verdict]")).to_contain_text(
        "not learned from", timeout=WORKED_OUT_MS
    )

    expect(page.locator(".finding", has_text="Take 5 would be taken for arms up")).to_be_visible()
    expect(page.locator(".finding", has_text="Take 3 cannot be learned from")).to_contain_text("very little movement")
    expect(page.locator("[data-number='3'] [data-take-verdict]")).to_contain_text("very little movement")

    page.get_by_role("button", name="Switch on: Take 1").click()
    expect(page.get_by_role("button", name="Switch off: Take 1")).to_be_visible()


def test_without_a_worker_the_page_says_so_and_tries_again(
    page: Page, open_page: OpenPage, taught: dict[str, str]
) -> None:
    asked: list[str] = []

    def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=503, json={"error": "No recognition worker is connected; try again in a moment."})

    page = open_page("/accounts/", username="caretaker", expected_errors="503")
    page.route("**/health", refuse_once)
    page.goto(f"/actions/{taught['arms up']}")
    panel = page.locator("[data-health]")
    expect(panel).to_contain_text("No recognition worker is connected")

    panel.get_by_role("button", name="Try again").press("Enter")

    expect(panel).to_contain_text("Each of the 3 takes", timeout=WORKED_OUT_MS)
    expect(panel).to_be_focused()


def test_an_action_whose_takes_are_all_switched_off_says_what_to_do(
    open_page: OpenPage, taught: dict[str, str]
) -> None:
    page = open_page("/accounts/", username="waiting")
    action_id = teach(page, "alone", raised(1))
    open_action(page, action_id)
    expect(page.locator("[data-health]")).to_contain_text("With one take nothing tells how well it will be recognised")
    expect(page.locator("[data-take-verdict]")).to_have_text("There is no other take to hold it against yet.")

    page.get_by_role("button", name="Switch off: Take 1").click()

    expect(page.locator("[data-health]")).to_contain_text("None of the takes is used", timeout=WORKED_OUT_MS)


@pytest.fixture
def tuned(open_page: OpenPage, taught: dict[str, str]) -> tuple[Page, str]:
    page = open_page("/accounts/", username="tuner")
    action_id = teach(page, "arms up", raised(1), raised(2))
    post(page, f"/actions/{action_id}/options", {"mirror": False, "threshold_factor": 1})
    open_action(page, action_id)
    return page, action_id


def stored(page: Page, action_id: str) -> dict[str, Any]:
    answer = page.request.get(f"/actions/{action_id}", headers={"Accept": "application/json"})
    return dict(answer.json())


def test_the_mirror_is_switched_on_and_leaves_the_strictness_alone(tuned: tuple[Page, str]) -> None:
    page, action_id = tuned
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if "/options" in request.url else None)

    with page.expect_response(lambda response: "/options" in response.url):
        page.get_by_role("switch", name="Left hand matches right").press("Space")

    expect(page.locator("[data-health-state] .tag")).to_be_visible(timeout=WORKED_OUT_MS)
    assert sent == [{"mirror": True}]
    assert stored(page, action_id)["mirror"] is True


def test_the_strictness_moves_by_small_steps_is_saved_on_request_and_goes_back(tuned: tuple[Page, str]) -> None:
    page, action_id = tuned
    words = page.locator("[data-words]")
    slider = page.get_by_role("slider", name="How alike it has to be")
    expect(words).to_contain_text(re.compile(r"As learned from the takes\. It counts up to a distance of \d"))

    slider.press("ArrowLeft")
    slider.press("ArrowLeft")

    expect(words).to_contain_text("Stricter: 76 % of the learned distance")
    expect(slider).to_have_attribute("aria-valuetext", "stricter, 76 %")
    assert stored(page, action_id)["threshold_factor"] == 1
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    assert stored(page, action_id)["threshold_factor"] == 0.76

    page.reload()
    expect(words).to_contain_text(re.compile(r"distance of \d\.\d+ \(learned: \d"), timeout=WORKED_OUT_MS)
    expect(slider).to_have_value("-2")
    page.get_by_role("button", name="Back to as learned").click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    expect(slider).to_be_focused()
    assert stored(page, action_id)["threshold_factor"] == 1


def test_the_steps_of_strictness_reach_from_the_smallest_to_the_largest_factor_and_back(page: Page) -> None:
    steps, factors, back = page.evaluate(
        """async () => {
          const {factorAt, stepOf} = await import('/static/js/strictness.js');
          const bounds = {smallest: 0.25, largest: 3};
          const steps = Array.from({length: 21}, (_, i) => i - 10);
          const factors = steps.map((step) => factorAt(step, bounds));
          return [steps, factors, factors.map((factor) => stepOf(factor, bounds))];
        }"""
    )

    assert (factors[0], factors[10], factors[-1]) == (0.25, 1, 3)
    assert factors == sorted(factors)
    assert back == steps


@pytest.fixture
def wanderer(open_page: OpenPage, taught: dict[str, str]) -> Page:
    return open_page("/negatives/", username="wanderer")


def test_everyday_movement_is_recorded_with_the_recorder_of_takes_and_looked_through(wanderer: Page) -> None:
    wanderer.get_by_role("link", name="Record everyday movement").click()
    wait_for_worker(wanderer)
    wanderer.get_by_label("Resting").check()
    wanderer.locator("#take-seconds").fill("1.5")
    wanderer.locator("#countdown-seconds").fill("1")
    wanderer.locator("[data-start]").click()
    recording = wanderer.locator(".take")
    expect(recording).to_have_attribute("data-phase", "ready", timeout=60_000)
    expect(recording.locator("[data-title]")).to_have_text("Recording 1")

    keep(recording)

    expect(recording.get_by_role("link", name="Try it live")).to_be_hidden()
    recording.get_by_role("link", name="Look through all").click()
    card = wanderer.locator("[data-switched]")
    expect(card.get_by_role("heading", name="Resting")).to_be_visible()
    expect(card.locator("canvas")).to_be_visible()


def test_a_kept_recording_is_removed_again_with_its_card(wanderer: Page) -> None:
    before = len(wanderer.request.get("/negatives/", headers={"Accept": "application/json"}).json()["negatives"])
    wanderer.goto("/negatives/record")
    wait_for_worker(wanderer)
    wanderer.locator("#take-seconds").fill("3")
    wanderer.locator("#countdown-seconds").fill("1")
    wanderer.locator("[data-start]").click()
    expect(wanderer.locator(".take")).to_have_attribute("data-phase", "ready", timeout=60_000)
    keep(wanderer.locator(".take"))

    wanderer.get_by_role("button", name="Remove again").click()

    expect(wanderer.locator(".take")).to_have_count(0)
    left = wanderer.request.get("/negatives/", headers={"Accept": "application/json"}).json()["negatives"]
    assert len(left) == before


def test_only_the_piece_that_was_chosen_of_a_movement_is_kept(wanderer: Page) -> None:
    url = wanderer.evaluate(
        """async (sequence) => {
          const {NegativeKeeper} = await import('/static/js/negative_keeper.js');
          const models = {detector: 'blazepose', pose_model: 'blazepose_full'};
          const piece = {clientKey: 'piece', sequence, startS: 0.5, endS: 1.5, models};
          return (await new NegativeKeeper(() => 'everyday').keep(piece)).url;
        }""",
        sequence_to_json(raised(2)),
    )
    wanderer.goto("/accounts/")
    wanderer.goto(url)

    expect(wanderer.locator(".card:target")).to_contain_text("1.0 s,")


def test_a_movement_is_switched_off_and_deleted(wanderer: Page) -> None:
    negative_id = teach_negative(wanderer, raised(1))
    wanderer.reload()
    card = wanderer.locator(f"#negative-{negative_id}")

    card.get_by_role("button", name="Switch off").click()

    expect(card).to_have_attribute("data-switched", "off")
    expect(card.get_by_text("switched off")).to_be_visible()
    card.get_by_text("Delete", exact=True).click()
    card.get_by_role("button", name="Delete it for good").click()
    expect(card).to_have_count(0)
    expect(wanderer.get_by_text("The movement is deleted.")).to_be_visible()


@needs_axe
def test_the_pages_around_actions_are_accessible_and_fit_the_screen(page: Page, taught: dict[str, str]) -> None:
    look = Look(page)
    teach_negative(page, raised(6))
    teach_negative(page, still(), "resting")
    if "warned" not in taught:
        taught["warned"] = teach(page, "a rather long name for wave with the left hand", legless(raised(1)), raised(2))

    page.goto("/actions/")
    expect(page.locator(".finding").first).to_be_visible(timeout=WORKED_OUT_MS)
    look.at("actions-health")
    for name in ("squat", "warned"):
        open_action(page, taught[name])
        show_replay(page)
        look.at(f"action-{name.replace(' ', '-')}")
    page.goto("/negatives/")
    show_replay(page)
    look.at("negatives")
    page.goto("/negatives/record")
    look.at("negatives-record")

    assert not look.problems, "\n".join(look.problems)
