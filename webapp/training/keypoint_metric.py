"""PCK while training goes on, decoded as vision.poses decodes it, within the graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from webapp.training.config import RunSettings

SHARE = 0.2
"""A keypoint counts as found within this share of the person's size."""
_LEAST_SHARE = 0.01


class PckMetric(tf.keras.metrics.Metric):  # type: ignore[misc]  # TensorFlow has no types
    """The share of labelled keypoints that lie within SHARE of the person's size of where they are labelled.

    Of targets (N, K, 4), x, y, weight, size, and the answer of heads.joined. Persons of size 0 do not count; 0 where
    nobody does.
    """

    def __init__(self, settings: RunSettings, name: str = "pck") -> None:
        super().__init__(name=name)
        self._family, self._side_px = settings.family, settings.side_px
        self._found = self.add_weight(name="found", initializer="zeros")
        self._labelled = self.add_weight(name="labelled", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ARG002 -- Keras's own
        """Count one batch."""
        targets = tf.cast(y_true, tf.float32)
        sizes = targets[..., 3]
        counts = (targets[..., 2] > 0) & (sizes > 0)
        away = decoded(tf.cast(y_pred, tf.float32), self._family, self._side_px) - targets[..., :2]
        near = tf.norm(tf.where(counts[..., None], away, 0.0), axis=-1) <= SHARE * sizes
        self._found.assign_add(tf.reduce_sum(tf.cast(counts & near, tf.float32)))
        self._labelled.assign_add(tf.reduce_sum(tf.cast(counts, tf.float32)))

    def result(self) -> Any:
        """The share of all batches since the last reset."""
        return tf.math.divide_no_nan(self._found, self._labelled)


def decoded(answer: Any, family: str, side_px: int) -> Any:
    """Keypoints (N, K, 2) in 0..1 of the picture, from the answer of heads.joined."""
    if family == "regression":
        return tf.reshape(answer, (tf.shape(answer)[0], -1, 2))
    if family == "heatmap":
        heat = tf.clip_by_value(answer, 0.0, 1.0)
        rows, columns = _warmest(heat)
        down = tf.cast(rows, tf.float32) + _beside(heat, rows, columns, down=True)
        across = tf.cast(columns, tf.float32) + _beside(heat, rows, columns, down=False)
        return _places(down, across, heat)
    heat, offsets_y, offsets_x = tf.split(answer, 3, axis=-1)
    rows, columns = _warmest(tf.clip_by_value(heat, 0.0, 1.0))
    way_px = tf.stack([_at(offsets_x, rows, columns), _at(offsets_y, rows, columns)], axis=-1)
    return _places(tf.cast(rows, tf.float32), tf.cast(columns, tf.float32), heat) + way_px / side_px


def _warmest(heat: Any) -> tuple[Any, Any]:
    """Row and column of each keypoint's warmest cell, (N, K) each."""
    width, count = heat.shape[2], heat.shape[3]
    best = tf.argmax(tf.reshape(heat, (-1, heat.shape[1] * width, count)), axis=1, output_type=tf.int32)
    return best // width, best % width


def _at(maps: Any, rows: Any, columns: Any) -> Any:
    """The value (N, K) of each keypoint's map (N, h, w, K) at its cell."""
    height, width, count = maps.shape[1:]
    cells = tf.transpose(tf.reshape(maps, (-1, height * width, count)), (0, 2, 1))
    return tf.gather(cells, rows * width + columns, batch_dims=2)


def _beside(heat: Any, rows: Any, columns: Any, *, down: bool) -> Any:
    """How far the top of the parabola through the logarithms lies from the warmest cell, -0.5..0.5 cells."""
    at, last = (rows, heat.shape[1] - 1) if down else (columns, heat.shape[2] - 1)
    peak = _at(heat, rows, columns)

    def logarithm(step: int) -> Any:
        near = tf.clip_by_value(at + step, 0, last)
        warmth = _at(heat, near, columns) if down else _at(heat, rows, near)
        return tf.math.log(tf.maximum(tf.maximum(warmth, _LEAST_SHARE * peak), 1e-9))

    before, middle, after = logarithm(-1), logarithm(0), logarithm(1)
    bend = 2 * middle - before - after
    top = tf.where(bend > 1e-6, (after - before) / (2 * tf.maximum(bend, 1e-6)), 0.0)
    return tf.where((at > 0) & (at < last), tf.clip_by_value(top, -0.5, 0.5), 0.0)


def _places(down: Any, across: Any, heat: Any) -> Any:
    return tf.stack([(across + 0.5) / heat.shape[2], (down + 0.5) / heat.shape[1]], axis=-1)
