"""A small dataset that a network learns in seconds, and a watch that writes down what it is told.

`python -m tests.training.running FOLDER SETTINGS`: a run of that data in a process of its own; each line of its output
is something that the watch was told, the last how it ended. With "full disk after epoch N" no file can grow beyond a
megabyte from there on.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from webapp.core.skeleton import Skeleton
from webapp.training.archive import TrainingData
from webapp.training.config import RunSettings, run_settings
from webapp.training.records import EpochResult, Prediction, TrainingFailedError, Usage

SKELETON = Skeleton("lamps", ("top", "left_end", "right_end"), (("top", "left_end"), ("top", "right_end")))
SIDE_PX = 32
MOST_BYTES = 1 << 20


def lamps(train: int = 24, validation: int = 8, test: int = 4, side_px: int = SIDE_PX) -> TrainingData:
    """Pictures of three lamps, each of a brightness of its own, at random places: what a network can find."""
    count = train + validation + test
    rng = np.random.default_rng(7)
    keypoints = rng.uniform(0.2, 0.8, (count, 3, 2)).astype(np.float32)
    visibility = rng.choice([0, 1, 2], (count, 3), p=[0.1, 0.2, 0.7]).astype(np.uint8)
    keypoints[visibility == 0] = 0
    at = (np.arange(side_px) + 0.5) / side_px
    away = np.hypot(at[None, None, None] - keypoints[..., 0, None, None], at[:, None] - keypoints[..., 1, None, None])
    brightness = np.array([1.0, 0.7, 0.4], np.float32)[:, None, None] * (visibility > 0)[..., None, None]
    images = (brightness * np.exp(-((away / 0.08) ** 2))).max(axis=1)[..., None].astype(np.float32)
    return TrainingData(
        images=images,
        keypoints=keypoints,
        visibility=visibility,
        split=np.array(["train"] * train + ["validation"] * validation + ["test"] * test),
        person=np.array([f"person {row % 4}" for row in range(count)]),
        state=np.array(["reviewed"] * count),
        sample_ids=tuple(f"sample{row}" for row in range(count)),
        skeleton=SKELETON,
    )


def settings_of(**changed: object) -> RunSettings:
    """A run of seconds."""
    quick = {"side_px": SIDE_PX, "epochs": 3, "batch_size": 8, "pretrained": False}
    return run_settings(quick | changed)


@dataclass
class Told:
    """A watch: everything it was told, and who else hears of it."""

    batches: list[tuple[int, int, int]] = field(default_factory=list)
    epochs: list[EpochResult] = field(default_factory=list)
    shown: dict[int, Sequence[Prediction]] = field(default_factory=dict)
    usages: list[Usage] = field(default_factory=list)
    on_batch: Callable[[int, int], None] | None = None
    on_epoch: Callable[[EpochResult], None] | None = None

    def batch(self, epoch: int, batch: int, batches: int) -> None:
        self.batches.append((epoch, batch, batches))
        if self.on_batch is not None:
            self.on_batch(epoch, batch)

    def epoch(self, result: EpochResult) -> None:
        self.epochs.append(result)
        if self.on_epoch is not None:
            self.on_epoch(result)

    def predictions(self, epoch: int, predictions: Sequence[Prediction]) -> None:
        self.shown[epoch] = predictions

    def used(self, usage: Usage) -> None:
        self.usages.append(usage)


def main(folder: str, settings: str, happening: str = "") -> None:
    from webapp.training.train import train

    def say(what: object) -> None:
        print(json.dumps(what), flush=True)

    def after_epoch(result: EpochResult) -> None:
        say(asdict(result))
        if happening == f"full disk after epoch {result.epoch}":
            resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))

    told = Told(on_batch=lambda epoch, batch: say({"epoch": epoch, "batch": batch}), on_epoch=after_epoch)
    chosen = run_settings(json.loads(settings))
    data = lamps(side_px=chosen.side_px)
    try:
        say(asdict(train(data, chosen, Path(folder), Path(folder), told, threads=2)))
    except TrainingFailedError as error:
        say({"failed": str(error)})


if __name__ == "__main__":
    main(*sys.argv[1:])
