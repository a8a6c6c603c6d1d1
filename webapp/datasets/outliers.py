"""Labels that are unlike the others of a dataset: bones of strange length, and keypoints far from a model's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Box, FloatArray
from webapp.core.skeleton import Skeleton
from webapp.datasets.records import VISIBLE, Label

MIN_LABELS = 8
"""With fewer values of a bone nothing is said of its usual length."""
MIN_BONES = 3
"""With fewer bones of a person their size is not known well enough to judge one of them by it."""
_TO_DEVIATION = 1.4826  # of a normal distribution: its standard deviation over its median absolute deviation
_LEAST_DEVIATION = 0.05  # of a body's size: labels are no more exact than that
_ROUNDS = 4

Numbers = NDArray[np.float64]


def bone_errors(keypoints: FloatArray, skeleton: Skeleton) -> Numbers:
    """How unlike the others each label's worst bone is, in robust standard deviations (N,).

    keypoints: (N, K, 2) in pixels, NaN where absent. A bone is an edge of the skeleton; its length is measured in its
    body's size, and compared with that of the same bone, and of its partner on the other side, in all labels. NaN
    where nothing can be said: fewer than MIN_BONES bones, or fewer than MIN_LABELS labels with any of them.
    """
    if not skeleton.edges or not len(keypoints):
        return np.full(len(keypoints), np.nan)
    ends = np.array(skeleton.edge_indices)
    lengths = np.linalg.norm(
        keypoints[:, ends[:, 0]].astype(np.float64) - keypoints[:, ends[:, 1]].astype(np.float64), axis=2
    )  # (N, E)
    shares = lengths / body_sizes(lengths)[:, None]
    errors = np.full(shares.shape, np.nan)
    kinds = _kinds_of_bones(skeleton)
    for kind in np.unique(kinds):
        columns = kinds == kind
        values = shares[:, columns]
        if np.isfinite(values).any(axis=1).sum() < MIN_LABELS:
            continue
        middle = np.nanmedian(values)
        deviation = max(_TO_DEVIATION * float(np.nanmedian(np.abs(values - middle))), _LEAST_DEVIATION)
        errors[:, columns] = np.abs(values - middle) / deviation
    judged = np.isfinite(errors).any(axis=1)
    worst = np.full(len(keypoints), np.nan)
    worst[judged] = np.nanmax(errors[judged], axis=1)
    return worst


def body_sizes(lengths: Numbers) -> Numbers:
    """The size that each body's bones agree on (N,), given their lengths (N, E); NaN with fewer than MIN_BONES.

    A bone says: so many times as long as this bone usually is. The median of what all say is little moved by an arm
    that points to the camera, or by one keypoint that lies wrongly. What is usual follows from the sizes in turn.
    """
    known = np.where(lengths > 0, lengths, np.nan)
    enough = np.isfinite(known).sum(axis=1) >= MIN_BONES
    sizes = np.full(len(lengths), np.nan)
    if not enough.any():
        return sizes
    rows = known[enough]
    columns = np.isfinite(rows).any(axis=0)
    rows = rows[:, columns]
    current = np.nanmax(rows, axis=1)
    for _ in range(_ROUNDS):
        usual = np.nanmedian(rows / current[:, None], axis=0)
        current = np.nanmedian(rows / usual, axis=1)
    sizes[enough] = current
    return sizes


def disagreement(label: Label, other: Label, box: Box) -> float | None:
    """Mean distance of the keypoints that both see, in body sizes: the longer side of the person's box.

    None where they see none in common.
    """
    common = (label.visibility == VISIBLE) & (other.visibility == VISIBLE)
    if not common.any():
        return None
    apart_px = np.linalg.norm(label.keypoints_px[common] - other.keypoints_px[common], axis=1)
    return float(apart_px.mean()) / max(box.width_px, box.height_px)


def _kinds_of_bones(skeleton: Skeleton) -> NDArray[np.int64]:
    """(E,) the same number for a bone and its partner on the other side of the body."""
    flip = skeleton.flip_indices
    kinds: dict[frozenset[frozenset[int]], int] = {}
    numbers = []
    for a, b in skeleton.edge_indices:
        both = frozenset((frozenset((a, b)), frozenset((flip[a], flip[b]))))
        numbers.append(kinds.setdefault(both, len(kinds)))
    return np.array(numbers, np.int64)
