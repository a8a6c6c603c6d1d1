"""Versions of trained models through HTTP: everybody looks, administrators register, activate and remove."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import Browser, error_of
from tests.dataset_seeding import Seeded
from tests.movements import arm_raise
from tests.run_seeding import evaluation, seed_run, write_files
from tests.web.datasets import arms, people
from tests.web.teaching import got
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import actions
from webapp.services.run_files import run_dir
from webapp.training.config import run_settings

__all__ = ["arms", "people"]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a folder of weights in which there is no model yet, and a detector that needs none."""
    return replace(settings, weights_dir=tmp_path / "weights", detector="whole_frame")


@pytest.fixture
def run_id(app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded) -> str:
    """A run with its exported forms."""
    with app.app_context():
        run_id = seed_run(arms, people["owner"].user_id, metrics=evaluation(arms))
    write_files(run_dir(settings, run_id), arms)
    return run_id


def registered(admin: Browser, run_id: str, form: str = "float16", note: str = "") -> str:
    body = {"run_id": run_id, "name": "arms", "form": form, "note": note}
    answer = admin.send_json("/models/versions", body)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["version_id"])


def test_a_registered_form_is_listed_with_where_it_came_from(people: dict[str, Browser], run_id: str) -> None:
    version_id = registered(people["admin"], run_id, note="for the hall")

    (shown,) = got(people["stranger"], "/models/versions/")["versions"]

    assert (shown["version_id"], shown["pose_model"], shown["form"]) == (version_id, "arms-v1", "float16")
    assert (shown["dataset"], shown["dataset_version"], shown["run_name"]) == ("Arms", 1, "First try")
    assert (shown["active"], shown["usable"], shown["note"]) == (False, True, "for the hall")
    assert shown["metrics"]["model"]["pck02"] == 0.78
    assert shown["settings"]["network"] == "small"


def test_a_version_is_activated_shown_in_use_and_gone_back_from(people: dict[str, Browser], run_id: str) -> None:
    admin = people["admin"]
    version_id = registered(admin, run_id)

    answer = admin.send_form(f"/models/versions/{version_id}/activate", number=0)

    assert answer.location == "/models/versions/"
    page = admin.get("/models/versions/").text
    assert "From now on arms-v1 is used." in page
    assert "Go back to blazepose_full" in page
    assert got(admin, "/models/versions/")["versions"][0]["active"]
    assert "where it came from" in admin.get("/models/").text
    # the only model here cannot be removed while it is used
    refused = admin.send_json(f"/models/versions/{version_id}/remove", {})
    assert error_of(refused).startswith("arms-v1 is used now")


def test_actions_with_other_keypoints_are_told_before_activating_and_as_long_as_it_is_used(
    app: Flask, people: dict[str, Browser], run_id: str
) -> None:
    admin, told = people["admin"], "1 action was recorded with keypoints that it does not find"
    version_id = registered(admin, run_id)
    assert told not in admin.get("/models/versions/").text
    with app.app_context():
        owner = db.session.get_one(User, people["owner"].user_id)
        squat, _ = actions.create_action(owner, "squat")
        take = actions.NewTake("take-1", arm_raise(), 0.3, 1.6, "webcam", "auto", "blazepose_full")
        actions.add_take(owner, squat.id, take)

    for address in (f"/runs/{run_id}", "/models/versions/", "/models/"):
        asked = admin.get(address).text.partition('data-against="Use arms-v1?"')[2].partition("</template>")[0]
        assert told in asked, address
    admin.send_form(f"/models/versions/{version_id}/activate", number=0)

    for address in ("/models/versions/", "/models/"):
        in_use = admin.get(address).text.partition("data-other-actions>")[2].partition("</p>")[0]
        assert told in in_use, address
        assert "Go back to blazepose_full, or " in in_use
        assert "data-other-actions" not in people["viewer"].get(address).text


def test_the_question_before_activating_says_what_follows_first_and_three_reasons(
    app: Flask, people: dict[str, Browser], settings: Settings, arms: Seeded
) -> None:
    reasons = [f"it is the {number}. reason." for number in range(1, 9)]
    with app.app_context():
        metrics = evaluation(arms, worth_activating=False, reasons=reasons)
        run_id = seed_run(arms, people["owner"].user_id, metrics=metrics)
    write_files(run_dir(settings, run_id), arms)
    registered(people["admin"], run_id)

    pages = {place: people["admin"].get(place).text for place in ("/models/versions/", "/models/", f"/runs/{run_id}")}

    questions = {page.partition("<template")[2].partition("</template>")[0] for page in pages.values()}
    assert len(questions) == 1, "every page that activates it asks the same"
    asked = questions.pop()
    assert "arms-v1 is not worth activating. Use it anyway?" in asked
    assert asked.index("sessions use it from then on") < asked.index("<li>It is the 1. reason.</li>")
    assert asked.count("reason.</li>") == 3
    assert "and 5 more on the run’s page" in asked
    card = people["viewer"].get("/models/").text.partition('id="pose-arms-v1"')[2].partition("</li>\n")[0]
    assert "not worth activating" in card.partition("</h3>")[2].partition("<ul")[0]


