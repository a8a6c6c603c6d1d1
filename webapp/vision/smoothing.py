"""Steadies a person's keypoints over time: the One Euro filter (Casiez, Roussel, Vogel; CHI 2012) for each of them.

Somebody who keeps still does not tremble, and a moving limb is followed at once: the faster, the less is smoothed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from webapp.core.records import FloatArray, Pose
from webapp.vision.figures import spread

_SPEED_HZ = 4.0
_GAP_S = 0.3  # after a longer one nothing is known of where a limb was
_SIZE_S = 1.0  # a person's size changes slowly


@dataclass(frozen=True)
class SmoothingRates:
    """Cut-off frequency at rest, and how much it grows for each person's size (spread) a second."""

    still_hz: float = 0.5
    per_speed_hz: float = 12.0


class PoseSmoother:
    """Of one person: both the keypoints in the picture and those in metres, each in units of the person's size."""

    def __init__(self, rates: SmoothingRates | None = None) -> None:
        rates = rates or SmoothingRates()
        self._picture, self._world = _PointFilter(rates), _PointFilter(rates)
        self._time_s = -math.inf

    def smooth(self, pose: Pose, time_s: float) -> Pose:
        """The pose, steadied; what the model does not see stays NaN. After a gap it begins anew."""
        elapsed_s = time_s - self._time_s
        self._time_s = time_s
        if not 0 < elapsed_s <= _GAP_S:
            self._picture.forget()
            self._world.forget()
        keypoints_px = self._picture.step(pose.keypoints_px, pose.scores, elapsed_s)
        world_m = None if pose.world_m is None else self._world.step(pose.world_m, pose.scores, elapsed_s)
        return replace(pose, keypoints_px=keypoints_px, world_m=world_m)


class _PointFilter:
    """One Euro for points (K, D). How visible a keypoint is weighs in: a sure new place outdoes an unsure old one."""

    def __init__(self, rates: SmoothingRates) -> None:
        self._rates = rates
        self.forget()

    def forget(self) -> None:
        self._points: FloatArray | None = None

    def step(self, points: FloatArray, scores: FloatArray, elapsed_s: float) -> FloatArray:
        trust = np.where(np.isfinite(points[:, 0]), np.maximum(scores, 1e-3), 0.0)[:, None]
        given = np.nan_to_num(points)
        size = max(spread(points), 1e-6)
        if self._points is None:
            self._points, self._trust, self._size = given, trust, size
            self._velocity = np.zeros_like(given)
            return points
        self._size += (size - self._size) * float(_share(1 / (2 * math.pi * _SIZE_S), elapsed_s))
        velocity = (given - self._points) / (elapsed_s * self._size)
        speed_share = _share(_SPEED_HZ, elapsed_s)
        self._velocity = self._velocity + (velocity - self._velocity) * np.where(trust > 0, speed_share, 0)
        speeds = np.linalg.norm(self._velocity, axis=1, keepdims=True)
        share = _share(self._rates.still_hz + self._rates.per_speed_hz * speeds, elapsed_s)
        new, old = share * trust, (1 - share) * self._trust
        weight = np.divide(new, new + old, out=np.zeros_like(new), where=new > 0)
        self._points = (self._points + (given - self._points) * weight).astype(np.float32)
        self._trust = new + old
        return np.where(np.isfinite(points), self._points, points)


def _share(cutoff_hz: FloatArray | float, elapsed_s: float) -> FloatArray:
    """What a new value weighs in an exponential smoothing with this cut-off."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * np.asarray(cutoff_hz) * elapsed_s)))
