"""python -m webapp.bench.training_fit WAY ARCHIVE EPOCHS THREADS: one way of fitting the small network, measured.

WAY: "run", as a training run does it, pictures read from the disk and changed at random; or "keras", Keras's own fit of
the same network, loss and metric on arrays in memory, as they are.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from webapp.training.archive import TrainingData, read_archive
from webapp.training.batches import Batches
from webapp.training.config import RunSettings
from webapp.training.hardware import peak_memory_mb
from webapp.training.heads import build_model, joined
from webapp.training.keypoint_metric import PckMetric
from webapp.training.losses import loss_of
from webapp.training.records import EpochResult, Prediction, Usage
from webapp.training.train import train


class _Nobody:
    """A watch that does nothing with what it is told."""

    def batch(self, epoch: int, batch: int, batches: int) -> None: ...

    def epoch(self, result: EpochResult) -> None: ...

    def predictions(self, epoch: int, predictions: Sequence[Prediction]) -> None: ...

    def used(self, usage: Usage) -> None: ...


def main(way: str, archive: str, epochs: str, threads: str) -> None:
    data = read_archive(Path(archive))
    settings = RunSettings(side_px=data.side_px, epochs=int(epochs), pretrained=False)
    fit = {"run": _as_run, "keras": _by_keras}[way]
    print(json.dumps(fit(data, settings, int(threads))))


def _as_run(data: TrainingData, settings: RunSettings, threads: int) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        usage = train(data, settings, Path(folder), Path(folder), _Nobody(), threads=threads).usage
    return {
        "pictures_per_s": usage.pictures_per_s,
        "data_share": usage.data_share or 0.0,
        "peak_mb": usage.peak_memory_mb,
    }


def _by_keras(data: TrainingData, settings: RunSettings, threads: int) -> Mapping[str, float]:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    rows = data.rows("train")
    images, targets = Batches(data, rows, len(rows)).batch(0)
    model = joined(build_model(settings, data.skeleton, None))
    model.compile("adam", loss=loss_of(settings, data.skeleton), metrics=[PckMetric(settings)])
    ends_s: list[float] = []
    told: Any = tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda _epoch, _logs: ends_s.append(time.perf_counter()))
    model.fit(images, targets, batch_size=settings.batch_size, epochs=settings.epochs, callbacks=[told], verbose=0)
    pictures_per_s = (settings.epochs - 1) * len(rows) / (ends_s[-1] - ends_s[0])
    return {"pictures_per_s": pictures_per_s, "peak_mb": peak_memory_mb()}


if __name__ == "__main__":
    main(*sys.argv[1:])
