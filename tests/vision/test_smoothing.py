"""Smoothing: somebody still does not tremble, a limb that moves is not held back, at any distance."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.core.records import FloatArray, Pose
from webapp.core.skeleton import HAND_21, UPPER_BODY_6, Skeleton
from webapp.vision.figures import spread
from webapp.vision.smoothing import PoseSmoother

FPS = 30
BODY = np.array([[-20, 0], [20, 0], [-30, 35], [30, 35], [-32, 70], [32, 70]], np.float32)


def pose_of(points_px: FloatArray, scores: FloatArray | None = None, skeleton: Skeleton = UPPER_BODY_6) -> Pose:
    scores = np.full(len(points_px), 0.9, np.float32) if scores is None else scores
    world_m = np.concatenate([points_px / 100, np.zeros((len(points_px), 1), np.float32)], axis=1)
    return Pose(skeleton, points_px.astype(np.float32), scores, 0.9, world_m.astype(np.float32))


def smoothed(frames: FloatArray, fps: float = FPS) -> list[Pose]:
    smoother = PoseSmoother()
    return [smoother.smooth(pose_of(points_px), number / fps) for number, points_px in enumerate(frames)]


def trembling(frames: int = 90, noise_px: float = 0.4, size: float = 1.0) -> FloatArray:
    noise = np.random.default_rng(0).normal(0, noise_px, (frames, *BODY.shape))
    return np.asarray((BODY + noise) * size + 200, np.float32)


def steps_of(frames: FloatArray) -> float:
    return float(np.sqrt((np.diff(frames[20:], axis=0) ** 2).mean()))


def reaching(frames: int = 60) -> FloatArray:
    """The right wrist swings up and down by 80 px, once a second."""
    points = np.repeat(BODY[None] + 200, frames, axis=0)
    points[:, 5, 1] -= 40 - 40 * np.cos(2 * np.pi * np.arange(frames) / FPS)
    return points


@pytest.mark.parametrize("space", ["keypoints_px", "world_m"])
def test_somebody_still_trembles_less_than_half_as_much(space: str) -> None:
    frames = trembling()

    steady = np.array([getattr(pose, space) for pose in smoothed(frames)])

    given = np.array([getattr(pose_of(points_px), space) for points_px in frames])
    assert steps_of(steady) < 0.5 * steps_of(given)


def test_a_swinging_wrist_is_less_than_half_a_frame_late() -> None:
    frames = reaching()
    given = frames[:, 5, 1]

    answered = np.array([pose.keypoints_px[5, 1] for pose in smoothed(frames)])

    numbers = np.arange(len(frames), dtype=float)
    lags = np.arange(0, 2, 0.05)
    errors = [np.abs(np.interp(numbers - lag, numbers, given) - answered)[10:].max() for lag in lags]
    assert lags[int(np.argmin(errors))] < 0.5
    assert np.abs(answered - given).max() < 0.1 * np.ptp(given)


def test_far_and_near_are_smoothed_alike() -> None:
    near, far = (np.array([pose.keypoints_px for pose in smoothed(trembling(size=size))]) for size in (1.0, 0.25))

    assert (near - 200) * 0.25 == pytest.approx(far - 200, abs=1e-2)


def test_a_keypoint_the_model_does_not_see_stays_missing_and_the_rest_goes_on() -> None:
    frames = trembling()
    frames[30:40, 4] = np.nan

    poses = smoothed(frames)

    assert np.isnan(poses[35].keypoints_px[4]).all()
    assert all(np.isfinite(pose.keypoints_px[:4]).all() for pose in poses)
    assert np.isfinite(poses[40].keypoints_px).all()


def test_a_keypoint_that_comes_into_view_is_at_once_where_it_is_seen() -> None:
    smoother = PoseSmoother()
    hidden, visible = np.full(6, 0.9, np.float32), np.full(6, 0.9, np.float32)
    hidden[5] = 0.01
    guessed = BODY.copy()
    guessed[5] += 15
    for number in range(20):
        smoother.smooth(pose_of(guessed, hidden), number / FPS)

    shown = smoother.smooth(pose_of(BODY, visible), 20 / FPS)

    assert shown.keypoints_px[5] == pytest.approx(BODY[5], abs=0.5)


def test_after_a_gap_it_begins_anew() -> None:
    smoother = PoseSmoother()
    smoother.smooth(pose_of(BODY), 0.0)

    late = smoother.smooth(pose_of(BODY + 100), 2.0)
    back = smoother.smooth(pose_of(BODY), 1.0)

    assert late.keypoints_px == pytest.approx(BODY + 100)
    assert back.keypoints_px == pytest.approx(BODY)


def test_a_hand_is_smoothed_like_a_body() -> None:
    hand = np.random.default_rng(1).uniform(0, 50, (21, 2)).astype(np.float32)
    smoother = PoseSmoother()
    noise = np.random.default_rng(2).normal(0, 0.2, (60, 21, 2)).astype(np.float32)

    steady = [
        smoother.smooth(pose_of(hand + each, skeleton=HAND_21), number / FPS) for number, each in enumerate(noise)
    ]

    assert steps_of(np.array([pose.keypoints_px for pose in steady])) < 0.5 * steps_of(hand + noise)
    assert spread(steady[-1].keypoints_px) == pytest.approx(spread(hand), rel=0.05)
