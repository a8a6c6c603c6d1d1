"""Overlap and suppression, against answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from yolov5.boxes import FloatArray, box_iou, select_boxes

Selected = tuple[FloatArray, FloatArray, NDArray[np.intp]]


def row(x: float, y: float, width: float, height: float, objectness: float, *classes: float) -> list[float]:
    return [x, y, width, height, objectness, *classes]


def select(rows: list[list[float]], min_score: float = 0.1, max_boxes: int = 10) -> Selected:
    return select_boxes(np.array(rows, np.float32), min_score=min_score, max_iou=0.5, max_boxes=max_boxes)


def test_overlap_is_shared_area_over_joint_area() -> None:
    boxes = np.array([[0, 0, 2, 2], [5, 5, 5, 5]], np.float32)
    others = np.array([[1, 1, 3, 3], [0, 0, 2, 2], [5, 5, 5, 5]], np.float32)

    np.testing.assert_allclose(box_iou(boxes, others), np.array([[1 / 7, 1, 0], [0, 0, 0]]), rtol=1e-6)


def test_of_overlapping_boxes_of_one_class_the_best_stays() -> None:
    corners, scores, classes = select(
        [row(5, 5, 10, 10, 0.6, 1.0), row(5, 5, 10, 9, 0.9, 1.0), row(50, 5, 10, 10, 0.3, 1.0)]
    )

    np.testing.assert_allclose(corners, np.array([[0, 0.5, 10, 9.5], [45, 0, 55, 10]]))
    np.testing.assert_allclose(scores, [0.9, 0.3])
    np.testing.assert_array_equal(classes, [0, 0])


def test_boxes_of_two_classes_do_not_suppress_each_other() -> None:
    _, scores, classes = select([row(5, 5, 10, 10, 0.9, 1.0, 0.0), row(5, 5, 10, 10, 0.8, 0.0, 1.0)])

    np.testing.assert_array_equal(classes, [0, 1])
    np.testing.assert_allclose(scores, [0.9, 0.8])


def test_a_suppressed_box_suppresses_nothing() -> None:
    # each overlaps its neighbour by 0.6, the first and the last by a quarter
    _, scores, _ = select([row(8, 5, 10, 10, 0.7, 1.0), row(5.5, 5, 10, 10, 0.8, 1.0), row(3, 5, 10, 10, 0.9, 1.0)])

    np.testing.assert_allclose(scores, [0.9, 0.7])


def test_score_is_objectness_times_class_and_is_limited() -> None:
    _, scores, _ = select([row(5, 5, 10, 10, 0.9, 0.5), row(50, 5, 10, 10, 0.9, 0.1)], min_score=0.2)

    np.testing.assert_allclose(scores, [0.45])


@pytest.mark.parametrize("rows", [np.empty((0, 6)), np.full((3, 6), 0.01)])
def test_nothing_found_gives_empty_arrays(rows: NDArray[np.float64]) -> None:
    corners, scores, classes = select_boxes(rows.astype(np.float32), min_score=0.1, max_iou=0.5, max_boxes=10)

    assert corners.shape == (0, 4)
    assert scores.shape == classes.shape == (0,)


def test_no_more_than_the_asked_for_boxes_come_back() -> None:
    _, scores, _ = select([row(20 * i, 5, 10, 10, 0.9 - i / 100, 1.0) for i in range(30)], max_boxes=4)

    np.testing.assert_allclose(scores, [0.9, 0.89, 0.88, 0.87])
