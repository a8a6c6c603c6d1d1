"""Training runs on their pages: a real one from the form to its model; others watched, cancelled, compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.test_modules import run
from tests.browser.test_pages import Look, needs_axe
from tests.dataset_seeding import Seeded
from tests.run_seeding import data_facts, evaluation, seed_run, write_files
from webapp.config import Settings
from webapp.db.base import new_id, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.db.runs import RunEpoch, TrainingRun
from webapp.services.accounts import get_account
from webapp.services.run_files import run_dir

pytestmark = pytest.mark.browser

TRAINED_MS = 420_000
"""TensorFlow's start, two epochs and five exported forms on a busy machine."""
Seed = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Iterator[RunningServer]:
    """A server with its own weights: what is registered and activated here is so for everybody."""
    running = RunningServer(tmp_path_factory.mktemp("runs"))
    running.use_own_weights(tmp_path_factory.mktemp("weights"))
    running.start()
    for username, role in (("reader", "user"), ("chief", "admin")):
        running.add_account(username, role)
    yield running
    running.stop()


@pytest.fixture
def app(server: RunningServer) -> Flask:
    return seeding.app_of(server)


@pytest.fixture
def arms(server: RunningServer) -> Seeded:
    people = [f"{name} {new_id()}" for name in ("Anna", "Ben", "Cleo", "Dora")]
    return seeding.dataset(server, "chief", 16, name=f"Arms {new_id()}", people=people, states=("reviewed",))


@pytest.fixture
def seed(app: Flask, server: RunningServer, arms: Seeded) -> Seed:
    """What makes a run of the dataset as if it had been trained; options as of tests.run_seeding."""

    def seeded(files: bool = True, **options: Any) -> str:
        with app.app_context():
            run_id = seed_run(arms, get_account("chief").id, **options)
        if files:
            write_files(run_dir(Settings(instance_dir=server.instance.folder), run_id), arms)
        return run_id

    return seeded


def change_job(app: Flask, run_id: str, **values: object) -> None:
    with app.app_context(), transaction() as session:
        job = session.get_one(Job, session.get_one(TrainingRun, run_id).job_id)
        for name, value in values.items():
            setattr(job, name, value)


def test_a_run_goes_from_the_form_to_a_model_in_use_and_back(open_page: OpenPage, arms: Seeded) -> None:
    # the epochs that are wrong at first are refused with 422
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief", expected_errors="status of 422")
    page.get_by_role("link", name="New run").click()
    expect(page.get_by_role("list", name="Before you start")).to_contain_text("Only 16 reviewed")
    fill_in(page, name="Tiny one", epochs="0")
    expect(page.get_by_text("Epochs must be a whole number from 1")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_label("Epochs", exact=True)).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Tiny one")
    page.get_by_label("Epochs", exact=True).fill("2")
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_role("heading", name="Tiny one")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-progress] .tag")).to_have_text("done", timeout=TRAINED_MS)

    expect(page.get_by_role("heading", name="How good it is")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-announce]")).to_contain_text("The run is done.")
    expect(page.get_by_role("img", name="Loss of training")).to_be_visible()
    expect(page.locator("[data-examples] img").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="history.csv").click()
    assert len(download.value.path().read_text(encoding="utf-8").strip().splitlines()) == 3
    registered_activated_and_taken_back(page)


def fill_in(page: Page, name: str, epochs: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Epochs", exact=True).fill(epochs)
    page.get_by_text("More settings").click()
    page.get_by_label("Side of the picture").fill("32")
    page.get_by_label("Batch").fill("4")
    page.get_by_label("Examples every").fill("1")
    page.get_by_role("button", name="Start the run").click()


def registered_activated_and_taken_back(page: Page) -> None:
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("Not A Name")
    page.get_by_role("button", name="Register as a model").click()
    expect(page.get_by_text("A model's name must be 1 to 30 of a-z")).to_be_visible(timeout=SOON_MS)
    name.fill("tiny")
    page.get_by_role("button", name="Register as a model").click()
    page.get_by_role("button", name="Activate tiny-v1").click(timeout=SOON_MS)
    heading = page.get_by_role("heading", name="Versions of trained models")
    anyway = page.get_by_role("button", name="Activate it anyway")
    expect(heading.or_(anyway)).to_be_visible(timeout=SOON_MS)
    if anyway.is_visible():  # two epochs are seldom worth it
        anyway.click()

    expect(heading).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#tiny-v1")).to_contain_text("in use")
    page.get_by_role("link", name="among all models").click()
    expect(page.locator("#pose-tiny-v1")).to_contain_text("where it came from")
    page.goto("/models/versions/")
    page.get_by_role("button", name="Go back to").click()
    page.goto("/models/versions/")
    page.get_by_role("button", name="Remove tiny-v1").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("heading", name="No version yet")).to_be_visible(timeout=SOON_MS)


