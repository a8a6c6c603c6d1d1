"""What is learned from takes: weights, needs and thresholds."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tests.recognition.figures import Movement, action, arms_only, jumping_jack, perform, squat, still
from webapp.core.errors import InvalidInputError
from webapp.core.features import BODY, REGIONS
from webapp.core.sequences import mirrored
from webapp.recognition.classify import classify
from webapp.recognition.matching import match_motion
from webapp.recognition.template_bank import prepare_bank
from webapp.recognition.thresholds import PRIOR, varied


def test_parts_that_move_count_more_and_are_needed() -> None:
    (template,) = prepare_bank([action("arms up", perform((arms_only, 1.5)))]).templates
    weights = template.part_weights
    arms, legs = (weights[REGIONS.index(region) == BODY.region_of_part] for region in ("arms", "legs"))
    assert arms.mean() > 1.3 * legs.mean()
    assert "arms" in template.needed
    assert "legs" not in template.needed


def test_a_squat_needs_the_legs() -> None:
    (template,) = prepare_bank([action("squat", perform((squat, 2.0)))]).templates
    assert "legs" in template.needed


def test_one_take_is_enough_for_a_threshold_between_its_varied_copies_and_standing_still() -> None:
    bank = prepare_bank([action("jack", perform((jumping_jack, 1.5)))])
    (template,) = bank.templates
    copies = [match_motion(template, *copy).distances[0] * bank.scales[0] for copy in varied(template)]
    resting = np.repeat(template.frames.mean(axis=0, keepdims=True), 30, axis=0)
    rest = match_motion(template, resting, np.ones((30, resting.shape[2]), np.float32))
    assert np.quantile(copies, 0.8) < bank.thresholds[0] < rest.distances[0] * bank.scales[0]
    assert bank.thresholds[0] < PRIOR


def test_takes_that_differ_widen_the_threshold_and_a_similar_action_narrows_it() -> None:
    slow = perform((squat, 2.0))
    alone = prepare_bank([action("squat", slow)]).thresholds[0]
    beside_a_twin = prepare_bank([action("squat", slow), action("bow", perform((squat, 2.2), seed=3))])
    assert beside_a_twin.thresholds[0] < alone


def test_takes_in_which_nothing_can_be_compared_are_left_out() -> None:
    good, nobody = perform((squat, 2.0)), perform((squat, 2.0))
    nobody = replace(nobody, scores=np.zeros_like(nobody.scores))
    bank = prepare_bank([action("squat", good, nobody, good.between(0, 0.1)), action("empty", nobody)])
    assert [template.take_id for template in bank.templates] == ["squat-0"]
    assert bank.thresholds[1] == 0


def test_a_negative_like_the_action_narrows_its_threshold() -> None:
    jack = action("jack", perform((jumping_jack, 1.5)))
    alone, beside = prepare_bank([jack]), prepare_bank([jack], [perform((arms_only, 1.4), seed=4)])
    assert beside.thresholds[0] < alone.thresholds[0]
    assert [template.action_index for template in beside.negatives] == [-1]


@pytest.mark.parametrize("elsewhere", [still, squat])
def test_a_negative_far_from_the_action_makes_nothing_more_of_it(elsewhere: Movement) -> None:
    jack, poor = action("jack", perform((jumping_jack, 1.5))), perform((arms_only, 1.5), seed=3)
    alone, beside = prepare_bank([jack]), prepare_bank([jack], [perform((squat, 1.5), (elsewhere, 6.0), seed=4)])
    assert beside.thresholds[0] <= alone.thresholds[0]
    assert classify(beside, poor).score >= classify(alone, poor).score


def test_one_take_under_two_names_is_neither_and_leaves_a_threshold_to_compare_with() -> None:
    take = perform((jumping_jack, 1.5))
    bank = prepare_bank([action("jack", take), action("star", take)])
    judged = classify(bank, take)
    assert min(bank.thresholds) > 0
    assert judged.action is None
    assert {candidate.reason for candidate in judged.ranking} == {"margin too small"}


def test_a_threshold_factor_scales_what_was_learned() -> None:
    jack = action("jack", perform((jumping_jack, 1.5)))
    strict = prepare_bank([replace(jack, threshold_factor=0.5)])
    assert strict.thresholds[0] == pytest.approx(prepare_bank([jack]).thresholds[0] / 2)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_factor_that_is_no_factor_is_refused(factor: float) -> None:
    jack = replace(action("jack", perform((jumping_jack, 1.5))), threshold_factor=factor)
    with pytest.raises(InvalidInputError, match=f"threshold_factor of 'jack' must be a number above 0, got {factor}"):
        prepare_bank([jack])


def test_a_template_near_everything_is_scaled_up() -> None:
    takes = [perform((movement, 1.5), seed=i) for i, movement in enumerate((jumping_jack, arms_only, squat))]
    bank = prepare_bank([action(name, take) for name, take in zip("abc", takes, strict=True)])
    others = np.where(np.isfinite(bank.pairs), bank.pairs, 0).sum(axis=1)
    assert list(np.argsort(bank.scales)) == list(np.argsort(-others))


def test_a_mirrored_action_has_each_take_twice() -> None:
    right_arm = replace(perform((arms_only, 1.5)))
    frozen = right_arm.keypoints.copy()
    left = [i for i, name in enumerate(right_arm.skeleton.keypoints) if name.startswith("left")]
    frozen[:, left] = frozen[:1, left]
    one_arm = replace(right_arm, keypoints=frozen)
    bank = prepare_bank([replace(action("one arm", one_arm), mirror=True)])
    assert [(template.take_id, template.mirrored) for template in bank.templates] == [
        ("one arm-0", False),
        ("one arm-0", True),
    ]
    assert not np.isfinite(bank.pairs).any()  # a take is never compared with its own mirror image
    assert classify(bank, mirrored(one_arm)).action is not None
    assert classify(prepare_bank([action("one arm", one_arm)]), mirrored(one_arm)).action is None


def test_a_bank_is_immutable_and_lays_its_templates_side_by_side() -> None:
    bank = prepare_bank(
        [action("squat", perform((squat, 2.0)), perform((squat, 1.5))), action("jack", perform((jumping_jack, 1.0)))]
    )
    lengths = [len(template.frames) for template in bank.templates]
    assert bank.arrays.offsets.tolist() == np.cumsum([0, *lengths]).tolist()
    assert bank.stream.row_counts.tolist() == lengths
    assert bank.first_of_action.tolist() == [0, 2, 3]
    np.testing.assert_allclose(bank.arrays.weights.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(FrozenInstanceError):
        bank.dimensions = 3  # type: ignore[misc]


def test_frames_that_show_nobody_are_no_part_of_a_template() -> None:
    whole = perform((jumping_jack, 1.5))
    scores = whole.scores.copy()
    scores[15:30] = 0
    (template,) = prepare_bank([action("jack", replace(whole, scores=scores))]).templates
    assert (template.trust.max(axis=1) > 0).all()
    assert len(template.frames) <= 31 - 5


def test_world_coordinates_are_used_where_every_take_has_them() -> None:
    flat = perform((squat, 2.0))
    deep = replace(flat, world_m=np.concatenate([flat.keypoints, np.zeros_like(flat.keypoints[..., :1])], axis=-1))
    assert prepare_bank([action("squat", deep)]).dimensions == 3
    mixed = prepare_bank([action("squat", deep, flat)])
    assert mixed.dimensions == 2
    assert len(mixed.templates) == 2


def test_a_still_take_makes_a_template_that_standing_does_not_meet() -> None:
    bank = prepare_bank([action("nothing", perform((still, 2.0), noise=0.0005))])
    assert classify(bank, perform((still, 2.0), noise=0.0005, seed=7)).action is None


def test_varied_copies_are_slower_faster_turned_resized_and_trembling() -> None:
    (template,) = prepare_bank([action("jack", perform((jumping_jack, 1.5)))]).templates
    copies = varied(template)
    assert {len(copy) for copy, _ in copies} == {round(len(template.frames) * t) for t in (0.7, 1.0, 1.4)}
    assert all(np.isfinite(copy).all() and trust.shape == copy[:, 0].shape for copy, trust in copies)
    assert all(match_motion(template, *copy).flaw(0) is None for copy in copies)
