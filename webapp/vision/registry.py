"""Names of detectors and pose models, each with a factory that imports its framework only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from webapp.config import DETECTORS, POSE_MODELS, YOLOV5, Settings
from webapp.core.errors import InvalidInputError
from webapp.vision.ports import PersonDetector, PoseEstimator
from webapp.vision.weights import FileState, file_state, model_file, model_path


def load_detector(settings: Settings) -> PersonDetector:
    """The detector of the settings; ModelUnavailableError when its file is missing or damaged."""
    name = settings.detector
    if name == "auto":
        name = _best_present(settings.weights_dir)
    return _factory(name, "detector", DETECTORS)(settings)


def load_pose_model(settings: Settings) -> PoseEstimator:
    """The pose model of the settings; ModelUnavailableError when its file is missing or damaged."""
    if settings.pose_model not in POSE_MODELS:
        raise InvalidInputError(f"unknown pose model {settings.pose_model!r}; known: {', '.join(POSE_MODELS)}")
    from webapp.vision.poses.blazepose import load_blazepose

    return load_blazepose(
        settings.pose_model,
        model_path(settings.pose_model, settings.weights_dir),
        runtime=settings.runtime,
        threads=settings.threads,
    )


def _best_present(weights_dir: Path) -> str:
    """The smallest YOLOv5 that is here and whole, since the live path wants speed; else the MediaPipe detector."""
    for name in YOLOV5:
        if file_state(model_file(name), weights_dir) is FileState.PRESENT:
            return name
    return "blazepose"


def _factory(name: str, kind: str, known: tuple[str, ...]) -> Callable[[Settings], PersonDetector]:
    factories: dict[str, Callable[[Settings], PersonDetector]] = {
        **dict.fromkeys(YOLOV5, _load_yolov5),
        "blazepose": _load_blazepose_detector,
        "whole_frame": _load_whole_frame,
    }
    if name not in factories:
        raise InvalidInputError(f"unknown {kind} {name!r}; known: {', '.join(known)}")
    return factories[name]


def _load_yolov5(settings: Settings) -> PersonDetector:
    from webapp.vision.detectors.yolov5 import load_yolov5

    name = settings.detector if settings.detector in YOLOV5 else _best_present(settings.weights_dir)
    return load_yolov5(model_path(name, settings.weights_dir), threads=settings.threads)


def _load_blazepose_detector(settings: Settings) -> PersonDetector:
    from webapp.vision.detectors.blazepose import load_blazepose_detector

    path = model_path("blazepose_detector", settings.weights_dir)
    return load_blazepose_detector(path, runtime=settings.runtime, threads=settings.threads)


def _load_whole_frame(_settings: Settings) -> PersonDetector:
    from webapp.vision.detectors.whole_frame import WholeFrameDetector

    return WholeFrameDetector()
