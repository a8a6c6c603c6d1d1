"""Skeletons as they travel: a ready-made one by name, any other whole, and nothing that is neither."""

from __future__ import annotations

import json

import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.sequence_file import from_bytes, to_bytes
from webapp.core.sequences import mirrored
from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.core.skeleton_json import MAX_KEYPOINTS, skeleton_from_json, skeleton_reference, skeleton_to_json

ROD = Skeleton("rod", ("top", "left_end", "right_end"), (("top", "left_end"), ("top", "right_end")))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_a_ready_made_one_travels_by_name_and_comes_back_as_the_same_object(skeleton: Skeleton) -> None:
    assert skeleton_reference(skeleton) == skeleton.name
    assert skeleton_from_json(skeleton.name) is skeleton
    assert skeleton_from_json(json.loads(json.dumps(skeleton_to_json(skeleton)))) is skeleton


def test_one_of_the_users_own_travels_whole() -> None:
    sent = json.loads(json.dumps(skeleton_reference(ROD)))

    read = skeleton_from_json(sent)

    assert read == ROD
    assert read.flip_indices == (0, 2, 1)


def test_a_ready_made_name_with_other_keypoints_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="coco_17 is a ready-made one with 17 keypoints"):
        skeleton_from_json({**skeleton_to_json(ROD), "name": "coco_17"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"keypoints": ["one"]}, "2 to 133 names"),
        ({"keypoints": [f"k{i}" for i in range(MAX_KEYPOINTS + 1)]}, "2 to 133 names"),
        ({"keypoints": None}, "2 to 133 names"),
        ({"keypoints": ["a", "b", "a"]}, "'a' is there twice"),
        ({"keypoints": ["a", "b", ""]}, "a keypoint's name must be 1 to 40"),
        ({"keypoints": ["a", "b", "x" * 41]}, "a keypoint's name must be 1 to 40"),
        ({"keypoints": ["a", "b", "<img>"]}, "a keypoint's name must be 1 to 40"),
        ({"keypoints": ["a", "b", 3]}, "a keypoint's name must be 1 to 40"),
        ({"name": ""}, "skeleton: name must be"),
        ({"edges": [[0, 3]]}, "positions from 0 to 2"),
        ({"edges": [[0, -1]]}, "positions from 0 to 2"),
        ({"edges": [[1, 1]]}, "two different positions"),
        ({"edges": [[0, True]]}, "two different positions"),
        ({"edges": [[0, 1, 2]]}, "two different positions"),
        ({"edges": {}}, "edges must be a list"),
        ({"edges": [[0, 1]] * 1000}, "edges must be a list of at most"),
    ],
)
def test_what_is_no_skeleton_is_refused_with_what_it_must_be(changed: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        skeleton_from_json({**skeleton_to_json(ROD), **changed})


@pytest.mark.parametrize("raw", ["sixteen_legs", None, 3, ["coco_17"]])
def test_an_unknown_name_or_no_name_is_refused(raw: object) -> None:
    with pytest.raises(InvalidInputError, match="skeleton"):
        skeleton_from_json(raw)


def test_pairs_that_the_names_do_not_say_travel_too() -> None:
    said = Skeleton("crab", ("top", "claw", "pincer"), (("top", "claw"),), flip_pairs=(("claw", "pincer"),))

    read = skeleton_from_json(json.loads(json.dumps(skeleton_reference(said))))

    assert read == said
    assert read.flip_indices == (0, 2, 1)


def test_pairs_are_the_same_in_any_order() -> None:
    hands = {"name": "hands", "keypoints": list("abcd"), "edges": []}

    one = skeleton_from_json({**hands, "flip_pairs": [[2, 3], [0, 1]]})

    assert one == skeleton_from_json({**hands, "flip_pairs": [[1, 0], [3, 2]]})
    assert one.flip_pairs == (("a", "b"), ("c", "d"))


def test_pairs_may_be_fewer_than_the_names_say() -> None:
    read = skeleton_from_json({**skeleton_to_json(ROD), "flip_pairs": []})

    assert read.flip_indices == (0, 1, 2)
    assert skeleton_from_json(skeleton_to_json(read)) == read


@pytest.mark.parametrize("pairs", [[[1, 2]], [[2, 1]], None])
def test_pairs_that_the_names_say_anyway_are_the_same_skeleton(pairs: object) -> None:
    read = skeleton_from_json({**skeleton_to_json(ROD), "flip_pairs": pairs})

    assert read == ROD
    assert "flip_pairs" not in skeleton_to_json(read)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([[0, 1], [1, 2]], "at most 1 pairs"),
        ([[0, 0]], "a flip pair must be two different positions from 0 to 2"),
        ([[0, 3]], "positions from 0 to 2"),
        ([[0, True]], "two different positions"),
        ("left", "flip_pairs must be a list"),
    ],
)
def test_pairs_that_are_none_are_refused(pairs: object, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        skeleton_from_json({**skeleton_to_json(ROD), "flip_pairs": pairs})


def test_a_keypoint_has_one_partner_only() -> None:
    four = {"name": "four", "keypoints": list("abcd"), "edges": [], "flip_pairs": [[0, 1], [1, 2]]}

    with pytest.raises(InvalidInputError, match="'b' is in two flip pairs"):
        skeleton_from_json(four)


def test_a_mirror_exchanges_the_named_pairs() -> None:
    crab = Skeleton("crab", ("top", "claw", "pincer"), (), flip_pairs=(("claw", "pincer"),))
    keypoints = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    sequence = PoseSequence(crab, np.array([0.0, 0.1]), keypoints, np.ones((2, 3), np.float32))

    mirror = mirrored(sequence)

    assert np.array_equal(mirror.keypoints[:, 1, 1], keypoints[:, 2, 1])
    assert np.array_equal(mirrored(mirror).keypoints, keypoints)


def test_a_stored_take_keeps_its_pairs() -> None:
    crab = Skeleton("crab", ("top", "claw", "pincer"), (), flip_pairs=(("claw", "pincer"),))
    sequence = PoseSequence(crab, np.array([0.0, 0.1]), np.zeros((2, 3, 2), np.float32), np.ones((2, 3), np.float32))

    assert from_bytes(to_bytes(sequence)).skeleton == crab
