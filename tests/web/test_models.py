"""The page of models: everybody may look, administrators change, by form and by JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from webapp.config import ROOT, Settings
from webapp.pipeline.inquiries import Question
from webapp.services import models
from webapp.services.analysis import EXTENSION, Analysis, Result

needs_mediapipe = pytest.mark.skipif(
    not (ROOT / "weights" / "mediapipe").is_dir(), reason="MediaPipe's models are not here: tools.vendor"
)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With MediaPipe's models, a broken YOLOv5 and a broken model of the user's own."""
    weights = tmp_path / "weights"
    (weights / "own" / "arms").mkdir(parents=True)
    (weights / "mediapipe").symlink_to(ROOT / "weights" / "mediapipe")
    (weights / "yolov5").mkdir()
    (weights / "yolov5" / "yolov5s.pt").write_bytes(b"cut off")
    return replace(settings, weights_dir=weights)


@pytest.fixture
def chief(log_in: LogIn) -> Browser:
    return log_in("chief", role="admin")


def used(app: Flask) -> tuple[str, str]:
    with app.app_context():
        now = models.selection().models
        return now.detector, now.pose_model


@pytest.mark.parametrize("role", ["user", "coach"])
def test_everybody_sees_what_is_installed_and_used_and_nothing_to_change(log_in: LogIn, role: str) -> None:
    page = log_in("someone", role=role).get("/models/").text

    assert "BlazePose full" in page
    assert "in use" in page
    assert 'action="/models/' not in page
    assert "weights pull" not in page
    assert "data-benchmark" not in page


@pytest.mark.parametrize("url", ["active", "roll-back", "as-settings", "speed"])
@pytest.mark.parametrize("role", ["user", "coach"])
def test_only_administrators_change_anything(app: Flask, log_in: LogIn, role: str, url: str) -> None:
    answer = log_in("someone", role=role).send_json(f"/models/{url}", {"pose_model": "blazepose_lite"})

    assert answer.status_code == 403
    assert used(app) == ("auto", "blazepose_full")


@pytest.mark.parametrize("url", ["active", "roll-back", "as-settings", "speed"])
def test_a_change_without_the_token_of_the_page_is_refused(chief: Browser, url: str) -> None:
    answer = chief.client.post(f"/models/{url}", json={}, headers={"Accept": "application/json"})

    assert answer.status_code == 400
    assert "out of date" in error_of(answer)


def test_an_administrator_sees_how_to_get_what_is_missing_or_broken(chief: Browser) -> None:
    page = chief.get("/models/").text

    assert "<code>python -m webapp weights pull yolov5m</code>" in page
    assert "Its file is not as it must be and is never loaded." in page
    assert "own/arms/card.toml cannot be read" in page
    assert "must offer the source under the AGPL" in page


@needs_mediapipe
def test_one_click_switches_and_another_goes_back_without_scripts(app: Flask, chief: Browser) -> None:
    switched = chief.send_form("/models/active", pose_model="blazepose_lite", number=0)

    assert (switched.status_code, switched.location) == (302, "/models/")
    assert used(app) == ("auto", "blazepose_lite")
    page = chief.get("/models/").text
    assert "From now on blazepose_lite is used, with the detector auto." in page
    assert "Go back to blazepose_full with auto" in page

    chief.send_form("/models/roll-back", number=1)

    assert used(app) == ("auto", "blazepose_full")
    page = chief.get("/models/").text
    assert "Back to blazepose_full with the detector auto." in page
    assert "Go back to" not in page


@needs_mediapipe
def test_the_same_as_json(app: Flask, chief: Browser) -> None:
    before = chief.get_json("/models/").get_json()
    assert (before["number"], before["from_settings"], before["before"]) == (0, True, None)

    chosen = chief.send_json("/models/active", {"detector": "blazepose", "number": 0}).get_json()
    assert chosen == {
        "number": 1,
        "active": {"detector": "blazepose", "pose_model": "blazepose_full"},
        "from_settings": False,
        "before": {"detector": "auto", "pose_model": "blazepose_full"},
    }
    back = chief.send_json("/models/as-settings", {}).get_json()
    assert (back["active"], back["from_settings"]) == ({"detector": "auto", "pose_model": "blazepose_full"}, True)
    assert chief.send_json("/models/roll-back", {"number": 2}).get_json()["active"]["detector"] == "blazepose"


