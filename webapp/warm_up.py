"""`warm-up`: what a first start would wait for, done at set-up: compile kernels, measure runtimes, convert YOLOv5."""

from __future__ import annotations

from webapp.config import Settings
from webapp.pipeline.models import load_models
from webapp.recognition.warm_up import warm_up as compile_kernels


def warm_up(settings: Settings) -> str:
    """Fill every cache; answers in one line what will be used. ModelUnavailableError when a model is missing."""
    compile_kernels()
    models = load_models(settings)
    return f"Ready: people are found by {models.loaded.detector}, keypoints by {models.loaded.pose_model} on {models.loaded.runtime}."
