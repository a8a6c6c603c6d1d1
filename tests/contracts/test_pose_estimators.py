"""What every pose model keeps to, whichever network it runs: top-down, bottom-up, and both."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.contracts.subjects import Subject, poses_in, subject_of
from webapp.config import BOTTOM_UP_MODELS, HAND_MODELS, POSE_MODELS, Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Region
from webapp.vision.ports import BottomUpPoseEstimator, PoseEstimator, PoseModel, is_bottom_up
from webapp.vision.registry import load_pose_model

TOP_DOWN_MODELS = [name for name in POSE_MODELS if name not in BOTTOM_UP_MODELS]
BODY_MODELS = [name for name in POSE_MODELS if name not in HAND_MODELS]
SHAPES = [(360, 640, 3), (640, 360, 3), (1, 1, 3), (2000, 30, 3)]


@cache
def loaded(name: str) -> PoseModel:
    try:
        return load_pose_model(Settings(pose_model=name))
    except ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=POSE_MODELS)
def model(request: pytest.FixtureRequest) -> PoseModel:
    return loaded(request.param)


@pytest.fixture(scope="module", params=TOP_DOWN_MODELS)
def top_down(request: pytest.FixtureRequest) -> PoseEstimator:
    estimator = loaded(request.param)
    assert not is_bottom_up(estimator)
    return estimator


@pytest.fixture(scope="module", params=BOTTOM_UP_MODELS)
def bottom_up(request: pytest.FixtureRequest) -> BottomUpPoseEstimator:
    estimator = loaded(request.param)
    assert is_bottom_up(estimator)
    return estimator


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Subject:
    """The picture of the model that the test asks for."""
    kind = next(kind for kind in ("model", "top_down", "bottom_up") if kind in request.fixturenames)
    return subject_of(request.getfixturevalue(kind).name)


def test_it_goes_by_the_name_of_the_setting(model: PoseModel) -> None:
    assert model.name in POSE_MODELS
    assert model.runtime


def test_keypoints_are_named_placed_and_scored(model: PoseModel, subject: Subject) -> None:
    pose = poses_in(model, subject)[0]

    count = len(model.skeleton.keypoints)
    assert pose.skeleton == model.skeleton
    assert pose.keypoints_px.shape == (count, 2)
    assert pose.scores.shape == (count,)
    assert pose.world_m is None or pose.world_m.shape == (count, 3)
    arrays = [pose.keypoints_px, pose.scores] + ([] if pose.world_m is None else [pose.world_m])
    assert all(values.dtype == np.float32 for values in arrays)
    assert 0.5 < pose.score <= 1
    assert np.all((pose.scores >= 0) & (pose.scores <= 1))
    assert np.mean(pose.scores > 0.5) > 0.5


def test_keypoints_lie_on_the_subject(model: PoseModel, subject: Subject) -> None:
    pose = poses_in(model, subject)[0]

    region = subject.region
    from_centre_px = np.abs(pose.keypoints_px - [region.centre_x_px, region.centre_y_px])
    assert np.all(from_centre_px < 0.55 * region.size_px)


@pytest.mark.parametrize("model", BODY_MODELS, indirect=True)
def test_left_is_the_persons_own_left(model: PoseModel, subject: Subject) -> None:
    """The man faces the camera, so his left is on the right of the picture; mirrored he swaps."""
    at = model.skeleton.index

    for shown in (subject, subject.mirrored):
        x_px = poses_in(model, shown)[0].keypoints_px[:, 0]
        assert x_px[at["left_shoulder"]] > x_px[at["right_shoulder"]]


def test_the_picture_is_left_as_it_was_and_the_answer_repeats(model: PoseModel, subject: Subject) -> None:
    before = subject.image_bgr.copy()

    first, second = (poses_in(model, subject) for _ in range(2))

    assert np.array_equal(subject.image_bgr, before)
    assert len(first) == len(second)
    assert np.allclose(first[0].keypoints_px, second[0].keypoints_px, atol=0.5)


@pytest.mark.parametrize("shape", SHAPES)
def test_nobody_is_seen_in_an_empty_picture_of_any_shape(model: PoseModel, shape: tuple[int, int, int]) -> None:
    empty = Subject(np.zeros(shape, np.uint8), Region(shape[1] / 2, shape[0] / 2, max(shape), 0.0))

    poses = poses_in(model, empty)

    assert all(pose.score < 0.5 for pose in poses)


def test_no_regions_no_poses(top_down: PoseEstimator) -> None:
    assert top_down.estimate(np.zeros((360, 640, 3), np.uint8), []) == []


def test_each_region_gets_its_own_pose_in_order(top_down: PoseEstimator, subject: Subject) -> None:
    nobody = Region(600, 20, 60, 0.0)

    alone = top_down.estimate(subject.image_bgr, [subject.region])[0]
    together = top_down.estimate(subject.image_bgr, [nobody, subject.region])

    assert len(together) == 2
    assert np.allclose(together[1].keypoints_px, alone.keypoints_px, atol=0.5)


def test_the_next_region_still_holds_the_subject(top_down: PoseEstimator, subject: Subject) -> None:
    pose = top_down.estimate(subject.image_bgr, [subject.region])[0]

    region = top_down.region_of(pose)

    again = top_down.estimate(subject.image_bgr, [region])[0]
    assert again.score > 0.5
    assert np.abs(again.keypoints_px - pose.keypoints_px).mean() < 0.03 * region.size_px


def test_a_region_beyond_the_picture_is_answered_with_a_low_score(top_down: PoseEstimator) -> None:
    image_bgr = np.zeros((360, 640, 3), np.uint8)

    assert top_down.estimate(image_bgr, [Region(-5000, -5000, 200, 0.0)])[0].score < 0.5


def test_nobody_is_found_in_an_empty_picture(bottom_up: BottomUpPoseEstimator) -> None:
    assert bottom_up.find(np.zeros((360, 640, 3), np.uint8)) == []


def test_everybody_is_found_and_the_best_comes_first(bottom_up: BottomUpPoseEstimator, subject: Subject) -> None:
    width_px = subject.image_bgr.shape[1]
    twice = np.concatenate([subject.image_bgr, subject.mirrored.image_bgr], axis=1)

    poses = bottom_up.find(twice)

    middles_px = sorted(float(np.median(pose.keypoints_px[:, 0])) for pose in poses)
    assert middles_px == pytest.approx([325, 2 * width_px - 325], abs=40)
    assert [pose.score for pose in poses] == sorted((pose.score for pose in poses), reverse=True)
