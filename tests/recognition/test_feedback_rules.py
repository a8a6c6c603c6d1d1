"""Feedback does as the person says, within its bounds, and tells truly what else it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recognition.figures import action, jumping_jack, perform, squat, still
from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.recognition import feedback_rules, judging
from webapp.recognition.classify import classify
from webapp.recognition.feedback import FACTOR_MAX, FACTOR_MIN, Addition, Effect, Feedback, PastEvent
from webapp.recognition.feedback_rules import feedback_effect
from webapp.recognition.ports import Action, Take
from webapp.recognition.template_bank import prepare_bank

SQUAT, JACK = "squat-id", "jack-id"


def blend(share: float) -> PoseSequence:
    """A squat that turns into a jumping jack by this share."""

    def movement(phase: float) -> tuple[float, float, float]:
        pairs = zip(squat(phase), jumping_jack(phase), strict=True)
        return tuple((1 - share) * one + share * other for one, other in pairs)  # type: ignore[return-value]

    return perform((movement, 2.0), seed=round(100 * share) + 7)


def squats(count: int) -> Action:
    return action("squat", *(perform((squat, 2.0), seed=seed, size=0.2 + 0.01 * seed) for seed in range(count)))


def jacks(count: int) -> Action:
    return action("jack", *(perform((jumping_jack, 1.5), seed=50 + seed) for seed in range(count)))


def judged(actions: Sequence[Action], sequence: PoseSequence) -> str | None:
    found = classify(prepare_bank(actions), sequence).action
    return None if found is None else found.action_id


def ratio(actions: Sequence[Action], sequence: PoseSequence, action_id: str) -> float:
    ranking = classify(prepare_bank(actions), sequence).ranking
    return next(one.distance / one.threshold for one in ranking if one.action_id == action_id)


def squat_with_arms(raised_rad: float) -> PoseSequence:
    """A squat in which the arms go up, too."""

    def movement(phase: float) -> tuple[float, float, float]:
        arms_rad, apart, lowered = squat(phase)
        return arms_rad + raised_rad * lowered / 0.45, apart, lowered

    return perform((movement, 2.0), seed=round(100 * raised_rad) + 7)


def performance_where(holds: Callable[[PoseSequence], bool]) -> PoseSequence:
    """The first performance for which this holds; so that tests need no distances of their own."""
    made = (*(blend(float(share)) for share in np.linspace(0, 1, 41)), *map(squat_with_arms, np.linspace(0, 2.5, 51)))
    found = next((one for one in made if holds(one)), None)
    assert found is not None, "none is like that"
    return found


def tuned(actions: Sequence[Action], effect: Effect) -> list[Action]:
    """The actions as they are after applying."""
    factors = {change.action_id: change.factor_after for change in effect.changes}
    return [replace(one, threshold_factor=factors.get(one.action_id, one.threshold_factor)) for one in actions]


@pytest.fixture
def actions() -> list[Action]:
    return [squats(3), jacks(2)]


@pytest.fixture
def wrong(actions: list[Action]) -> PoseSequence:
    """What is still taken for a squat, not by much."""
    return performance_where(lambda made: judged(actions, made) == SQUAT and ratio(actions, made, SQUAT) > 0.45)


class Missed(NamedTuple):
    """What is not taken for the action by its threshold alone."""

    poses: PoseSequence
    action_id: str


@pytest.fixture
def missed(actions: list[Action]) -> Missed:
    def nearest_id(poses: PoseSequence) -> str:
        nearest = classify(prepare_bank(actions), poses).nearest
        return "" if nearest is None else nearest.action_id

    def is_missed(poses: PoseSequence) -> bool:
        wide = [replace(one, threshold_factor=FACTOR_MAX / 1.1) for one in actions]
        return judged(actions, poses) is None and judged(wide, poses) == nearest_id(poses)

    poses = performance_where(is_missed)
    return Missed(poses, nearest_id(poses))


def test_what_was_wrong_is_rejected_afterwards_and_the_own_takes_are_not(
    actions: list[Action], wrong: PoseSequence
) -> None:
    effect = feedback_effect(actions, (), Feedback(wrong, wrong_action_id=SQUAT))

    (change,) = effect.changes
    assert (change.bound, change.obstacle, effect.solved, effect.lost_takes) == ("at_most", None, True, ())
    assert FACTOR_MIN <= change.factor_after < change.factor_before == 1
    assert change.threshold_after == pytest.approx(change.threshold_before * change.factor_after)
    after = tuned(actions, effect)
    assert judged(after, wrong) is None
    squat_takes = after[0].takes
    for take in squat_takes:
        rest = replace(after[0], takes=[other for other in squat_takes if other is not take])
        assert judged([rest, after[1]], take.sequence) == SQUAT


def test_a_threshold_is_not_lowered_below_the_own_takes(actions: list[Action]) -> None:
    """What was called wrong is as near to the takes as they are to each other."""
    effect = feedback_effect(actions, (), Feedback(actions[0].takes[0].sequence, wrong_action_id=SQUAT))

    (change,) = effect.changes
    assert "would also lose 3 of 3 takes of squat" in str(change.obstacle)
    assert (change.factor_after, effect.solved, effect.suggestion) == (1, False, "negative")


def test_what_is_no_longer_taken_for_the_action_changes_nothing(actions: list[Action]) -> None:
    effect = feedback_effect(actions, (), Feedback(perform((still, 1.0)), wrong_action_id=SQUAT))

    assert (effect.changes, effect.solved, effect.suggestion) == ((), True, None)


def test_what_was_missed_is_accepted_afterwards(actions: list[Action], missed: Missed) -> None:
    effect = feedback_effect(actions, (), Feedback(missed.poses, right_action_id=missed.action_id))

    (change,) = effect.changes
    assert (change.bound, change.obstacle, effect.solved) == ("at_least", None, True)
    assert 1 < change.factor_after <= FACTOR_MAX
    assert judged(tuned(actions, effect), missed.poses) == missed.action_id


def test_a_threshold_is_not_raised_to_a_negative(actions: list[Action], missed: Missed) -> None:
    effect = feedback_effect(actions, [missed.poses], Feedback(missed.poses, right_action_id=missed.action_id))

    (change,) = effect.changes
    assert "no action" in str(change.obstacle) or "none of your actions" in str(change.obstacle)
    assert (change.factor_after, effect.solved, effect.possible, effect.suggestion) == (1, False, False, "take")


def test_a_threshold_is_not_raised_to_a_take_of_another_action(actions: list[Action], missed: Missed) -> None:
    other = Action("other-id", "half jack", [Take("o", missed.poses)])

    effect = feedback_effect([*actions, other], (), Feedback(missed.poses, right_action_id=missed.action_id))

    (change,) = effect.changes
    assert "half jack" in str(change.obstacle)
    assert judged(tuned([*actions, other], effect), missed.poses) == "other-id"


def test_what_no_threshold_accepts_is_said(actions: list[Action]) -> None:
    effect = feedback_effect(actions, (), Feedback(perform((still, 1.0)), right_action_id=SQUAT))

    assert effect.changes[0].obstacle is not None
    assert (effect.solved, effect.suggestion) == (False, "take")


def test_a_wrong_one_that_was_another_action_is_that_action_afterwards() -> None:
    actions = [squats(1), jacks(1)]
    between = performance_where(lambda made: judged(actions, made) == JACK)

    effect = feedback_effect(actions, (), Feedback(between, wrong_action_id=JACK, right_action_id=SQUAT, add="take"))

    assert effect.solved
    after = tuned(actions, effect)
    after[0] = replace(after[0], takes=[*after[0].takes, Take("added", between)])
    assert judged(after, between) == SQUAT


def test_adding_the_take_accepts_what_was_missed_without_raising_a_threshold(
    actions: list[Action], missed: Missed
) -> None:
    effect = feedback_effect(actions, (), Feedback(missed.poses, right_action_id=missed.action_id, add="take"))

    assert (effect.changes, effect.solved) == ((), True)


def test_the_first_take_of_an_action_can_come_from_feedback(actions: list[Action], missed: Missed) -> None:
    feedback = Feedback(missed.poses, right_action_id="new-id", right_name="bow", add="take")

    assert feedback_effect(actions, (), feedback).solved
    assert feedback_effect([], (), feedback).solved


def test_past_events_that_would_be_judged_otherwise_are_told(actions: list[Action], wrong: PoseSequence) -> None:
    sure, gone = (
        perform((squat, 2.0), seed=77),
        performance_where(
            lambda made: (
                made is not wrong
                and judged(actions, made) == SQUAT
                and ratio(actions, made, SQUAT) > ratio(actions, wrong, SQUAT)
            )
        ),
    )
    recent = [PastEvent("sure", SQUAT, sure), PastEvent("gone", SQUAT, gone)]

    effect = feedback_effect(actions, (), Feedback(wrong, wrong_action_id=SQUAT), recent)

    assert [(one.event_id, one.before_id, one.after_id) for one in effect.events] == [("gone", SQUAT, None)]
    assert effect.checked_events == 2


def test_without_tuning_no_threshold_changes(actions: list[Action], wrong: PoseSequence) -> None:
    effect = feedback_effect(actions, (), Feedback(wrong, wrong_action_id=SQUAT, tune=False))

    assert (effect.changes, effect.solved, effect.suggestion) == ((), False, "negative")


def test_poses_that_show_nobody_are_refused(actions: list[Action]) -> None:
    seen = perform((squat, 2.0))
    nobody = replace(seen, keypoints=np.full_like(seen.keypoints, np.nan), scores=np.zeros_like(seen.scores))

    with pytest.raises(InvalidInputError, match="61 frames show too little"):
        feedback_effect(actions, (), Feedback(nobody, wrong_action_id=SQUAT))


def test_an_action_that_is_not_learned_any_more_needs_no_correction(actions: list[Action], wrong: PoseSequence) -> None:
    assert feedback_effect(actions, (), Feedback(wrong, wrong_action_id="gone")).changes == ()


def test_undone_by_leaving_the_factor_out_the_judgement_is_the_old_one(
    actions: list[Action], wrong: PoseSequence
) -> None:
    effect = feedback_effect(actions, (), Feedback(wrong, wrong_action_id=SQUAT))
    again = feedback_effect(tuned(actions, effect), (), Feedback(wrong, wrong_action_id=SQUAT))

    assert again.changes == ()
    assert judged(actions, wrong) == SQUAT


@pytest.mark.parametrize("add", [None, "negative"])
def test_what_is_learned_anew_for_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch, add: Addition | None) -> None:
    prepared = []

    def counted(*arguments: object) -> object:
        prepared.append(arguments)
        return prepare_bank(*arguments)  # type: ignore[arg-type]

    many = [squats(12), jacks(12)]
    near = performance_where(lambda made: judged(many, made) == SQUAT and ratio(many, made, SQUAT) > 0.6)
    monkeypatch.setattr(judging, "prepare_bank", counted)
    monkeypatch.setattr(feedback_rules, "_TAKES_LEARNED", 3 * 24)
    monkeypatch.setattr(feedback_rules, "_FEWEST_LOOKS", 3)

    effect = feedback_effect(many, (), Feedback(near, wrong_action_id=SQUAT, add=add))

    assert effect.checked_takes <= 3
    assert len(prepared) <= 2 + 3 * 3


def test_a_factor_set_afterwards_is_as_one_that_was_there_before(actions: list[Action], wrong: PoseSequence) -> None:
    """Nothing has to be learned anew for a factor."""
    quick = judging.learned(actions, ()).with_factors({SQUAT: 0.7, JACK: 1.3}).bank
    anew = prepare_bank([replace(actions[0], threshold_factor=0.7), replace(actions[1], threshold_factor=1.3)])

    assert quick.thresholds == pytest.approx(anew.thresholds)
    assert classify(quick, wrong).ranking == classify(anew, wrong).ranking
    assert quick.template_thresholds == pytest.approx(anew.template_thresholds)


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 1), st.sampled_from([SQUAT, JACK]), st.booleans())
def test_whatever_is_said_the_bounds_hold(share: float, action_id: str, was_wrong: bool) -> None:
    actions, said = [squats(3), jacks(2)], blend(share)
    feedback = Feedback(said, wrong_action_id=action_id) if was_wrong else Feedback(said, right_action_id=action_id)

    effect = feedback_effect(actions, (), feedback)
    after = tuned(actions, effect)

    assert effect.solved or effect.suggestion is not None
    assert effect.lost_takes == ()
    for change in effect.changes:
        assert FACTOR_MIN <= change.factor_after <= FACTOR_MAX
        assert (change.obstacle is None) == change.changes
    for before, one in zip(actions, after, strict=True):
        for take in before.takes:
            rest = [replace(other, takes=[t for t in other.takes if t is not take]) for other in actions]
            rest_after = [replace(other, takes=[t for t in other.takes if t is not take]) for other in after]
            assert judged(rest_after, take.sequence) in {judged(rest, take.sequence), one.action_id}
