"""Batches of pictures and what the network must answer, each of which can be had by itself.

Which pictures a batch holds, and how each is changed, follows from the seed, the epoch and the row alone: a run that
goes on after a crash sees what it would have seen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.training.archive import TrainingData, let_go
from webapp.training.augment import augmented
from webapp.training.config import Augmentation

_AHEAD = 2
"""So many batches wait for the network: one that it takes next, one while it is made."""


class Batches:
    """The batches of some rows of the data, epoch after epoch, numbered through by steps from 0.

    With an augmentation they are shuffled, and each picture is changed anew in each epoch; without they come in order
    and as they are. All batches of an epoch are of one size, or differ by one picture: never a last one of just one
    or two, whose statistics a normalisation would learn.
    """

    def __init__(
        self,
        data: TrainingData,
        rows: NDArray[np.intp],
        batch_size: int,
        seed: int = 0,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._data, self._rows = data, rows
        self._seed, self._augmentation = seed, augmentation
        self._flip = data.skeleton.flip_indices
        self._shuffled: tuple[int, NDArray[np.intp]] = (-1, rows)
        self.per_epoch = math.ceil(len(rows) / batch_size)

    def batch(self, step: int) -> tuple[FloatArray, FloatArray]:
        """Pictures (B, S, S, 1) in 0..1 and targets (B, K, 4): x, y, weight and size of the person.

        x, y and size in shares of the crop. The weight is 0 for what is absent, and then x and y are; else 1.
        """
        epoch, rows = self.rows_of(step)
        if self._augmentation is None:
            images = np.array(self._data.images[rows], np.float32)
            keypoints, visibility = self._data.keypoints[rows], self._data.visibility[rows]
            sizes = self._data.sizes[rows]
        else:
            images, keypoints, visibility = self._augmented(epoch, rows, self._augmentation)
            sizes = self._data.sizes_of(keypoints, visibility)
        let_go(self._data.images)
        return images, _targets(keypoints, visibility, sizes)

    def rows_of(self, step: int) -> tuple[int, NDArray[np.intp]]:
        """The epoch of a step, from 0, and the rows of the data in its batch."""
        epoch, number = divmod(int(step), self.per_epoch)
        first, last = (len(self._rows) * part // self.per_epoch for part in (number, number + 1))
        return epoch, self._order(epoch)[first:last]

    def dataset(self, first_step: int, steps: int, threads: int) -> Any:
        """A tf.data.Dataset of that many batches from a step on, always in order, made beside the network's work."""
        side_px, keypoints = self._data.images.shape[1], self._data.keypoints.shape[1]

        def made(step: Any) -> Any:
            # a pure function, and said so: else op determinism makes the batches one after the other, none ahead
            images, targets = tf.numpy_function(self.batch, [step], (tf.float32, tf.float32), stateful=False)
            images.set_shape((None, side_px, side_px, 1))
            targets.set_shape((None, keypoints, 4))
            return images, targets

        options = tf.data.Options()
        options.autotune.enabled = False  # it would keep ever more batches ahead
        options.threading.private_threadpool_size = threads
        steps_ahead = tf.data.Dataset.range(first_step, first_step + steps)
        batches = steps_ahead.map(made, num_parallel_calls=threads, deterministic=True)
        return batches.prefetch(_AHEAD).with_options(options)

    def _order(self, epoch: int) -> NDArray[np.intp]:
        if self._augmentation is None:
            return self._rows
        kept_epoch, order = self._shuffled
        if kept_epoch != epoch:
            order = np.random.default_rng((self._seed, epoch)).permutation(self._rows)
            self._shuffled = (epoch, order)
        return order

    def _augmented(
        self, epoch: int, rows: NDArray[np.intp], augmentation: Augmentation
    ) -> tuple[FloatArray, FloatArray, NDArray[np.uint8]]:
        data = self._data
        images = np.empty((len(rows), *data.images.shape[1:]), np.float32)
        keypoints = np.empty((len(rows), *data.keypoints.shape[1:]), np.float32)
        visibility = np.empty(keypoints.shape[:2], np.uint8)
        for place, row in enumerate(rows):
            images[place, ..., 0], keypoints[place], visibility[place] = augmented(
                data.images[row, ..., 0],
                data.keypoints[row],
                data.visibility[row],
                self._flip,
                augmentation,
                np.random.default_rng((self._seed, epoch, int(row))),
            )
        return images, keypoints, visibility


def _targets(keypoints: FloatArray, visibility: NDArray[np.uint8], sizes: FloatArray) -> FloatArray:
    targets = np.zeros((*visibility.shape, 4), np.float32)
    there = visibility > 0
    targets[..., :2] = np.where(there[..., None], keypoints, 0)
    targets[..., 2] = there
    targets[..., 3] = sizes[:, None]
    return targets
