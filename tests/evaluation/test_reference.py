"""The baseline recipe: its angles, its vote, its windows, and the accuracy known of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.labelled import write_takes
from tests.evaluation_data import SHARED, needs_shared_data
from tests.movements import arm_raise
from webapp.core.records import PoseSequence
from webapp.core.skeleton import Skeleton
from webapp.evaluation import closed_set
from webapp.evaluation.datasets import Dataset, load_dataset
from webapp.evaluation.methods import Detection, Trial
from webapp.evaluation.reference import ReferenceMethod, arm_angles, events_of, window_starts
from webapp.evaluation.workers import Workers

ARMS = Skeleton("arms", tuple(f"{s}_{j}" for s in ("left", "right") for j in ("shoulder", "elbow", "wrist")), ())


def posed(*frames: list[tuple[float, float]]) -> PoseSequence:
    keypoints = np.array(frames, np.float32)
    return PoseSequence(ARMS, np.arange(len(frames)) / 10, keypoints, np.ones(keypoints.shape[:2], np.float32))


def test_angles_are_unsigned_between_every_ordered_pair_of_vectors() -> None:
    """Shoulders level, left arm hanging and then pointing outwards, right arm straight up."""
    angles = arm_angles(posed([(0, 0), (0, 1), (1, 1), (-1, 0), (-1, -1), (-1, -2)])).reshape(5, 5)

    right = np.pi / 2
    shoulders, left_arm, right_arm, left_forearm, right_forearm = range(5)
    assert np.allclose(angles, angles.T)
    assert np.allclose(np.diag(angles), 0)
    assert angles[shoulders, left_arm] == pytest.approx(right)
    assert angles[shoulders, left_forearm] == pytest.approx(np.pi)
    assert angles[left_arm, right_arm] == pytest.approx(np.pi)
    assert angles[right_arm, right_forearm] == pytest.approx(0)
    assert angles[left_forearm, right_forearm] == pytest.approx(right)


def test_an_angle_that_is_hidden_stays_as_it_was() -> None:
    bent = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (-1.0, 0.0), (-1.0, -1.0), (-1.0, -2.0)]
    hidden = [*bent[:2], (np.nan, np.nan), *bent[3:]]

    angles = arm_angles(posed(hidden, bent, hidden))

    assert np.array_equal(angles[0], angles[1])
    assert np.array_equal(angles[2], angles[1])
    assert np.array_equal(arm_angles(posed(hidden))[0, :3], angles[1, :3])
    assert arm_angles(posed(hidden))[0, 3] == 0


def voting(folder: Path) -> tuple[Dataset, ReferenceMethod]:
    dataset = load_dataset(write_takes(folder / "set"))
    return dataset, ReferenceMethod(dataset, Workers(1))


def test_the_nearest_wins_where_it_holds_half_of_the_nearest_four(tmp_path: Path) -> None:
    dataset, method = voting(tmp_path)
    others = [place for place, segment in enumerate(dataset.segments) if segment.subject != "s1"]
    query = dataset.segments[0]

    (answer,) = method.answer([Trial("all", tuple(others), (0,))])[0]

    assert (query.action, answer.nearest, answer.accepted) == ("both", "both", "both")
    assert 0 < answer.score < 0.1


def test_one_template_for_each_of_three_actions_never_holds_half(tmp_path: Path) -> None:
    dataset, method = voting(tmp_path)
    templates = closed_set.one_take(dataset)[1].templates

    (answer,) = method.answer([Trial("all", templates, (0,))])[0]

    assert (answer.nearest, answer.accepted) == ("both", None)


def test_without_templates_nothing_is_said(tmp_path: Path) -> None:
    (answer,) = voting(tmp_path)[1].answer([Trial("all", (), (0,))])[0]

    assert (answer.nearest, answer.accepted, answer.score) == (None, None, np.inf)


def test_the_same_answers_come_from_one_process_and_from_two(tmp_path: Path) -> None:
    dataset, method = voting(tmp_path)
    trials = closed_set.loso(dataset)

    assert ReferenceMethod(dataset, Workers(2)).answer(trials) == method.answer(trials)


def test_windows_are_whole_and_a_second_apart() -> None:
    assert list(window_starts(arm_raise(frames=75, rate_hz=15))) == [0, 15, 30]
    assert list(window_starts(arm_raise(frames=20, rate_hz=15))) == [0]


def test_windows_that_follow_and_agree_are_one_event() -> None:
    labels = [(0, "a"), (10, "a"), (20, None), (30, "a"), (40, "b")]

    assert events_of(labels, np.arange(70) / 10) == [
        Detection("a", 0.0, 4.9, 4.9),
        Detection("a", 3.0, 6.9, 6.9),
        Detection("b", 4.0, 6.9, 6.9),
    ]


@needs_shared_data
def test_the_recipe_reaches_the_accuracy_known_of_it() -> None:
    dataset = load_dataset(SHARED / "datasets" / "utd_mhad_6")

    figures, _ = closed_set.measure(dataset, closed_set.schneider2019(dataset), ReferenceMethod(dataset, Workers(1)))

    assert figures == {"accuracy": pytest.approx(0.833, abs=0.01), "queries": 168}
