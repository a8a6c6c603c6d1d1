"""What is learned from takes: weights, needs and thresholds."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tests.recognition.figures import action, arms_only, jumping_jack, perform, squat, still
from webapp.core.features import REGION_OF_PART, REGIONS
from webapp.recognition.template_bank import prepare_bank
from webapp.recognition.thresholds import CEILING, FLOOR, varied


def test_parts_that_move_count_more_and_are_needed() -> None:
    (template,) = prepare_bank([action("arms up", perform((arms_only, 1.5)))]).templates
    weights = template.weights.mean(axis=0)
    arms, legs = (weights[REGIONS.index(region) == REGION_OF_PART] for region in ("arms", "legs"))
    assert arms.mean() > 1.5 * legs.mean()
    assert "arms" in template.needed
    assert "legs" not in template.needed


def test_a_squat_needs_the_legs() -> None:
    (template,) = prepare_bank([action("squat", perform((squat, 2.0)))]).templates
    assert "legs" in template.needed


def test_one_take_is_enough_for_a_threshold_between_floor_and_ceiling() -> None:
    bank = prepare_bank([action("squat", perform((squat, 2.0)))])
    assert FLOOR <= bank.thresholds[0] <= CEILING


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


def test_a_bank_is_immutable_and_lays_its_templates_side_by_side() -> None:
    bank = prepare_bank(
        [action("squat", perform((squat, 2.0)), perform((squat, 1.5))), action("jack", perform((jumping_jack, 1.0)))]
    )
    assert bank.offsets.tolist() == np.cumsum([0, *(len(t.frames) for t in bank.templates)]).tolist()
    assert len(bank.frames) == len(bank.weights) == bank.offsets[-1]
    np.testing.assert_allclose(bank.weights.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(FrozenInstanceError):
        bank.dimensions = 3  # type: ignore[misc]


def test_world_coordinates_are_used_where_every_take_has_them() -> None:
    flat = perform((squat, 2.0))
    deep = replace(flat, world_m=np.concatenate([flat.keypoints, np.zeros_like(flat.keypoints[..., :1])], axis=-1))
    assert prepare_bank([action("squat", deep)]).dimensions == 3
    mixed = prepare_bank([action("squat", deep, flat)])
    assert mixed.dimensions == 2
    assert len(mixed.templates) == 2


def test_a_still_take_makes_no_sharp_template() -> None:
    bank = prepare_bank([action("nothing", perform((still, 2.0), noise=0.0005))])
    assert all(template.spread >= 0.1 for template in bank.templates)


def test_varied_copies_are_slower_faster_turned_and_resized() -> None:
    (template,) = prepare_bank([action("jack", perform((jumping_jack, 1.5)))]).templates
    copies = varied(template.frames)
    assert {len(copy) for copy in copies} == {round(len(template.frames) * t) for t in (0.7, 1.0, 1.4)}
    assert all(np.isfinite(copy).all() for copy in copies)
