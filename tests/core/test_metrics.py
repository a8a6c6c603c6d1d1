"""Average precision, against curves worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from webapp.core.metrics import average_precision


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
