"""How far apart two sources of keypoints must be on the same samples before it is more than chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.training.evaluate import NEAR

STANDARD_ERRORS = 2.0
"""About 95 % of what chance alone does lies within."""
MIN_PEOPLE = 3
"""Fewer say nothing of how people differ."""


def pck_margin(one: FloatArray, other: FloatArray, people: NDArray[np.str_]) -> float:
    """By how much the PCK@0.2 of one must exceed the other's to be better, 0..1; inf where a single sample counts.

    one, other: their errors (N, K) on the same labels, as of core.metrics.keypoint_errors. people: (N,), "" unknown.
    Two standard errors of the difference, paired: PCK is a ratio of sums over samples, whose standard error is that of
    the residuals (Cochran, Sampling Techniques, 6.4). Pictures of one person are alike, so that with MIN_PEOPLE or more
    it is computed over people, too, and the larger of both counts.
    """
    counts = ~np.isnan(one)
    labelled = counts.sum(axis=1)
    if not labelled.any():
        return float("inf")
    gained = ((one <= NEAR) & counts).sum(axis=1) - ((other <= NEAR) & counts).sum(axis=1)
    residuals = (gained - gained.sum() / labelled.sum() * labelled)[labelled > 0]
    alone = np.arange(len(residuals))
    named, of_person = np.unique(people[labelled > 0], return_inverse=True)
    groupings = [alone, np.asarray(of_person)] if len(named) >= MIN_PEOPLE and "" not in named else [alone]
    return STANDARD_ERRORS * max(_error_of_sum(residuals, groups) for groups in groupings) / float(labelled.sum())


def _error_of_sum(residuals: NDArray[np.floating], groups: NDArray[np.intp]) -> float:
    sums = np.bincount(groups, weights=residuals)
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())) if len(sums) > 1 else float("inf")
