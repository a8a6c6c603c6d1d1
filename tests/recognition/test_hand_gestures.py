"""Gestures learned from one take each, made by other hands: recognised, counted, and never mixed with bodies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.jointed_figure import ARMS_UP, posed, there_and_back
from tests.jointed_hand import (
    Gesture,
    Hand,
    count,
    fan,
    fist,
    gestured,
    horns,
    little_finger,
    other_hand,
    pinch,
    resting,
    tip_over,
    wave,
)
from webapp.core.errors import InvalidInputError
from webapp.core.records import Pose, PoseSequence
from webapp.recognition.classify import classify
from webapp.recognition.comparison import compare
from webapp.recognition.feedback import Feedback, PastEvent
from webapp.recognition.feedback_rules import feedback_effect
from webapp.recognition.health import template_health
from webapp.recognition.ports import Action, Event, Recognition, Take
from webapp.recognition.repetitions import count_repetitions
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank, prepare_bank

KNOWN: dict[str, tuple[Gesture, float]] = {
    "fist": (fist, 1.6),
    "pinch": (pinch, 1.2),
    "count to five": (count, 2.5),
    "wave": (wave, 1.6),
}
UNKNOWN = [little_finger, fan, horns, tip_over]
RAISE = posed(there_and_back(ARMS_UP), 1.6)
BODY_ACTION = Action("raise", "arms up", [Take("raise", RAISE)])


def action_of(name: str, *, mirror: bool = False, deep: bool = True) -> Action:
    gesture, duration_s = KNOWN[name]
    return Action(name, name, [Take(name, gestured((gesture, duration_s), seed=1, deep=deep))], mirror)


@pytest.fixture(scope="module")
def actions() -> list[Action]:
    return [action_of(name) for name in KNOWN]


@pytest.fixture(scope="module")
def bank(actions: list[Action]) -> TemplateBank:
    return prepare_bank(actions)


@pytest.fixture(scope="module")
def mixed(actions: list[Action]) -> TemplateBank:
    return prepare_bank([BODY_ACTION, *actions])


def played(recogniser: StreamRecogniser, sequence: PoseSequence) -> tuple[list[Event], Recognition]:
    events, answer = list[Event](), Recognition()
    for frame, time_s in enumerate(sequence.times_s.tolist()):
        world_m = None if sequence.world_m is None else sequence.world_m[frame]
        pose = Pose(sequence.skeleton, sequence.keypoints[frame], sequence.scores[frame], 1.0, world_m)
        answer = recogniser.update(pose, 1, time_s)
        events += answer.events
    return [*events, *recogniser.flush()], answer


@pytest.mark.parametrize("deep", [True, False], ids=["in metres", "on the picture alone"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_gesture_is_recognised_in_other_hands_at_other_tempos(name: str, deep: bool) -> None:
    bank = prepare_bank([action_of(each, deep=deep) for each in KNOWN])
    gesture, duration_s = KNOWN[name]

    for seed, tempo in enumerate((0.7, 1.0, 1.5)):
        performance = gestured((gesture, duration_s * tempo), hand=other_hand(seed), seed=seed, deep=deep)
        judged = classify(bank, performance)
        assert judged.action is not None, judged.ranking[0]
        assert judged.action.name == name


@pytest.mark.parametrize("gesture", UNKNOWN)
def test_a_gesture_that_was_never_shown_is_none_of_them(gesture: Gesture, bank: TemplateBank) -> None:
    judged = [classify(bank, gestured((gesture, 1.4), hand=other_hand(seed), seed=seed)).action for seed in range(4)]

    assert judged == [None] * 4


def test_a_stream_of_gestures_is_told_one_by_one(bank: TemplateBank) -> None:
    parts: list[tuple[Gesture, float]] = [(resting, 1.0)]
    for gesture, duration_s in (*KNOWN.values(), (fan, 1.2)):
        parts += [(gesture, duration_s), (resting, 1.0)]

    events, _ = played(StreamRecogniser(bank), gestured(*parts, hand=other_hand(5), seed=5))

    # a hand at rest begins to count from the fist it has to make first
    assert [event.action for event in events if event.action != "fist"] == ["pinch", "count to five", "wave"]
    assert events[0].action == "fist"


def test_repetitions_of_a_gesture_are_counted_with_the_range_of_its_joints(bank: TemplateBank) -> None:
    events, _ = played(StreamRecogniser(bank), gestured((resting, 0.8), *[(fist, 1.5)] * 4, (resting, 0.8)))

    (repetitions,) = count_repetitions(events)

    assert repetitions.count == 4
    assert repetitions.repetitions[1].range_deg["index_pip"] > 60


def test_a_left_hand_is_another_hand_unless_the_mirror_counts() -> None:
    left = gestured((pinch, 1.2), hand=Hand(left=True), seed=4)

    assert classify(prepare_bank([action_of("pinch")]), left).action is None
    assert classify(prepare_bank([action_of("pinch", mirror=True)]), left).action is not None


def test_a_finger_that_stays_behind_is_named(bank: TemplateBank) -> None:
    def without_thumb(phase: float) -> dict[str, float]:
        return {**fist(phase), "thumb": 0.0, "across": 0.0}

    judged = classify(bank, gestured((without_thumb, 1.6), seed=2))

    reasons = {candidate.action: candidate.reason for candidate in judged.ranking}
    assert reasons["fist"] == "thumb moves too little"


def test_a_hand_at_rest_is_too_still(bank: TemplateBank) -> None:
    events, answer = played(StreamRecogniser(bank), gestured((resting, 3.0)))

    assert events == []
    assert answer.reason == "too still"


def test_a_bank_of_hands_and_bodies_recognises_both_and_never_one_as_the_other(mixed: TemplateBank) -> None:
    for performance, name in ((RAISE, "arms up"), (gestured((pinch, 1.2), hand=other_hand(1)), "pinch")):
        judged = classify(mixed, performance)
        assert judged.action is not None
        assert judged.action.name == name
        (event,), _ = played(StreamRecogniser(mixed), performance)
        assert event.action == name


def test_what_was_recorded_with_other_keypoints_is_in_the_ranking_with_that_reason(mixed: TemplateBank) -> None:
    _, answer = played(StreamRecogniser(mixed), gestured((resting, 1.0)))

    reasons = {candidate.action: candidate.reason for candidate in answer.ranking}
    assert set(reasons) == {"arms up", *KNOWN}
    assert [name for name, reason in reasons.items() if reason == "recorded with other keypoints"] == ["arms up"]


def test_where_nothing_can_be_compared_that_is_the_reason() -> None:
    hand = gestured((fist, 1.6))

    events, answer = played(StreamRecogniser(prepare_bank([BODY_ACTION])), hand)

    assert events == []
    assert answer.reason == "recorded with other keypoints"
    assert [candidate.action for candidate in answer.ranking] == ["arms up"]
    assert classify(prepare_bank([BODY_ACTION]), hand).ranking == ()


def test_a_person_who_switches_from_body_to_hand_is_followed(mixed: TemplateBank) -> None:
    recogniser = StreamRecogniser(mixed)
    hand = gestured((resting, 0.5), (fist, 1.6), (resting, 0.8), seed=3)

    before, _ = played(recogniser, RAISE)
    after, _ = played(recogniser, replace(hand, times_s=hand.times_s + RAISE.times_s[-1] + 1))

    assert [event.action for event in (*before, *after)] == ["arms up", "fist"]


def test_thresholds_of_hands_do_not_hang_on_takes_of_bodies(bank: TemplateBank, mixed: TemplateBank) -> None:
    assert mixed.thresholds[1:] == bank.thresholds


def test_negatives_of_bodies_do_not_touch_hands(actions: list[Action], bank: TemplateBank) -> None:
    assert prepare_bank(actions, [RAISE]).thresholds == bank.thresholds


def test_hands_and_bodies_are_judged_apart_in_template_health(actions: list[Action]) -> None:
    again = Take("again", gestured((pinch, 1.3), hand=other_hand(3), seed=3))
    pinches = replace(actions[1], takes=[*actions[1].takes, again])
    both = replace(BODY_ACTION, takes=[*BODY_ACTION.takes, *actions[0].takes])

    raised, pinched = template_health([both, pinches]).actions

    assert all(take.usable for take in (*raised.takes, *pinched.takes))
    assert [take.distance for take in raised.takes] == [None, None]
    assert [take.taken_for for take in pinched.takes] == ["pinch", "pinch"]


def test_feedback_on_a_hand_changes_what_is_recognised_of_hands_alone(actions: list[Action]) -> None:
    wrong = gestured((pinch, 1.2), hand=other_hand(2), seed=2)

    effect = feedback_effect(
        [BODY_ACTION, *actions], [RAISE], Feedback(wrong, wrong_action_id="pinch"), [PastEvent("e", "raise", RAISE)]
    )

    assert [change.action for change in effect.changes] == ["pinch"]
    assert effect.checked_events == 0


def test_two_performances_are_compared_finger_by_finger() -> None:
    def half_bent(phase: float) -> dict[str, float]:
        return {**fist(phase), "index": 0.4 * fist(phase)["index"]}

    comparison = compare(gestured((half_bent, 1.6), seed=1), gestured((fist, 1.6), seed=2))

    assert comparison.joints[0].joint in {"index_mcp", "index_pip"}
    assert any(sentence.startswith("Index finger bends") and "less" in sentence for sentence in comparison.sentences)
    assert {joint.joint for joint in comparison.joints if joint.notable} <= {"index_mcp", "index_pip", "thumb_spread"}


def test_fingers_that_differ_alike_share_a_sentence() -> None:
    def half_fist(phase: float) -> dict[str, float]:
        return {name: 0.5 * share for name, share in fist(phase).items()}

    said = compare(gestured((half_fist, 1.6), seed=1), gestured((fist, 1.6), seed=2)).sentences

    assert any("index, middle, ring and little finger bend" in text.lower() for text in said), said


def test_a_hand_is_not_compared_with_a_body() -> None:
    with pytest.raises(InvalidInputError, match="shows a hand, the take a body"):
        compare(gestured((fist, 1.6)), RAISE)


def test_a_hand_that_shows_no_palm_is_refused_in_words() -> None:
    take = gestured((fist, 1.6))

    with pytest.raises(InvalidInputError, match="the palm must be seen"):
        compare(take, replace(take, scores=np.zeros_like(take.scores)))
