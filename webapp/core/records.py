"""The records that travel between the layers. All immutable; coordinates carry their frame in the name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """A rectangle in image pixels, corners (x1, y1) and (x2, y2), y down."""

    x1_px: float
    y1_px: float
    x2_px: float
    y2_px: float

    @property
    def width_px(self) -> float:
        return self.x2_px - self.x1_px

    @property
    def height_px(self) -> float:
        return self.y2_px - self.y1_px


@dataclass(frozen=True)
class Region:
    """A rotated square around a person: what a pose model is given. Rotation in radians, clockwise on screen."""

    centre_x_px: float
    centre_y_px: float
    size_px: float
    rotation_rad: float


@dataclass(frozen=True)
class Detection:
    """One person found in an image. `region` only where the detector knows the body's orientation."""

    box: Box
    score: float
    region: Region | None = None


@dataclass(frozen=True)
class Pose:
    """The keypoints of one person in one frame.

    keypoints_px: (K, 2) float32 in image pixels, y down; NaN where the model says nothing.
    world_m: (K, 3) float32 in metres, origin between the hips, axes as the image (y down); None for a 2D model.
    scores: (K,) float32 in 0..1, how visible each keypoint is.
    score: 0..1, how sure the model is that a person is there.
    """

    skeleton: Skeleton
    keypoints_px: FloatArray
    scores: FloatArray
    score: float
    world_m: FloatArray | None = None


@dataclass(frozen=True)
class PoseSequence:
    """The poses of one person over time: what a take is, and what an event keeps.

    times_s: (T,) float64, strictly increasing, first is 0 for a stored take.
    keypoints: (T, K, 2) float32 in units of the picture's HEIGHT (so x runs to width/height and angles are true).
    scores: (T, K) float32 in 0..1.
    world_m: (T, K, 3) float32 or None.
    Missing keypoints are NaN with score 0.
    """

    skeleton: Skeleton
    times_s: NDArray[np.float64]
    keypoints: FloatArray
    scores: FloatArray
    world_m: FloatArray | None = None

    def __post_init__(self) -> None:
        frames, count = len(self.times_s), len(self.skeleton.keypoints)
        if self.times_s.ndim != 1:
            raise InvalidInputError(f"times_s must be (T,), got {self.times_s.shape}")
        if self.keypoints.shape != (frames, count, 2):
            raise InvalidInputError(f"keypoints must be ({frames}, {count}, 2), got {self.keypoints.shape}")
        if self.scores.shape != (frames, count):
            raise InvalidInputError(f"scores must be ({frames}, {count}), got {self.scores.shape}")
        if self.world_m is not None and self.world_m.shape != (frames, count, 3):
            raise InvalidInputError(f"world_m must be ({frames}, {count}, 3), got {self.world_m.shape}")
        if frames > 1 and not bool(np.all(np.diff(self.times_s) > 0)):
            raise InvalidInputError("times_s must be strictly increasing")

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def duration_s(self) -> float:
        return float(self.times_s[-1] - self.times_s[0]) if len(self) else 0.0

    def between(self, start_s: float, end_s: float) -> PoseSequence:
        """The frames from start_s to end_s, both included; times start at 0 again."""
        keep = (self.times_s >= start_s) & (self.times_s <= end_s)
        times_s = self.times_s[keep]
        return PoseSequence(
            skeleton=self.skeleton,
            times_s=times_s - times_s[0] if len(times_s) else times_s,
            keypoints=self.keypoints[keep],
            scores=self.scores[keep],
            world_m=None if self.world_m is None else self.world_m[keep],
        )
