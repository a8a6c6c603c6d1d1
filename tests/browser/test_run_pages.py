"""The page of a training run: watched, cancelled, its examples; and how all pages of runs look."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.test_modules import run
from tests.browser.test_pages import Look, needs_axe
from tests.browser.training_runs import Seed, app, arms, change_job, seed
from tests.dataset_seeding import Seeded
from tests.run_seeding import data_facts, evaluation
from webapp.db.base import utc_now
from webapp.db.engine import transaction
from webapp.db.runs import RunEpoch, TrainingRun

__all__ = ["app", "arms", "seed"]

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
REST = ("Data", "Machine", "Settings", "Files", "Log")
"""Parts of every run that has ended."""


def test_a_run_is_watched_while_it_goes_on_until_its_results_come(
    app: Flask, open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    run_id = seed(state="running", epochs=7, step="Training: epoch 8 of 200", done=10, total=40, facts=False)
    page = open_page(f"/runs/{run_id}", username="chief")
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "3", timeout=SOON_MS)
    expect(page.get_by_text("at most 9 minutes left")).to_be_visible()
    expect(page.get_by_text("kept so far: epoch 6, of the lowest validation loss; it finds 80.0 %")).to_be_visible()
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Settings").click()
    expect(page.locator("#settings")).to_have_attribute("open", "")

    with app.app_context(), transaction() as session:
        figures = {"train_loss": 0.1, "val_loss": 0.1, "train_pck": 0.9, "pck": 0.9, "learning_rate": 1e-3}
        session.add(RunEpoch(run_id=run_id, epoch=8, seconds=2.0, data_share=0.25, memory_mb=4321, **figures))
        told = session.get_one(TrainingRun, run_id)
        told.epoch = told.best_epoch = 8
        told.best_pck = 0.9
        told.data = json.dumps(data_facts(arms))
    expect(page.get_by_text("kept so far: epoch 8, of the lowest validation loss; it finds 90.0 %")).to_be_visible(
        timeout=SOON_MS
    )
    expect(page.get_by_role("row", name="Training 60 5")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-use=memory_mb]")).to_have_text("4,321 MB")
    expect(page.locator("[data-use=data_share]")).to_have_text("25.0 % of the time")

    with app.app_context(), transaction() as session:
        session.get_one(TrainingRun, run_id).metrics = json.dumps(evaluation(arms))
    change_job(app, run_id, state="succeeded", ended_at=utc_now(), message="It is well.")
    expect(page.get_by_role("heading", name="Each keypoint")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-announce]")).to_have_text("The run is done. It is well.")
    expect(page.locator("[data-worst] .run-picture")).to_have_count(16)
    expect(bar).to_be_hidden()
    expect(page.locator("#settings")).to_have_attribute("open", "")


def test_on_a_phone_the_result_comes_first_and_links_lead_to_the_rest(
    open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    run_id = seed(metrics=evaluation(arms))
    page = open_page(f"/runs/{run_id}", username="chief", viewport=PHONE)
    links = page.get_by_role("navigation", name="On this page")
    expect(links.get_by_role("link")).to_have_text(
        [*("Result", "Curves", "Examples", "Keypoints", "Mistakes", "Forms", "Use it"), *REST], timeout=SOON_MS
    )
    places = [page.locator(f"#{part}").bounding_box() for part in ("result", "curves", "examples", "forms", "data")]
    tops = [place["y"] for place in places if place is not None]
    assert len(tops) == 5
    assert tops == sorted(tops)
    expect(page.get_by_text("Epochs until the learning rate falls")).to_be_hidden()
    expect(page.locator("[data-worst] .run-picture:visible")).to_have_count(6)

    page.get_by_role("button", name="All 16 pictures").click()
    expect(page.locator("[data-worst] .run-picture:visible")).to_have_count(16)
    links.get_by_role("link", name="Settings").press("Enter")

    expect(page.get_by_text("Epochs until the learning rate falls")).to_be_in_viewport()
    settings, bar = page.locator("#settings").bounding_box(), links.bounding_box()
    assert settings is not None
    assert bar is not None
    assert settings["y"] >= bar["y"] + bar["height"]


def test_the_links_lead_only_to_what_there_is_and_the_log_of_a_failed_run_is_open(
    open_page: OpenPage, seed: Seed
) -> None:
    failed = seed(state="failed", epochs=3, message="The disk is full.")
    waits = seed(files=False, state="queued", epochs=0, attempts=0, started_at=None, facts=False)
    page = open_page(f"/runs/{failed}", username="chief")
    links = page.get_by_role("navigation", name="On this page").get_by_role("link")

    expect(links).to_have_text(["Curves", "Examples", *REST], timeout=SOON_MS)
    expect(page.locator("[data-log]")).to_contain_text("Epoch 12: loss 0.1")
    expect(page.locator("[data-log]")).to_be_visible()
    page.goto(f"/runs/{waits}#settings")
    expect(links).to_have_text(["Data", "Machine", "Settings"], timeout=SOON_MS)
    expect(page.get_by_text("Epochs until the learning rate falls")).to_be_visible()


def test_a_run_is_cancelled_after_a_question_by_keyboard(app: Flask, open_page: OpenPage, seed: Seed) -> None:
    run_id = seed(state="running", epochs=2, step="Training: epoch 3 of 200", done=1, total=9)
    page = open_page(f"/runs/{run_id}", username="chief")
    cancel = page.get_by_role("button", name="Cancel", exact=True)

    cancel.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="No, leave it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    cancel.click()
    page.get_by_role("button", name="Cancel the run").click()

    expect(page.get_by_text("Being cancelled …")).to_be_visible(timeout=SOON_MS)
    change_job(app, run_id, state="cancelled", ended_at=utc_now(), message="It was cancelled.")
    expect(page.locator("[data-announce]")).to_have_text("It was cancelled.", timeout=SOON_MS)
    expect(page.get_by_text("kept the network of epoch 1")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the run").click()
    expect(page.get_by_text("is deleted.")).to_be_visible(timeout=SOON_MS)


def test_the_page_says_when_the_server_does_not_answer_and_goes_on_when_it_does(
    open_page: OpenPage, seed: Seed
) -> None:
    run_id = seed(state="running", epochs=2)
    page = open_page(f"/runs/{run_id}", username="chief", expected_errors="ERR_FAILED")
    expect(page.locator("[data-progress] .tag")).to_have_text("running", timeout=SOON_MS)

    page.route("**/progress*", lambda route: route.abort())
    note = page.get_by_text("The server cannot be reached.")
    expect(note).to_be_visible(timeout=SOON_MS)
    page.unroute("**/progress*")

    expect(note).to_be_hidden(timeout=SOON_MS)


def test_examples_are_drawn_for_the_epoch_that_is_chosen(open_page: OpenPage, seed: Seed) -> None:
    page = open_page(f"/runs/{seed(metrics=None)}", username="chief")
    slider = page.get_by_label("After epoch")
    expect(slider).to_have_attribute("aria-valuetext", "epoch 10", timeout=SOON_MS)
    first = page.locator("[data-examples] .run-picture").first
    expect(first.locator("circle.run-labelled")).to_have_count(5)
    expect(first.locator("circle.run-predicted")).to_have_count(6)
    near = first.locator("circle.run-predicted").first.get_attribute("cx")

    slider.focus()
    page.keyboard.press("ArrowLeft")

    expect(slider).to_have_attribute("aria-valuetext", "epoch 5")
    assert first.locator("circle.run-predicted").first.get_attribute("cx") != near


def test_how_far_a_run_is_is_told_as_an_upper_bound(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)
    shares = """const whole = { state: "running", training: true, epoch: 0, epochs: 10, batch: 0, batches: 4 };
                const at = (more) => m.shareDone({ ...whole, ...more });
                return [at({}), at({ epoch: 5, batch: 2 }), at({ training: false, batch: 1 }), at({ state: "queued" }),
                        at({ training: false, batches: null }), at({ epoch: 10, batch: 4 }),
                        at({ epoch: 5, time_share: 0.9 }), at({ epoch: 5, time_share: 0.1 })];"""

    assert run(page, "run_progress.js", shares) == [0, 0.55, 0.25, 0, None, 1, 0.9, 0.5]
    words = "return [20, 600, 5400, 5401, 3 * 3600].map(m.atMost);"
    assert run(page, "run_words.js", words) == [
        "at most a minute left",
        "at most 10 minutes left",
        *("at most 2 hours left", "at most 2 hours left", "at most 3 hours left"),
    ]


@needs_axe
def test_the_pages_of_runs_are_accessible_and_fit_the_screen(open_page: OpenPage, arms: Seeded, seed: Seed) -> None:
    done, other = seed(metrics=evaluation(arms)), seed(name="Other", settings={"side_px": 192}, pck=0.9)
    failed = seed(name="Failed", state="failed", epochs=0, message="The loss became NaN: choose a lower learning rate.")
    going = seed(name="Going on", state="running", step="Training: epoch 13 of 200", done=3, total=9)
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief")
    look = Look(page)
    expect(page.get_by_role("img", name="Pictures of this dataset")).to_be_visible(timeout=SOON_MS)
    page.get_by_text("More settings").click()
    look.at("runs-new")
    plain = {"all": "/runs/", "dataset": f"/datasets/{arms.dataset_id}/runs/", "failed": f"/runs/{failed}"}
    for name, path in (plain | {"versions": "/models/versions/"}).items():
        page.goto(path)
        look.at(f"runs-{name}")
    plotted = {"done": f"/runs/{done}", "going": f"/runs/{going}", "compared": f"/runs/compare?run={done}&run={other}"}
    for name, path in plotted.items():
        page.goto(path)
        expect(page.locator(".plot canvas").first).to_be_visible(timeout=SOON_MS)
        look.at(f"runs-{name}")

    assert not look.problems, "\n".join(look.problems)
