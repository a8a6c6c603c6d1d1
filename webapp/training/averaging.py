"""The mean of a network's weights over its last steps: steadier, and better on new pictures, than where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

DECAY = 0.99
"""Of what the mean knew, so much stays after a step: it reaches over about a hundred."""


class AveragedWeights(tf.keras.callbacks.Callback):  # type: ignore[misc]  # TensorFlow has no types
    """Validation, and whatever is done after it until the next epoch, finds the mean in the network.

    It is exponential (Polyak and Juditsky 1992), over normalisation's statistics too, which belong to the weights. At
    first it reaches over fewer steps: random weights are soon forgotten. found: the network holds the mean already,
    of a checkpoint written after an epoch.
    """

    def __init__(self, network: Any, found: bool) -> None:
        super().__init__()
        self._held = [each for each in network.weights if tf.as_dtype(each.dtype).is_floating]
        self._aside = [tf.Variable(tf.convert_to_tensor(each), trainable=False) for each in self._held]
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._mean_is_held = found
        self._follow = tf.function(self._followed)

    @property
    def variables(self) -> Sequence[Any]:
        """What a checkpoint must hold of it, beside the network's own: between epochs, the weights that learn."""
        return [self._steps, *self._aside]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        if self._mean_is_held:
            self._exchange()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        self._follow()

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        self._exchange()

    def _followed(self) -> None:
        steps = tf.cast(self._steps.assign_add(1), tf.float32)
        stays = tf.minimum(DECAY, steps / (steps + 9))
        for mean, held in zip(self._aside, self._held, strict=True):
            mean.assign(stays * mean + (1 - stays) * tf.convert_to_tensor(held))

    def _exchange(self) -> None:
        for aside, held in zip(self._aside, self._held, strict=True):
            value = held.numpy()
            held.assign(tf.convert_to_tensor(aside))
            aside.assign(value)
        self._mean_is_held = not self._mean_is_held
