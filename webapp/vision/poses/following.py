"""Where a pose model of the user's own looks next: a square like those that it was trained on.

It was trained on squares around people's boxes, with a margin. Keypoints from head to feet tell that box again in every
frame. Those of an upper body do not: raised arms would make the square jump. There the box that the detector gave tells
how large the person is in the square and where, and the square then keeps to both, however the arms move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.records import Box, FloatArray, Region
from webapp.core.skeleton import Skeleton

_BEYOND_KEYPOINTS = 1.15
"""A person's box is so much taller than what lies between eyes and ankles: the top of the head, the feet."""
_SEEN_SCORE = 0.3
_STEP = 1.25
"""The square grows or shrinks by at most this from frame to frame."""
# lengths as shares of a person's height (Drillis and Contini 1966; shoulders between the joints)
_SHARES = (
    ("left_shoulder", "right_shoulder", 0.22),
    ("left_shoulder", "left_elbow", 0.186),
    ("right_shoulder", "right_elbow", 0.186),
    ("left_elbow", "left_wrist", 0.146),
    ("right_elbow", "right_wrist", 0.146),
    ("left_shoulder", "left_hip", 0.288),
    ("right_shoulder", "right_hip", 0.288),
)
_SHOULDERS_BELOW_TOP = 0.182
_MIN_SIZE_PX = 1.0


@dataclass(frozen=True)
class Placed:
    """How a person lies in a square: height of the person in sides of the square, middle of the shoulders from its
    centre, in sides too.
    """

    height: float
    x: float
    y: float


@dataclass(frozen=True)
class FollowedRegion(Region):
    """A square that knows how the person is to lie in it; None where the next pose is to tell, being the first."""

    placed: Placed | None = None


def region_of_box(box: Box, margin: float) -> FollowedRegion:
    """The upright square around a detector's box."""
    size_px = max(box.width_px, box.height_px, _MIN_SIZE_PX) * margin
    return FollowedRegion((box.x1_px + box.x2_px) / 2, (box.y1_px + box.y2_px) / 2, size_px, 0.0)


def shows_whole_body(skeleton: Skeleton) -> bool:
    """Whether the keypoints reach to the feet, so that they tell a person's box."""
    return any(name in skeleton.index for name in ("left_ankle", "right_ankle"))


def next_region(
    skeleton: Skeleton, keypoints_px: FloatArray, scores: FloatArray, region: Region | None, margin: float
) -> FollowedRegion | None:
    """The square for the next frame, given the one of this pose where it is known; None where nothing is seen."""
    height_px = _height_px(skeleton, keypoints_px)
    if shows_whole_body(skeleton) or not np.isfinite(height_px):
        return _around(keypoints_px, scores, margin)
    shoulders = [skeleton.index["left_shoulder"], skeleton.index["right_shoulder"]]
    x_px, y_px = (float(value) for value in keypoints_px[shoulders].mean(axis=0))
    placed = region.placed if isinstance(region, FollowedRegion) else _standing(margin)
    if placed is None:
        assert region is not None
        placed = Placed(
            max(height_px, _MIN_SIZE_PX) / region.size_px,
            (x_px - region.centre_x_px) / region.size_px,
            (y_px - region.centre_y_px) / region.size_px,
        )
    size_px = max(height_px / placed.height, _MIN_SIZE_PX)
    if region is not None:
        size_px = min(max(size_px, region.size_px / _STEP), region.size_px * _STEP)
    return FollowedRegion(x_px - placed.x * size_px, y_px - placed.y * size_px, size_px, 0.0, placed)


def _around(keypoints_px: FloatArray, scores: FloatArray, margin: float) -> FollowedRegion | None:
    known = np.isfinite(keypoints_px).all(axis=1)
    seen = known & (scores > _SEEN_SCORE)
    points_px = keypoints_px[seen if np.count_nonzero(seen) > 1 else known]
    if not len(points_px):
        return None
    (x1, y1), (x2, y2) = points_px.min(axis=0).tolist(), points_px.max(axis=0).tolist()
    return region_of_box(Box(x1, y1, x2, y2), margin * _BEYOND_KEYPOINTS)


def _height_px(skeleton: Skeleton, keypoints_px: FloatArray) -> float:
    """A person's height from the limb that is turned away least; NaN where the shoulders are not known."""
    at = skeleton.index
    if not {"left_shoulder", "right_shoulder"} <= set(at):
        return float("nan")
    if not np.isfinite(keypoints_px[[at["left_shoulder"], at["right_shoulder"]]]).all():
        return float("nan")
    heights = [
        float(np.hypot(*(keypoints_px[at[a]] - keypoints_px[at[b]]))) / share
        for a, b, share in _SHARES
        if a in at and b in at
    ]
    return float(np.nanmax(heights))


def _standing(margin: float) -> Placed:
    """Of somebody standing upright whose whole height is in the box."""
    return Placed(height=1 / margin, x=0.0, y=(_SHOULDERS_BELOW_TOP - 0.5) / margin)
