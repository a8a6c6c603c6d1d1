"""Left and right: an exchange of the model's is mended, a turn of the person's is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.jointed_figure import STANDING, body_m
from webapp.core.records import Pose
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, HAND_21, Skeleton
from webapp.vision.left_right import LeftRight

FPS = 30
SCALE_PX = 200


def figure(turned_degrees: float, lean_px: float = 0.0, skeleton: Skeleton = BLAZEPOSE_33) -> Pose:
    """Somebody upright, turned about the vertical axis; at 0 degrees seen from the left, at -90 from the front."""
    points_m = body_m({**STANDING, "left_shoulder": 30.0, "right_shoulder": 60.0}, skeleton).astype(np.float64)
    turn = np.radians(turned_degrees)
    x_m = np.cos(turn) * points_m[:, 0] - np.sin(turn) * points_m[:, 2]
    z_m = np.sin(turn) * points_m[:, 0] + np.cos(turn) * points_m[:, 2]
    world_m = np.stack([x_m, points_m[:, 1], z_m], axis=1).astype(np.float32)
    keypoints_px = (world_m[:, :2] * SCALE_PX + [320 + lean_px, 240]).astype(np.float32)
    return Pose(skeleton, keypoints_px, np.full(len(world_m), 0.9, np.float32), 0.9, world_m)


def exchanged(pose: Pose, only: tuple[str, ...] = ()) -> Pose:
    """Left and right exchanged, of the named joints alone where there are names."""
    order = [
        partner if not only or any(joint in pose.skeleton.keypoints[i] for joint in only) else i
        for i, partner in enumerate(pose.skeleton.flip_indices)
    ]
    assert pose.world_m is not None
    return replace(pose, keypoints_px=pose.keypoints_px[order], scores=pose.scores[order], world_m=pose.world_m[order])


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17], ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("only", [(), ("knee", "ankle", "heel", "foot"), ("elbow", "wrist", "pinky", "index", "thumb")])
def test_an_exchange_for_some_frames_is_mended(skeleton: Skeleton, only: tuple[str, ...]) -> None:
    mender = LeftRight(skeleton)

    for number in range(60):
        true = figure(-90 + number / 4, lean_px=number, skeleton=skeleton)
        given = exchanged(true, only) if 20 <= number < 40 and number % 7 else true
        mended = mender.mend(given, number / FPS)
        assert mended.keypoints_px == pytest.approx(true.keypoints_px), number
        assert mended.world_m == pytest.approx(true.world_m)


@pytest.mark.parametrize("seconds", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("fps", [10, 30])
def test_a_turn_of_the_body_is_not_mended(seconds: float, fps: int) -> None:
    """From the front to the back: the sides truly change places."""
    mender = LeftRight(BLAZEPOSE_33)
    frames = round(seconds * fps)
    turns = [-90.0] * fps + [-90 + 180 * number / frames for number in range(frames)] + [90.0] * fps

    for number, degrees in enumerate(turns):
        given = figure(degrees)
        assert mender.mend(given, number / fps).keypoints_px == pytest.approx(given.keypoints_px), number


def test_a_model_that_insists_for_a_second_is_believed_once() -> None:
    mender = LeftRight(BLAZEPOSE_33)
    true = figure(-90)
    mender.mend(true, 0.0)

    as_given = [
        bool(np.allclose(mender.mend(exchanged(true), number / FPS).keypoints_px, exchanged(true).keypoints_px))
        for number in range(1, 91)
    ]

    changes = int(np.count_nonzero(np.diff(as_given)))
    assert not as_given[0]
    assert as_given[-1]
    assert changes == 1
    assert 0.9 * FPS <= as_given.index(True) <= 1.1 * FPS


def test_a_garbled_pose_among_exchanged_ones_does_not_decide() -> None:
    """As BlazePose does it in a jumping jack: exchanged, for a frame something in between, exchanged, right again."""
    mender = LeftRight(BLAZEPOSE_33)
    true = figure(-90)
    halfway_px = ((true.keypoints_px + exchanged(true).keypoints_px) / 2).astype(np.float32)
    between = replace(true, keypoints_px=halfway_px)

    for number, given in enumerate([true] * 5 + [exchanged(true)] * 2 + [between] + [exchanged(true)] + [true] * 30):
        mended = mender.mend(given, number / FPS)
        if given is not between:
            assert mended.keypoints_px == pytest.approx(true.keypoints_px), number


def test_after_a_gap_the_model_is_believed() -> None:
    mender = LeftRight(BLAZEPOSE_33)
    true = figure(-90)
    mender.mend(true, 0.0)

    later = mender.mend(exchanged(true), 2.0)

    assert later.keypoints_px == pytest.approx(exchanged(true).keypoints_px)


def test_a_skeleton_without_sides_is_left_alone() -> None:
    mender = LeftRight(HAND_21)
    rng = np.random.default_rng(0)

    for number in range(10):
        pose = Pose(HAND_21, rng.uniform(0, 99, (21, 2)).astype(np.float32), np.ones(21, np.float32), 0.9)
        assert mender.mend(pose, number / FPS) is pose
