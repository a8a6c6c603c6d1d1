"""Strange bones stand out, whoever is near or far; a label is compared with a model's in body sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.records import Box
from webapp.core.skeleton import COCO_17, UPPER_BODY_6, Skeleton
from webapp.datasets.outliers import MIN_LABELS, bone_errors, disagreement
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE, Label

ARMS = np.array([[60, 40], [140, 40], [40, 90], [160, 90], [30, 140], [170, 140]], np.float32)
LEFT_WRIST = UPPER_BODY_6.index["left_wrist"]


def people(count: int, seed: int = 1) -> np.ndarray:
    """(N, 6, 2): the same body near and far, a little unlike each time, its forearms lifted as it comes."""
    chance = np.random.default_rng(seed)
    scales = chance.uniform(0.3, 4, (count, 1, 1))
    bodies = (ARMS + chance.normal(0, 1.0, (count, 6, 2))) * scales + chance.uniform(0, 300, (count, 1, 2))
    return bodies.astype(np.float32)


def test_a_wrist_that_lies_far_off_stands_out_of_all_others() -> None:
    bodies = people(40)
    bodies[17, LEFT_WRIST] += (bodies[17, 1] - bodies[17, 0]) * 2
    errors = bone_errors(bodies, UPPER_BODY_6)
    assert errors.argmax() == 17
    assert errors[17] > 8
    assert np.delete(errors, 17).max() < 5


def test_near_and_far_people_are_judged_alike() -> None:
    bodies = people(30)
    errors = bone_errors(bodies, UPPER_BODY_6)
    factors = np.linspace(0.1, 10, 30, dtype=np.float32)[:, None, None]
    np.testing.assert_allclose(bone_errors(bodies * factors, UPPER_BODY_6), errors, rtol=1e-3)


def test_a_side_that_is_hardly_labelled_is_compared_with_the_other() -> None:
    bodies = people(40)
    bodies[:36, LEFT_WRIST] = np.nan
    bodies[38, LEFT_WRIST] += (bodies[38, 1] - bodies[38, 0]) * 2
    errors = bone_errors(bodies, UPPER_BODY_6)
    assert errors.argmax() == 38


def test_nothing_is_said_of_too_few_labels_or_bones() -> None:
    assert np.isnan(bone_errors(people(MIN_LABELS - 1), UPPER_BODY_6)).all()
    assert np.isfinite(bone_errors(people(MIN_LABELS), UPPER_BODY_6)).all()
    bodies = people(20)
    bodies[3, 2:] = np.nan
    bodies[4] = np.nan
    assert np.flatnonzero(np.isnan(bone_errors(bodies, UPPER_BODY_6))).tolist() == [3, 4]
    without_edges = Skeleton("points", UPPER_BODY_6.keypoints, ())
    assert np.isnan(bone_errors(bodies, without_edges)).all()
    assert len(bone_errors(np.empty((0, 6, 2), np.float32), UPPER_BODY_6)) == 0


@given(seed=st.integers(0, 10_000), missing=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_whatever_is_missing_errors_are_none_or_not_negative(seed: int, missing: float) -> None:
    chance = np.random.default_rng(seed)
    keypoints = chance.uniform(0, 100, (30, 17, 2)).astype(np.float32)
    keypoints[chance.random((30, 17)) < missing] = np.nan
    keypoints[0] = 5  # all at one place
    errors = bone_errors(keypoints, COCO_17)
    assert errors.shape == (30,)
    assert not (errors < 0).any()


def label(keypoints: np.ndarray, *visibility: int) -> Label:
    seen = np.array(visibility, np.uint8)
    return Label(np.where(seen[:, None] == ABSENT, np.float32(np.nan), keypoints.astype(np.float32)), seen)


def test_disagreement_is_the_mean_distance_of_what_both_see_in_body_sizes() -> None:
    one = label(ARMS, VISIBLE, VISIBLE, HIDDEN, ABSENT, VISIBLE, VISIBLE)
    other = label(ARMS + np.array([[3, 4], [0, 0], [90, 0], [90, 0], [90, 0], [6, 8]]), *[VISIBLE] * 4, HIDDEN, VISIBLE)
    assert disagreement(one, other, Box(0, 0, 50, 100)) == pytest.approx((5 + 0 + 10) / 3 / 100)
    assert disagreement(one, label(ARMS, *[HIDDEN] * 6), Box(0, 0, 50, 100)) is None
