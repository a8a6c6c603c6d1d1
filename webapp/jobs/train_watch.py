"""What a training run says while it goes on: rows of its epochs, where it stands, examples for its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from webapp.datasets.picture_store import write_anew
from webapp.datasets.records import ABSENT
from webapp.db.engine import transaction
from webapp.db.runs import RunEpoch, TrainingRun
from webapp.jobs.context import JobCancelledError, JobContext
from webapp.training.archive import TrainingData
from webapp.training.evaluate import points_json
from webapp.training.records import PREDICTIONS, EpochResult, Prediction, Usage

MOST_EXAMPLES = 100
"""Epochs that examples are kept of: the file is read and written as a whole, and there may be thousands."""
_NOT_IN_ROWS = ("best",)


class RunWatch:
    """The Watch of one attempt. epochs: at most so many are to come."""

    def __init__(self, context: JobContext, run_id: str, folder: Path, data: TrainingData, epochs: int) -> None:
        self._context, self._run_id = context, run_id
        self._folder, self._data, self._epochs = folder, data, epochs
        self._epoch = 0

    def batch(self, epoch: int, batch: int, batches: int) -> None:
        """Where it stands; the wish for its end is heard here."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._context.begin(f"Training: epoch {epoch} of {self._epochs}", batches)
        self._context.look(batch)

    def epoch(self, result: EpochResult) -> None:
        """The epoch's row, in place of that of an attempt before."""
        values = {key: value for key, value in asdict(result).items() if key not in _NOT_IN_ROWS}
        with transaction() as session:
            self._context.advance(session, 0)
            session.merge(RunEpoch(run_id=self._run_id, **values))
            run = session.get_one(TrainingRun, self._run_id)
            run.epoch = result.epoch
            if result.best:
                run.best_epoch, run.best_pck = result.epoch, result.pck

    def predictions(self, epoch: int, predictions: Sequence[Prediction]) -> None:
        """Added to those of the epochs before, of which every other goes when they become too many."""
        path = self._folder / PREDICTIONS
        ids = [each.sample_id for each in predictions]
        kept = _kept(path)
        before = kept["epochs"] if kept is not None and [each["sample_id"] for each in kept["samples"]] == ids else []
        before = [each for each in before if each["epoch"] < epoch]
        told = {
            "samples": [{"sample_id": each, "labelled": self._labelled(each)} for each in ids],
            "epochs": [
                *(before if len(before) < MOST_EXAMPLES else before[::2]),
                {"epoch": epoch, "keypoints": [points_json(each.keypoints) for each in predictions]},
            ],
        }
        write_anew(path, json.dumps(told, allow_nan=False).encode(), lasting=False)

    def used(self, usage: Usage) -> None:
        """In the run's row; of one that is cancelled as well."""
        with transaction() as session:
            with suppress(JobCancelledError):  # whoever trains hears of it elsewhere
                self._context.advance(session, 0)
            session.get_one(TrainingRun, self._run_id).usage = json.dumps(asdict(usage))

    def _labelled(self, sample_id: str) -> list[list[float] | None]:
        row = self._data.sample_ids.index(sample_id)
        there = (self._data.visibility[row] != ABSENT)[:, None]
        return points_json(np.where(there, self._data.keypoints[row], np.float32(np.nan)))


def _kept(path: Path) -> Mapping[str, Any] | None:
    """What an attempt before has told; None where there is nothing whole."""
    try:
        kept: Mapping[str, Any] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return kept
