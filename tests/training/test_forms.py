"""Every form of a network with known answers: what it finds, what is said of it, and that it can be used."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.data import labelled
from tests.vision.planted_models import PATCH_PX, PLACES_PX, REGION, SIDE_PX, figure, planted
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import FloatArray
from webapp.core.skeleton import UPPER_BODY_6
from webapp.jobs.context import JobCancelledError
from webapp.training import export, forms
from webapp.training.archive import TrainingData
from webapp.training.evaluate import evaluate
from webapp.training.export import export_model, load_form
from webapp.training.forms import Form, export_forms
from webapp.training.predicting import BATCH, found_by, predict
from webapp.vision.images import crop_region
from webapp.vision.own_card import FORMS, ONNX, OwnModelCard, PictureFormat, read_card
from webapp.vision.own_models import add_model
from webapp.vision.own_shapes import Hints
from webapp.vision.poses.own import load_own_model

SAMPLES = 24
TOLERANCE_PX = {"float32": 0.1, "float16": 0.1, "dynamic": 0.3, "int8": 0.6, "onnx": 0.1}


@cache
def data() -> TrainingData:
    """Figures, each with its keypoints elsewhere, of all three splits."""
    random = np.random.default_rng(3)
    places_px = [
        (PLACES_PX + random.integers(-3, 4, PLACES_PX.shape)).clip(PATCH_PX, SIDE_PX - PATCH_PX) for _ in range(SAMPLES)
    ]
    images = [crop_region(figure(each.astype(np.float32)), REGION, SIDE_PX)[..., :1] for each in places_px]
    made = labelled(
        UPPER_BODY_6,
        (np.stack(places_px) / SIDE_PX).astype(np.float32),
        images=(np.stack(images) / 255).astype(np.float32),
    )
    made.split[:] = ["train", "validation", "test"] * (SAMPLES // 3)
    return made


def card(family: str) -> OwnModelCard:
    return OwnModelCard("mine", family, "model.tflite", "", PictureFormat(SIDE_PX, SIDE_PX, 1), UPPER_BODY_6)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Form]]]:
    """FAMILY.keras and FAMILY/ with all its forms; and what was said of them, by family and form."""
    folder = tmp_path_factory.mktemp("forms")
    said = {}
    for family in ("regression", "heatmap_offset"):
        planted(family).save(folder / f"{family}.keras")
        all_forms = export_forms(folder / f"{family}.keras", card(family), data(), folder / family, threads=1)
        said[family] = {form.form: form for form in all_forms}
    return folder, said


Made = tuple[Path, dict[str, dict[str, Form]]]


@pytest.mark.parametrize("form", [*FORMS, ONNX])
@pytest.mark.parametrize("family", ["regression", "heatmap_offset"])
def test_every_form_is_made_compared_and_timed(made: Made, family: str, form: str) -> None:
    folder, said = made
    of_form = said[family][form]

    assert of_form.problem is None
    assert of_form.largest_px is not None
    assert of_form.mean_px is not None
    assert of_form.mean_px <= of_form.largest_px < TOLERANCE_PX[form]
    assert of_form.size_bytes == (folder / family / str(of_form.file)).stat().st_size
    assert set(of_form.latency_ms) == {"openvino", "onnxruntime" if form == ONNX else "litert"}
    assert of_form.pck02 == pytest.approx(1.0)
    assert of_form.flagged is None


def test_keras_comes_first_as_what_they_are_compared_with(made: Made) -> None:
    keras = made[1]["heatmap_offset"]["keras"]

    assert next(iter(made[1]["heatmap_offset"])) == "keras"
    assert (keras.file, set(keras.latency_ms)) == (None, {"keras"})
    assert keras.pck02 == pytest.approx(1.0)
    assert json.loads(json.dumps(keras.as_json()))["problem"] is None


@pytest.mark.parametrize("form", FORMS)
def test_an_exported_form_can_be_added_as_it_is(made: Made, tmp_path: Path, form: str) -> None:
    added = add_model(made[0] / "heatmap_offset" / f"{form}.tflite", "mine", tmp_path)

    assert added.parity is not None
    assert (added.family, added.parity.form, added.parity.pictures) == ("heatmap_offset", form, SAMPLES // 3)
    assert added.parity.pictures_of == "validation pictures"
    assert added.exported_from.startswith("heatmap_offset.keras, sha256 ")


def test_the_archive_for_a_camera_alone_works_where_it_is_unpacked(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "weights" / "own" / "mine"
    with zipfile.ZipFile(made[0] / "heatmap_offset" / "mine.zip") as archive:
        archive.extractall(folder)

    estimator = load_own_model(folder, "litert", threads=1)
    pose = estimator.estimate(figure(), [REGION])[0]

    assert sorted(path.name for path in folder.iterdir()) == ["README.txt", "card.toml", "model.tflite"]
    assert "weights/own/mine" in (folder / "README.txt").read_text()
    assert pose.score > 0.5
    parity = read_card(folder).parity
    assert parity is not None
    assert parity.form == "int8"


def test_a_network_is_asked_in_batches_and_finds_what_is_there(made: Made) -> None:
    looks = []
    network = load_form(made[0] / "heatmap_offset" / "float32.tflite", SIDE_PX, threads=1)

    found = found_by(network, card("heatmap_offset"), data(), np.arange(SAMPLES), lambda: looks.append(1))

    assert len(looks) == -(-SAMPLES // BATCH)
    assert evaluate(found, data(), np.arange(SAMPLES)).pck02 == 1.0
    np.testing.assert_allclose(found.keypoints, data().keypoints, atol=1 / SIDE_PX)


def test_a_form_that_finds_less_is_flagged_and_not_for_the_archive(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = predict

    def shaken(network: Any, *rest: Any) -> tuple[FloatArray, FloatArray]:
        points_px, scores = exact(network, *rest)
        return points_px + np.float32(8 * (network.runtime == "litert")), scores

    monkeypatch.setattr(forms, "predict", shaken)
    monkeypatch.setattr(forms, "SUFFIXES", {"int8": ".tflite"})
    _, int8 = export_forms(made[0] / "regression.keras", card("regression"), data(), tmp_path, threads=1)

    assert int8.flagged == (
        "It loses 100.0 points of PCK@0.2 against Keras on 8 validation pictures; use another form. "
        "Its coordinates come in steps of 1/256 of the crop."
    )
    assert int8.file == "int8.tflite"
    assert list(tmp_path.glob("*.zip")) == []


def test_a_form_that_cannot_be_made_says_why_and_the_others_go_on(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> bytes:
        raise ModelUnavailableError("the model has no ONNX form: no such layer")

    monkeypatch.setattr(export, "onnx_bytes", refused)
    monkeypatch.setattr(forms, "SUFFIXES", {"onnx": ".onnx", "float16": ".tflite"})
    (tmp_path / "onnx.onnx").write_text("of an attempt before")

    _, onnx, float16 = export_forms(made[0] / "regression.keras", card("regression"), data(), tmp_path, threads=1)

    assert (onnx.problem, onnx.file) == ("the model has no ONNX form: no such layer", None)
    assert not (tmp_path / "onnx.onnx").exists()
    assert float16.file == "float16.tflite"
    assert (tmp_path / "mine.zip").is_file()


LONG_STEPS = ("read_keras_model", "frozen_function", "predict", "medians_ms", "form_bytes", "load_form")


def test_between_all_that_takes_long_it_is_looked_whether_it_shall_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noted(name: str, real: Any) -> Any:
        def call(*said: Any) -> Any:
            done.append(name)
            return real(*said)

        return call

    for name in LONG_STEPS:
        monkeypatch.setattr(forms, name, noted(name, getattr(forms, name)))
    monkeypatch.setattr(forms, "SUFFIXES", {"float32": ".tflite"})
    planted("regression").save(tmp_path / "small.keras")

    export_forms(
        tmp_path / "small.keras", card("regression"), data(), tmp_path, threads=1, look=lambda: done.append("look")
    )

    assert set(done) == {*LONG_STEPS, "look"}
    assert [pair for pair in pairwise(done) if "look" not in pair] == []


def test_whoever_looks_can_end_it_and_nothing_half_made_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def end_at_the_comparison() -> None:
        looks.append("look")
        if list(tmp_path.glob("exports/.export-*/*.tflite")):
            raise JobCancelledError("it was cancelled")

    monkeypatch.setattr(forms, "SUFFIXES", {"float32": ".tflite"})
    planted("regression").save(tmp_path / "small.keras")

    with pytest.raises(JobCancelledError):
        export_forms(
            *(tmp_path / "small.keras", card("regression"), data(), tmp_path / "exports"),
            threads=1,
            look=end_at_the_comparison,
        )

    assert len(looks) > 1
    assert list((tmp_path / "exports").iterdir()) == []


def test_without_a_validation_split_nothing_can_be_compared(made: Made, tmp_path: Path) -> None:
    lone = replace(data(), split=np.full(SAMPLES, "train"))

    with pytest.raises(InvalidInputError, match="no sample is in the validation split"):
        export_forms(made[0] / "regression.keras", card("regression"), lone, tmp_path)


def test_onnx_is_exported_without_a_card_since_it_cannot_be_added(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"

    described = export_model(made[0] / "regression.keras", out, ONNX, images=None, card=None, hints=Hints())

    assert described.parity is not None
    assert described.parity.largest_px < TOLERANCE_PX[ONNX]
    assert [path.name for path in tmp_path.iterdir()] == ["out.onnx"]


def test_what_a_layer_holds_as_a_constant_is_no_input_of_the_onnx_file(tmp_path: Path) -> None:
    from tensorflow.keras import Model, layers

    taken = layers.Input((SIDE_PX, SIDE_PX, 1))
    shifted = layers.Normalization(axis=None, mean=0.25, variance=0.5)(taken)
    Model(taken, planted("regression")(shifted)).save(tmp_path / "shifted.keras")

    described = export_model(
        tmp_path / "shifted.keras", tmp_path / "out.onnx", ONNX, images=None, card=None, hints=Hints()
    )

    assert load_form(tmp_path / "out.onnx", SIDE_PX, threads=1).runtime == "onnxruntime"
    assert described.parity is not None
    assert described.parity.largest_px < TOLERANCE_PX[ONNX]


@pytest.mark.parametrize(("form", "name"), [(ONNX, "out.tflite"), ("int8", "out.onnx"), ("int4", "out.tflite")])
def test_the_files_name_must_fit_its_form(made: Made, tmp_path: Path, form: str, name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"must end in|unknown form"):
        export_model(made[0] / "regression.keras", tmp_path / name, form, images=None, card=None, hints=Hints())
