"""Keeps left and right apart: a pose model may exchange them from one frame to the next, a person cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray, Pose
from webapp.core.skeleton import Skeleton
from webapp.vision.figures import spread

_ARM = frozenset({"elbow", "wrist", "pinky", "index", "thumb"})
_LEG = frozenset({"knee", "ankle", "heel", "foot_index"})
_MIN_SCORE = 0.3
_MUCH_NEARER = 0.5
_MIN_GAIN = 0.2  # of the person's spread: what is nearer by less could be a limb that moved
_INSISTED_S = 1.0
_GAP_S = 0.3


@dataclass
class _Part:
    """The paired keypoints of arms, legs or the rest, and for how long the model has exchanged them."""

    pairs: NDArray[np.int64]
    insisted_s: float = 0.0


class LeftRight:
    """Of one person. Arms, legs and the rest are judged by themselves, as models exchange them by themselves."""

    def __init__(self, skeleton: Skeleton) -> None:
        partners = np.array(skeleton.flip_indices)
        self._partners = partners
        kinds = np.array([_kind(name) for name in skeleton.keypoints])
        paired = partners != np.arange(len(partners))
        self._parts = [_Part(np.flatnonzero(paired & (kinds == kind))) for kind in ("arm", "leg", "rest")]
        self._parts = [part for part in self._parts if len(part.pairs)]
        self._time_s = -math.inf

    def mend(self, pose: Pose, time_s: float) -> Pose:
        """The pose with left and right as they were; after a second of the model's insisting, as it says."""
        elapsed_s = time_s - self._time_s
        self._time_s = time_s
        if not 0 < elapsed_s <= _GAP_S:
            for part in self._parts:
                part.insisted_s = 0.0
            self._velocity_px_s = np.zeros_like(pose.keypoints_px)
            self._last_px = pose.keypoints_px
            return pose
        predicted_px = self._last_px + self._velocity_px_s * elapsed_s
        order = np.arange(len(self._partners))
        believed: list[NDArray[np.int64]] = []
        for part in self._parts:
            if self._exchanged(part, pose, predicted_px):
                part.insisted_s += elapsed_s
                if part.insisted_s < _INSISTED_S:
                    order[part.pairs] = self._partners[part.pairs]
                    continue
                part.insisted_s = 0.0
                believed.append(part.pairs)
        mended = pose if np.array_equal(order, np.arange(len(order))) else _reordered(pose, order)
        velocity = np.nan_to_num((mended.keypoints_px - self._last_px) / elapsed_s)
        for pairs in believed:
            velocity[pairs] = 0.0
        self._velocity_px_s = velocity.astype(np.float32)
        self._last_px = np.where(np.isfinite(mended.keypoints_px), mended.keypoints_px, predicted_px)
        return mended

    def _exchanged(self, part: _Part, pose: Pose, predicted_px: FloatArray) -> bool:
        """Whether the part lies much nearer to where it should be with its sides exchanged."""
        here = part.pairs[np.minimum(pose.scores[part.pairs], pose.scores[self._partners[part.pairs]]) > _MIN_SCORE]
        given_px, exchanged_px = pose.keypoints_px[here], pose.keypoints_px[self._partners[here]]
        as_given, exchanged = (_mean_norm(points - predicted_px[here]) for points in (given_px, exchanged_px))
        if not np.isfinite(as_given + exchanged):
            return False
        least_px = _MIN_GAIN * spread(pose.keypoints_px)
        if exchanged < _MUCH_NEARER * as_given and as_given - exchanged > least_px:
            return True
        if as_given < _MUCH_NEARER * exchanged and exchanged - as_given > least_px:
            part.insisted_s = 0.0
            return False
        # the limbs are together: what was begun goes on
        return part.insisted_s > 0 and exchanged < as_given


def _kind(name: str) -> str:
    joint = name.removeprefix("left_").removeprefix("right_")
    return "arm" if joint in _ARM else "leg" if joint in _LEG else "rest"


def _mean_norm(offsets_px: FloatArray) -> float:
    distances = np.hypot(*offsets_px.T)
    there = np.isfinite(distances)
    return float(distances[there].mean()) if there.any() else math.nan


def _reordered(pose: Pose, order: NDArray[np.int64]) -> Pose:
    return replace(
        pose,
        keypoints_px=pose.keypoints_px[order],
        scores=pose.scores[order],
        world_m=None if pose.world_m is None else pose.world_m[order],
    )
