"""What training makes small: how far an answer lies from the labelled keypoints, where they are labelled.

Targets are (N, K, 4): x and y in 0..1 of the picture, the weight (0 for a keypoint that is not labelled, whose x and y
count for nothing; 1 else, covered by something or not), and the person's size, which the metric takes. The losses are
(N,), a mean over each picture's labelled keypoints, 0 where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from webapp.core.metrics import keypoint_spreads
from webapp.core.skeleton import Skeleton
from webapp.training.config import RunSettings
from webapp.training.heads import STRIDE

Loss = Callable[[Any, Any], Any]
"""From targets (N, K, 4) and the answer of heads.joined to a loss of each picture (N,)."""
SIGMA_CELLS = 1.5
"""How far a keypoint's heat reaches: the Gaussian's sigma, in cells."""
REACH_CELLS = 3.0
"""Within this of the keypoint a cell's offset is learnt."""
WING_WIDTH, WING_CURVE = 0.08, 0.016
"""As shares of the side; Feng et al. 2018 (arXiv 1711.06753) use 10 and 2 pixels of faces 130 wide."""
_BODY_OF_BOX = 0.5
"""Of the box around a person's keypoints, about the share that the person covers."""
_LEAST_SIDE = 0.1
"""Of that box: of somebody seen from the side the shoulders alone may be labelled."""
_OFFSET_WEIGHT = 0.1
_FLOOR = 1e-6


def loss_of(settings: RunSettings, skeleton: Skeleton) -> Loss:
    """The loss of a run's family, by its name."""
    if settings.family == "regression":
        distance = {"wing": _wing, "mse": _squared, "oks": _oks(skeleton)}[settings.loss]
        return lambda targets, answer: _of_coordinates(targets, answer, distance)
    if settings.family == "heatmap":
        return _of_heat
    count = len(skeleton.keypoints)
    return lambda targets, answer: (
        _of_heat(targets, answer[..., :count])
        + _OFFSET_WEIGHT * _of_offsets(targets, answer[..., count:], settings.side_px)
    )


def labelled(targets: Any) -> tuple[Any, Any]:
    """Places (N, K, 2), in the middle where none is labelled, and weights (N, K) of 0 and 1."""
    weights = tf.cast(targets[..., 2] > 0, targets.dtype)
    # chosen, not multiplied: nothing times NaN is NaN
    return tf.where(weights[..., None] > 0, targets[..., :2], 0.5 * tf.ones_like(targets[..., :2])), weights


def heat_of(targets: Any, cells: int) -> Any:
    """The heat (N, cells, cells, K) that a network is to answer: 1 at the keypoint, a Gaussian around it."""
    places, _ = labelled(targets)
    across = _bell(places[..., 0], cells)  # (N, cells, K)
    down = _bell(places[..., 1], cells)
    return down[:, :, None, :] * across[:, None, :, :]


def offsets_of(targets: Any, cells: int, side_px: int) -> Any:
    """The offsets (N, cells, cells, 2K) from each cell's centre to the keypoint in pixels, all y then all x."""
    places, _ = labelled(targets)
    way_px = (places[:, None] - _centres(cells)[None, :, None, None]) * side_px  # (N, cells, K, 2)
    down = tf.repeat(way_px[:, :, None, :, 1], cells, axis=2)
    across = tf.repeat(way_px[:, None, :, :, 0], cells, axis=1)
    return tf.concat([down, across], axis=-1)


def _centres(cells: int) -> Any:
    return (tf.range(cells, dtype=tf.float32) + 0.5) / cells


def _bell(place: Any, cells: int) -> Any:
    away_cells = (_centres(cells)[None, :, None] - place[:, None, :]) * cells
    return tf.exp(-tf.square(away_cells) / (2 * SIGMA_CELLS**2))


def _mean_of_labelled(values: Any, weights: Any) -> Any:
    return tf.reduce_sum(values * weights, axis=-1) / tf.maximum(tf.reduce_sum(weights, axis=-1), 1.0)


def _of_coordinates(targets: Any, answer: Any, distance: Callable[[Any, Any, Any], Any]) -> Any:
    places, weights = labelled(targets)
    away = tf.reshape(answer, tf.shape(places)) - places
    return _mean_of_labelled(distance(away, places, weights), weights)


def _squared(away: Any, _places: Any, _weights: Any) -> Any:
    return tf.reduce_sum(tf.square(away), axis=-1)


def _wing(away: Any, _places: Any, _weights: Any) -> Any:
    """Steep near the truth, where a square is flat, and straight far from it; in units of its width."""
    far = tf.abs(away)
    curved = tf.math.log1p(far / WING_CURVE)
    offset = 1 - tf.math.log1p(WING_WIDTH / WING_CURVE)
    return tf.reduce_sum(tf.where(far < WING_WIDTH, curved, far / WING_WIDTH - offset), axis=-1)


def _oks(skeleton: Skeleton) -> Callable[[Any, Any, Any], Any]:
    """COCO's object keypoint similarity, exp(-e), as a distance: log(1 + e).

    Near the truth that is 1 - exp(-e); far from it, where the similarity is 0 whichever way one goes, it still falls.
    """
    variances = 4 * keypoint_spreads(skeleton.keypoints) ** 2

    def distance(away: Any, places: Any, weights: Any) -> Any:
        counts = weights[..., None] > 0
        highest = tf.reduce_max(tf.where(counts, places, 0.0), axis=1)
        lowest = tf.reduce_min(tf.where(counts, places, 1.0), axis=1)
        area = _BODY_OF_BOX * tf.reduce_prod(tf.maximum(highest - lowest, _LEAST_SIDE), axis=-1)
        return tf.math.log1p(tf.reduce_sum(tf.square(away), axis=-1) / (2 * area[:, None] * variances))

    return distance


def _of_heat(targets: Any, heat: Any) -> Any:
    """Squares between the maps, weighted so that few warm cells count as much as the many cold ones."""
    wanted = heat_of(targets, heat.shape[1])
    _, weights = labelled(targets)
    warm = tf.reduce_sum(wanted, axis=(1, 2))
    squares = tf.reduce_sum((1 + 4 * wanted) * tf.square(heat - wanted), axis=(1, 2))
    return _mean_of_labelled(squares / tf.maximum(warm, _FLOOR), weights)


def _of_offsets(targets: Any, offsets_px: Any, side_px: int) -> Any:
    """Huber's distance in cells, within reach of the keypoint (Papandreou et al. 2017, arXiv 1701.01779)."""
    cells = offsets_px.shape[1]
    wanted_px = offsets_of(targets, cells, side_px)
    _, weights = labelled(targets)
    down, across = tf.split(wanted_px / STRIDE, 2, axis=-1)
    near = tf.cast(tf.square(down) + tf.square(across) <= REACH_CELLS**2, offsets_px.dtype)  # (N, cells, cells, K)
    away = tf.abs(offsets_px - wanted_px) / STRIDE
    huber = tf.where(away < 1, tf.square(away) / 2, away - 0.5)
    of_cell = tf.add_n(tf.split(huber, 2, axis=-1))
    inside = tf.maximum(tf.reduce_sum(near, axis=(1, 2)), 1.0)
    return _mean_of_labelled(tf.reduce_sum(of_cell * near, axis=(1, 2)) / inside, weights)
