"""Movements that are none of the actions, recorded by the half minute."""

from __future__ import annotations

import pytest

from tests.recognition.figures import action, jumping_jack, perform, squat, still, watch
from webapp.core.records import PoseSequence
from webapp.recognition.classify import classify
from webapp.recognition.negatives import MOST_STRETCHES
from webapp.recognition.ports import Action
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import prepare_bank


def stretching(phase: float) -> tuple[float, float, float]:
    """Arms and legs as in a jumping jack, but neither goes all the way."""
    arms, legs, knees = jumping_jack(phase)
    return 0.85 * arms, 0.6 * legs, knees


@pytest.fixture(scope="module")
def jack() -> Action:
    return action("jack", perform((jumping_jack, 1.5)), perform((jumping_jack, 1.7), seed=1))


@pytest.fixture(scope="module")
def everyday() -> PoseSequence:
    return perform((still, 9.0), (squat, 3.0), (stretching, 1.6), (still, 12.0), seed=2)


def test_what_is_taken_for_an_action_is_not_once_half_a_minute_with_it_is_recorded(
    jack: Action, everyday: PoseSequence
) -> None:
    again = perform((still, 2.0), (stretching, 1.5), (still, 2.0), seed=3)
    alone, beside = prepare_bank([jack]), prepare_bank([jack], [everyday])
    assert [event.action for event in watch(StreamRecogniser(alone), again)] == ["jack"]
    assert watch(StreamRecogniser(beside), again) == []


def test_the_action_itself_is_recognised_beside_half_a_minute_of_other_movement(
    jack: Action, everyday: PoseSequence
) -> None:
    performance = perform((jumping_jack, 1.6), seed=4)
    for negatives in ([everyday], [perform((still, 30.0), seed=5)]):
        judged = classify(prepare_bank([jack], negatives), performance)
        assert judged.action is not None


def test_a_short_negative_is_compared_as_a_whole_and_many_long_ones_by_what_is_nearest(jack: Action) -> None:
    short = perform((squat, 1.5))
    (negative,) = prepare_bank([jack], [short]).negatives
    (long,) = prepare_bank([jack], [perform((still, 5.0), (squat, 1.5), (still, 5.0))]).negatives
    assert len(negative.frames) == len(prepare_bank([action("squat", short)]).templates[0].frames)
    assert len(long.frames) < 5 * 20
    many = [perform((still, 2.0), (squat, 3.0), seed=i) for i in range(MOST_STRETCHES + 1)]
    assert len(prepare_bank([jack], many).negatives) == MOST_STRETCHES