def test_a_form_of_a_page_that_is_overtaken_leads_to_what_is_used_now_and_says_why(
    people: dict[str, Browser], run_id: str
) -> None:
    admin = people["admin"]
    version_id = registered(admin, run_id)
    admin.send_form(f"/models/versions/{version_id}/activate", number=0)
    told = "The models were changed by somebody else meanwhile; look at what is used now, then choose again."

    for address, page in (
        ("/models/roll-back", "/models/"),
        ("/models/as-settings", "/models/"),
        (f"/models/versions/{version_id}/activate", "/models/versions/"),
    ):
        late = admin.send_form(address, number=0)
        assert (late.status_code, late.location) == (302, page), address
        assert told in admin.get(page).text, address

    assert got(admin, "/models/versions/")["versions"][0]["active"]


def test_a_version_that_was_chosen_on_an_old_page_is_not_activated(people: dict[str, Browser], run_id: str) -> None:
    admin = people["admin"]
    first, second = registered(admin, run_id), registered(admin, run_id, "int8")
    admin.send_json(f"/models/versions/{first}/activate", {"number": 0})

    answer = admin.send_json(f"/models/versions/{second}/activate", {"number": 0})

    assert answer.status_code == 422
    assert "changed by somebody else" in error_of(answer)


def test_a_removed_version_is_gone_and_its_number_with_it(people: dict[str, Browser], run_id: str) -> None:
    admin = people["admin"]
    version_id = registered(admin, run_id)

    assert admin.send_json(f"/models/versions/{version_id}/remove", {}).get_json() == {"removed": version_id}
    assert got(admin, "/models/versions/") == {"versions": []}
    assert "No version yet" in people["viewer"].get("/models/versions/").text
    assert admin.send_json(f"/models/versions/{version_id}/activate", {}).status_code == 404
    registered(admin, run_id)
    assert got(admin, "/models/versions/")["versions"][0]["pose_model"] == "arms-v2"


def test_what_was_set_and_measured_stays_to_be_read_when_the_run_is_deleted(
    people: dict[str, Browser], run_id: str
) -> None:
    registered(people["admin"], run_id)
    assert people["owner"].send_json(f"/runs/{run_id}/delete", {}).status_code == 200

    page = people["viewer"].get("/models/versions/").text

    assert "(deleted since)" in page
    rate = run_settings({}).learning_rate
    for told in (f"<dt>Learning rate</dt><dd>{rate}</dd>", "<dt>Seed</dt>", "Pictures changed: turn"):
        assert told in page
    assert '<th scope="row">left_wrist</th>' in page
    assert "It finds 43 points more than the mean pose." in page


def test_only_administrators_register_activate_and_remove(people: dict[str, Browser], run_id: str) -> None:
    version_id = registered(people["admin"], run_id)
    body = {"run_id": run_id, "name": "mine", "form": "float16", "note": ""}

    for name in ("owner", "editor", "stranger"):
        assert people[name].send_json("/models/versions", body).status_code == 403
        for what in ("activate", "remove"):
            assert people[name].send_json(f"/models/versions/{version_id}/{what}", {}).status_code == 403
    page = people["owner"].get("/models/versions/").text
    assert "/activate" not in page
    assert "data-remove" not in page
    assert "data-register" not in people["owner"].get(f"/runs/{run_id}").text
    assert "data-register" in people["admin"].get(f"/runs/{run_id}").text


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "Two Words"}, 422, "a model's name must be 1 to 30 of a-z"),
        ({"name": "blazepose_full"}, 422, "blazepose_full is the name of a ready-made pose model"),
        ({"form": "onnx"}, 422, "form must be one of float32, float16"),
        ({"form": "dynamic"}, 422, "the run First try has no dynamic form"),
        ({"run_id": "nobody"}, 404, "there is no training run 'nobody'"),
        ({"name": 7}, 400, "name must be a text, got 7"),
    ],
    ids=["name", "taken", "onnx", "lacking", "run", "number"],
)
def test_what_cannot_be_registered_is_refused_with_a_sentence(
    people: dict[str, Browser], run_id: str, *, body: dict[str, object], status: int, words: str
) -> None:
    wanted = {"run_id": run_id, "name": "arms", "form": "float16", "note": ""} | body

    answer = people["admin"].send_json("/models/versions", wanted)

    assert answer.status_code == status
    assert error_of(answer).startswith(words)
