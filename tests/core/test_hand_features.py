"""Hands as the recogniser sees them: the same number of parts as bodies have, at any size, seen from near or far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.jointed_figure import STANDING, posed
from tests.jointed_hand import Hand, count, fist, gestured, hand_m, pinch, resting, wave
from webapp.core.angles import HAND_JOINTS, angle_curves, joint_angles, named_ranges
from webapp.core.features import BODY, HAND, part_features
from webapp.core.normalise import body_size
from webapp.core.records import FloatArray
from webapp.core.sequences import check_take, mirrored, trim_still
from webapp.core.skeleton import FINGERS, HAND_21, SKELETONS, Skeleton
from webapp.core.tracks import track_of

SEEN = np.ones((1, len(HAND_21.keypoints)), np.float32)
FIST = dict.fromkeys(FINGERS, 1.0) | {"across": 1.0}
ONLY_HAND = Skeleton("palm_alone", ("wrist", "middle_mcp", "middle_tip"), ())


def features_of(points: FloatArray) -> FloatArray:
    size = body_size(points[None], SEEN, HAND_21)
    features, _ = part_features(points[None], SEEN, HAND_21, size)
    return np.asarray(features[0], np.float32)


def angles_of(**state: float) -> dict[str, float]:
    still = replace(Hand(), noise_m=0.0)
    sequence = gestured((lambda _: state, 0.3), hand=still)
    degrees = joint_angles(track_of(sequence, 3))[0]
    return {joint.name: float(angle) for joint, angle in zip(HAND_JOINTS, degrees, strict=True)}


def test_only_skeletons_of_a_palm_without_shoulders_are_hands() -> None:
    assert [name for name, skeleton in SKELETONS.items() if skeleton.kind == "hand"] == ["hand_21"]
    assert ONLY_HAND.kind == "hand"


def test_hands_have_as_many_parts_and_regions_as_bodies() -> None:
    assert len(HAND.parts) == len(BODY.parts)
    assert len(HAND.regions) == len(BODY.regions)
    for parts in (HAND, BODY):
        assert {part.region for part in parts.parts} == set(parts.regions) >= set(parts.limbs)


def test_every_part_of_a_hand_is_of_its_own_keypoints() -> None:
    names = {name for part in HAND.parts for name in (*part.start, *part.end)}

    assert names <= set(HAND_21.keypoints)


def test_a_larger_hand_looks_the_same() -> None:
    small, large = (features_of(hand_m({"index": 0.5}, Hand(palm_m=palm_m))) for palm_m in (0.07, 0.11))

    assert np.allclose(small, large, atol=1e-5)


def test_a_fist_differs_from_an_open_hand_in_every_finger() -> None:
    difference = np.linalg.norm(features_of(hand_m(FIST, Hand())) - features_of(hand_m({}, Hand())), axis=0)

    by_region = [difference[HAND.region_of_part == index].max() for index in range(len(HAND.regions))]
    assert min(by_region[:3]) > 0.4


@pytest.mark.parametrize("hand", [Hand(yaw_deg=80.0), Hand(pitch_deg=80.0), Hand(roll_deg=80.0)])
def test_a_palm_seen_from_its_edge_is_not_small(hand: Hand) -> None:
    flat = hand_m({}, hand)[:, :2][None]

    assert body_size(flat, SEEN, HAND_21)[0] == pytest.approx(0.09, rel=0.15)


def test_a_hand_whose_palm_is_hidden_has_no_size() -> None:
    points = hand_m({}, Hand())[None]

    assert np.isnan(body_size(points, np.zeros_like(SEEN), HAND_21)).all()


def test_a_skeleton_with_neither_shoulders_nor_palm_has_no_size_and_no_parts() -> None:
    points = np.ones((2, 1, 2), np.float32)
    unknown = Skeleton("tail", ("tail",), ())

    assert np.isnan(body_size(points, np.ones((2, 1), np.float32), unknown)).all()
    assert not part_features(points, np.ones((2, 1), np.float32), unknown, 1.0)[1].any()


def test_a_part_of_a_finger_that_is_hidden_has_no_trust() -> None:
    visible = SEEN.copy()
    visible[0, HAND_21.index["index_tip"]] = 0.0

    _, trust = part_features(hand_m({}, Hand())[None], visible, HAND_21, 0.09)

    hidden = [("index_tip" in (*part.start, *part.end)) for part in HAND.parts]
    assert (trust[0] == 0).tolist() == hidden


def test_the_mirror_image_of_a_right_hand_is_a_left_hand() -> None:
    """Nothing changes places: a hand has no left and right of its own, only x changes its sign."""
    still = replace(Hand(), noise_m=0.0)
    right, left = (gestured((pinch, 1.0), hand=replace(still, left=side)) for side in (False, True))

    turned = mirrored(right)

    assert turned.world_m is not None
    assert left.world_m is not None
    assert np.allclose(turned.world_m, left.world_m, atol=1e-6)
    assert np.allclose(turned.keypoints[..., 1], left.keypoints[..., 1], atol=1e-6)


def test_stretched_fingers_are_straight_and_bent_ones_are_not() -> None:
    opened, closed = angles_of(), angles_of(**FIST)

    for finger in FINGERS[1:]:
        assert opened[f"{finger}_pip"] == pytest.approx(180, abs=1)
        assert closed[f"{finger}_pip"] == pytest.approx(80, abs=2)
        assert opened[f"{finger}_mcp"] - closed[f"{finger}_mcp"] > 60
    assert opened["thumb_spread"] > angles_of(across=0.5)["thumb_spread"] + 10
    assert opened["palm"] < 5


def test_a_hand_turned_aside_tilts_its_palm_and_bends_nothing() -> None:
    ranges = named_ranges(angle_curves(gestured((wave, 2.0))))

    assert ranges["palm"] > 20
    assert max(angle for name, angle in ranges.items() if name != "palm") < 15


def test_a_gesture_is_cut_out_of_the_rest_around_it() -> None:
    start_s, end_s = trim_still(gestured((resting, 1.5), (fist, 1.6), (resting, 1.5)))

    assert start_s == pytest.approx(1.5, abs=0.3)
    assert end_s == pytest.approx(3.1, abs=0.3)


@pytest.mark.parametrize("gesture", [fist, pinch, count, wave])
def test_a_gesture_is_fit_to_learn_from(gesture: object) -> None:
    take = check_take(gestured((resting, 0.5), (gesture, 1.6), (resting, 0.5)))  # type: ignore[arg-type]  # of the list

    assert take.usable
    assert take.warnings == ()


def test_a_hand_that_is_only_carried_about_is_still() -> None:
    carried = gestured((resting, 3.0))
    shift = np.linspace(0, 0.8, len(carried), dtype=np.float32)[:, None, None] * np.array([1, 0], np.float32)

    assert check_take(replace(carried, keypoints=carried.keypoints + shift)).reason == "very little movement"


def test_what_is_wrong_with_a_take_is_said_of_a_hand() -> None:
    take = gestured((fist, 1.6))
    no_palm = take.scores.copy()
    no_palm[:, [HAND_21.index[name] for name in ("wrist", "index_mcp", "middle_mcp")]] = 0

    assert check_take(replace(take, scores=np.zeros_like(take.scores))).reason == "no hand in view"
    assert check_take(replace(take, scores=no_palm)).reason == "palm hidden"


def test_bodies_keep_their_joints() -> None:
    assert "left_knee" in angle_curves(posed(lambda _: STANDING, 0.5)).joints
