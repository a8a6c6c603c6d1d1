"""Which pose models can recognise which actions."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, HAND_21, UPPER_BODY_6, Skeleton
from webapp.recognition.compatibility import incompatibility, missing_keypoints, unrecognised
from webapp.recognition.ports import Action, Take

LEGS = tuple(
    f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle", "heel", "foot_index")
)


BODIES_AND_A_HAND = (BLAZEPOSE_33, COCO_17, HAND_21)


def take(skeleton: Skeleton, hidden: tuple[str, ...] = ()) -> PoseSequence:
    count = len(skeleton.keypoints)
    scores = np.ones((20, count), np.float32)
    scores[:, [skeleton.index[name] for name in hidden]] = 0.1
    keypoints = np.random.default_rng(1).random((20, count, 2), dtype=np.float32)
    return PoseSequence(skeleton, np.arange(20) / 20, keypoints, scores)


def action(name: str, *takes: PoseSequence) -> Action:
    return Action(name, name, [Take(f"{name} {number}", one) for number, one in enumerate(takes)])


def test_a_model_with_all_that_is_compared_will_do_though_it_has_fewer_keypoints() -> None:
    assert incompatibility([action("squat", take(BLAZEPOSE_33))], COCO_17, "movenet") is None
    assert incompatibility([action("squat", take(COCO_17))], BLAZEPOSE_33, "blazepose_full") is None


def test_a_model_without_the_legs_that_the_take_shows_is_told_what_it_lacks() -> None:
    sentence = incompatibility([action("squat", take(BLAZEPOSE_33))], UPPER_BODY_6, "my_arms")

    assert sentence == (
        '"squat" was recorded with blazepose_33 (33 keypoints); my_arms has 6 and lacks left_hip, right_hip, '
        "left_knee, right_knee, left_ankle, right_ankle: record it again with my_arms, "
        "or choose a model with these keypoints"
    )


def test_keypoints_that_the_take_hardly_shows_are_not_asked_for() -> None:
    at_a_desk = take(BLAZEPOSE_33, hidden=LEGS)

    assert missing_keypoints(at_a_desk, UPPER_BODY_6) == ()


@pytest.mark.parametrize(("recorded", "skeleton"), [(HAND_21, BLAZEPOSE_33), (BLAZEPOSE_33, HAND_21)])
def test_a_hand_is_no_body(recorded: Skeleton, skeleton: Skeleton) -> None:
    sentence = incompatibility([action("wave", take(recorded))], skeleton, "the_other")

    assert sentence is not None
    assert f"{recorded.name} ({len(recorded.keypoints)} keypoints)" in sentence
    assert ", ..." in sentence


def test_one_action_that_can_be_recognised_is_enough_and_so_is_one_of_its_takes() -> None:
    squat, pinch = action("squat", take(BLAZEPOSE_33)), action("pinch", take(HAND_21))

    assert incompatibility([squat, pinch], HAND_21, "hand_full") is None
    assert incompatibility([action("wave", take(BLAZEPOSE_33), take(UPPER_BODY_6))], UPPER_BODY_6, "my_arms") is None


def test_where_there_is_no_take_any_model_will_do() -> None:
    assert incompatibility([], HAND_21, "hand_full") is None
    assert incompatibility([action("empty")], HAND_21, "hand_full") is None


def test_where_some_actions_can_be_recognised_the_others_are_told_of() -> None:
    squat, wave, pinch = (
        action(name, take(of)) for name, of in zip(["squat", "wave", "pinch"], BODIES_AND_A_HAND, strict=True)
    )

    sentence = unrecognised([squat, wave, pinch], HAND_21, "hand_full")

    assert sentence is not None
    assert sentence.startswith(
        '2 of 3 actions cannot be recognised with hand_full: "squat" was recorded with blazepose_33'
    )
    assert unrecognised([pinch], HAND_21, "hand_full") is None
    none = unrecognised([squat], HAND_21, "hand_full")
    assert none is not None
    assert none.startswith("None of your actions can be recognised with hand_full: ")
    assert unrecognised([], HAND_21, "hand_full") is None
