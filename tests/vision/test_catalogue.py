"""The catalogue: every model that can be named, how it stands, and what it takes to have it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from webapp.config import DETECTORS, POSE_MODELS, ROOT, Settings
from webapp.core.skeleton import HAND_21, UPPER_BODY_6, Skeleton
from webapp.vision import catalogue
from webapp.vision.catalogue import ModelEntry, automatic_detector, files_needed, known_models
from webapp.vision.own_card import CARD, OwnModelCard, Parity, PictureFormat, card_text
from webapp.vision.registry import detector_name
from webapp.vision.weights import FileState, ModelFile, model_file

MEDIAPIPE = ROOT / "weights" / "mediapipe"
needs_mediapipe = pytest.mark.skipif(not MEDIAPIPE.is_dir(), reason="MediaPipe's models are not here: tools.vendor")
CONTENT = b"as long as this is the file"


def entry(name: str, weights_dir: Path) -> ModelEntry:
    found = [one for one in known_models(weights_dir) if one.name == name]
    assert len(found) == 1, found
    return found[0]


def own_model(
    weights_dir: Path,
    name: str = "arms",
    *,
    licence: str = "",
    made_by: str = "",
    skeleton: Skeleton = UPPER_BODY_6,
    parity: Parity | None = None,
) -> Path:
    """The folder of a model with a card that is right."""
    folder = weights_dir / "own" / name
    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(CONTENT)
    card = OwnModelCard(
        name=name,
        family="heatmap_offset",
        file="model.tflite",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        picture=PictureFormat(128, 128, 1),
        skeleton=skeleton,
        licence=licence,
        made_by=made_by,
        parity=parity,
    )
    (folder / CARD).write_text(card_text(card), encoding="utf-8")
    return folder


def test_every_model_that_the_settings_can_name_is_there_in_words(tmp_path: Path) -> None:
    known = known_models(tmp_path)

    assert [one.name for one in known if one.role == "detector"] == list(DETECTORS)
    assert [one.name for one in known if one.role == "pose"] == list(POSE_MODELS)
    assert all(one.title and one.purpose.endswith(".") for one in known)


def test_what_is_not_here_says_its_size_its_licence_and_the_command(tmp_path: Path) -> None:
    yolov5m, hand = entry("yolov5m", tmp_path), entry("hand_full", tmp_path)

    assert (yolov5m.state, yolov5m.licence) == (FileState.MISSING, "AGPL-3.0")
    assert yolov5m.size_bytes > 4e7
    assert "must offer the source" in yolov5m.permits
    assert yolov5m.remedy == "python -m webapp weights pull yolov5m"
    assert [file.name for file in hand.files] == ["palm_detector", "hand_full"]
    assert hand.remedy.count("npm ci") == 1


@pytest.mark.parametrize(
    ("name", "what", "uses_detector"),
    [
        ("blazepose_full", ("top-down", "people", 33), True),
        ("movenet_multipose", ("bottom-up", "people", 17), False),
        ("hand_full", ("top-down", "hands", 21), False),
    ],
)
def test_what_a_pose_model_finds_and_whether_the_detector_matters(
    tmp_path: Path, name: str, what: tuple[str, str, int], uses_detector: bool
) -> None:
    found = entry(name, tmp_path)

    assert found.skeleton is not None
    assert (found.approach, found.subject, len(found.skeleton.keypoints)) == what
    assert found.uses_detector is uses_detector


def test_the_detectors_without_a_file_are_always_here_and_nothing_of_them_can_be_measured(tmp_path: Path) -> None:
    for name in ("auto", "whole_frame"):
        found = entry(name, tmp_path)
        assert (found.present, found.measurable) == (True, False)
    assert entry("yolov5n", tmp_path).measurable


@needs_mediapipe
def test_a_file_that_changes_is_looked_at_again(tmp_path: Path) -> None:
    file = tmp_path / "mediapipe" / "pose_landmark_lite.tflite"
    assert entry("blazepose_lite", tmp_path).state is FileState.MISSING

    file.parent.mkdir()
    shutil.copy(MEDIAPIPE / file.name, file)
    assert entry("blazepose_lite", tmp_path).present
    changed = bytearray(file.read_bytes())
    changed[1000] ^= 1
    file.write_bytes(changed)
    os.utime(file, ns=(1, 1))

    assert entry("blazepose_lite", tmp_path).state is FileState.DAMAGED
    assert entry("blazepose_lite", tmp_path).remedy.startswith("npm ci")


@needs_mediapipe
def test_a_file_that_stays_as_it_is_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known_models(ROOT / "weights")
    read: list[ModelFile] = []

    def file_state(file: ModelFile, _weights_dir: Path) -> FileState:
        read.append(file)
        return FileState.PRESENT

    monkeypatch.setattr(catalogue, "file_state", file_state)

    known_models(ROOT / "weights")

    assert read == []


def test_automatic_is_the_mediapipe_detector_where_no_yolov5_is_whole(tmp_path: Path) -> None:
    path = tmp_path / model_file("yolov5n").path
    path.parent.mkdir()
    path.write_bytes(b"cut off")

    assert automatic_detector(tmp_path) == "blazepose"
    assert entry("auto", tmp_path).stands_for == "blazepose"
    assert entry("yolov5n", tmp_path).state is FileState.DAMAGED


@pytest.mark.parametrize(
    ("detector", "pose_model", "needed"),
    [
        ("auto", "blazepose_full", ("blazepose_detector", "blazepose_full")),
        ("yolov5s", "blazepose_lite", ("yolov5s", "blazepose_lite")),
        ("whole_frame", "blazepose_lite", ("blazepose_lite",)),
        ("yolov5s", "movenet_multipose", ("movenet_multipose",)),
        ("yolov5s", "hand_lite", ("palm_detector", "hand_lite")),
        ("ssd_mobilenet", "a-model-of-my-own", ("ssd_mobilenet",)),
    ],
)
def test_what_a_choice_needs(detector: str, pose_model: str, needed: tuple[str, ...]) -> None:
    assert files_needed(detector, pose_model) == needed


def test_a_model_of_the_users_own_is_shown_as_its_card_says(tmp_path: Path) -> None:
    own_model(tmp_path, licence="CC-BY-4.0", made_by="Anna")

    found = entry("arms", tmp_path)

    assert (found.present, found.own, found.measurable, found.uses_detector) == (True, True, True, True)
    assert (found.licence, found.skeleton) == ("CC-BY-4.0", UPPER_BODY_6)
    assert found.purpose == "A model of your own (heatmap + offset), by Anna."
    assert found.size_bytes > len(CONTENT)


def test_what_there_is_nothing_to_say_of_is_not_said_of_a_model_of_the_users_own(tmp_path: Path) -> None:
    own_model(tmp_path, parity=Parity("float32", 24, "validation pictures", 0.004, 0.001, 0.00004, 0.00001))
    own_model(tmp_path, "legs", parity=Parity("int8", 24, "validation pictures", 0.006, 0.001, 0.00006, 0.00001))

    same = "Float32 against Keras on 24 validation pictures: no difference that could be measured."
    assert entry("arms", tmp_path).purpose.endswith(f". {same}")
    assert "largest keypoint difference 0.01 px" in entry("legs", tmp_path).purpose
    assert entry("arms", tmp_path).licence == ""


def test_a_model_of_hands_is_known_by_its_keypoints_and_goes_with_the_palm_detector(tmp_path: Path) -> None:
    own_model(tmp_path, name="fist", skeleton=HAND_21)
    own_model(tmp_path, name="arms")

    assert (entry("fist", tmp_path).subject, entry("fist", tmp_path).uses_detector) == ("hands", False)
    settings = Settings(weights_dir=tmp_path, detector="blazepose")
    assert detector_name(replace(settings, pose_model="fist")) == "palm"
    assert detector_name(replace(settings, pose_model="arms")) == "blazepose"


@pytest.mark.parametrize(
    ("card", "model", "reason"),
    [
        (None, CONTENT, "card.toml cannot be read"),
        (b"schema_version = 99", CONTENT, "schema_version must be 1, got 99"),
        (b"\xff\xfe", CONTENT, "is no card of a model"),
        (b"", None, "schema_version"),
        ("right", b"another", "is damaged: its sha256 is not the card's"),
        ("right", None, "is missing"),
    ],
)
def test_a_broken_model_of_the_users_own_is_shown_with_the_reason(
    tmp_path: Path, card: bytes | str | None, model: bytes | None, reason: str
) -> None:
    folder = own_model(tmp_path)
    for path, content in ((folder / CARD, card), (folder / "model.tflite", model)):
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is None:
            path.unlink()

    found = entry("arms", tmp_path)

    assert (found.state, found.own) == (FileState.DAMAGED, True)
    assert reason in found.remedy


def test_the_catalogue_loads_no_inference_framework() -> None:
    names = {"torch", "tensorflow", "cv2", "openvino", "ai_edge_litert", "onnxruntime", "flask", "numba"}
    code = f"import sys, webapp.vision.catalogue; assert not {names!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
