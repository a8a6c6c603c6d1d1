"""Training runs through HTTP: asked for, watched, cancelled, deleted, their files; and who may do what with them."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from flask import Flask

from tests.conftest import Browser, error_of
from tests.dataset_seeding import Seeded
from tests.run_seeding import FORMS, write_files
from tests.web.datasets import arms, base, people
from tests.web.runs import done, seeded
from webapp.config import Settings
from webapp.db.base import db
from webapp.db.jobs import Job
from webapp.services.run_files import run_dir
from webapp.training.config import Augmentation, RunSettings
from webapp.web import run_form

__all__ = ["arms", "done", "people"]


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
        ({"batch_size": None}, "batch_size", "Batch must be a whole number from 1 to 1024."),
        ({"max_minutes": ""}, "max_minutes", "Longest time must be a number from 0.05 to 10000."),
        ({"validation_share": 90}, "validation_share", "For validation must be a number from 0.02 to 0.5, got 90."),
        ({"width": 3}, "width", "A run has no setting 'width'; known: family, network, side_px"),
    ],
    ids=["epochs", "change", "loss", "text", "batch", "states", "empty", "no number", "share", "unknown"],
)
def test_a_refusal_names_the_field_that_is_wrong(
    people: dict[str, Browser], arms: Seeded, *, wanted: dict[str, object], field: str, words: str
) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": "First", "settings": wanted})

    assert answer.status_code == 422
    (fault,) = answer.get_json()["faults"]
    assert fault["field"] == field
    assert fault["error"].startswith(words)
    assert answer.get_json()["error"] == fault["error"]


def test_a_run_without_a_name_is_refused_beside_the_name(people: dict[str, Browser], arms: Seeded) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": " ", "settings": {}})

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.get_json()["faults"]] == ["name"]


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
    assert seen["time_left_s"] == pytest.approx(2.5 * (188 - 3 / 9))
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


def test_changes_of_pictures_are_drawn_before_a_run(people: dict[str, Browser], arms: Seeded) -> None:
    url = f"{base(arms)}/runs/preview"

    drawn = people["editor"].send_json(url, {"augmentation": {"rotation_deg": 90}, "states": ["proposed"]})
    refused = people["editor"].send_json(url, {"augmentation": {"rotation_deg": 900}})

    assert (drawn.status_code, drawn.mimetype) == (200, "image/png")
    assert drawn.data.startswith(b"\x89PNG")
    assert refused.get_json()["error"] == "Turn must be a number from 0 to 180, got 900."
