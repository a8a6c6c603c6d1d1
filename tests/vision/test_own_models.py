"""Pose models of the user's own: both Keras formats and all forms of TFLite find the same; nothing damaged is loaded.

The models are planted, so what they must find is known.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.contracts import test_pose_estimators as contract
from tests.contracts.subjects import Subject
from tests.vision.planted_models import FAMILIES, REGION, SCALE, archive, figure, figure_px, planted
from webapp import export_command, models_command
from webapp.config import Settings, pose_models
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import Box, Detection
from webapp.core.skeleton import UPPER_BODY_6, Skeleton
from webapp.models_options import add_export_arguments, add_models_arguments
from webapp.training.export import export_model
from webapp.vision import keras_network, own_conversion
from webapp.vision.own_card import FORMS, card_of
from webapp.vision.own_models import add_model, remove_model
from webapp.vision.own_shapes import Hints
from webapp.vision.poses.own import OwnPoseEstimator, load_own_model
from webapp.vision.registry import load_pose_model
from webapp.vision.weights import sha256_of

# of the input's 32 pixels: how far a keypoint may lie from where it is; 8 bits are coarse for these few pixels
TOLERANCE_PX = {"float32": 0.1, "float16": 0.1, "dynamic": 0.3, "int8": 0.4}
SUBJECT = Subject(figure(), REGION)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FAMILY.keras, FAMILY.hdf5 and FAMILY-FORM.tflite with their cards."""
    folder = tmp_path_factory.mktemp("planted")
    images = archive(folder / "figures.npz")
    for family in FAMILIES:
        model = planted(family)
        model.save(folder / f"{family}.keras")
        model.save(folder / f"{family}.hdf5")
        for form in FORMS:
            out = folder / f"{family}-{form}.tflite"
            export_model(folder / f"{family}.keras", out, form, images=images, card=None, hints=Hints())
    return folder


@pytest.fixture(scope="module")
def weights(made: Path) -> Path:
    """A weights folder with every exported form added as FAMILY_FORM."""
    for family in FAMILIES:
        for form in FORMS:
            add_model(made / f"{family}-{form}.tflite", f"{family}_{form}", made / "weights")
    return made / "weights"


def largest_error_px(estimator: OwnPoseEstimator) -> float:
    """Of the keypoints of the figure, in pixels of the input."""
    pose = estimator.estimate(figure(), [REGION])[0]
    return float(np.abs(pose.keypoints_px - figure_px()).max() / SCALE)


