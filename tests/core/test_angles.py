"""Joint angles: true on a figure whose angles are known, for any skeleton, and NaN where nothing can be said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.jointed_figure import SQUAT, STANDING, body_m, both, posed, there_and_back, towards
from webapp.core.angles import (
    JOINT_INDEX,
    JOINT_NAMES,
    angle_curves,
    joint_angles,
    named_ranges,
    range_of_motion,
)
from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, Skeleton
from webapp.core.tracks import track_of

_KINECT_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")
KINECT = Skeleton(
    "kinect",
    ("head", "neck", "spine", "mid_hip", *(f"{side}_{name}" for side in ("left", "right") for name in _KINECT_LIMBS)),
    (),
)


def one_frame(sequence: PoseSequence) -> dict[str, float]:
    """The angles of the first frame by name, the hidden ones left out."""
    track = track_of(sequence.between(0, 0), 2 if sequence.world_m is None else 3)
    degrees = joint_angles(track)[0]
    return {name: float(value) for name, value in zip(JOINT_NAMES, degrees, strict=True) if np.isfinite(value)}


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17, KINECT], ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("deep", [True, False], ids=["3D", "2D"])
@settings(deadline=None)  # the first example may load what is compiled
@given(share=st.floats(0, 1), lean=st.floats(0, 60), left_knee=st.floats(60, 175))
def test_angles_are_those_the_figure_was_posed_by(
    skeleton: Skeleton, deep: bool, share: float, lean: float, left_knee: float
) -> None:
    asked = {**STANDING, **towards(SQUAT, share), "trunk": lean, "left_knee": left_knee}
    found = one_frame(posed(lambda _: asked, noise_m=0, skeleton=skeleton, deep=deep))
    assert {name: found[name] for name in asked} == pytest.approx(asked, abs=0.5)


@settings(deadline=None)
@given(turn_rad=st.floats(-3, 3), scale=st.floats(0.2, 5), shift=st.floats(-3, 3))
def test_place_size_and_the_direction_a_body_faces_do_not_matter(turn_rad: float, scale: float, shift: float) -> None:
    there = posed(lambda _: SQUAT, noise_m=0)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    about_vertical = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    assert there.world_m is not None
    moved = replace(there, world_m=((there.world_m @ about_vertical.T) * scale + shift).astype(np.float32))
    assert one_frame(moved) == pytest.approx(one_frame(there), abs=0.2)


def test_a_hidden_keypoint_leaves_out_the_joints_that_need_it_and_no_other() -> None:
    whole = posed(lambda _: SQUAT, noise_m=0, deep=False)
    scores = whole.scores.copy()
    scores[:, BLAZEPOSE_33.index["left_knee"]] = 0
    gone = set(one_frame(whole)) - set(one_frame(replace(whole, scores=scores)))
    assert gone == {"left_knee", "left_hip", "left_ankle"}


def test_a_skeleton_without_feet_has_no_ankles_and_one_with_only_a_neck_still_has_a_trunk() -> None:
    assert "left_ankle" not in one_frame(posed(lambda _: SQUAT, skeleton=COCO_17))
    centre_only = Skeleton("centre", ("neck", "mid_hip", "head"), ())
    keypoints = np.array([[[0.5, 0.3], [0.5, 0.6], [0.5, 0.2]]], np.float32)
    found = one_frame(PoseSequence(centre_only, np.zeros(1), keypoints, np.ones((1, 3), np.float32)))
    assert found == pytest.approx({"trunk": 0, "head": 0}, abs=0.1)


def test_a_limb_that_points_at_the_camera_says_nothing_on_the_picture_but_in_3d() -> None:
    def reach(phase: float) -> dict[str, float]:
        return towards(both(shoulder=90.0), min(1.0, 2 * phase))

    from_the_side = posed(reach, noise_m=0)
    assert from_the_side.world_m is not None
    facing = from_the_side.world_m[..., [2, 1, 0]]
    front = replace(from_the_side, world_m=facing, keypoints=np.ascontiguousarray(facing[..., :2]) * np.float32(0.4))
    column = JOINT_INDEX["left_shoulder"]
    assert np.isnan(angle_curves(front, dimensions=2).degrees[-1, column])
    assert angle_curves(front).degrees[-1, column] == pytest.approx(90, abs=2)


def test_a_range_of_motion_survives_single_wrong_frames() -> None:
    clean = posed(there_and_back(SQUAT), 3.0, noise_m=0)
    assert clean.world_m is not None
    damaged = clean.world_m.copy()
    damaged[[20, 70], BLAZEPOSE_33.index["left_ankle"]] += np.array([0.5, -0.3, 0], np.float32)
    ranges = named_ranges(angle_curves(replace(clean, world_m=damaged)))
    assert ranges["left_knee"] == pytest.approx(95, abs=8)
    assert ranges["right_knee"] == pytest.approx(95, abs=5)


@settings(deadline=None)
@given(trembling_m=st.floats(0, 0.008))
def test_a_person_who_stands_has_next_to_no_range_of_motion(trembling_m: float) -> None:
    ranges = named_ranges(angle_curves(posed(lambda _: STANDING, noise_m=trembling_m)))
    assert max(ranges[f"{side}_{joint}"] for side in ("left", "right") for joint in ("hip", "knee", "shoulder")) < 8


def test_a_joint_hidden_most_of_the_time_has_no_range_and_an_empty_stretch_has_none() -> None:
    degrees = np.full((10, len(JOINT_NAMES)), 90, np.float32)
    degrees[:7, 0] = np.nan
    ranges = range_of_motion(degrees)
    assert np.isnan(ranges[0])
    assert (ranges[1:] == 0).all()
    assert np.isnan(range_of_motion(degrees[:0])).all()


def test_the_figure_stands_on_what_it_is_asked_for() -> None:
    assert body_m(STANDING)[BLAZEPOSE_33.index["left_ankle"], 1] == pytest.approx(0.84, abs=0.01)
