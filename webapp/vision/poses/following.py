"""Where a pose model of the user's own looks next: a square like those that it was trained on.

It was trained on squares around people's boxes, with a margin. Keypoints from head to feet tell that box again in every
frame. Those of an upper body do not: raised arms would make the square jump. There the box that the detector gave tells
how large the person is in the square and where, and the square then keeps to both, however the arms move.

A network that only regresses coordinates answers a likely pose to whatever it is shown, an empty room too. So now and
then it is shown the same place a second time, in a square moved aside: a person's keypoints stay where they are in the
picture, those that are only guessed move with the square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webapp.core.records import Box, FloatArray, Region
from webapp.core.skeleton import Skeleton

_BEYOND_KEYPOINTS = 1.15
"""A person's box is so much taller than what lies between eyes and ankles: the top of the head, the feet."""
_SEEN_SCORE = 0.3
_WILD = 1.5
"""Nobody grows or shrinks more than this from frame to frame."""
_HASTE = 0.25
"""So much of a change, as a power, the square follows in one frame: people come nearer slowly, keypoints tremble."""
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
_DOUBTED_EVERY = 12
"""So many looks at a person make one second look: less than half a second of a stream."""
_ASIDE = (0.12, 0.08)
"""Of the side, how far to the right and down the second look is moved."""
_MOVED_ALONG = 0.6
"""Keypoints that go so far with the square, as a share of its way, were guessed."""


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
    """A square that knows how the person is to lie in it; None where the next pose is to tell, being the first.

    looks: how often this person was looked at before.
    """

    placed: Placed | None = None
    looks: int = 0


def region_of_box(box: Box, margin: float) -> FollowedRegion:
    """The upright square around a detector's box."""
    size_px = max(box.width_px, box.height_px, _MIN_SIZE_PX) * margin
    return FollowedRegion((box.x1_px + box.x2_px) / 2, (box.y1_px + box.y2_px) / 2, size_px, 0.0)


def second_looks(regions: Sequence[Region]) -> dict[int, Region]:
    """For those of the regions whose turn it is, by their place in the list, where the second look goes."""
    return {
        row: Region(
            region.centre_x_px + _ASIDE[0] * region.size_px,
            region.centre_y_px + _ASIDE[1] * region.size_px,
            region.size_px,
            region.rotation_rad,
        )
        for row, region in enumerate(regions)
        if isinstance(region, FollowedRegion) and region.looks % _DOUBTED_EVERY == _DOUBTED_EVERY - 1
    }


def moved_along(first_px: FloatArray, second_px: FloatArray, region: Region) -> bool:
    """Whether the keypoints (K, 2) of the second look went aside with the square of this region."""
    way_px = np.array(_ASIDE) * region.size_px
    went = (second_px - first_px) @ way_px / (way_px @ way_px)
    went = went[np.isfinite(went)]
    return not len(went) or float(np.median(went)) > _MOVED_ALONG


def shows_whole_body(skeleton: Skeleton) -> bool:
    """Whether the keypoints reach to the feet, so that they tell a person's box."""
    return any(name in skeleton.index for name in ("left_ankle", "right_ankle"))


def next_region(
    skeleton: Skeleton, keypoints_px: FloatArray, scores: FloatArray, region: Region | None, margin: float
) -> FollowedRegion | None:
    """The square for the next frame, given the one of this pose where it is known; None where nothing is seen."""
    height_px = _height_px(skeleton, keypoints_px)
    looks = region.looks + 1 if isinstance(region, FollowedRegion) else 1
    if shows_whole_body(skeleton) or not np.isfinite(height_px):
        around = _around(keypoints_px, scores, margin)
        return None if around is None else replace(around, looks=looks)
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
        size_px = region.size_px * min(max(size_px / region.size_px, 1 / _WILD), _WILD) ** _HASTE
    return FollowedRegion(x_px - placed.x * size_px, y_px - placed.y * size_px, size_px, 0.0, placed, looks)


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
