"""Speed of a model of the user's own, a ResNet50 for 128x128 grey pictures, in every form and on every runtime."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from webapp.bench.own_resnet import MODEL, PICTURE
from webapp.bench.peer_process import PeerProcess
from webapp.config import ROOT, Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import Region
from webapp.vision.own_card import FORMS, OwnModelCard, read_card
from webapp.vision.own_conversion import card_beside
from webapp.vision.poses.own import own_estimator
from webapp.vision.quantised import load_float_network
from webapp.vision.sample_pictures import random_pictures
from webapp.vision.weights import sha256_of

_SCRIPT = Path(__file__).with_name("keras_peer.py")
_LIMIT_S = 900.0
_RUNTIMES = ("litert", "openvino")
_PICTURE_PX = (480, 640)


def own_model_speeds(threads: int, rounds: int, weights_dir: Path = Settings.weights_dir) -> dict[str, float]:
    """resnet50_WAY_ms, medians of one picture, all ways in turn, and resnet50_FORM_difference_px and _share.

    WAY: keras_predict, keras_compiled, FORM_litert and FORM_openvino. resnet50_person_ms is a whole call of the pose
    model in its dynamic form on the runtime chosen for it, cutting the person out of a 640x480 picture included. The
    difference is the largest of any keypoint to Keras, in pixels of the 128 and as a share of that side.
    """
    folder = weights_dir / "cache" / "bench" / "resnet50"
    cards = _cards(folder)
    ways = _ways(folder, cards["dynamic"], threads)
    times_ms: dict[str, list[float]] = {}
    with PeerProcess(Path(sys.executable), _SCRIPT, [str(folder / MODEL), str(threads)], "TensorFlow") as keras:
        for _ in range(rounds + 1):
            for name, taken_ms in keras.ask().items():
                times_ms.setdefault(f"keras_{name}", []).append(taken_ms)
            for name, way in ways.items():
                started = time.perf_counter()
                way()
                times_ms.setdefault(name, []).append((time.perf_counter() - started) * 1000)
    measured = {f"resnet50_{name}_ms": round(median(times[1:]), 3) for name, times in times_ms.items()}
    for form, card in cards.items():
        assert card.parity is not None
        measured[f"resnet50_{form}_difference_px"] = round(card.parity.largest_px, 4)
        measured[f"resnet50_{form}_difference_share"] = round(card.parity.largest_share, 6)
    return measured


def _ways(folder: Path, card: OwnModelCard, threads: int) -> dict[str, Callable[[], object]]:
    """What is measured; a form that a runtime cannot run is left out."""
    picture = random_pictures(PICTURE, 1)
    ways: dict[str, Callable[[], object]] = {}
    for form in FORMS:
        for runtime in _RUNTIMES:
            network = load_float_network(folder / f"{form}.tflite", PICTURE.side_px, threads, runtime)
            if network.runtime == runtime:
                ways[f"{form}_{runtime}"] = lambda network=network: network.run(picture)  # type: ignore[misc]
    chosen = load_float_network(folder / "dynamic.tflite", PICTURE.side_px, threads, "auto")
    estimator = own_estimator(chosen, card)
    image_bgr = np.random.default_rng(1).integers(0, 256, (*_PICTURE_PX, 3), dtype=np.uint8)
    region = Region(320, 240, 400, 0.0)
    ways["person"] = lambda: estimator.estimate(image_bgr, [region])
    return ways


def _cards(folder: Path) -> dict[str, OwnModelCard]:
    """The card of each form; all are made first where one is missing, or is of another file."""
    try:
        return _read_cards(folder)
    except ModelUnavailableError:
        _make(folder)
        return _read_cards(folder)


def _read_cards(folder: Path) -> dict[str, OwnModelCard]:
    cards = {}
    for form in FORMS:
        path = folder / f"{form}.tflite"
        cards[form] = read_card(card_beside(path))
        if not path.is_file() or sha256_of(path) != cards[form].sha256:
            raise ModelUnavailableError(f"{path} is not the file of its card")
    return cards


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "webapp.bench.own_resnet", str(folder.resolve())]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InvalidInputError(f"the ResNet50 to measure could not be made: {said}")
