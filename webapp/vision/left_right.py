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
_APART = 0.25  # of the person's spread
_INSISTED_S = 1.0
_UNCLEAR_S = 0.08  # for so long a pose that fits neither way is taken for a mistake, and what was before still counts
_GAP_S = 0.3


@dataclass
class _Part:
    """The paired keypoints of arms, legs or the rest, and for how long the model has exchanged them.

    apart: whether they should be, in this frame; unclear_s: for how long they were, and fitted neither way.
    """

    pairs: NDArray[np.int64]
    insisted_s: float = 0.0
    apart: bool = False
    unclear_s: float = 0.0


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
            self._last_px = pose.keypoints_px.copy()
            return pose
        predicted_px = self._last_px + self._velocity_px_s * elapsed_s
        order = np.arange(len(self._partners))
        verdicts = self._verdicts(pose, predicted_px)
        turned = {
            verdict
            for part, verdict in zip(self._parts, verdicts, strict=True)
            if verdict is not None and verdict != (part.insisted_s > 0)
        }
        for part, verdict in zip(self._parts, verdicts, strict=True):
            # limbs that are together go with those that are not: models mostly exchange all at once
            exchanged = next(iter(turned)) if verdict is None and len(turned) == 1 else verdict
            if exchanged is not None:
                part.insisted_s = part.insisted_s + elapsed_s if exchanged else 0.0
            if part.insisted_s >= _INSISTED_S:
                part.insisted_s = 0.0
                predicted_px[part.pairs] = self._last_px[part.pairs] = pose.keypoints_px[part.pairs]
            elif part.insisted_s > 0:
                order[part.pairs] = self._partners[part.pairs]
        mended = pose if np.array_equal(order, np.arange(len(order))) else _reordered(pose, order)
        here_px = np.where(np.isfinite(mended.keypoints_px), mended.keypoints_px, predicted_px)
        for part, verdict in zip(self._parts, verdicts, strict=True):
            if verdict is None and part.apart and part.unclear_s + elapsed_s <= _UNCLEAR_S:
                part.unclear_s += elapsed_s
                here_px[part.pairs] = self._last_px[part.pairs]
            else:
                part.unclear_s = 0.0
        self._velocity_px_s = np.nan_to_num((here_px - self._last_px) / np.float32(elapsed_s))
        self._last_px = here_px
        return mended

    def _verdicts(self, pose: Pose, predicted_px: FloatArray) -> list[bool | None]:
        """For each part whether it lies much nearer to where it should be with its sides exchanged; None: hard to say.

        Only limbs that should be apart from their partners say anything.
        """
        partners = self._partners
        apart_px = _distances(predicted_px, predicted_px[partners])
        sure = np.minimum(pose.scores, pose.scores[partners]) > _MIN_SCORE
        telling = sure & (apart_px > _APART * spread(predicted_px))
        # from where they were and from where they should be: one misplaced keypoint must not speak for an exchange
        before = (self._last_px, predicted_px)
        as_given = np.stack([_distances(pose.keypoints_px, points_px) for points_px in before])
        exchanged = np.stack([_distances(pose.keypoints_px[partners], points_px) for points_px in before])
        verdicts: list[bool | None] = []
        for part in self._parts:
            here = part.pairs[telling[part.pairs]]
            part.apart = len(here) > 0
            nearest = float(_mean(as_given[:, here]).min(initial=math.inf))
            farthest = float(_mean(exchanged[:, here]).max(initial=0.0))
            clear = min(nearest, farthest) < _MUCH_NEARER * max(nearest, farthest)
            verdicts.append(farthest < nearest if clear and math.isfinite(nearest + farthest) else None)
        return verdicts


def _kind(name: str) -> str:
    joint = name.removeprefix("left_").removeprefix("right_")
    return "arm" if joint in _ARM else "leg" if joint in _LEG else "rest"


def _distances(one_px: FloatArray, other_px: FloatArray) -> FloatArray:
    offsets_px = one_px - other_px
    return np.asarray(np.hypot(offsets_px[:, 0], offsets_px[:, 1]))


def _mean(distances_px: FloatArray) -> FloatArray:
    """Along the keypoints, (2, P) to (2,) or less; NaN left out."""
    there = distances_px[:, np.isfinite(distances_px).all(axis=0)]
    return there.sum(axis=1) / there.shape[1] if there.shape[1] else np.empty(0, np.float32)


def _reordered(pose: Pose, order: NDArray[np.int64]) -> Pose:
    return replace(
        pose,
        keypoints_px=pose.keypoints_px[order],
        scores=pose.scores[order],
        world_m=None if pose.world_m is None else pose.world_m[order],
    )
