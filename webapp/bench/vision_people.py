"""Several people at once: the whole step with four of them in the frame, and whether they keep their identities."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from webapp.bench.live import JPEG_QUALITY, SAMPLE
from webapp.bench.rounds import rounded
from webapp.bench.vision_step import bank_of
from webapp.config import Settings
from webapp.core.errors import InvalidInputError

if TYPE_CHECKING:
    from webapp.pipeline.models import Models

PEOPLE = 4
FRAMES = 60
"""So many frames of the sample show one person alone."""
LABELS = "people.json"
"""The labels of a folder of clips, as identity_accuracy reads them."""
_AROUND_HIM = (slice(0, 495), slice(220, 880))
_QUARTER_PX = (320, 240)
_APART_FRAMES = 7
"""The four are the same man, each this much later than the one before."""


def people_speeds(settings: Settings, rounds: int, video: Path = SAMPLE) -> dict[str, float]:
    """four_people_step_ms: JPEG to answer at 30 fps, four people in 640x480, followed and recognised against ten takes.

    four_people_track_ms: what the tracker takes of it for each person, without the models.
    Nothing, and a sentence on standard error, where the detector does not find all four in nearly every frame.
    """
    from webapp.pipeline.messages import FrameMessage
    from webapp.pipeline.models import load_models
    from webapp.pipeline.pipeline import SessionPipeline

    jpegs = four_people_jpegs(video)
    models = load_models(replace(settings, max_people=PEOPLE))
    bank = bank_of(models, video, take_s=1.0)
    times_ms: list[float] = []
    found: list[int] = []
    for each in range(rounds + 1):
        pipeline = SessionPipeline(models, "bench", bank)
        for number, jpeg in enumerate(jpegs):
            started = time.perf_counter()
            answer, _ = pipeline.step(FrameMessage("bench", number, number / 30, jpeg))
            if each:  # the first round compiles and warms up
                times_ms.append((time.perf_counter() - started) * 1000)
                found.append(len(answer.people))
    if np.mean(np.array(found) == PEOPLE) < 0.9:
        print(
            f"four people are left out: {models.loaded.detector} finds {np.mean(found):.1f} of them on average",
            file=sys.stderr,
        )
        return {}
    return {
        "four_people_step_ms": rounded(times_ms),
        "four_people_step_ms_p95": round(float(np.percentile(times_ms, 95)), 3),
        "four_people_track_ms": round(_track_ms(models, jpegs, settings.max_pixels) / PEOPLE, 3),
    }


def people_identities(settings: Settings, folder: Path) -> dict[str, int]:
    """For each clip NAME of the folder's labels: NAME_labelled, _missed, _right and _switches (IdentityAccuracy)."""
    from webapp.pipeline.models import load_models
    from webapp.pipeline.video import Video
    from webapp.vision.identity_accuracy import identity_accuracy, read_labels

    models = load_models(settings)
    measured: dict[str, int] = {}
    for clip, labels in read_labels(folder / LABELS).items():
        tracker = models.new_tracker()
        with Video(folder / clip) as video:
            frames = {frame.number: tracker.step(frame.image_bgr, frame.time_s).people for frame in video.frames()}
        accuracy = identity_accuracy(labels, frames)
        measured |= {f"{Path(clip).stem}_{name}": value for name, value in vars(accuracy).items()}
    return measured


def four_people_jpegs(video: Path) -> list[bytes]:
    """640x480: the man of the sample clip four times, each in another moment of his movement."""
    capture = cv2.VideoCapture(str(video))
    quarters = []
    for _ in range(FRAMES):
        there, image = capture.read()
        if not there:
            raise InvalidInputError(f"{video} has fewer than {FRAMES} frames; take the sample clip")
        quarters.append(cv2.resize(image[_AROUND_HIM], _QUARTER_PX, interpolation=cv2.INTER_AREA))
    capture.release()
    jpegs = []
    for number in range(FRAMES - (PEOPLE - 1) * _APART_FRAMES):
        one, two, three, four = (quarters[number + place * _APART_FRAMES] for place in range(PEOPLE))
        picture = np.vstack([np.hstack([one, two]), np.hstack([three, four])])
        jpegs.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())
    return jpegs


class _Timed:
    """A model whose calls are timed; everything else is the model's own."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.spent_ms = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def estimate(self, *arguments: Any) -> Any:
        return self._timed(self._model.estimate, *arguments)

    def detect(self, *arguments: Any) -> Any:
        return self._timed(self._model.detect, *arguments)

    def _timed(self, call: Any, *arguments: Any) -> Any:
        started = time.perf_counter()
        answer = call(*arguments)
        self.spent_ms += (time.perf_counter() - started) * 1000
        return answer


def _track_ms(models: Models, jpegs: Sequence[bytes], max_pixels: int) -> float:
    """Median milliseconds of the tracker's own work in a frame."""
    from webapp.vision.images import decode_jpeg
    from webapp.vision.tracker import PersonTracker

    detector, pose_model = _Timed(models.person_detector), _Timed(models.pose_estimator)
    tracker = PersonTracker(detector, pose_model, PEOPLE)
    own_ms = []
    for number, jpeg in enumerate(jpegs):
        image_bgr = decode_jpeg(jpeg, max_pixels)
        before_ms, started = detector.spent_ms + pose_model.spent_ms, time.perf_counter()
        tracker.step(image_bgr, number / 30)
        spent_ms = detector.spent_ms + pose_model.spent_ms - before_ms
        own_ms.append((time.perf_counter() - started) * 1000 - spent_ms)
    return median(own_ms)
