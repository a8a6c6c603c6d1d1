"""What makes poses of different people, cameras and skeletons comparable: which coordinates, what origin, what size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray, PoseSequence
from webapp.core.skeleton import Skeleton

# A torso (shoulders to hips) is about this many shoulder widths long, in adults seen from the front.
TORSO_PER_SHOULDER_WIDTH = 1.3
# A palm (wrist to the middle finger's base) is about so many times as long as its width from index to little finger.
PALM_LENGTH_PER_WIDTH = 1.5
# Below the first score a keypoint counts as hidden, from the second on as fully seen: pose models go on guessing
# keypoints outside the picture, with low scores.
HIDDEN_SCORE, SEEN_SCORE = 0.3, 0.6


def visibility(points: FloatArray, scores: FloatArray) -> FloatArray:
    """How far each keypoint may be trusted, 0..1, shape of scores (..., K); points (..., K, D).

    0 where a coordinate is NaN, and in frames whose keypoints all lie in one spot: that is how some sources write that
    they lost the person.
    """
    ramp = np.clip((scores - HIDDEN_SCORE) / (SEEN_SCORE - HIDDEN_SCORE), 0.0, 1.0)
    collapsed = (points == points[..., :1, :]).all(axis=(-2, -1))
    known = np.isfinite(points).all(axis=-1) & np.isfinite(scores) & ~collapsed[..., None]
    return np.where(known, ramp, 0.0).astype(np.float32)


def coordinates(sequence: PoseSequence, dimensions: int) -> FloatArray:
    """The keypoints in 3D (metres) or 2D (picture heights), (T, K, dimensions); NaN where unknown."""
    if dimensions == 3:
        if sequence.world_m is None:
            return np.full((*sequence.scores.shape, 3), np.nan, np.float32)
        return sequence.world_m
    return sequence.keypoints


def body_size(points: FloatArray, visible: FloatArray, skeleton: Skeleton) -> NDArray[np.float64]:
    """The torso's length in each frame, (T,), or that of a hand's palm, in the unit of points; NaN where hidden.

    The longer of what the torso shows and what the shoulder width suggests, so that neither bending forward, nor
    standing sideways, nor hidden hips make a person small; of a palm likewise what its length and its width suggest.
    """
    size = _palm_length if skeleton.kind == "hand" else _torso_length
    lengths = size(points, visible, skeleton)
    return np.where(lengths > 1e-4, lengths, np.nan).astype(np.float64)


def _palm_length(points: FloatArray, visible: FloatArray, skeleton: Skeleton) -> NDArray[np.floating]:
    size = np.full(len(points), np.nan)
    for ends, factor in ((("wrist", "middle_mcp"), 1.0), (("index_mcp", "pinky_mcp"), PALM_LENGTH_PER_WIDTH)):
        if skeleton.index.keys() >= set(ends):
            one, other = (skeleton.index[name] for name in ends)
            shown = (visible[:, one] > 0) & (visible[:, other] > 0)
            size = np.fmax(
                size, np.where(shown, np.linalg.norm(points[:, one] - points[:, other], axis=-1), np.nan) * factor
            )
    return size


def _torso_length(points: FloatArray, visible: FloatArray, skeleton: Skeleton) -> NDArray[np.floating]:
    if not skeleton.index.keys() >= {"left_shoulder", "right_shoulder"}:
        return np.full(len(points), np.nan)
    left, right = skeleton.index["left_shoulder"], skeleton.index["right_shoulder"]
    width = np.linalg.norm(points[:, left] - points[:, right], axis=-1) * TORSO_PER_SHOULDER_WIDTH
    shoulders = (visible[:, left] > 0) & (visible[:, right] > 0)
    size = np.where(shoulders, width, np.nan)
    if "left_hip" in skeleton.index and "right_hip" in skeleton.index:
        hips = [skeleton.index["left_hip"], skeleton.index["right_hip"]]
        middle = (points[:, left] + points[:, right] - points[:, hips[0]] - points[:, hips[1]]) / 2
        length = np.where(shoulders & (visible[:, hips] > 0).all(axis=1), np.linalg.norm(middle, axis=-1), np.nan)
        size = np.where(np.isfinite(length), np.fmax(size, length), size)
    return size
