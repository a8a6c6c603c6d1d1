"""Speed of detectors and pose models, and of one person's whole step from JPEG to answer."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from tqdm import tqdm

from webapp.bench.live import SAMPLE, write_frames
from webapp.bench.peer import Peer, keypoint_difference_torso
from webapp.config import DETECTORS, HAND_MODELS, POSE_MODELS, YOLOV5, Settings, pose_models
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.skeleton import COCO_17

if TYPE_CHECKING:
    from webapp.vision.ports import Image

Model = TypeVar("Model")
Item = TypeVar("Item")

ONE_PERSON_FRAMES = 60
"""So many frames of the sample show one person alone."""
MODEL_FRAMES = 8
LIVE_SIDE_PX = 320
YOLOV5_SIDES_PX = (640, LIVE_SIDE_PX)
"""Input sides at which precision is measured: the published one and the live path's."""
PRECISION_ROUNDS = 5
TEMPLATES = 10
TAKE_S = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--boxes", type=Path, help="folder with images/ and labels/ (YOLO format): measure person AP50")
    parser.add_argument("--coco", type=Path, help="COCO person keypoints (JSON) with images/ beside it: measure poses")
    parser.add_argument("--peer-python", type=Path, help="Python with mediapipe 0.10.21: measure that beside ours")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn, default 5")
    parser.add_argument("--video", type=Path, default=SAMPLE, help="the video the frames come from")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    if arguments.rounds < 1:
        raise InvalidInputError(f"--rounds must be at least 1, got {arguments.rounds}")
    jpegs = _jpegs(arguments.video)
    measured = model_speeds(settings, jpegs, arguments.rounds, arguments.peer_python)
    measured |= step_speeds(settings, arguments.video, jpegs, arguments.rounds)
    if arguments.peer_python is not None:
        measured |= peer_difference(settings, jpegs, arguments.peer_python)
    if arguments.boxes is not None:
        measured |= precisions(settings, arguments.boxes)
    if arguments.coco is not None:
        measured |= pose_accuracies(settings, arguments.coco)
    for name, value in measured.items():
        print(f"{name:28} {value}")
    if arguments.json:
        print(json.dumps(measured))
    return 0


def model_speeds(
    settings: Settings, jpegs: Sequence[bytes], rounds: int, peer_python: Path | None = None
) -> dict[str, float | str]:
    """NAME_ms and NAME_runtime of every model that is here: one picture for a detector and for a pose model that finds
    people by itself, one person for the others.

    The peer's figure is one whole call of its own: detecting or following, and the pose.
    """
    from webapp.vision.detectors.whole_frame import WholeFrameDetector
    from webapp.vision.images import decode_jpeg
    from webapp.vision.ports import is_bottom_up
    from webapp.vision.registry import load_detector_named, load_pose_model

    images = [decode_jpeg(jpeg, settings.max_pixels) for jpeg in jpegs[:MODEL_FRAMES]]
    whole = WholeFrameDetector().detect(images[0])[0]
    measured_detectors = [name for name in DETECTORS if name not in ("auto", "whole_frame")]
    detectors = _present(measured_detectors, lambda name: load_detector_named(name, settings))
    poses = _present(POSE_MODELS, lambda name: load_pose_model(replace(settings, pose_model=name)))
    steps: dict[str, Callable[[Image], object]] = {
        **{name: detector.detect for name, detector in detectors.items()},
        **{
            name: pose.find if is_bottom_up(pose) else partial(pose.estimate, regions=pose.regions_around(whole)[:1])
            for name, pose in poses.items()
        },
    }
    with contextlib.ExitStack() as stack:
        if peer_python is not None:
            peer = stack.enter_context(Peer(peer_python, jpegs[:MODEL_FRAMES]))
            steps["mediapipe_0_10_21"] = peer.step
        medians_ms = _medians_ms(steps, images, rounds)
    return {
        **{f"{name}_ms": value for name, value in medians_ms.items()},
        **{f"{name}_runtime": str(getattr(model, "runtime", "")) for name, model in {**detectors, **poses}.items()},
    }


def step_speeds(settings: Settings, video: Path, jpegs: Sequence[bytes], rounds: int) -> dict[str, float]:
    """person_step_ms and its stages: one person at 30 fps, followed and recognised against TEMPLATES takes.

    detect_ms is the median of the frames in which the detector looked; all of them count in person_step_ms_p95.
    """
    from webapp.pipeline.messages import FrameMessage
    from webapp.pipeline.models import load_models
    from webapp.pipeline.pipeline import SessionPipeline
    from webapp.pipeline.video import pose_sequence
    from webapp.recognition.ports import Action, Take
    from webapp.recognition.template_bank import prepare_bank

    models = load_models(settings)
    seen = pose_sequence(models, video)
    starts_s = np.linspace(0.0, max(0.0, seen.duration_s - TAKE_S), TEMPLATES)
    takes = [Take(f"take {number}", seen.between(start_s, start_s + TAKE_S)) for number, start_s in enumerate(starts_s)]
    bank = prepare_bank([Action(take.take_id, take.take_id, [take]) for take in takes])
    totals_ms: list[float] = []
    stages_ms: dict[str, list[float]] = {}
    for _ in _shown(range(rounds + 1), "Whole step"):
        pipeline = SessionPipeline(models, "bench", bank)
        for number, jpeg in enumerate(jpegs):
            started = time.perf_counter()
            answer, _ = pipeline.step(FrameMessage("bench", number, number / 30, jpeg))
            totals_ms.append(_ms_since(started))
            for stage, value in answer.stages_ms.items():
                stages_ms.setdefault(stage, []).append(value)
    warm = len(jpegs)  # the first round compiles and warms up
    stages_ms.pop("total")
    spent_ms = {stage: [value for value in values[warm:] if value > 0] for stage, values in stages_ms.items()}
    return {
        "person_step_ms": _rounded(totals_ms[warm:]),
        "person_step_ms_p95": round(float(np.percentile(totals_ms[warm:], 95)), 3),
        **{f"{stage}_ms": _rounded(values) for stage, values in spent_ms.items() if values},
    }


