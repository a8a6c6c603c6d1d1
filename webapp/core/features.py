"""Joint features: each frame as body-centred, size-free, signed vectors of its limbs, addressed by keypoint name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.core.skeleton import Skeleton

_SHOULDERS = ("left_shoulder", "right_shoulder")
_HIPS = ("left_hip", "right_hip")


@dataclass(frozen=True)
class Part:
    """One vector of the body: from the mean of some keypoints to the mean of others.

    unit: a direction only (bones), else a position in torso lengths. gain: how much it counts in a distance.
    """

    region: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    unit: bool
    gain: float


def _parts() -> tuple[Part, ...]:
    bones = [
        Part(region, (f"{side}_{a}",), (f"{side}_{b}",), unit=True, gain=0.9)
        for side in ("left", "right")
        for region, a, b in (
            ("arms", "shoulder", "elbow"),
            ("arms", "elbow", "wrist"),
            ("legs", "hip", "knee"),
            ("legs", "knee", "ankle"),
        )
    ]
    trunk = [
        Part("torso", ("right_shoulder",), ("left_shoulder",), unit=True, gain=0.5),
        Part("torso", _HIPS, _SHOULDERS, unit=True, gain=0.5),
    ]
    # Positions hang on the shoulders: a webcam nearly always sees them, and of a squat they show how far down it went.
    positions = [
        Part(region, _SHOULDERS, (f"{side}_{joint}",), unit=False, gain=1.0)
        for side in ("left", "right")
        for region, joint in (("arms", "elbow"), ("arms", "wrist"), ("legs", "knee"), ("legs", "ankle"))
    ]
    return (*bones, *trunk, *positions, Part("head", _SHOULDERS, ("nose",), unit=False, gain=0.7))


PARTS = _parts()
_STANDS_IN = {"nose": "head"}
"""Where a skeleton lacks a keypoint, the one that says the same (Kinect knows no nose)."""
REGIONS = ("arms", "legs", "torso", "head")
REGION_OF_PART: NDArray[np.intp] = np.array([REGIONS.index(part.region) for part in PARTS])

_AXES = np.array([1.0, 1.0, 0.8], np.float32)
"""Depth is what cameras and pose models know least of."""
_GAINS = np.array([part.gain for part in PARTS], np.float32)
_UNIT = np.array([part.unit for part in PARTS])


@dataclass(frozen=True)
class _PartMap:
    """The parts as matrices over a skeleton's keypoints: vectors = combine @ points; uses says which each needs."""

    combine: FloatArray
    uses: NDArray[np.bool_]


@lru_cache(maxsize=8)
def _part_map(skeleton: Skeleton) -> _PartMap:
    combine = np.zeros((len(PARTS), len(skeleton.keypoints)), np.float32)
    uses = np.zeros((len(PARTS), len(skeleton.keypoints) + 1), bool)
    for row, part in enumerate(PARTS):
        for names, sign in ((part.start, -1.0), (part.end, 1.0)):
            for name in names:
                # the extra column stands for a keypoint this skeleton lacks
                column = skeleton.index.get(name, skeleton.index.get(_STANDS_IN.get(name, ""), -1))
                uses[row, column] = True
                if column >= 0:
                    combine[row, column] += sign / len(names)
    return _PartMap(combine, uses)


def part_features(
    points: FloatArray, visible: FloatArray, skeleton: Skeleton, size: NDArray[np.float64] | float
) -> tuple[FloatArray, FloatArray]:
    """The parts of each frame, (T, 3, P), and how far each may be trusted, (T, P) in 0..1 (0: hidden, its vector is 0).

    points: (T, K, 2 or 3); visible: (T, K) from normalise.visibility; size: the torso's length, one or per frame.
    2D points give a third coordinate of 0.
    """
    if points.shape[2] == 3:
        points = points * _AXES
    parts = _part_map(skeleton)
    frames, dimensions = points.shape[0], points.shape[2]
    padded = np.concatenate([visible, np.zeros((frames, 1), np.float32)], axis=1)
    trust = np.where(parts.uses, padded[:, None, :], np.float32(1)).min(axis=2)
    vectors = np.einsum("pk,tkd->tdp", parts.combine, np.where(visible[..., None] > 0, points, np.float32(0)))
    lengths = np.sqrt((vectors * vectors).sum(axis=1))
    sizes = np.broadcast_to(np.asarray(size, np.float64).reshape(-1, 1), lengths.shape)
    divisor = np.where(_UNIT, lengths, sizes)
    usable = (trust > 0) & np.isfinite(divisor) & (divisor > 1e-6)
    features = np.zeros((frames, 3, len(PARTS)), np.float32)
    factors = np.where(usable, _GAINS / np.where(usable, divisor, 1.0), 0.0)
    features[:, :dimensions] = vectors * factors[:, None, :]
    return features, np.where(usable, trust, 0.0).astype(np.float32)
