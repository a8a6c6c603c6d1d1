"""Speed and accuracy of every detector and pose model that is here, each alone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from webapp.bench.peer import Peer
from webapp.bench.rounds import medians_ms, shown
from webapp.config import DETECTORS, HAND_MODELS, YOLOV5, Settings, pose_models
from webapp.core.errors import ModelUnavailableError
from webapp.core.skeleton import COCO_17

if TYPE_CHECKING:
    from webapp.vision.ports import Image

Model = TypeVar("Model")

MODEL_FRAMES = 8
LIVE_SIDE_PX = 320
YOLOV5_SIDES_PX = (640, LIVE_SIDE_PX)
"""Input sides at which precision is measured: the published one and the live path's."""
PRECISION_ROUNDS = 5


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
    poses = _present(
        pose_models(settings.weights_dir), lambda name: load_pose_model(replace(settings, pose_model=name))
    )
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
        times_ms = medians_ms(steps, images, rounds)
    return {
        **{f"{name}_ms": value for name, value in times_ms.items()},
        **{f"{name}_runtime": str(getattr(model, "runtime", "")) for name, model in {**detectors, **poses}.items()},
    }


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
    for (name, path), side_px, runtime in shown(runs, "Precision"):
        detector = load_yolov5(path, settings.threads, side_px, MEASURING_LIMITS, runtime)
        measured[f"{name}_{side_px}_{detector.runtime}_ap50"] = round(person_ap50(detector, folder), 4)
    pictures = [picture.image_bgr for picture in islice(labelled_pictures(folder), MODEL_FRAMES)]
    for name, path in present.items():
        live = {runtime: load_yolov5(path, settings.threads, runtime=runtime) for runtime in RUNTIMES}
        steps = {f"{name}_{LIVE_SIDE_PX}_{detector.runtime}_ms": detector.detect for detector in live.values()}
        measured |= medians_ms(steps, pictures, PRECISION_ROUNDS)
    return measured


def pose_accuracies(settings: Settings, labels: Path) -> dict[str, float]:
    """NAME_pck02 and NAME_oks_ap of every pose model that is here and finds keypoints that COCO has."""
    from webapp.vision.pose_accuracy import pose_accuracy
    from webapp.vision.registry import load_pose_model

    measured: dict[str, float] = {}
    bodies = [name for name in pose_models(settings.weights_dir) if name not in HAND_MODELS]
    poses = _present(bodies, lambda name: load_pose_model(replace(settings, pose_model=name)))
    for name, pose in shown(poses.items(), "Accuracy"):
        if not pose.skeleton.index.keys() & COCO_17.index.keys():
            print(f"{name} is left out: it has none of COCO's keypoints", file=sys.stderr)
            continue
        accuracy = pose_accuracy(pose, labels)
        measured |= {f"{name}_pck02": round(accuracy.pck02, 4), f"{name}_oks_ap": round(accuracy.oks_ap, 4)}
    return measured


def _present(names: Sequence[str], load: Callable[[str], Model]) -> dict[str, Model]:
    """What could be loaded; the rest is named with the reason."""
    models = {}
    for name in names:
        try:
            models[name] = load(name)
        except ModelUnavailableError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return models
