"""Names of detectors and pose models, each with a factory that imports its framework only when it is asked for."""

from __future__ import annotations

from webapp.config import (
    BOTTOM_UP_MODELS,
    DETECTORS,
    HAND_MODELS,
    OWN_MODELS_DIR,
    POSE_MODELS,
    YOLOV5,
    Settings,
    pose_models,
)
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision.catalogue import automatic_detector
from webapp.vision.own_card import read_card
from webapp.vision.ports import PersonDetector, PoseModel
from webapp.vision.weights import model_path


def load_detector(settings: Settings) -> PersonDetector | None:
    """What finds people, or hands, for the pose model of the settings; None for one that finds them by itself.

    ModelUnavailableError when its file is missing or damaged.
    """
    name = detector_name(settings)
    return None if name is None else load_detector_named(name, settings)


def detector_name(settings: Settings) -> str | None:
    """The detector that load_detector loads for these settings, by its own name."""
    if settings.detector not in DETECTORS:
        raise InvalidInputError(f"unknown detector {settings.detector!r}; known: {', '.join(DETECTORS)}")
    if settings.pose_model in BOTTOM_UP_MODELS:
        return None
    if _finds_hands(settings):
        return "palm"
    return automatic_detector(settings.weights_dir) if settings.detector == "auto" else settings.detector


def _finds_hands(settings: Settings) -> bool:
    """A model of the user's own says so by its keypoints; one that is not whole is refused when it is loaded."""
    name = settings.pose_model
    if name in POSE_MODELS or name not in pose_models(settings.weights_dir):
        return name in HAND_MODELS
    try:
        return read_card(settings.weights_dir / OWN_MODELS_DIR / name).skeleton.kind == "hand"
    except ModelUnavailableError:
        return False


def load_detector_named(name: str, settings: Settings) -> PersonDetector:
    """One detector by its own name, whatever the settings name."""
    weights_dir, runtime, threads = settings.weights_dir, settings.runtime, settings.threads
    if name in YOLOV5:
        from webapp.vision.detectors.yolov5 import load_yolov5

        return load_yolov5(model_path(name, weights_dir), threads=threads, runtime=runtime)
    if name == "blazepose":
        from webapp.vision.detectors.blazepose import load_blazepose_detector

        return load_blazepose_detector(model_path("blazepose_detector", weights_dir), runtime=runtime, threads=threads)
    if name == "ssd_mobilenet":
        from webapp.vision.detectors.ssd_mobilenet import load_ssd_mobilenet

        return load_ssd_mobilenet(model_path(name, weights_dir), runtime=runtime, threads=threads)
    if name == "palm":
        from webapp.vision.detectors.palm import load_palm_detector

        return load_palm_detector(model_path("palm_detector", weights_dir), runtime=runtime, threads=threads)
    if name == "whole_frame":
        from webapp.vision.detectors.whole_frame import WholeFrameDetector

        return WholeFrameDetector()
    raise InvalidInputError(f"unknown detector {name!r}; known: {', '.join(DETECTORS)}")


def load_pose_model(settings: Settings) -> PoseModel:
    """The pose model of the settings; ModelUnavailableError when its file is missing or damaged."""
    name, weights_dir, runtime, threads = settings.pose_model, settings.weights_dir, settings.runtime, settings.threads
    if name not in pose_models(weights_dir):
        raise InvalidInputError(f"unknown pose model {name!r}; known: {', '.join(pose_models(weights_dir))}")
    if name in HAND_MODELS:
        from webapp.vision.poses.hand import load_hand

        return load_hand(name, model_path(name, weights_dir), runtime=runtime, threads=threads)
    if name in BOTTOM_UP_MODELS:
        from webapp.vision.poses.movenet import load_movenet_multipose

        return load_movenet_multipose(name, model_path(name, weights_dir), runtime=runtime, threads=threads)
    if name.startswith("blazepose_"):
        from webapp.vision.poses.blazepose import load_blazepose

        return load_blazepose(name, model_path(name, weights_dir), runtime=runtime, threads=threads)
    from webapp.vision.poses.own import load_own_model

    return load_own_model(weights_dir / OWN_MODELS_DIR / name, runtime=runtime, threads=threads)
