"""Features and normalisation: what must not matter does not, what must matter does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recognition.figures import keypoints_at, squat, still
from webapp.core.features import BODY, PARTS, REGIONS, part_features
from webapp.core.normalise import body_size, visibility
from webapp.core.records import FloatArray
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, Skeleton


def features_of(points: FloatArray, skeleton: Skeleton = COCO_17) -> tuple[FloatArray, FloatArray]:
    visible = visibility(points[None], np.ones((1, len(skeleton.keypoints)), np.float32))
    known = np.nan_to_num(points)[None]
    features, trust = part_features(known, visible, skeleton, body_size(known, visible, skeleton))
    return features[0], trust[0]


@settings(max_examples=30, deadline=None)
@given(x=st.floats(-1, 1), y=st.floats(-1, 1), scale=st.floats(0.2, 5))
def test_place_and_size_do_not_matter(x: float, y: float, scale: float) -> None:
    points = keypoints_at(squat(0.3), COCO_17)
    moved = (points * scale + np.array([x, y])).astype(np.float32)
    np.testing.assert_allclose(features_of(moved)[0], features_of(points)[0], atol=2e-4)


def test_left_and_right_matter() -> None:
    points = keypoints_at((1.0, 0.0, 0.0), COCO_17)
    left = [i for i, name in enumerate(COCO_17.keypoints) if name in {"left_elbow", "left_wrist"}]
    points[left] = keypoints_at(still(0), COCO_17)[left]
    mirrored = points[list(COCO_17.flip_indices)] * np.array([-1, 1], np.float32)
    difference = np.linalg.norm(features_of(points)[0] - features_of(mirrored)[0], axis=0)
    assert difference[REGIONS.index("arms") == BODY.region_of_part].max() > 0.5


def test_skeletons_of_the_same_names_give_the_same_features() -> None:
    coco = features_of(keypoints_at(squat(0.4), COCO_17))
    blazepose = features_of(keypoints_at(squat(0.4), BLAZEPOSE_33), BLAZEPOSE_33)
    np.testing.assert_allclose(coco[0], blazepose[0], atol=1e-5)


def test_a_squat_seen_from_the_front_moves_the_legs() -> None:
    legs = REGIONS.index("legs") == BODY.region_of_part
    up, down = features_of(keypoints_at(squat(0), COCO_17))[0], features_of(keypoints_at(squat(0.5), COCO_17))[0]
    assert np.linalg.norm(up - down, axis=0)[legs].max() > 0.2


@pytest.mark.parametrize("hidden", ["left_wrist", "right_ankle", "nose"])
def test_a_hidden_keypoint_silences_its_parts_and_no_other(hidden: str) -> None:
    points = keypoints_at(squat(0.2), COCO_17)
    points[COCO_17.index[hidden]] = np.nan
    features, trust = features_of(points)
    uses = np.array([hidden in (*part.start, *part.end) for part in PARTS])
    assert (trust[uses] == 0).all()
    assert (features[:, uses] == 0).all()
    assert (trust[~uses] == 1).all()
    assert np.isfinite(features).all()


def test_a_body_has_a_size_without_hips_and_none_without_shoulders() -> None:
    points = keypoints_at(still(0), COCO_17, size=0.2)[None]
    visible = np.ones((1, 17), np.float32)
    assert body_size(points, visible, COCO_17)[0] == pytest.approx(0.2, rel=0.01)
    visible[0, [COCO_17.index["left_hip"], COCO_17.index["right_hip"]]] = 0
    assert body_size(points, visible, COCO_17)[0] == pytest.approx(0.2, rel=0.15)
    visible[0, COCO_17.index["left_shoulder"]] = 0
    assert np.isnan(body_size(points, visible, COCO_17)[0])
    visible[0, [COCO_17.index["left_hip"], COCO_17.index["right_hip"]]] = 1
    assert np.isnan(body_size(points, visible, COCO_17)[0])


def test_low_scores_and_nan_count_as_hidden() -> None:
    points = np.array([[0, 0], [1, 1], [np.nan, 1], [2, 2]], np.float32)
    visible = visibility(points, np.array([1, 0.1, 1, np.nan], np.float32))
    np.testing.assert_array_equal(visible, [1, 0, 0, 0])


def test_three_dimensions_keep_their_depth() -> None:
    flat = keypoints_at(squat(0.1), COCO_17)
    deep = np.concatenate([flat, np.zeros((17, 1), np.float32)], axis=1)
    deep[COCO_17.index["left_wrist"], 2] = -0.2
    features = features_of(deep)[0]
    assert features_of(flat)[0][2].any() == np.False_
    assert features[2].min() < -0.3
