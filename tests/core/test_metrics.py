"""Average precision and keypoint similarity, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from webapp.core.metrics import average_precision, keypoint_similarity


def ap(scores: list[float], hits: list[bool], labelled: int) -> float:
    return average_precision(np.array(scores), np.array(hits, np.bool_), labelled)


def test_finding_all_and_nothing_else_is_one() -> None:
    assert ap([0.9, 0.8, 0.7], [True, True, True], 3) == pytest.approx(1.0)


def test_finding_nothing_is_zero() -> None:
    assert ap([], [], 3) == 0.0
    assert ap([0.9], [False], 3) == 0.0


def test_half_of_the_labels_found_reaches_half_of_the_recalls() -> None:
    # recalls 0.00 to 0.50 are 51 of the 101 points
    assert ap([0.9], [True], 2) == pytest.approx(51 / 101)


def test_a_false_box_counts_by_its_rank() -> None:
    assert ap([0.9, 0.5], [False, True], 1) == pytest.approx(0.5)
    assert ap([0.5, 0.9], [False, True], 1) == pytest.approx(1.0)


def test_precision_is_the_best_at_that_recall_or_beyond() -> None:
    # precisions 1, 1/2, 2/3 at recalls 1/2, 1/2, 1: beyond the first half it is 2/3
    assert ap([0.9, 0.8, 0.7], [True, False, True], 2) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_without_labels_it_is_not_defined() -> None:
    assert math.isnan(ap([0.9], [False], 0))


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \(N,\), got \(2,\) and \(1,\)"):
        ap([0.9, 0.8], [True], 1)


def test_keypoints_at_their_labels_are_wholly_similar() -> None:
    assert keypoint_similarity(np.zeros(2), ["nose", "left_hip"], area_px=100.0) == 1.0


def test_a_distance_counts_by_the_bodys_size_and_the_keypoints_spread() -> None:
    # at 2 * spread * sqrt(area) the similarity is exp(-1 / 2)
    far_px = 2 * 0.107 * 50

    assert keypoint_similarity(np.array([far_px]), ["right_hip"], area_px=2500.0) == pytest.approx(math.exp(-0.5))
    assert keypoint_similarity(np.array([far_px]), ["left_eye"], area_px=2500.0) < 0.01


def test_a_keypoint_not_found_is_not_similar() -> None:
    assert keypoint_similarity(np.array([0.0, np.inf]), ["nose", "nose"], area_px=100.0) == 0.5
