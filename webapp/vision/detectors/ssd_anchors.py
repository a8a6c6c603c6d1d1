"""What the SSD detectors of MediaPipe share: anchors of one size, boxes with keypoints, overlapping finds blended."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from yolov5.boxes import box_iou

_ANCHORS_PER_LAYER = 2


def anchor_centres(side_px: int, strides_px: Sequence[int]) -> FloatArray:
    """Centres of the anchors in pixels of the square input, (A, 2); layers of one stride lie interleaved per cell."""
    layers = []
    for stride_px in dict.fromkeys(strides_px):
        cells = side_px // stride_px
        per_cell = _ANCHORS_PER_LAYER * strides_px.count(stride_px)
        axis = (np.arange(cells, dtype=np.float32) + 0.5) * stride_px
        y, x = np.meshgrid(axis, axis, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(layers)


def found_points(
    raw_boxes: FloatArray, logits: FloatArray, anchors: FloatArray, min_score: float, max_overlap: float
) -> list[tuple[FloatArray, float]]:
    """What the network has found, best first: points (2 + K, 2) in pixels of its input, and a score.

    The first two points are corners of the box, then its K keypoints. raw_boxes: (A, 4 + 2 * K) beside the anchors;
    logits: (A, 1). Boxes that overlap by more than max_overlap (intersection over union) are blended into one.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits[:, 0], -80.0, 80.0)))
    found = scores >= min_score
    return _merge_overlapping(_decoded(raw_boxes[found], anchors[found]), scores[found], max_overlap)


def _decoded(raw: FloatArray, anchors: FloatArray) -> FloatArray:
    centres = raw[:, :2] + anchors
    half = raw[:, 2:4] / 2
    keypoints = raw[:, 4:].reshape(len(raw), raw.shape[1] // 2 - 2, 2) + anchors[:, None]
    return np.concatenate([(centres - half)[:, None], (centres + half)[:, None], keypoints], axis=1)


def _merge_overlapping(
    points_px: FloatArray, scores: NDArray[np.floating], max_overlap: float
) -> list[tuple[FloatArray, float]]:
    """Best first; overlapping boxes are blended by score, which steadies them from frame to frame."""
    merged = []
    boxes_xyxy = points_px[:, :2].reshape(-1, 4)
    left = np.argsort(-scores, kind="stable")
    while len(left):
        best = left[0]
        same = box_iou(boxes_xyxy[best : best + 1], boxes_xyxy[left])[0] > max_overlap
        same[0] = True
        weights = scores[left[same]]
        blend = np.tensordot(weights / weights.sum(), points_px[left[same]], axes=1)
        merged.append((blend.astype(np.float32), float(scores[best])))
        left = left[~same]
    return merged
