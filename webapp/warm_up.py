"""`warm-up`: what a first start would wait for, done at set-up: compile kernels, measure runtimes, export YOLOv5."""

from __future__ import annotations

from webapp.config import Settings
from webapp.pipeline.models import NO_DETECTOR, load_models
from webapp.recognition.warm_up import warm_up as compile_kernels


def warm_up(settings: Settings) -> str:
    """Fill every cache; answers in one line what will be used. ModelUnavailableError when a model is missing."""
    compile_kernels()
    loaded = load_models(settings).loaded
    keypoints = f"{loaded.pose_model} on {loaded.runtime}"
    if loaded.detector == NO_DETECTOR:
        return f"Ready: people and their keypoints are found by {keypoints}."
    return f"Ready: people are found by {loaded.detector}, keypoints by {keypoints}."
