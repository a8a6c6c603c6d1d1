"""Metrics against values worked out by hand, and against plainer definitions of the same."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from webapp.core.metrics import (
    auroc,
    average_precision,
    keypoint_errors,
    keypoint_similarity,
    keypoint_spreads,
    pck,
    pck_sizes,
    precision_recall_f1,
    temporal_iou,
    threshold_at_rate,
)
from webapp.core.records import FloatArray
from webapp.core.skeleton import COCO_17, UPPER_BODY_6, Skeleton


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


SCORES = st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, math.inf]), min_size=1, max_size=12)


def test_auroc_is_one_half_and_none_where_known_are_below_mixed_and_above() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1.0
    assert auroc(np.array([1.0, 4.0]), np.array([2.0, 3.0])) == 0.5
    assert auroc(np.array([3.0]), np.array([1.0, 2.0])) == 0.0
    assert auroc(np.array([1.0, 3.0]), np.array([2.0, 3.0])) == pytest.approx((2 + 0.5) / 4)


@given(SCORES, SCORES)
def test_auroc_is_the_area_under_the_stepped_curve(known: list[float], unknown: list[float]) -> None:
    """Trapezoids under (share of unknown, share of known) at or below every threshold."""
    curve = [(0.0, 0.0)]
    for threshold in sorted({*known, *unknown}):
        accepted = [sum(score <= threshold for score in scores) / len(scores) for scores in (unknown, known)]
        curve.append((accepted[0], accepted[1]))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(curve))

    assert auroc(np.array(known), np.array(unknown)) == pytest.approx(area)


def test_auroc_needs_both_kinds_and_no_nan() -> None:
    assert math.isnan(auroc(np.array([]), np.array([1.0])))
    assert math.isnan(auroc(np.array([1.0]), np.array([])))
    with pytest.raises(ValueError, match="without NaN"):
        auroc(np.array([math.nan]), np.array([1.0]))


def test_the_threshold_at_a_tenth_leaves_one_of_ten_below() -> None:
    scores = np.array([0.7, 0.1, 0.9, 0.3, 0.2, 0.5, 0.4, 0.6, 0.8, 1.0])

    assert threshold_at_rate(scores, 0.1) == 0.2
    assert threshold_at_rate(scores[:9], 0.1) == 0.1
    assert threshold_at_rate(scores, 1.0) == math.inf
    assert threshold_at_rate(np.array([]), 0.1) == math.inf


@given(SCORES, st.floats(0, 1))
def test_no_more_than_the_rate_lies_below_the_threshold(scores: list[float], rate: float) -> None:
    threshold = threshold_at_rate(np.array(scores), rate)

    assert sum(score < threshold for score in scores) <= rate * len(scores) + 1e-6


def test_intervals_share_what_both_cover_of_what_either_covers() -> None:
    assert temporal_iou((0, 2), (1, 3)) == pytest.approx(1 / 3)
    assert temporal_iou((0, 4), (1, 2)) == 0.25
    assert temporal_iou((0, 1), (2, 3)) == 0.0
    assert temporal_iou((1, 1), (1, 1)) == 0.0


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    precision, recall, f1 = precision_recall_f1(right=2, found=4, labelled=8)

    assert (precision, recall) == (0.5, 0.25)
    assert f1 == pytest.approx(2 / (1 / precision + 1 / recall))
    assert precision_recall_f1(0, 0, 3) == (0.0, 0.0, 0.0)
    assert precision_recall_f1(0, 0, 0) == (0.0, 0.0, 0.0)


def body(**places: tuple[float, float]) -> tuple[Skeleton, FloatArray, NDArray[np.uint8]]:
    """One person of these keypoints, all visible."""
    skeleton = Skeleton("own", tuple(places), ())
    return skeleton, np.array([list(places.values())], np.float32), np.full((1, len(places)), 2, np.uint8)


def test_the_size_of_a_body_is_its_torso_where_shoulders_and_hips_are_labelled() -> None:
    skeleton, keypoints, visibility = body(
        left_shoulder=(4, 0), right_shoulder=(0, 0), left_hip=(5, 4), right_hip=(5, 4), left_wrist=(50, 0)
    )
    without_a_hip = visibility.copy()
    without_a_hip[0, skeleton.index["left_hip"]] = 0

    assert pck_sizes(keypoints, visibility, skeleton).tolist() == [5.0]
    assert pck_sizes(keypoints, without_a_hip, skeleton).tolist() == [0.0]


def test_without_hips_in_the_skeleton_the_size_is_the_longer_side_of_the_labelled_keypoints() -> None:
    skeleton, keypoints, visibility = body(left_shoulder=(4, 0), right_shoulder=(0, 3), left_wrist=(50, 60))
    two, none = np.array([[2, 1, 0]], np.uint8), np.zeros((1, 3), np.uint8)

    assert pck_sizes(keypoints, visibility, skeleton).tolist() == [60.0]
    assert pck_sizes(keypoints, two, skeleton).tolist() == [4.0]
    assert pck_sizes(keypoints, none, skeleton).tolist() == [0.0]


def test_nobody_has_no_size() -> None:
    assert pck_sizes(np.zeros((0, 6, 2), np.float32), np.zeros((0, 6), np.uint8), UPPER_BODY_6).shape == (0,)


def test_errors_count_in_sizes_and_only_where_something_is_labelled() -> None:
    labelled = np.array([[[0, 0], [10, 0], [np.nan, np.nan]], [[0, 0], [1, 1], [2, 2]]], np.float32)
    found = np.array([[[3, 4], [np.nan, 0], [0, 0]], [[0, 0], [1, 1], [2, 2]]], np.float32)
    visibility = np.array([[2, 1, 0], [2, 2, 2]], np.uint8)

    errors = keypoint_errors(found, labelled, visibility, np.array([10, 0], np.float32))

    np.testing.assert_array_equal(errors, np.array([[0.5, np.inf, np.nan], [np.nan] * 3], np.float32))


def test_pck_is_the_share_of_what_counts_within_reach() -> None:
    errors = np.array([[0.1, 0.2, 0.3], [np.inf, np.nan, np.nan]], np.float32)

    assert pck(errors, 0.2) == 0.5
    assert pck(errors, 0.3) == 0.75
    assert math.isnan(pck(errors[1, 1:], 0.2))


def test_a_keypoint_that_nobody_measured_spreads_as_cocos_do_on_the_whole() -> None:
    spreads = keypoint_spreads(["left_wrist", "right_wrist", "tail"])

    np.testing.assert_allclose(spreads, [0.062, 0.062, keypoint_spreads(COCO_17.keypoints).mean()], atol=1e-4)
