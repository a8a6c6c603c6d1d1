"""Comparison with the best take: what differs, when, by how much, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation_data import SHARED, needs_shared_data
from tests.jointed_figure import ARMS_UP, SQUAT, STANDING, Angles, bump, posed, there_and_back, towards
from webapp.core.angles import JOINT_NAMES
from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.sequences import mirrored
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, Skeleton
from webapp.recognition.coaching import JointDifference
from webapp.recognition.comparison import Comparison, compare

TAKE = posed(there_and_back(SQUAT), 2.0, seed=1)


def of_joint(comparison: Comparison, name: str) -> JointDifference:
    return next(joint for joint in comparison.joints if joint.joint == name)


def shallow(knee_deg: float, hip_deg: float = 75.0) -> Angles:
    return {**SQUAT, "left_knee": knee_deg, "right_knee": knee_deg, "left_hip": hip_deg, "right_hip": hip_deg}


def uneven(first_s: float, second_s: float) -> tuple[Callable[[float], Angles], float]:
    """A squat that takes so long down, and so long up; with its duration."""
    whole_s = first_s + second_s

    def at(phase: float) -> Angles:
        time_s = phase * whole_s
        share = 0.5 * time_s / first_s if time_s < first_s else 0.5 + 0.5 * (time_s - first_s) / second_s
        return towards(SQUAT, bump(share))

    return at, whole_s


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17], ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("deep", [True, False], ids=["3D", "2D"])
def test_a_repetition_by_the_same_person_matches_well(skeleton: Skeleton, deep: bool) -> None:
    take, again = (posed(there_and_back(SQUAT), 2.0, seed=seed, skeleton=skeleton, deep=deep) for seed in (1, 2))
    comparison = compare(again, take)
    assert comparison.matches_well
    assert comparison.sentences == ("The movement matches the best take well.",)
    assert comparison.tempo_ratio == pytest.approx(1, abs=0.09)
    assert comparison.dimensions == (3 if deep else 2)


def test_knees_that_bend_less_are_told_with_degrees_side_and_moment() -> None:
    comparison = compare(posed(there_and_back(shallow(120.0)), 2.0, seed=2), TAKE)
    left = of_joint(comparison, "left_knee")
    assert left.largest_deg == pytest.approx(40, abs=6)
    assert left.at_s == pytest.approx(1.0, abs=0.3)
    assert left.take_at_s == pytest.approx(1.0, abs=0.3)
    assert left.at_turn
    assert left.phase == "middle"
    assert left.range_deg == pytest.approx(55, abs=6)
    assert left.take_range_deg == pytest.approx(95, abs=6)
    assert re.fullmatch(
        r"Both knees bend (3[5-9]|4[0-4])° less at the lowest point \(\d\.\d s\)\.", comparison.sentences[0]
    )


@given(side=st.sampled_from(["left", "right"]), lower_deg=st.floats(40, 100))
@settings(max_examples=15, deadline=None)
def test_one_arm_raised_lower_is_told_of_that_arm_alone(side: str, lower_deg: float) -> None:
    take = posed(there_and_back(ARMS_UP), 2.0, seed=1)
    lower = {**ARMS_UP, f"{side}_shoulder": 165 - lower_deg}
    comparison = compare(posed(there_and_back(lower), 2.0, seed=2), take)
    assert comparison.sentences[0].startswith(f"{side.capitalize()} arm is raised ")
    assert "lower at the highest point" in comparison.sentences[0]
    assert of_joint(comparison, f"{side}_shoulder").largest_deg == pytest.approx(-lower_deg, abs=10)
    assert not of_joint(comparison, {"left": "right", "right": "left"}[side] + "_shoulder").notable


def test_mirrored_the_other_arm_is_the_same_movement() -> None:
    def one_arm(side: str, top_deg: float = 165.0) -> PoseSequence:
        return posed(there_and_back({f"{side}_shoulder": top_deg}), 2.0, seed=3)

    plain, turned = compare(one_arm("right"), one_arm("left")), compare(one_arm("right"), one_arm("left"), mirror=True)
    assert not plain.matches_well
    assert turned.matches_well
    assert turned.mirrored
    # sides are the performer's own
    lower = compare(one_arm("right", 110.0), one_arm("left"), mirror=True)
    assert lower.sentences[0].startswith("Right arm is raised")


def test_mirroring_twice_changes_nothing() -> None:
    twice = mirrored(mirrored(TAKE))
    np.testing.assert_array_equal(twice.keypoints, TAKE.keypoints)
    np.testing.assert_array_equal(twice.world_m, TAKE.world_m)


def test_a_joint_that_is_held_differently_differs_all_the_way_through() -> None:
    bent = {**STANDING, "left_elbow": 100.0}
    comparison = compare(posed(lambda p: {**bent, **towards(SQUAT, bump(p))}, 2.0, seed=2), TAKE)
    assert re.match(r"Left elbow bends \d+° more all the way through\.", comparison.sentences[0])


@pytest.mark.parametrize(
    ("down_s", "up_s", "sentence"),
    [
        (1.0, 1.5, r"\d+ % slower overall, mostly on the way up\."),
        (1.6, 1.0, r"\d+ % slower overall, mostly on the way down\."),
        (1.4, 1.4, r"\d+ % slower overall\."),
        (0.75, 0.75, r"\d+ % faster overall\."),
        (0.5, 0.5, r"[12]\.\d times as fast overall\."),
    ],
)
def test_tempo_is_told_overall_and_where_it_changes_most(down_s: float, up_s: float, sentence: str) -> None:
    movement, duration_s = uneven(down_s, up_s)
    comparison = compare(posed(movement, duration_s, seed=2), TAKE)
    assert comparison.tempo_ratio == pytest.approx(2.0 / duration_s, rel=0.1)
    assert [phase.name for phase in comparison.phases] == ["on the way down", "on the way up"]
    assert comparison.sentences[0] == "The movement matches the best take well, but not its tempo."
    assert re.fullmatch(sentence, comparison.sentences[-1])


def test_standing_about_before_and_after_is_no_change_of_tempo() -> None:
    def waiting(phase: float) -> Angles:
        return towards(SQUAT, bump(float(np.clip((phase - 0.25) * 2, 0, 1))))

    comparison = compare(posed(waiting, 4.0, seed=2), TAKE)
    assert comparison.tempo_ratio == pytest.approx(1, abs=0.12)
    assert comparison.performance_s == pytest.approx(4.0, abs=0.1)


def test_a_movement_that_does_not_come_back_has_thirds() -> None:
    sit = [posed(lambda p: towards(SQUAT, bump(min(p * 0.6, 0.5))), 1.5, seed=seed) for seed in (1, 2)]
    comparison = compare(*sit)
    assert [phase.name for phase in comparison.phases] == ["at the beginning", "in the middle", "at the end"]
    assert comparison.matches_well


@given(
    down_s=st.floats(0.5, 2),
    up_s=st.floats(0.5, 2),
    fps=st.floats(8, 60),
    depth=st.floats(0.3, 1.2),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_whatever_is_compared_times_rise_and_few_sentences_are_said(
    down_s: float, up_s: float, fps: float, depth: float, seed: int
) -> None:
    movement, duration_s = uneven(down_s, up_s)
    comparison = compare(posed(lambda p: towards(movement(p), depth), duration_s, fps=fps, seed=seed), TAKE)
    curves = comparison.curves
    assert curves.joints == JOINT_NAMES
    assert curves.performance_deg.shape == curves.take_deg.shape == (len(curves.take_s), len(JOINT_NAMES))
    assert (np.diff(curves.performance_s) >= 0).all()
    assert (np.diff(curves.take_s) >= 0).all()
    assert 1 <= len(comparison.sentences) <= 5
    assert all(0 <= joint.share <= 1 and np.isfinite(joint.largest_deg) for joint in comparison.joints)
    order = [(joint.notable, abs(joint.largest_deg)) for joint in comparison.joints]
    assert order == sorted(order, reverse=True)


def test_with_depth_on_one_side_alone_the_pictures_are_compared() -> None:
    comparison = compare(replace(TAKE, world_m=None), TAKE)
    assert comparison.dimensions == 2
    assert comparison.matches_well


def test_hidden_legs_are_left_out_and_the_rest_is_compared() -> None:
    scores = TAKE.scores.copy()
    scores[:, [i for i, name in enumerate(TAKE.skeleton.keypoints) if name.endswith(("knee", "ankle"))]] = 0
    comparison = compare(replace(TAKE, scores=scores), TAKE)
    assert {joint.kind for joint in comparison.joints} == {"shoulder", "elbow", "trunk", "head"}
    assert comparison.matches_well


@pytest.mark.parametrize("which", ["performance", "take"])
def test_what_shows_nobody_is_refused_with_its_name(which: str) -> None:
    nobody = replace(TAKE, scores=np.zeros_like(TAKE.scores))
    with pytest.raises(InvalidInputError, match=f"the {which} cannot be compared"):
        compare(*((nobody, TAKE) if which == "performance" else (TAKE, nobody)))


def test_a_performance_of_one_frame_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="it has 1 frames"):
        compare(TAKE.between(0, 0), TAKE)


@needs_shared_data
def test_two_takes_of_one_person_differ_less_than_those_of_two_people() -> None:
    """On UTD-MHAD's gestures: takes of one person mostly match well, those of two people mostly do not."""
    sequences = {
        (subject, take): [_utd(f"a{action:02d}_s{subject:02d}_t{take:02d}") for action in (1, 6, 7, 9, 24)]
        for subject in range(1, 9)
        for take in (1, 2)
    }
    same, others = (
        [
            compare(a, b).matches_well
            for subject in range(1, 9)
            for a, b in zip(sequences[subject, 1], sequences[(subject + shift - 1) % 8 + 1, 2], strict=True)
        ]
        for shift in (0, 3)
    )
    assert np.mean(same) >= 0.55
    assert np.mean(others) <= 0.35


def _utd(clip: str) -> PoseSequence:
    with np.load(SHARED / "datasets" / "utd_mhad_6" / "clips" / f"{clip}.npz") as data:
        keypoints, names = data["keypoints"], [str(name) for name in data["names"]]
        frames = len(keypoints)
        points = np.full((frames, len(COCO_17.keypoints), 2), np.nan, np.float32)
        points[:, [COCO_17.index[n] for n in names if n in COCO_17.index]] = keypoints[
            :, [i for i, n in enumerate(names) if n in COCO_17.index]
        ]
        return PoseSequence(
            COCO_17, np.arange(frames) / float(data["fps"]), points, np.isfinite(points[..., 0]).astype(np.float32)
        )
