"""How fast a detector or a pose model is here, on each runtime that can run it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np

from webapp.config import YOLOV5, Settings
from webapp.core.errors import ModelUnavailableError
from webapp.vision.catalogue import Role
from webapp.vision.detectors.whole_frame import WholeFrameDetector
from webapp.vision.ports import Image, is_bottom_up
from webapp.vision.registry import load_detector_named, load_pose_model

WIDTH_PX, HEIGHT_PX = 640, 480
ROUNDS = 5
CALLS_IN_A_ROW = 4
"""The threads of the runtime before spin for a while yet, which disturbs the first."""
MEASURING_S = 3.0
"""No further round begins after that."""
_YOLOV5_RUNTIMES = ("openvino", "onnxruntime", "torch")
_RUNTIMES = ("openvino", "litert")
"""Of .tflite files; a model that runs on something else says so itself."""


def model_speed(role: Role, name: str, settings: Settings) -> dict[str, float]:
    """Median milliseconds of one whole call on each runtime that can run the model.

    A call is: a detector looks at a 640x480 picture, a pose model sees one person, or searches the whole picture where
    it finds people by itself. ModelUnavailableError where the file is missing or damaged, or no runtime can run it;
    InvalidInputError for an unknown name.
    """
    calls: dict[str, Callable[[], object]] = {}
    refusals = []
    for runtime in _YOLOV5_RUNTIMES if name in YOLOV5 else _RUNTIMES:
        try:
            used, call = _loaded(role, name, replace(settings, runtime=runtime))
        except ModelUnavailableError as error:
            refusals.append(str(error))
        else:
            calls.setdefault(used, call)  # a runtime that cannot run the model has left it to another
    if not calls:
        raise ModelUnavailableError("; ".join(dict.fromkeys(refusals)))
    return medians_ms(calls)


def _loaded(role: Role, name: str, settings: Settings) -> tuple[str, Callable[[], object]]:
    """The runtime that runs the model, and one whole call of it."""
    picture_bgr = _picture_bgr()
    if role == "detector":
        detector = load_detector_named(name, settings)
        return detector.runtime, partial(detector.detect, picture_bgr)
    model = load_pose_model(replace(settings, pose_model=name))
    if is_bottom_up(model):
        return model.runtime, partial(model.find, picture_bgr)
    everything = WholeFrameDetector().detect(picture_bgr)[0]
    return model.runtime, partial(model.estimate, picture_bgr, model.regions_around(everything)[:1])


def medians_ms(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds of each. All in turn, so that a busy moment hits all; the first round warms up."""
    times_ms: dict[str, list[float]] = {runtime: [] for runtime in calls}
    began_s = time.perf_counter()
    for number in range(ROUNDS + 1):
        if number > 1 and time.perf_counter() - began_s > MEASURING_S:
            break
        for runtime, call in calls.items():
            for _ in range(CALLS_IN_A_ROW):
                started_s = time.perf_counter()
                call()
                if number:
                    times_ms[runtime].append((time.perf_counter() - started_s) * 1000)
    return {runtime: median(times) for runtime, times in times_ms.items()}


def _picture_bgr() -> Image:
    """640x480, soft shapes and noise: what a network computes costs the same, whatever it sees."""
    random = np.random.default_rng(4)
    coarse = random.integers(0, 200, (HEIGHT_PX // 40, WIDTH_PX // 40, 3))
    soft = coarse.repeat(40, axis=0).repeat(40, axis=1)
    return (soft + random.integers(0, 56, soft.shape)).astype(np.uint8)
