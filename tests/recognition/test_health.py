"""Template health: what is said of takes and actions, on figures whose faults are known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation_data import SHARED, needs_shared_data
from tests.jointed_figure import ARMS_UP, SQUAT, STANDING, bump, posed, there_and_back, towards
from tests.recognition.figures import arms_only, perform
from webapp.core.records import PoseSequence
from webapp.evaluation.datasets import load_dataset
from webapp.recognition.health import ActionHealth, Health, template_health
from webapp.recognition.ports import Action, Take

KICK = {"left_hip": 80.0}


def named(name: str, *sequences: PoseSequence) -> Action:
    return Action(f"{name}-id", name, [Take(f"{name}-{i}", sequence) for i, sequence in enumerate(sequences, start=1)])


def squats(*seeds: int) -> list[PoseSequence]:
    """Squats of one person, by seed a little deeper or shallower, faster or slower."""
    return [
        posed(there_and_back(towards(SQUAT, 0.85 + 0.05 * (seed % 6))), 1.7 + 0.1 * (seed % 5), seed=seed)
        for seed in seeds
    ]


def raises(*seeds: int) -> list[PoseSequence]:
    return [posed(there_and_back(ARMS_UP), 1.6 + 0.1 * (seed % 5), seed=seed) for seed in seeds]


def one_arm(side: str, seed: int) -> PoseSequence:
    """One arm raised sideways, seen from the front."""
    arms = perform((arms_only, 1.8), seed=seed)
    keypoints = arms.keypoints.copy()
    other = [i for i, name in enumerate(arms.skeleton.keypoints) if not name.startswith(side)]
    keypoints[:, other] = keypoints[:1, other]
    return replace(arms, keypoints=keypoints)


def of_action(health: Health, name: str) -> ActionHealth:
    return next(action for action in health.actions if action.action == name)


def test_takes_that_are_alike_and_unlike_other_actions_are_good() -> None:
    health = template_health([named("squat", *squats(1, 2, 3)), named("arms", *raises(1, 2, 3))])
    assert [action.state for action in health.actions] == ["good", "good"]
    assert [action.sentences for action in health.actions] == [(), ()]
    assert health.confusable == ()
    for action in health.actions:
        assert {take.taken_for for take in action.takes} == {action.action}
        assert all(take.distance is not None and take.distance < take.threshold for take in action.takes)
        assert not any(take.outlier for take in action.takes)


def test_the_exemplar_is_one_of_the_takes_that_are_most_alike() -> None:
    odd = posed(lambda p: towards(SQUAT, 0.6 * bump(p)), 3.0, seed=9)
    (squat,) = template_health([named("squat", odd, *squats(1, 2, 3))]).actions
    assert squat.exemplar_take_id in {"squat-2", "squat-3", "squat-4"}
    assert sum(take.exemplar for take in squat.takes) == 1


def test_a_take_of_something_else_is_an_outlier_and_the_others_are_not_blamed_for_it() -> None:
    health = template_health([named("squat", *squats(1, 2, 3), raises(7)[0]), named("arms", *raises(1, 2, 3))])
    squat, arms = health.actions
    assert [take.outlier for take in squat.takes] == [False, False, False, True]
    assert squat.takes[3].taken_for == "arms"
    assert squat.sentences == ("Take 4 would be taken for arms. Switch it off, or record it again.",)
    assert (squat.state, arms.state) == ("needs attention", "good")


def test_an_outlier_that_is_like_nothing_is_told_as_one() -> None:
    health = template_health(
        [named("squat", *squats(1, 2, 3), posed(there_and_back(KICK), 2.0)), named("arms", *raises(1, 2))]
    )
    assert of_action(health, "squat").sentences == ("Take 4 is unlike the others. Switch it off, or record it again.",)


def test_of_two_takes_that_differ_neither_is_the_outlier() -> None:
    (mixed,) = template_health([named("mixed", squats(1)[0], raises(1)[0])]).actions
    assert not any(take.outlier for take in mixed.takes)
    assert {take.taken_for for take in mixed.takes} == {None}
    assert mixed.sentences == (
        "The takes are so unlike each other that most would not be recognised. Record some that are alike.",
    )


def test_with_one_take_an_action_it_is_said_that_nothing_can_be_told() -> None:
    health = template_health([named("squat", *squats(1)), named("arms", *raises(1))])
    for action in health.actions:
        (take,) = action.takes
        assert (take.nearest_take_id, take.distance, take.taken_for, take.outlier) == (None, None, None, False)
        assert take.exemplar
        assert take.threshold > 0
        assert action.state == "needs attention"
        assert action.sentences == ("With one take nothing tells how well it will be recognised. Record another.",)


@pytest.mark.parametrize("takes", [1, 2, 3])
def test_two_names_for_one_movement_are_confusable(takes: int) -> None:
    actions = [named("squat", *squats(*range(1, takes + 1))), named("knee bend", *squats(*range(11, takes + 11)))]
    health = template_health([*actions, named("arms", *raises(1, 2, 3))])
    (pair,) = health.confusable
    assert {pair.action_id, pair.other_action_id} == {"squat-id", "knee bend-id"}
    assert pair.take_id.startswith("squat-")
    assert pair.other_take_id.startswith("knee bend-")
    assert pair.nested is None
    assert pair.nearness < 1.5
    assert pair.sentence.startswith("squat and knee bend are hard to tell apart. Record takes that show the difference")
    assert all(pair.sentence in of_action(health, name).sentences for name in ("squat", "knee bend"))
    assert pair.sentence not in of_action(health, "arms").sentences


def test_an_action_inside_a_longer_one_is_told_as_its_part() -> None:
    def squat_then_arms(phase: float) -> dict[str, float]:
        return towards(SQUAT, bump(phase / 0.4)) if phase < 0.4 else towards(ARMS_UP, bump((phase - 0.4) / 0.6))

    both = [posed(squat_then_arms, 5.0, seed=seed) for seed in (1, 2)]
    (pair,) = template_health([named("squat", *squats(1, 2, 3)), named("both", *both)]).confusable
    assert pair.nested == "squat-id"
    assert pair.sentence.startswith("squat is part of both and may be counted within it.")


def test_takes_that_cannot_be_learned_from_are_told_with_the_reason() -> None:
    still = posed(lambda _: STANDING, 2.0)
    hidden = replace(squats(4)[0], scores=np.zeros_like(squats(4)[0].scores))
    short = squats(5)[0].between(0.9, 1.1)
    health = template_health(
        [named("squat", *squats(1, 2), still, hidden, short), named("nothing"), named("stand", still)]
    )
    squat, nothing, stand = health.actions
    assert [take.usable for take in squat.takes] == [True, True, False, False, False]
    assert squat.sentences == (
        "Take 3 cannot be learned from (very little movement). Switch it off, or record it again.",
        "Take 4 cannot be learned from (nobody in view). Switch it off, or record it again.",
        "Take 5 cannot be learned from (too short). Switch it off, or record it again.",
    )
    assert nothing.sentences == ("Nothing can be recognised. Record a take.",)
    assert nothing.exemplar_take_id is None
    assert stand.sentences[-1] == "Nothing can be recognised. Record a take."


def test_a_warning_about_a_take_that_works_stands_with_the_take_alone() -> None:
    headless = [name for name in squats(1)[0].skeleton.keypoints if name.endswith(("elbow", "wrist"))]
    takes = []
    for take in squats(1, 2, 3):
        scores = take.scores.copy()
        scores[:, [take.skeleton.index[name] for name in headless]] = 0
        takes.append(replace(take, scores=scores))
    (squat,) = template_health([named("squat", *takes)]).actions
    assert all(take.warnings == ("arms not visible: the action will be told without them",) for take in squat.takes)
    assert squat.state == "good"


def test_takes_with_either_arm_are_alike_only_where_the_action_counts_mirrored() -> None:
    arms = [one_arm(side, seed) for seed, side in enumerate(["left", "right"] * 2)]
    plain = named("one arm", arms[0], arms[1], arms[3])
    mirrored = replace(plain, action_id="either", mirror=True)
    assert [take.outlier for take in template_health([plain]).actions[0].takes] == [True, False, False]
    (either,) = template_health([mirrored]).actions
    assert [take.taken_for for take in either.takes] == ["one arm"] * 3
    assert (either.state, len(either.takes)) == ("good", 3)
    assert sum(take.exemplar for take in either.takes) == 1


def test_a_take_that_is_also_a_movement_that_is_none_of_the_actions_is_not_recognised() -> None:
    takes = squats(1, 2, 3)
    assert template_health([named("squat", *takes)]).actions[0].state == "good"
    (squat,) = template_health([named("squat", *takes)], negatives=[takes[2]]).actions
    assert (squat.takes[2].taken_for, squat.takes[2].reason) == (None, "nearer to what is no action")
    sentence = "Take 3 is nearer to a movement that is none of your actions. Switch one of them off."
    assert sentence in squat.sentences


def test_no_actions_have_no_faults() -> None:
    assert template_health([]) == Health((), ())


@needs_shared_data
def test_most_takes_of_one_person_are_recognised_by_her_others() -> None:
    """Twenty actions of one person, two or three takes each (MSR Action3D)."""
    dataset = load_dataset(SHARED / "datasets" / "msr_action3d")
    takes: dict[str, list[Take]] = defaultdict(list)
    for segment, sequence in zip(dataset.segments, dataset.takes, strict=True):
        if segment.subject == "s01":
            takes[segment.action].append(Take(segment.take_id, sequence))
    health = template_health([Action(name, name, of_it) for name, of_it in takes.items()])
    judged = [(take, action) for action in health.actions for take in action.takes]
    assert np.mean([take.taken_for == action.action for take, action in judged]) >= 0.75
    assert np.mean([take.outlier for take, _ in judged]) <= 0.15
    assert len(health.confusable) <= 10
