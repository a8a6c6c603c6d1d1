"""Takes judged and trimmed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.recognition.figures import arms_only, jumping_jack, perform, squat, still
from webapp.core.records import PoseSequence
from webapp.core.sequences import check_take, trim_still
from webapp.core.skeleton import COCO_17, UPPER_BODY_6, Skeleton


def test_the_still_beginning_and_end_are_trimmed() -> None:
    start_s, end_s = trim_still(perform((still, 1.5), (squat, 2.0), (still, 1.0)))
    assert start_s == pytest.approx(1.5, abs=0.3)
    assert end_s == pytest.approx(3.5, abs=0.3)


def test_the_rest_of_another_repetition_at_the_edges_is_trimmed() -> None:
    clip = perform((jumping_jack, 1.0), (still, 0.3), (jumping_jack, 1.5), (still, 0.3), (jumping_jack, 1.0))
    start_s, end_s = trim_still(clip.between(0.8, 3.25))
    assert start_s == pytest.approx(0.5, abs=0.35)
    assert end_s == pytest.approx(2.0, abs=0.35)


def test_a_pause_inside_a_movement_is_kept() -> None:
    start_s, end_s = trim_still(perform((still, 1.0), (arms_only, 1.0), (still, 0.8), (arms_only, 1.0), (still, 1.0)))
    assert start_s == pytest.approx(1.0, abs=0.3)
    assert end_s == pytest.approx(3.8, abs=0.3)


def test_a_still_clip_is_answered_whole() -> None:
    assert list(trim_still(perform((still, 2.0)))) == pytest.approx([0.0, 2.0])


def test_a_good_take_is_usable_without_a_word() -> None:
    check = check_take(perform((still, 0.5), (squat, 2.0), (still, 0.5)))
    assert check.usable
    assert check.reason is None
    assert check.warnings == ()


def hidden(sequence: PoseSequence, *joints: str) -> PoseSequence:
    scores = sequence.scores.copy()
    scores[:, [i for i, n in enumerate(sequence.skeleton.keypoints) if n.split("_")[-1] in joints]] = 0
    return replace(sequence, scores=scores)


TAKE = perform((still, 0.5), (arms_only, 1.5), (still, 0.5))
EMPTY = PoseSequence(COCO_17, np.zeros(0), np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32))


@pytest.mark.parametrize(
    ("take", "reason"),
    [
        (perform((still, 2.0)), "very little movement"),
        (TAKE.between(0.9, 1.1), "too short"),
        (hidden(TAKE, "elbow", "wrist", "hip", "knee", "ankle"), "half the joints hidden"),
        (hidden(TAKE, "shoulder"), "shoulders hidden"),
        (replace(TAKE, scores=np.zeros_like(TAKE.scores)), "nobody in view"),
        (replace(TAKE, keypoints=np.full_like(TAKE.keypoints, np.nan)), "nobody in view"),
        (EMPTY, "nobody in view"),
        (TAKE.between(0, 0), "too short"),
    ],
)
def test_a_take_that_cannot_be_learned_from_says_why(take: PoseSequence, reason: str) -> None:
    check = check_take(take)
    assert not check.usable
    assert check.reason == reason


def test_what_could_be_better_is_a_warning() -> None:
    assert check_take(hidden(TAKE, "knee", "ankle")).warnings == (
        "legs not visible: the action will be told without them",
    )
    cut = check_take(TAKE.between(0.8, 2.5)).warnings
    assert "the movement had already begun" in cut


def of_skeleton(sequence: PoseSequence, skeleton: Skeleton, names: tuple[str, ...]) -> PoseSequence:
    columns = [sequence.skeleton.index[name] for name in names]
    return PoseSequence(
        skeleton, sequence.times_s, sequence.keypoints[:, columns], sequence.scores[:, columns], world_m=None
    )


def test_a_take_of_arms_and_shoulders_alone_is_usable() -> None:
    check = check_take(of_skeleton(TAKE, UPPER_BODY_6, UPPER_BODY_6.keypoints))

    assert check.usable
    assert check.warnings == ()


def test_a_skeleton_that_tells_no_size_is_refused_with_what_it_lacks() -> None:
    names = ("left_hip", "right_hip")

    check = check_take(of_skeleton(TAKE, Skeleton("hips", names, ()), names))

    assert not check.usable
    assert check.reason is not None
    assert "the skeleton hips has no keypoints called left_shoulder and right_shoulder" in check.reason
