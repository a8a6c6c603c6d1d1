"""Training runs through HTTP: asked for, watched, cancelled, compared, their files; and who may do what with them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Browser, error_of
from tests.dataset_seeding import Seeded
from tests.run_seeding import FORMS, evaluation, seed_run, write_files
from tests.web.datasets import arms, base, people
from webapp.config import Settings
from webapp.db.base import db
from webapp.db.jobs import Job
from webapp.db.runs import TrainingRun
from webapp.services.run_files import run_dir
from webapp.training.config import Augmentation, RunSettings
from webapp.web import run_form

__all__ = ["arms", "people"]


@pytest.fixture
def done(app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded) -> str:
    """A run of the owner's that has ended well."""
    with app.app_context():
        run_id = seed_run(arms, people["owner"].user_id, metrics=evaluation(arms))
    write_files(run_dir(settings, run_id), arms)
    return run_id


def seeded(app: Flask, people: dict[str, Browser], arms: Seeded, **options: Any) -> str:
    with app.app_context():
        return seed_run(arms, people["owner"].user_id, **options)


def test_every_setting_of_a_run_can_be_chosen_and_is_explained() -> None:
    told = [*run_form.FIRST, *(field for group in run_form.MORE.values() for field in group)]

    assert {each.name for each in told} == {each.name for each in fields(RunSettings)} - {run_form.AUGMENTATION}
    assert [each.name for each in run_form.CHANGES] == [each.name for each in fields(Augmentation)]
    assert all(each.help.endswith((".", "!", "?")) for each in (*told, *run_form.CHANGES))


def test_a_run_is_asked_for_and_then_waits_with_the_settings_it_was_given(
    app: Flask, people: dict[str, Browser], arms: Seeded
) -> None:
    body = {"name": "First", "settings": {"family": "regression", "loss": "wing", "augmentation": {"flip": False}}}

    answer = people["editor"].send_json(f"{base(arms)}/runs", body)

    assert answer.status_code == 201, answer.text
    run_url = answer.get_json()["run_url"]
    run = people["viewer"].get_json(run_url).get_json()
    assert (run["name"], run["state"], run["settings"]["loss"]) == ("First", "queued", "wing")
    assert run["settings"]["augmentation"]["flip"] is False
    assert people["viewer"].get_json(f"{run_url}/progress").get_json()["queue_place"] == 1
    with app.app_context():
        job = db.session.query(Job).one()
        assert json.loads(job.parameters) == {"run_id": answer.get_json()["run_id"]}


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({"epochs": 0}, "epochs", "Epochs must be a whole number from 1"),
        ({"augmentation": {"blur": 99}}, "augmentation.blur", "Blur must be a number from 0 to 8"),
        ({"family": "heatmap", "loss": "wing"}, "loss", "The loss of heatmap must be one of mse"),
        ({"max_minutes": "soon"}, "max_minutes", "Longest time must be a number"),
        ({"batch_size": 0}, "batch_size", "Batch must be a whole number from 1 to 1024, got 0."),
        ({"states": []}, "states", "Labels must be some of"),
        ({"validation_share": 0.5, "test_share": 0.5}, None, "must leave at least a fifth"),
    ],
    ids=["epochs", "change", "loss", "text", "batch", "states", "both"],
)
def test_a_refusal_names_the_field_that_is_wrong(
    people: dict[str, Browser], arms: Seeded, *, wanted: dict[str, object], field: str | None, words: str
) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": "First", "settings": wanted})

    assert answer.status_code == 422
    assert answer.get_json()["field"] == field
    assert words in answer.get_json()["error"]


def test_a_run_without_a_name_is_refused_beside_the_name(people: dict[str, Browser], arms: Seeded) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": " ", "settings": {}})

    assert (answer.status_code, answer.get_json()["field"]) == (422, "name")


def test_what_is_sent_must_be_settings(people: dict[str, Browser], arms: Seeded) -> None:
    bodies: tuple[object, ...] = ({"name": "First"}, {"settings": {}}, {"name": "First", "settings": []})
    for body in bodies:
        assert people["owner"].send_json(f"{base(arms)}/runs", body).status_code == 400


def test_progress_tells_what_is_new_since_an_epoch(
    app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded
) -> None:
    run_id = seeded(app, people, arms, state="running", step="Training: epoch 13 of 200", done=3, total=9)
    write_files(run_dir(settings, run_id), arms)

    seen = people["viewer"].get_json(f"/runs/{run_id}/progress?after=10").get_json()

    assert [one["epoch"] for one in seen["new_epochs"]] == [11, 12]
    assert (seen["state"], seen["epoch"], seen["epochs"], seen["batch"], seen["batches"]) == ("running", 12, 200, 3, 9)
    assert seen["time_left_s"] == 2.5 * 188
    assert seen["pictures_per_s"] == 60 / 2.5
    assert seen["log"].endswith("Epoch 12: loss 0.1\n")
    assert seen["predictions"]
    refused = people["viewer"].get_json(f"/runs/{run_id}/progress?after=-1")
    assert refused.status_code == 400
    assert error_of(refused) == "after must be the number of an epoch, got '-1'."


