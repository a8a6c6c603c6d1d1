"""From the network's rows to the boxes that remain: scores, overlap, non-maximum suppression. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MAX_CANDIDATES = 30_000


def box_iou(boxes_xyxy: FloatArray, others_xyxy: FloatArray) -> FloatArray:
    """Intersection over union of (N, 4) with (M, 4) boxes, (N, M); 0 where both are empty."""
    top_left = np.maximum(boxes_xyxy[:, None, :2], others_xyxy[None, :, :2])
    bottom_right = np.minimum(boxes_xyxy[:, None, 2:], others_xyxy[None, :, 2:])
    shared = _positive_products(bottom_right - top_left)
    union = _areas(boxes_xyxy)[:, None] + _areas(others_xyxy)[None] - shared
    iou: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return iou


def select_boxes(
    rows: FloatArray, *, min_score: float, max_iou: float, max_boxes: int
) -> tuple[FloatArray, FloatArray, NDArray[np.intp]]:
    """Boxes that remain of the network's rows (boxes, 5 + classes), best first.

    Each row counts for its best class with score objectness x class score. Class by class, of boxes that overlap by
    more than max_iou only the best stays. Returns corners (K, 4) in input pixels, scores (K,), classes (K,).
    """
    rows = rows[rows[:, 4] >= min_score]
    class_scores = rows[:, 5:] * rows[:, 4:5]
    classes = class_scores.argmax(axis=1)
    scores = class_scores[np.arange(len(rows)), classes]
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    order = order[scores[order] >= min_score]
    rows, scores, classes = rows[order], scores[order], classes[order]
    halves = rows[:, 2:4] * np.float32(0.5)
    corners: FloatArray = np.concatenate((rows[:, :2] - halves, rows[:, :2] + halves), axis=1)
    kept = _suppress(corners, classes, max_iou, max_boxes)
    return corners[kept], scores[kept], classes[kept]


def _suppress(corners: FloatArray, classes: NDArray[np.intp], max_iou: float, max_boxes: int) -> list[int]:
    """Indices that survive; corners must be sorted by score, best first."""
    alive = np.ones(len(corners), np.bool_)
    kept: list[int] = []
    for index in range(len(corners)):
        if not alive[index]:
            continue
        kept.append(index)
        if len(kept) == max_boxes:
            break
        overlap = box_iou(corners[index : index + 1], corners[index + 1 :])[0]
        alive[index + 1 :] &= (overlap <= max_iou) | (classes[index + 1 :] != classes[index])
    return kept


def _areas(boxes_xyxy: FloatArray) -> FloatArray:
    return _positive_products(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2])


def _positive_products(sizes: FloatArray) -> FloatArray:
    products: FloatArray = np.maximum(sizes, 0).prod(axis=-1)
    return products
