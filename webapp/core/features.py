"""Joint features: each frame as size-free, signed vectors of a body's limbs or a hand's fingers, by keypoint name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.core.skeleton import Kind, Skeleton

_SHOULDERS = ("left_shoulder", "right_shoulder")
_HIPS = ("left_hip", "right_hip")


@dataclass(frozen=True)
class Part:
    """One vector of the body or hand: from the mean of some keypoints to the mean of others.

    unit: a direction only (bones), else a position in body sizes (normalise). gain: how much it counts in a distance.
    """

    region: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    unit: bool
    gain: float


@dataclass(frozen=True, eq=False)
class PartSet:
    """The parts that are compared of one kind of skeleton; every set has the same number of parts and of regions.

    regions: groups of parts, in words. limbs: those that must move where they take part, each with the form of "move"
    that goes with its name.
    """

    kind: Kind
    parts: tuple[Part, ...]
    regions: tuple[str, ...]
    limbs: Mapping[str, str]

    @cached_property
    def region_of_part(self) -> NDArray[np.int64]:
        """(P,) the position of each part's region."""
        return np.array([self.regions.index(part.region) for part in self.parts], np.int64)

    @cached_property
    def gains(self) -> FloatArray:
        """(P,)"""
        return np.array([part.gain for part in self.parts], np.float32)

    @cached_property
    def units(self) -> NDArray[np.bool_]:
        """(P,) which parts are directions only."""
        return np.array([part.unit for part in self.parts])


def _body_parts() -> tuple[Part, ...]:
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


def _hand_parts() -> tuple[Part, ...]:
    bones = [
        Part(region, (f"{finger}_{a}",), (f"{finger}_{b}",), unit=True, gain=0.5)
        for finger, region in _FINGER_REGIONS.items()
        for a, b in ((("cmc", "mcp"), ("mcp", "tip")) if finger == "thumb" else (("mcp", "pip"), ("pip", "tip")))
    ]
    palm = [
        Part("palm", ("wrist",), ("middle_mcp",), unit=True, gain=0.5),
        Part("palm", ("index_mcp",), ("pinky_mcp",), unit=True, gain=0.5),
    ]
    tips = [
        Part(region, ("wrist",), (f"{finger}_tip",), unit=False, gain=0.6) for finger, region in _FINGER_REGIONS.items()
    ]
    # what a pinch and a fan of fingers are told by, where each tip alone moves little
    between = [
        Part("palm", ("thumb_tip",), ("index_tip",), unit=False, gain=0.6),
        Part("palm", ("index_tip",), ("pinky_tip",), unit=False, gain=0.6),
    ]
    return (*bones, *palm, *tips, *between)


PARTS = _body_parts()
_STANDS_IN = {"nose": "head"}
"""Where a skeleton lacks a keypoint, the one that says the same (Kinect knows no nose)."""
REGIONS = ("arms", "legs", "torso", "head")
BODY = PartSet("body", PARTS, REGIONS, {"arms": "move", "legs": "move"})
_FINGER_REGIONS = {
    "thumb": "thumb",
    "index": "index and middle finger",
    "middle": "index and middle finger",
    "ring": "ring and little finger",
    "pinky": "ring and little finger",
}
HAND = PartSet(
    "hand",
    _hand_parts(),
    ("thumb", "index and middle finger", "ring and little finger", "palm"),
    {"thumb": "moves", "index and middle finger": "move", "ring and little finger": "move"},
)
PART_SETS: dict[Kind, PartSet] = {"body": BODY, "hand": HAND}

_AXES = np.array([1.0, 1.0, 0.8], np.float32)
"""Depth is what cameras and pose models know least of."""


@dataclass(frozen=True)
class _PartMap:
    """The parts as matrices over a skeleton's keypoints: vectors = combine @ points; uses says which each needs."""

    parts: PartSet
    combine: FloatArray
    uses: NDArray[np.bool_]


@lru_cache(maxsize=8)
def _part_map(skeleton: Skeleton) -> _PartMap:
    part_set = PART_SETS[skeleton.kind]
    combine = np.zeros((len(part_set.parts), len(skeleton.keypoints)), np.float32)
    uses = np.zeros((len(part_set.parts), len(skeleton.keypoints) + 1), bool)
    for row, part in enumerate(part_set.parts):
        for names, sign in ((part.start, -1.0), (part.end, 1.0)):
            for name in names:
                # the extra column stands for a keypoint this skeleton lacks
                column = skeleton.index.get(name, skeleton.index.get(_STANDS_IN.get(name, ""), -1))
                uses[row, column] = True
                if column >= 0:
                    combine[row, column] += sign / len(names)
    return _PartMap(part_set, combine, uses)


def part_features(
    points: FloatArray, visible: FloatArray, skeleton: Skeleton, size: NDArray[np.float64] | float
) -> tuple[FloatArray, FloatArray]:
    """The parts of each frame, (T, 3, P), and how far each may be trusted, (T, P) in 0..1 (0: hidden, its vector is 0).

    points: (T, K, 2 or 3); visible: (T, K) from normalise.visibility; size: the body size, one or per frame.
    2D points give a third coordinate of 0.
    """
    if points.shape[2] == 3:
        points = points * _AXES
    map_ = _part_map(skeleton)
    frames, dimensions = points.shape[0], points.shape[2]
    padded = np.concatenate([visible, np.zeros((frames, 1), np.float32)], axis=1)
    trust = np.where(map_.uses, padded[:, None, :], np.float32(1)).min(axis=2)
    vectors = np.einsum("pk,tkd->tdp", map_.combine, np.where(visible[..., None] > 0, points, np.float32(0)))
    lengths = np.sqrt((vectors * vectors).sum(axis=1))
    sizes = np.broadcast_to(np.asarray(size, np.float64).reshape(-1, 1), lengths.shape)
    divisor = np.where(map_.parts.units, lengths, sizes)
    usable = (trust > 0) & np.isfinite(divisor) & (divisor > 1e-6)
    features = np.zeros((frames, 3, len(map_.parts.parts)), np.float32)
    factors = np.where(usable, map_.parts.gains / np.where(usable, divisor, 1.0), 0.0)
    features[:, :dimensions] = vectors * factors[:, None, :]
    return features, np.where(usable, trust, 0.0).astype(np.float32)