def test_a_version_that_is_not_worth_it_is_activated_after_a_question_alone(
    open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    run_id = seed(metrics=evaluation(arms, worth_activating=False, reasons=["it finds less than the mean pose"]))
    page = open_page(f"/runs/{run_id}", username="chief")
    page.get_by_role("textbox", name="Name", exact=True).fill("weak")
    page.get_by_role("button", name="Register as a model").click()
    activate = page.get_by_role("button", name="Activate weak-v1")

    for address in (None, "/models/versions/"):
        if address:
            page.goto(address)
        activate.click(timeout=SOON_MS)
        expect(page.get_by_role("dialog")).to_contain_text("It finds less than the mean pose.")
        page.get_by_role("button", name="No, leave it").click()
        expect(activate).to_be_visible()

    expect(page.locator("#weak-v1")).to_contain_text("not worth activating")
    page.get_by_role("button", name="Remove weak-v1").click()
    page.get_by_role("button", name="Remove it").click()
    expect(activate).to_be_hidden(timeout=SOON_MS)


def test_the_changes_of_pictures_are_seen_before_the_run(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief")
    picture = page.get_by_role("img", name="Pictures of this dataset")
    expect(picture).to_be_visible(timeout=SOON_MS)
    before = picture.get_attribute("src")

    page.get_by_label("Turn").focus()
    page.keyboard.press("ArrowRight")

    expect(picture).not_to_have_attribute("src", before or "", timeout=SOON_MS)
    expect(page.locator("output[for=run-augmentation-rotation_deg]")).to_have_text("31")


def test_where_nothing_is_reviewed_the_form_offers_the_proposed_ones(
    open_page: OpenPage, server: RunningServer
) -> None:
    people = ("Anna", "Ben", "Cleo")
    seeded = seeding.dataset(server, "chief", 12, name=f"Proposed {new_id()}", people=people, states=("proposed",))
    page = open_page(f"/datasets/{seeded.dataset_id}/runs/new", username="chief")
    expect(page.locator("[data-start-problem]")).to_contain_text("Nobody has reviewed a label")
    expect(page.get_by_text("No sample has a label that is reviewed yet.")).to_be_visible()
    expect(page.get_by_label("Begin with ImageNet's weights")).to_be_disabled()

    page.get_by_role("button", name="Train on the 12 proposed ones").click()

    expect(page.get_by_label("proposed by a model")).to_be_checked()
    expect(page.get_by_role("img", name="Pictures of this dataset")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-start-problem]")).to_be_hidden()
    expect(page.locator("[data-split]")).to_have_text(
        "3 people: about 1 for training, 1 for validation, 1 for the test."
    )


def test_all_numbers_that_are_wrong_are_marked_at_once(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief")
    page.get_by_text("More settings").click()
    page.get_by_label("Epochs", exact=True).fill("0")
    page.get_by_label("Side of the picture").fill("33")
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_text("Epochs must be a whole number from 1 to 10000.")).to_be_visible()
    expect(page.get_by_text("Side of the picture must be a multiple of 32")).to_be_visible()
    expect(page.get_by_label("Epochs", exact=True)).to_be_focused()


def test_only_losses_that_fit_the_answer_are_offered(open_page: OpenPage, arms: Seeded) -> None:
    page = open_page(f"/datasets/{arms.dataset_id}/runs/new", username="chief")
    loss = page.locator("[name=loss]")
    expect(loss.locator("option:not([disabled])")).to_have_text(["Squared distance (MSE)"])

    page.get_by_label("What it answers").select_option("regression")

    expect(loss.locator("option:not([disabled])")).to_have_count(3)
    page.get_by_label("What it answers").select_option("heatmap")
    expect(loss).to_have_value("mse")


def test_a_run_is_watched_while_it_goes_on_until_its_results_come(
    app: Flask, open_page: OpenPage, arms: Seeded, seed: Seed
) -> None:
    run_id = seed(state="running", epochs=7, step="Training: epoch 8 of 200", done=10, total=40, facts=False)
    page = open_page(f"/runs/{run_id}", username="chief")
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "3", timeout=SOON_MS)
    expect(page.get_by_text("at most 9 minutes left")).to_be_visible()
    expect(page.get_by_text("best so far: 80.0 %")).to_be_visible()

    with app.app_context(), transaction() as session:
        figures = {"train_loss": 0.1, "val_loss": 0.1, "train_pck": 0.9, "pck": 0.9, "learning_rate": 1e-3}
        session.add(RunEpoch(run_id=run_id, epoch=8, seconds=2.0, data_share=0.25, memory_mb=4321, **figures))
        told = session.get_one(TrainingRun, run_id)
        told.epoch = told.best_epoch = 8
        told.best_pck = 0.9
        told.data = json.dumps(data_facts(arms))
    expect(page.get_by_text("best so far: 90.0 %")).to_be_visible(timeout=SOON_MS)
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


def test_runs_are_chosen_with_the_keyboard_and_compared(open_page: OpenPage, arms: Seeded, seed: Seed) -> None:
    seed(name="One", metrics=evaluation(arms))
    seed(name="Two", settings={"side_px": 192}, pck=0.9, metrics=evaluation(arms, 0.85))
    page = open_page(f"/datasets/{arms.dataset_id}/runs/", username="chief")
    button = page.get_by_role("button", name="Compare")
    expect(button).to_be_disabled()

    for name in ("One", "Two"):
        page.get_by_label(f"Compare {name}").focus()
        page.keyboard.press("Space")
    button.press("Enter")

    expect(page.get_by_role("heading", name="Runs compared")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("img", name="Validation loss by epoch")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("row", name="Side of the picture")).to_contain_text("192 pixels")
    expect(page.get_by_role("row", name="Validation PCK@0.2")).to_contain_text("90.0 % best")


def test_how_far_a_run_is_is_told_as_an_upper_bound(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)
    shares = """const whole = { state: "running", training: true, epoch: 0, epochs: 10, batch: 0, batches: 4 };
                const at = (more) => m.shareDone({ ...whole, ...more });
                return [at({}), at({ epoch: 5, batch: 2 }), at({ training: false, batch: 1 }), at({ state: "queued" }),
                        at({ training: false, batches: null }), at({ epoch: 10, batch: 4 })];"""

    assert run(page, "run_progress.js", shares) == [0, 0.55, 0.25, 0, None, 1]
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
