"""How large a pose is, where it is and how far from another: plain geometry of keypoints, whatever the skeleton."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Box, FloatArray, Pose
from webapp.vision.ports import Image

TORSO = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
_SEEN = 0.5
_MIN_SEEN = 6  # keypoints: fewer are a curtain or a chair; of a skeleton with few, half of them
_SAME_BODY = 0.35  # mean distance of the keypoints in spreads; two people differ by more
_LIMB_SPREADS = 0.4  # how thick arms and legs are with clothes on
_SILHOUETTE_GREY = 127


def seen(pose: Pose) -> NDArray[np.bool_]:
    """Which keypoints are visible, (K,)."""
    return np.asarray((pose.scores > _SEEN) & np.isfinite(pose.keypoints_px[:, 0]))


def spread(points: FloatArray) -> float:
    """Root mean square distance of the points (K, D) from their middle, NaN left out: the person's size.

    About a quarter of the height of somebody who stands, and hardly less of somebody who squats.
    """
    there = points[np.isfinite(points[:, 0])]
    if not len(there):
        return 0.0
    offsets = there - there.sum(axis=0) / len(there)
    return math.sqrt(float(np.vdot(offsets, offsets)) / len(there))


def box_around(points_px: FloatArray, margin: float) -> Box:
    """Around all keypoints (K, 2), wider at each side by this share of its longer side."""
    there = points_px[np.isfinite(points_px[:, 0])]
    low, high = there.min(axis=0), there.max(axis=0)
    beyond = margin * float((high - low).max())
    return Box(*(low - beyond).tolist(), *(high + beyond).tolist())


def within_picture(box: Box, image_bgr: Image) -> Box:
    """The part of the box that the picture shows."""
    height_px, width_px = image_bgr.shape[:2]
    return Box(
        min(max(box.x1_px, 0.0), width_px),
        min(max(box.y1_px, 0.0), height_px),
        min(max(box.x2_px, 0.0), width_px),
        min(max(box.y2_px, 0.0), height_px),
    )


def shared_area_px(one: Box, other: Box) -> float:
    """Square pixels in both boxes."""
    width_px = min(one.x2_px, other.x2_px) - max(one.x1_px, other.x1_px)
    height_px = min(one.y2_px, other.y2_px) - max(one.y1_px, other.y1_px)
    return max(width_px, 0.0) * max(height_px, 0.0)


def box_iou(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    shared = shared_area_px(one, other)
    union = one.width_px * one.height_px + other.width_px * other.height_px - shared
    return shared / union if union > 0 else 0.0


def covered_share(box: Box, others: Sequence[Box]) -> float:
    """The largest share of the box that lies in one of the others, 0..1."""
    area_px = max(box.width_px * box.height_px, 1.0)
    return max((shared_area_px(box, other) for other in others), default=0.0) / area_px


def mean_distance_px(one: Pose, other: Pose) -> float:
    """Mean distance of the keypoints both show; of all where they share none, inf where one has none."""
    distances = np.hypot(*(one.keypoints_px - other.keypoints_px).T)
    both = seen(one) & seen(other)
    chosen = distances[both] if both.any() else distances[np.isfinite(distances)]
    return float(chosen.mean()) if len(chosen) else float("inf")


def is_there(pose: Pose, min_score: float) -> bool:
    """Whether the model is sure enough, and enough of a person is visible."""
    needed = min(_MIN_SEEN, len(pose.scores) // 2)
    return bool(pose.score >= min_score) and int(np.count_nonzero(seen(pose))) >= max(needed, 1)


def same_body(one: Pose, other: Pose) -> bool:
    """Whether two poses were read off the same person."""
    smaller_px = min(spread(one.keypoints_px), spread(other.keypoints_px))
    return mean_distance_px(one, other) < _SAME_BODY * smaller_px


def silhouette(pose: Pose, image_bgr: Image) -> NDArray[np.bool_]:
    """Where about the person's body is, (H, W)."""
    mask = np.zeros(image_bgr.shape[:2], np.uint8)
    thickness_px = max(2, round(_LIMB_SPREADS * spread(pose.keypoints_px)))
    points_px = np.clip(np.nan_to_num(pose.keypoints_px, nan=-1e4), -1e4, 1e4).astype(np.int32)
    there = np.isfinite(pose.keypoints_px[:, 0])
    for a, b in pose.skeleton.edge_indices:
        if there[a] and there[b]:
            cv2.line(mask, points_px[a].tolist(), points_px[b].tolist(), 1, thickness_px)
    torso = [pose.skeleton.index[name] for name in TORSO if name in pose.skeleton.index]
    if len(torso) == len(TORSO) and there[torso].all():
        cv2.fillConvexPoly(mask, points_px[torso], 1)
    return mask.astype(bool)


def painted_out(image_bgr: Image, silhouettes: NDArray[np.bool_]) -> Image:
    """The picture without these people: a pose model that sees two takes the nearer one."""
    painted = image_bgr.copy()
    painted[silhouettes] = _SILHOUETTE_GREY
    return painted
