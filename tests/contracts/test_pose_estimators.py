"""What every pose estimator keeps to, whichever network it runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.clips import man_alone
from webapp.config import POSE_MODELS, Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Region
from webapp.vision.ports import PoseEstimator
from webapp.vision.registry import load_pose_model

REGION = Region(325, 195, 380, 0.0)


@pytest.fixture(scope="module", params=POSE_MODELS)
def estimator(request: pytest.FixtureRequest) -> PoseEstimator:
    try:
        return load_pose_model(Settings(pose_model=request.param))
    except ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def man_bgr() -> np.ndarray:
    return man_alone(range(1))[0]


def test_no_regions_no_poses(estimator: PoseEstimator, man_bgr: np.ndarray) -> None:
    assert estimator.estimate(man_bgr, []) == []


def test_keypoints_are_named_placed_and_scored(estimator: PoseEstimator, man_bgr: np.ndarray) -> None:
    pose = estimator.estimate(man_bgr, [REGION])[0]

    count = len(estimator.skeleton.keypoints)
    assert pose.skeleton == estimator.skeleton
    assert pose.keypoints_px.shape == (count, 2)
    assert pose.scores.shape == (count,)
    assert pose.world_m is None or pose.world_m.shape == (count, 3)
    arrays = [pose.keypoints_px, pose.scores] + ([] if pose.world_m is None else [pose.world_m])
    assert all(values.dtype == np.float32 for values in arrays)
    assert 0.5 < pose.score <= 1


def test_each_region_gets_its_own_pose_in_order(estimator: PoseEstimator, man_bgr: np.ndarray) -> None:
    nobody = Region(600, 20, 60, 0.0)

    alone = estimator.estimate(man_bgr, [REGION])[0]
    together = estimator.estimate(man_bgr, [nobody, REGION])

    assert len(together) == 2
    assert np.allclose(together[1].keypoints_px, alone.keypoints_px, atol=0.5)


def test_left_is_the_persons_own_left(estimator: PoseEstimator, man_bgr: np.ndarray) -> None:
    """The man faces the camera, so his left is on the right of the picture; mirrored he swaps."""
    at = estimator.skeleton.index
    mirrored_bgr = np.ascontiguousarray(man_bgr[:, ::-1])
    mirrored_region = Region(man_bgr.shape[1] - REGION.centre_x_px, REGION.centre_y_px, REGION.size_px, 0.0)

    for image_bgr, region in ((man_bgr, REGION), (mirrored_bgr, mirrored_region)):
        x_px = estimator.estimate(image_bgr, [region])[0].keypoints_px[:, 0]
        assert x_px[at["left_shoulder"]] > x_px[at["right_shoulder"]]


def test_the_next_region_still_holds_the_person(estimator: PoseEstimator, man_bgr: np.ndarray) -> None:
    pose = estimator.estimate(man_bgr, [REGION])[0]

    region = estimator.region_of(pose)

    again = estimator.estimate(man_bgr, [region])[0]
    assert again.score > 0.5
    assert np.abs(again.keypoints_px - pose.keypoints_px).mean() < 0.03 * region.size_px


def test_a_region_beyond_the_picture_is_answered_with_a_low_score(
    estimator: PoseEstimator, man_bgr: np.ndarray
) -> None:
    assert estimator.estimate(man_bgr, [Region(-5000, -5000, 200, 0.0)])[0].score < 0.5
