"""What a training run says while it goes on and when it ends, and how it ends early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.core.errors import MoveprintError
from webapp.core.records import FloatArray

BEST = "best.keras"
"""In a run's folder, the network of the epoch with the lowest validation loss; only ever a whole file."""
LAST = "last"
"""Folder of the checkpoint that a run goes on from after a crash."""
HISTORY = "history.csv"
LOG = "log.txt"
TENSORBOARD = "tensorboard"
EXPORTS = "exports"
PREDICTIONS = "predictions.json"
ARCHIVE = "dataset.npz"
"""What is trained on; deleted when the run has ended."""
HALF_WRITTEN, HALF_EXPORTED = ".new-", ".export-"
"""How the names of what a process leaves begin that is killed while it writes: beside BEST, and in EXPORTS."""


class TrainingFailedError(MoveprintError):
    """The run cannot go on, with the reason and the remedy; what BEST holds by then stays."""


@dataclass(frozen=True)
class EpochResult:
    """One epoch, counted from 1. pck: PCK@0.2, 0..1; seconds: it took; data_share: of them waiting for pictures, 0..1.

    best: it has the lowest validation loss so far, and is what BEST holds. memory_mb: the most used by then.
    """

    epoch: int
    train_loss: float
    val_loss: float
    train_pck: float
    pck: float
    learning_rate: float
    seconds: float
    data_share: float
    memory_mb: float
    best: bool


@dataclass(frozen=True)
class Prediction:
    """What the network says of one validation picture. keypoints: (K, 2) in 0..1 of the crop; scores: (K,) in 0..1."""

    sample_id: str
    keypoints: FloatArray
    scores: FloatArray


@dataclass(frozen=True)
class Usage:
    """What training took. data_share: of its time waiting for pictures, 0..1, None before the first epoch is over.

    seconds: of all attempts that counted. pretrained: where the first weights came from, a sentence.
    """

    device: str
    threads: int
    peak_memory_mb: float
    pictures_per_s: float
    data_share: float | None
    seconds: float
    pretrained: str


NOTHING_BETTER = "no better validation loss"
"""What `Trained.because` begins with where neither the epochs nor the time have ended it."""


@dataclass(frozen=True)
class Trained:
    """How training ended. because: a phrase, such as "no better validation loss for 30 epochs"."""

    epochs: int
    best_epoch: int
    best_pck: float
    because: str
    usage: Usage


class Watch(Protocol):
    """Told how a run goes on. Any of these may raise to end it at once; what BEST holds by then stays."""

    def batch(self, epoch: int, batch: int, batches: int) -> None:
        """After each batch: so many of the epoch's are done."""
        ...

    def epoch(self, result: EpochResult) -> None:
        """After each epoch, when its checkpoint is on the disk. An epoch may be told again after a crash."""
        ...

    def predictions(self, epoch: int, predictions: Sequence[Prediction]) -> None:
        """Now and then, after an epoch."""
        ...

    def used(self, usage: Usage) -> None:
        """After each epoch, before it is told, and when training ends, however it does: what all of it took by then."""
        ...
