"""The pages of training runs: the lists, a new one, one and several beside each other."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Browser
from tests.dataset_seeding import Seeded
from tests.run_seeding import evaluation
from tests.web.datasets import arms, base, people
from tests.web.runs import done, seeded
from webapp.db.base import db
from webapp.db.runs import TrainingRun

__all__ = ["arms", "done", "people"]


def test_the_lists_tell_the_newest_first_with_how_good_each_is(
    app: Flask, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    failed = seeded(app, people, arms, name="Second", state="failed", epochs=0, message="The loss became NaN.")

    everywhere = people["viewer"].get_json("/runs/").get_json()["runs"]
    page = people["viewer"].get(f"{base(arms)}/runs/").text

    assert [one["run_id"] for one in everywhere] == [failed, done]
    assert (everywhere[1]["test_pck"], everywhere[1]["dataset_version"]) == (0.78, 1)
    assert "The loss became NaN." in page
    assert "78.0 %" in page


def test_a_long_list_has_pages(
    app: Flask, people: dict[str, Browser], arms: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        seeded(app, people, arms, name=f"Number {number}")
    monkeypatch.setattr("webapp.web.runs.ON_A_PAGE", 2)

    second = people["viewer"].get_json("/runs/?page=2").get_json()
    page = people["viewer"].get(f"{base(arms)}/runs/").text

    assert [one["name"] for one in second["runs"]] == ["Number 0"]
    assert (second["page"], second["pages"], second["total"]) == (2, 2, 3)
    assert f'rel="next" href="{base(arms)}/runs/?page=2"' in page
    assert people["viewer"].get_json("/runs/?page=x").status_code == 400


def test_the_empty_lists_say_what_to_do(people: dict[str, Browser], arms: Seeded) -> None:
    assert "Choose the dataset whose labels" in people["owner"].get("/runs/").text
    assert "make a dataset first" in people["stranger"].get("/runs/").text
    assert "then start a run" in people["owner"].get(f"{base(arms)}/runs/").text
    assert "Nobody has trained a network" in people["viewer"].get(f"{base(arms)}/runs/").text


def test_the_page_of_a_run_tells_how_good_it_is_and_in_which_forms(people: dict[str, Browser], done: str) -> None:
    page = people["viewer"].get(f"/runs/{done}").text

    good = ("worth activating", "43 points more than the mean pose", "blazepose_full", "An administrator can")
    ends = ("It loses 4 points.", "ONNX has no such operator.", "no better validation loss for 30 epochs")
    for text in (*good, *ends):
        assert text in page


def test_a_run_that_is_not_worth_activating_leads_on(app: Flask, people: dict[str, Browser], arms: Seeded) -> None:
    run_id = seeded(app, people, arms, metrics=evaluation(arms, worth_activating=False))

    page = people["editor"].get(f"/runs/{run_id}").text

    assert "not worth activating" in page
    assert f'href="{base(arms)}/collect' in page
    assert "another like it" in page


def test_a_failed_run_tells_the_reason_and_what_it_kept(app: Flask, people: dict[str, Browser], arms: Seeded) -> None:
    reason = "The disk is full: make room, then start another."
    kept = seeded(app, people, arms, state="failed", epochs=4, pck=0.5, message=reason)
    nothing = seeded(app, people, arms, state="failed", epochs=0, message=reason)

    page = people["owner"].get(f"/runs/{kept}").text
    assert page.index(reason) < page.index("It kept the network of epoch 3")
    assert "It kept no network" in people["owner"].get(f"/runs/{nothing}").text


def test_a_failed_run_tells_what_it_took(app: Flask, people: dict[str, Browser], arms: Seeded) -> None:
    run_id = seeded(app, people, arms, state="failed", epochs=4, message="The disk is full.")

    page = people["viewer"].get(f"/runs/{run_id}").text

    for words in ("4.0 % of the time", "1234 MB", "<dt>Training took</dt>", "5 min"):
        assert words in page
    assert people["viewer"].get_json(f"/runs/{run_id}").get_json()["usage"]["seconds"] == 312


def test_a_new_run_begins_with_the_settings_of_another(app: Flask, people: dict[str, Browser], arms: Seeded) -> None:
    run_id = seeded(app, people, arms, name="Wide", settings={"network": "resnet50", "epochs": 77})

    page = people["editor"].get(f"{base(arms)}/runs/new?like={run_id}").text

    assert 'value="Wide, again"' in page
    assert 'value="77"' in page
    assert '<option value="resnet50" selected>' in page
    assert people["editor"].get_json(f"{base(arms)}/runs/new?like=nobody").status_code == 404


def test_the_page_of_a_new_run_warns_before_it_is_started(people: dict[str, Browser], arms: Seeded) -> None:
    page = people["owner"].get(f"{base(arms)}/runs/new").text

    assert "Only 2 reviewed" in page


def test_runs_are_compared_by_what_differs_and_the_best_is_marked(
    app: Flask, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    other = seeded(app, people, arms, name="Larger", settings={"side_px": 192}, pck=0.9, metrics=evaluation(arms, 0.85))

    assert "Best PCK" not in people["viewer"].get("/runs/").text

    page = people["viewer"].get(f"/runs/compare?run={done}&run={other}").text

    assert "192 pixels" in page
    assert "Learning rate" not in page
    assert '85.0 % <span class="tag tag-good">best</span>' in page
    assert "kept epoch 11" in page
    assert "data-apart" not in page
    assert people["viewer"].get(f"/runs/compare?run={done}&run={done}").status_code == 422
    seven = "&".join(f"run={number}" for number in range(7))
    assert people["viewer"].get(f"/runs/compare?{seven}").status_code == 422


def test_none_is_best_of_runs_whose_samples_were_divided_otherwise(
    app: Flask, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    other = seeded(app, people, arms, settings={"test_share": 0.2}, pck=0.9, metrics=evaluation(arms, 0.85))

    page = people["viewer"].get(f"/runs/compare?run={done}&run={other}").text

    assert "not divided alike (see For the test), so they were not judged by the same pictures" in page
    assert 'tag-good">best' not in page
    assert "85.0 %" in page


def test_losses_of_different_kinds_are_not_laid_over_each_other(
    app: Flask, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    wing = seeded(app, people, arms, settings={"family": "regression", "loss": "wing"})
    alike = seeded(app, people, arms, settings={"side_px": 192})

    page = people["viewer"].get(f"/runs/compare?run={done}&run={wing}").text
    assert "val_loss" not in page
    assert "of different kinds" in page
    assert "val_loss" in people["viewer"].get(f"/runs/compare?run={done}&run={alike}").text


def test_a_training_job_leads_to_its_run(app: Flask, people: dict[str, Browser], arms: Seeded, done: str) -> None:
    with app.app_context():
        job_id = db.session.get_one(TrainingRun, done).job_id

    assert f'href="/runs/{done}"' in people["viewer"].get(f"{base(arms)}/jobs").text
    assert f'href="/runs/{done}"' in people["viewer"].get(f"{base(arms)}/").text
    assert f'href="/runs/{done}"' in people["viewer"].get(f"/jobs/{job_id}").text
