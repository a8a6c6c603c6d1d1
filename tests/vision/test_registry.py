"""The registry: what the settings name is loaded, what is missing is told with its remedy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision.registry import load_detector, load_pose_model
from webapp.vision.weights import model_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Weights of the MediaPipe person detector alone."""
    source = model_path("blazepose_detector", Settings().weights_dir)
    target = tmp_path / source.relative_to(Settings().weights_dir)
    target.parent.mkdir(parents=True)
    shutil.copy(source, target)
    return Settings(weights_dir=tmp_path, runtime="openvino")


def test_without_yolov5_the_mediapipe_detector_is_taken(settings: Settings) -> None:
    assert getattr(load_detector(settings), "name", None) == "blazepose"


def test_a_damaged_yolov5_is_not_taken_by_itself(settings: Settings) -> None:
    (settings.weights_dir / "yolov5").mkdir()
    (settings.weights_dir / "yolov5" / "yolov5n.pt").write_bytes(b"half a file")

    assert getattr(load_detector(settings), "name", None) == "blazepose"


def test_a_detector_asked_for_by_name_must_be_there(settings: Settings) -> None:
    with pytest.raises(ModelUnavailableError, match="weights pull yolov5s"):
        load_detector(replace(settings, detector="yolov5s"))


def test_a_missing_pose_model_is_told_with_its_remedy(settings: Settings) -> None:
    with pytest.raises(ModelUnavailableError, match="npm ci"):
        load_pose_model(settings)


def test_a_damaged_pose_model_is_refused(settings: Settings) -> None:
    (settings.weights_dir / "mediapipe" / "pose_landmark_full.tflite").write_bytes(b"half a file")

    with pytest.raises(ModelUnavailableError, match="damaged"):
        load_pose_model(settings)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"'yolo11'; known: auto, yolov5n"):
        load_detector(Settings(detector="yolo11"))
    with pytest.raises(InvalidInputError, match=r"'openpose'; known: blazepose_lite"):
        load_pose_model(Settings(pose_model="openpose"))


def test_importing_the_registry_imports_no_inference_framework() -> None:
    code = "import sys, webapp.vision.registry; print(*{'torch', 'openvino', 'ai_edge_litert'} & set(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == ""