@pytest.mark.parametrize("runtime", ["litert", "openvino"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_form_of_every_family_finds_the_keypoints(weights: Path, family: str, form: str, runtime: str) -> None:
    estimator = load_own_model(weights / "own" / f"{family}_{form}", runtime, threads=1)

    assert estimator.runtime == runtime
    assert largest_error_px(estimator) < TOLERANCE_PX[form]


@pytest.mark.parametrize("suffix", [".keras", ".hdf5"])
@pytest.mark.parametrize("family", FAMILIES)
def test_keras_itself_finds_the_same_by_a_compiled_function(
    made: Path, weights: Path, tmp_path: Path, family: str, suffix: str
) -> None:
    folder = installed_keras(made / f"{family}{suffix}", weights / "own" / f"{family}_dynamic", tmp_path)

    estimator = load_own_model(folder, "keras", threads=1)

    assert estimator.runtime == "keras"
    assert largest_error_px(estimator) < TOLERANCE_PX["float32"]
    assert len(estimator.estimate(figure(), [REGION] * 3)) == 3


def installed_keras(source: Path, like: Path, weights_dir: Path) -> Path:
    """A folder as add_model makes it of a Keras model, without the child process that exports."""
    folder = weights_dir / "own" / source.stem
    shutil.copytree(like, folder)
    kept = f"model{source.suffix}"
    shutil.copy(source, folder / kept)
    card, file_hash = folder / "card.toml", card_of(like).sha256
    text = card.read_text().replace(f'"{like.name}"', f'"{source.stem}"').replace("model.tflite", kept)
    card.write_text(text.replace(file_hash, sha256_of(source)))
    return folder


def test_the_parity_of_every_form_is_on_its_card(weights: Path) -> None:
    for family in FAMILIES:
        for form in FORMS:
            parity = card_of(weights / "own" / f"{family}_{form}").parity
            assert parity is not None
            assert (parity.form, parity.pictures, parity.pictures_of) == (form, 12, "pictures of figures.npz")
            assert parity.mean_px <= parity.largest_px < TOLERANCE_PX[form]
            assert parity.largest_share == pytest.approx(parity.largest_px / 32)


def test_a_keras_model_is_added_with_the_tflite_form_that_runs(made: Path, tmp_path: Path) -> None:
    card = add_model(made / "heatmap.hdf5", "mine", tmp_path, margin=1.5, licence="my own", made_by="me")

    folder = tmp_path / "own" / "mine"
    assert (card.family, card.skeleton, card.margin, card.licence) == ("heatmap", UPPER_BODY_6, 1.5, "my own")
    assert card_of(folder) == card
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.toml",
        "dynamic.json",
        "dynamic.tflite",
        "model.hdf5",
    ]
    estimator = load_pose_model(Settings(weights_dir=tmp_path, pose_model="mine"))
    assert isinstance(estimator, OwnPoseEstimator)
    assert estimator.runtime in ("litert", "openvino")
    assert largest_error_px(estimator) < TOLERANCE_PX["dynamic"]


def test_the_commands_say_what_they_did(made: Path, tmp_path: Path) -> None:
    settings = Settings(weights_dir=tmp_path)
    out, images = tmp_path / "small.tflite", made / "figures.npz"

    words = ["--form", "float16", "--out", str(out), "--images", str(images), "--json"]
    said = json.loads(command(settings, "export", str(made / "regression.keras"), *words))
    added = command(settings, "models", "add", str(out), "--name", "small", "--made-by", "me")

    assert said["largest_px"] < TOLERANCE_PX["float16"]
    assert (said["bytes"], said["pictures"]) == (out.stat().st_size, 12)
    assert "small: regression, upper_body_6 (6 keypoints), 32x32 grey 0..1, margin 1.25, model.tflite" in added
    assert "made by: me" in added
    assert "float16 against Keras on 12 pictures of figures.npz" in command(settings, "models", "list")


def command(settings: Settings, name: str, *words: str) -> str:
    parser = argparse.ArgumentParser()
    declare, run = {
        "models": (add_models_arguments, models_command.run),
        "export": (add_export_arguments, export_command.run),
    }[name]
    declare(parser)
    return run(parser.parse_args(words), settings)


def test_an_export_that_cannot_write_says_so_before_it_begins(made: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidInputError, match=r"file/small\.tflite cannot be written: (Not a directory|File exists)"):
        command(
            Settings(weights_dir=tmp_path),
            *(
                "export",
                str(made / "regression.keras"),
                "--form",
                "float32",
                "--out",
                str(tmp_path / "file/small.tflite"),
            ),
        )


@pytest.mark.parametrize(
    ("last_words", "sentence"),
    [("moveprint: it is none", "it is none"), ("Aborted", "m.keras could not be exported: Aborted")],
)
def test_of_an_export_that_fails_the_last_words_are_told(last_words: str, sentence: str) -> None:
    command = [sys.executable, "-c", f"import sys; sys.exit({last_words!r})"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    with pytest.raises(ModelUnavailableError) as refusal:
        own_conversion._require_success(done, "m.keras")

    assert str(refusal.value) == sentence


def test_a_keras_file_that_unpacks_to_gigabytes_is_refused_unread(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_network, "MAX_UNPACKED_BYTES", 2**20)
    bomb = tmp_path / "bomb.keras"
    shutil.copy(made / "heatmap.keras", bomb)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(2**20))

    with pytest.raises(ModelUnavailableError, match=r"bomb\.keras would unpack to 1 MiB, at most 1 MiB may be"):
        keras_network.read_keras_model(bomb)
    assert keras_network.read_keras_model(made / "heatmap.keras") is not None


def test_code_in_a_keras_file_is_never_run(made: Path, tmp_path: Path) -> None:
    from tensorflow.keras import Model, layers

    taken = layers.Input((32, 32, 1))
    answer = layers.Lambda(lambda images: images * 2)(layers.Conv2D(6, 3)(taken))
    for suffix in (".keras", ".hdf5"):
        path = tmp_path / f"trojan{suffix}"
        Model(taken, answer).save(path)
        with pytest.raises(ModelUnavailableError, match=r"trojan\S+ cannot be loaded by Keras: it holds Python code"):
            export_model(path, tmp_path / "out.tflite", "float32", images=None, card=None, hints=Hints())
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize("suffix", [".keras", ".hdf5", ".tflite"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_cut_short_is_refused_in_words_and_leaves_nothing(
    made: Path, tmp_path: Path, suffix: str, share: float
) -> None:
    whole = (made / f"heatmap{'-float32' * (suffix == '.tflite')}{suffix}").read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(ModelUnavailableError, match=r"cut\.\w+ (is no whole|cannot be loaded)"):
        take_in(cut, tmp_path)
    assert list((tmp_path / "own").glob("*")) == []


def take_in(source: Path, weights_dir: Path) -> None:
    """As add_model does, but a Keras model is exported in this process."""
    if source.suffix == ".tflite":
        add_model(source, "mine", weights_dir)
    else:
        export_model(source, weights_dir / "own" / "out.tflite", "dynamic", images=None, card=None, hints=Hints())


def test_a_model_of_other_shapes_is_refused_with_what_was_expected_and_found(made: Path, tmp_path: Path) -> None:
    rod = Skeleton("rod", ("top", "end"), (("top", "end"),))

    with pytest.raises(InvalidInputError, match=r"the 2 keypoints \(K\) of rod; found \(1, 12\)"):
        add_model(made / "regression-float16.tflite", "odd", tmp_path, hints=Hints(skeleton=rod))
    assert pose_models(tmp_path)[-1] != "odd"


@pytest.mark.parametrize("name", ["Big", "with space", "", "x" * 41, "../up", "blazepose_full", ".hidden"])
def test_a_name_that_will_not_do_is_refused(made: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError):
        add_model(made / "heatmap-int8.tflite", name, tmp_path)
    assert not (tmp_path / "own").exists()


def test_a_name_is_taken_once_and_free_again_when_removed(made: Path, tmp_path: Path) -> None:
    add_model(made / "heatmap-int8.tflite", "mine", tmp_path)
    with pytest.raises(InvalidInputError, match="mine is there already"):
        add_model(made / "regression-int8.tflite", "mine", tmp_path)

    remove_model("mine", tmp_path)

    assert list((tmp_path / "own").iterdir()) == []
    with pytest.raises(InvalidInputError, match="no model of your own called 'mine'"):
        remove_model("mine", tmp_path)


def test_a_half_added_folder_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "own" / ".mine-x1").mkdir(parents=True)

    assert pose_models(tmp_path) == pose_models(tmp_path / "nowhere")


def test_a_file_that_was_changed_is_never_loaded(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "heatmap_int8"
    shutil.copytree(weights / "own" / "heatmap_int8", folder)
    content = bytearray((folder / "model.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.tflite").write_bytes(content)

    with pytest.raises(ModelUnavailableError, match="is damaged: its sha256 is not the card's"):
        load_own_model(folder, "auto", threads=1)


def test_a_card_that_does_not_fit_its_file_is_refused(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "heatmap_int8"
    shutil.copytree(weights / "own" / "heatmap_int8", folder)
    card = folder / "card.toml"
    card.write_text(card.read_text().replace('"heatmap"', '"regression"'))

    with pytest.raises(ModelUnavailableError, match="does not fit its card: the model's outputs fit none"):
        load_own_model(folder, "auto", threads=1)


def test_who_is_there_is_believed_for_as_long_as_they_are(weights: Path) -> None:
    estimator = load_own_model(weights / "own" / "regression_float32", "auto", threads=1)
    region = estimator.regions_around(Detection(Box(180, 60, 460, 300), 0.9))[0]

    for _ in range(30):
        pose = estimator.estimate(figure(), [region])[0]
        region = estimator.region_of(pose)

        assert pose.score > 0.5
        assert np.abs(pose.keypoints_px - figure_px()).max() < SCALE


@pytest.mark.parametrize("family", FAMILIES)
def test_it_keeps_to_the_contract_of_pose_estimators(weights: Path, family: str) -> None:
    estimator = load_own_model(weights / "own" / f"{family}_float32", "auto", threads=1)

    contract.test_keypoints_are_named_placed_and_scored(estimator, SUBJECT)
    contract.test_keypoints_lie_on_the_subject(estimator, SUBJECT)
    contract.test_the_picture_is_left_as_it_was_and_the_answer_repeats(estimator, SUBJECT)
    contract.test_no_regions_no_poses(estimator)
    contract.test_each_region_gets_its_own_pose_in_order(estimator, SUBJECT)
    contract.test_the_next_region_still_holds_the_subject(estimator, SUBJECT)
    contract.test_a_region_beyond_the_picture_is_answered_with_a_low_score(estimator)
    for shape in contract.SHAPES:
        contract.test_nobody_is_seen_in_an_empty_picture_of_any_shape(estimator, shape)