def peer_difference(settings: Settings, jpegs: Sequence[bytes], peer_python: Path) -> dict[str, float]:
    """mediapipe_0_10_21_difference_torso: how far blazepose_full's keypoints lie from the peer's, both following."""
    from webapp.vision.images import decode_jpeg
    from webapp.vision.registry import load_detector, load_pose_model
    from webapp.vision.tracker import PersonTracker

    models = replace(settings, detector="blazepose", pose_model="blazepose_full")
    tracker = PersonTracker(load_detector(models), load_pose_model(models), max_people=1)
    ours = []
    for number, jpeg in enumerate(jpegs):
        people = tracker.step(decode_jpeg(jpeg, settings.max_pixels), number / 30).people
        ours.append(people[0].pose if people else None)
    with Peer(peer_python, jpegs) as peer:
        difference = keypoint_difference_torso(ours, peer.round().keypoints_px)
    return {"mediapipe_0_10_21_difference_torso": round(difference, 4)}


def precisions(settings: Settings, folder: Path) -> dict[str, float]:
    """NAME_SIDE_RUNTIME_ap50 of every YOLOv5 whose weights are here; the others find regions, not boxes to be measured.

    NAME_SIDE_RUNTIME_ms is one whole detection at the live path's side, the runtimes in turn on the same pictures.
    """
    from webapp.vision.detectors.limits import MEASURING_LIMITS
    from webapp.vision.detectors.yolov5 import load_yolov5
    from webapp.vision.detectors.yolov5_runtimes import RUNTIMES
    from webapp.vision.person_ap import labelled_pictures, person_ap50
    from webapp.vision.weights import model_file

    measured = {}
    paths = {name: settings.weights_dir / model_file(name).path for name in YOLOV5}
    present = {name: path for name, path in paths.items() if path.is_file()}
    runs = list(product(present.items(), YOLOV5_SIDES_PX, RUNTIMES))
    for (name, path), side_px, runtime in _shown(runs, "Precision"):
        detector = load_yolov5(path, settings.threads, side_px, MEASURING_LIMITS, runtime)
        measured[f"{name}_{side_px}_{detector.runtime}_ap50"] = round(person_ap50(detector, folder), 4)
    pictures = [picture.image_bgr for picture in islice(labelled_pictures(folder), MODEL_FRAMES)]
    for name, path in present.items():
        live = {runtime: load_yolov5(path, settings.threads, runtime=runtime) for runtime in RUNTIMES}
        steps = {f"{name}_{LIVE_SIDE_PX}_{detector.runtime}_ms": detector.detect for detector in live.values()}
        measured |= _medians_ms(steps, pictures, PRECISION_ROUNDS)
    return measured


def pose_accuracies(settings: Settings, labels: Path) -> dict[str, float]:
    """NAME_pck02 and NAME_oks_ap of every pose model that is here and finds keypoints that COCO has."""
    from webapp.vision.pose_accuracy import pose_accuracy
    from webapp.vision.registry import load_pose_model

    measured: dict[str, float] = {}
    bodies = [name for name in pose_models(settings.weights_dir) if name not in HAND_MODELS]
    poses = _present(bodies, lambda name: load_pose_model(replace(settings, pose_model=name)))
    for name, pose in _shown(poses.items(), "Accuracy"):
        if not pose.skeleton.index.keys() & COCO_17.index.keys():
            print(f"{name} is left out: it has none of COCO's keypoints", file=sys.stderr)
            continue
        accuracy = pose_accuracy(pose, labels)
        measured |= {f"{name}_pck02": round(accuracy.pck02, 4), f"{name}_oks_ap": round(accuracy.oks_ap, 4)}
    return measured


def _jpegs(video: Path) -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        frames = Path(folder) / "frames"
        write_frames(video, frames)
        return [file.read_bytes() for file in sorted(frames.iterdir())[:ONE_PERSON_FRAMES]]


def _present(names: Sequence[str], load: Callable[[str], Model]) -> dict[str, Model]:
    """What could be loaded; the rest is named with the reason."""
    models = {}
    for name in names:
        try:
            models[name] = load(name)
        except ModelUnavailableError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return models


def _medians_ms(
    steps: Mapping[str, Callable[[Image], object]], images: Sequence[Image], rounds: int
) -> dict[str, float]:
    """Median per step, all in turn, so that a busy moment of the machine hits all; the first round warms up.

    A step that answers a number of milliseconds took its time itself.
    """
    times_ms: dict[str, list[float]] = {name: [] for name in steps}
    for _ in _shown(range(rounds + 1), "Models"):
        for name, step in steps.items():
            for image in images:
                started = time.perf_counter()
                own_ms = step(image)
                times_ms[name].append(own_ms if isinstance(own_ms, float) else _ms_since(started))
    return {name: _rounded(times[len(images) :]) for name, times in times_ms.items()}


def _shown(rounds: Collection[Item], what: str) -> Iterable[Item]:
    """The same, with a bar where somebody watches."""
    bar: Iterable[Item] = tqdm(rounds, desc=what, unit="round", disable=not sys.stderr.isatty())
    return bar


def _rounded(times_ms: Sequence[float]) -> float:
    return round(median(times_ms), 3)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