def test_only_the_end_of_a_long_log_is_told_in_whole_lines(
    app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded
) -> None:
    run_id = seeded(app, people, arms, state="running")
    folder = run_dir(settings, run_id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("".join(f"line {number:04}\n" for number in range(2000)), encoding="utf-8")

    log = people["viewer"].get_json(f"/runs/{run_id}/progress").get_json()["log"]

    assert log.startswith("line ")
    assert log.endswith("line 1999\n")
    assert len(log) <= 6000


def test_cancelling_is_for_editors_and_ends_one_that_waits(
    app: Flask, people: dict[str, Browser], arms: Seeded
) -> None:
    run_id = seeded(app, people, arms, state="queued", epochs=0, attempts=0, started_at=None)

    refused = people["labeller"].send_json(f"/runs/{run_id}/cancel", {})
    answer = people["editor"].send_json(f"/runs/{run_id}/cancel", {})

    assert refused.status_code == 403
    assert (answer.get_json()["state"], answer.get_json()["ended"]) == ("cancelled", True)


def test_deleting_is_for_editors_and_not_before_the_end(
    app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    going_on = seeded(app, people, arms, state="running")

    assert people["viewer"].send_json(f"/runs/{done}/delete", {}).status_code == 403
    assert people["editor"].send_json(f"/runs/{going_on}/delete", {}).status_code == 422
    answer = people["editor"].send_json(f"/runs/{done}/delete", {})

    assert answer.get_json() == {"url": f"{base(arms)}/runs/"}
    assert people["owner"].get_json(f"/runs/{done}").status_code == 404
    assert not run_dir(settings, done).exists()


def test_a_stranger_finds_no_run_anywhere(people: dict[str, Browser], arms: Seeded, done: str) -> None:
    stranger = people["stranger"]

    addresses = (f"/runs/{done}", f"/runs/{done}/progress", f"/runs/{done}/files/log.txt", f"{base(arms)}/runs/")
    assert {stranger.get_json(address).status_code for address in addresses} == {404}
    refusal = error_of(stranger.get_json(f"/runs/{done}"))
    assert refusal.startswith("there is no training run")
    assert arms.dataset_id not in refusal
    assert stranger.get_json(f"/runs/compare?run={done}&run=other").status_code == 404
    assert stranger.send_json(f"/runs/{done}/cancel", {}).status_code == 404
    assert stranger.get_json("/runs/").get_json()["runs"] == []
    assert stranger.send_json(f"{base(arms)}/runs/preview", {}).status_code == 404


def test_whoever_may_only_look_starts_nothing(people: dict[str, Browser], arms: Seeded, done: str) -> None:
    for name in ("viewer", "labeller"):
        assert people[name].get(f"{base(arms)}/runs/new").status_code == 403
        assert people[name].send_json(f"{base(arms)}/runs", {"name": "X", "settings": {}}).status_code == 403
        page = people[name].get(f"/runs/{done}").text
        assert "Another like it" not in page
        assert "data-cancel-url" not in page
        assert "exports/" not in page


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


def test_files_are_fetched_by_name_and_networks_by_editors_alone(people: dict[str, Browser], done: str) -> None:
    edge = FORMS[1]["file"]
    told = people["viewer"].get(f"/runs/{done}/files/history.csv")

    assert told.data == b"epoch,loss\n1,0.5\n"
    assert told.headers["Content-Disposition"] == "attachment; filename=history.csv"
    for name in ("best.keras", f"exports/{edge}"):
        assert people["viewer"].get(f"/runs/{done}/files/{name}").status_code == 403
        answer = people["editor"].get(f"/runs/{done}/files/{name}")
        assert "attachment" in answer.headers["Content-Disposition"]
    for name in ("../evaluation.json", "dataset.npz", "exports/../best.keras", "exports", "last/state.json"):
        assert people["owner"].get(f"/runs/{done}/files/{name}").status_code == 404


def test_runs_are_compared_by_what_differs_and_the_best_is_marked(
    app: Flask, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    other = seeded(app, people, arms, name="Larger", settings={"side_px": 192}, pck=0.9, metrics=evaluation(arms, 0.85))

    page = people["viewer"].get(f"/runs/compare?run={done}&run={other}").text

    assert "192 pixels" in page
    assert "Learning rate" not in page
    assert '85.0 % <span class="tag tag-good">best</span>' in page
    assert people["viewer"].get(f"/runs/compare?run={done}&run={done}").status_code == 422
    seven = "&".join(f"run={number}" for number in range(7))
    assert people["viewer"].get(f"/runs/compare?{seven}").status_code == 422


def test_losses_of_different_kinds_are_not_laid_over_each_other(
    app: Flask, people: dict[str, Browser], arms: Seeded, done: str
) -> None:
    wing = seeded(app, people, arms, settings={"family": "regression", "loss": "wing"})
    alike = seeded(app, people, arms, settings={"side_px": 192})

    page = people["viewer"].get(f"/runs/compare?run={done}&run={wing}").text
    assert "val_loss" not in page
    assert "of different kinds" in page
    assert "val_loss" in people["viewer"].get(f"/runs/compare?run={done}&run={alike}").text


def test_changes_of_pictures_are_drawn_before_a_run(people: dict[str, Browser], arms: Seeded) -> None:
    url = f"{base(arms)}/runs/preview"

    drawn = people["editor"].send_json(url, {"augmentation": {"rotation_deg": 90}, "states": ["proposed"]})
    refused = people["editor"].send_json(url, {"augmentation": {"rotation_deg": 900}})

    assert (drawn.status_code, drawn.mimetype) == (200, "image/png")
    assert drawn.data.startswith(b"\x89PNG")
    assert error_of(refused) == "rotation_deg must be a number from 0 to 180, got 900."


def test_a_training_job_leads_to_its_run(app: Flask, people: dict[str, Browser], arms: Seeded, done: str) -> None:
    with app.app_context():
        job_id = db.session.get_one(TrainingRun, done).job_id

    assert f'href="/runs/{done}"' in people["viewer"].get(f"{base(arms)}/jobs").text
    assert f'href="/runs/{done}"' in people["viewer"].get(f"{base(arms)}/").text
    assert f'href="/runs/{done}"' in people["viewer"].get(f"/jobs/{job_id}").text
