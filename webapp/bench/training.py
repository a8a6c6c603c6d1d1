"""Speed and memory of training the small network, beside Keras's own fit of it on arrays in memory; and the pages."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np

from webapp.bench.measured_child import measured_in_child, number_of
from webapp.bench.printing import print_measured
from webapp.bench.rounds import shown
from webapp.bench.training_web import page_times
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import COCO_17

_EPOCHS = 4
_VALIDATION = 64
_LEAST, _MOST = 128, 100_000
_SIDE_PX = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", type=int, default=640, help="pictures to train on, default 640")
    parser.add_argument("--threads", type=int, default=2, help="default 2")
    parser.add_argument("--rounds", type=int, default=3, help="each way so many times in turn, default 3")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    if not _LEAST <= arguments.pictures <= _MOST:
        raise InvalidInputError(f"--pictures must be {_LEAST} to {_MOST}, got {arguments.pictures}")
    if arguments.rounds < 1 or arguments.threads < 1:
        raise InvalidInputError("--rounds and --threads must be at least 1")
    ways: dict[str, list[Mapping[str, object]]] = {"run": [], "keras": []}
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        archive = Path(folder) / "dataset.npz"
        write_noise(archive, arguments.pictures)
        for _ in shown(range(arguments.rounds), "Rounds"):
            for way, measured in ways.items():
                given = [way, str(archive), str(_EPOCHS), str(arguments.threads)]
                measured.append(measured_in_child("webapp.bench.training_fit", given))
        pages = page_times(Path(folder), settings)
    print_measured({**_medians(ways), **pages}, arguments.json)
    return 0


def _medians(ways: Mapping[str, list[Mapping[str, object]]]) -> dict[str, float]:
    def of(way: str, name: str) -> float:
        return median(number_of(measured, name) for measured in ways[way])

    ratios = [
        number_of(ours, "pictures_per_s") / number_of(plain, "pictures_per_s")
        for ours, plain in zip(ways["run"], ways["keras"], strict=True)
    ]
    return {
        "small_pictures_per_s": round(of("run", "pictures_per_s"), 1),
        "small_data_share": round(of("run", "data_share"), 4),
        "small_peak_mb": round(of("run", "peak_mb")),
        "keras_in_memory_pictures_per_s": round(of("keras", "pictures_per_s"), 1),
        "keras_in_memory_peak_mb": round(of("keras", "peak_mb")),
        "ratio_to_keras_in_memory": round(median(ratios), 3),
    }


def write_noise(path: Path, pictures: int) -> None:
    """A training archive of noise: how long training takes does not hang on what is to be seen."""
    count, keypoints = pictures + _VALIDATION, len(COCO_17.keypoints)
    rng = np.random.default_rng(1)
    np.savez(
        path,
        images=rng.random((count, _SIDE_PX, _SIDE_PX, 1), np.float32),
        keypoints=rng.uniform(0.1, 0.9, (count, keypoints, 2)).astype(np.float32),
        visibility=np.full((count, keypoints), 2, np.uint8),
        names=np.array(COCO_17.keypoints),
        edges=np.array(COCO_17.edge_indices, np.int32),
        flip=np.array(COCO_17.flip_indices, np.int32),
        split=np.array(["train"] * pictures + ["validation"] * _VALIDATION),
        person=np.full(count, ""),
        state=np.full(count, "reviewed"),
        file_name=np.array([f"{row}.png" for row in range(count)]),
        schema_version=np.int64(1),
    )