@needs_mediapipe
def test_the_list_says_all_that_is_known_of_each_model(chief: Browser, log_in: LogIn) -> None:
    answer = chief.get_json("/models/").get_json()["models"]
    by_name = {model["name"]: model for model in answer}

    full = by_name["blazepose_full"]
    assert (full["state"], full["active"], full["keypoints"], full["uses_detector"]) == ("present", True, 33, True)
    assert (by_name["yolov5s"]["state"], by_name["yolov5m"]["state"], by_name["arms"]["own"]) == (
        "damaged",
        "missing",
        True,
    )
    assert by_name["hand_full"]["other_actions"] == 0
    others = log_in("anna").get_json("/models/").get_json()["models"]
    assert {(model["other_actions"], model["remedy"]) for model in others} == {(None, None)}


@needs_mediapipe
def test_a_page_that_another_administrator_has_overtaken_changes_nothing(
    app: Flask, chief: Browser, log_in: LogIn
) -> None:
    other = log_in("other", role="admin")
    chief.send_form("/models/active", pose_model="blazepose_lite", number=0)

    late = other.send_form("/models/active", pose_model="blazepose_heavy", number=0)

    assert (late.status_code, late.location) == (302, "/models/")
    assert "changed by somebody else meanwhile" in other.get("/models/").text
    assert used(app) == ("auto", "blazepose_lite")


@pytest.mark.parametrize(
    ("url", "body", "status", "sentence"),
    [
        ("active", {"pose_model": "nonsense"}, 422, "there is no pose model 'nonsense'"),
        ("active", {"detector": "yolov5s"}, 422, "yolov5s is damaged and cannot be used; python -m webapp weights"),
        ("active", {"pose_model": "arms"}, 422, "arms is damaged and cannot be used; "),
        ("active", {"pose_model": 3}, 400, "pose_model must be a text"),
        ("active", {"detector": "blazepose", "number": "7"}, 400, "number must be a whole number"),
        ("active", {"detector": "blazepose", "number": 7}, 422, "changed by somebody else meanwhile"),
        ("active", [], 400, "the body must be a JSON object"),
        ("roll-back", {}, 422, "there is nothing to go back to"),
        ("speed", {"role": "pose"}, 400, "lacks name"),
        ("speed", {"role": "cook", "name": "blazepose_full"}, 422, "role must be detector or pose, got 'cook'"),
    ],
)
def test_bad_input_is_refused(chief: Browser, url: str, body: object, status: int, sentence: str) -> None:
    answer = chief.send_json(f"/models/{url}", body)

    assert answer.status_code == status
    assert sentence in error_of(answer)


@pytest.mark.parametrize("number", ["", "x", "-1", "1e3", "9" * 40])
def test_a_form_without_the_number_of_its_page_is_refused(app: Flask, chief: Browser, number: str) -> None:
    answer = chief.send_form("/models/active", pose_model="blazepose_lite", number=number)

    assert answer.status_code == 400
    assert used(app) == ("auto", "blazepose_full")


def test_a_model_in_use_that_is_gone_is_said_so(chief: Browser, settings: Settings) -> None:
    (settings.weights_dir / "mediapipe").unlink()

    page = chief.get("/models/").text

    assert "It is missing here: live sessions go on with what their worker started with. npm ci" in page


def test_without_a_worker_nothing_is_measured_and_the_reason_is_said(chief: Browser) -> None:
    answer = chief.send_json("/models/speed", {"role": "pose", "name": "blazepose_full"})

    assert answer.status_code == 503
    assert "no recognition worker is connected" in error_of(answer)


@needs_mediapipe
def test_speeds_are_answered_and_shown_from_then_on(app: Flask, chief: Browser) -> None:
    def measured(_question: Question) -> Result:
        return {"runtimes_ms": {"litert": 9.512, "openvino": 6.25}, "machine": "workshop", "threads": 2}

    app.extensions[EXTENSION] = Analysis(measured)

    speeds = chief.send_json("/models/speed", {"role": "pose", "name": "blazepose_full"}).get_json()["speeds"]

    assert [(one["runtime"], one["ms"]) for one in speeds] == [("openvino", 6.25), ("litert", 9.51)]
    page = chief.get("/models/").text
    assert 'data-ms="6.25"' in page
    assert "on workshop, 2 threads" in page


@needs_mediapipe
@pytest.mark.usefixtures("working")
def test_a_real_worker_measures_a_real_model(chief: Browser) -> None:
    answer = chief.send_json("/models/speed", {"role": "pose", "name": "blazepose_lite"})

    assert answer.status_code == 200
    assert {one["runtime"] for one in answer.get_json()["speeds"]} & {"openvino", "litert"}
