"""Whether a network is worth using: what it must beat, and what is said of that."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.training.data import labelled
from webapp.core.records import FloatArray
from webapp.core.skeleton import UPPER_BODY_6
from webapp.training.archive import TrainingData
from webapp.training.baselines import TeacherFound, evaluation
from webapp.training.evaluate import Found

SAMPLES = 40
PLACES = np.array([[0.6, 0.3], [0.4, 0.3], [0.7, 0.5], [0.3, 0.5], [0.7, 0.7], [0.3, 0.7]], np.float32)
ALL = np.ones(6, np.bool_)


def data() -> TrainingData:
    """Twice as many are trained on, and everybody's arms are elsewhere."""
    random = np.random.default_rng(2)
    keypoints = PLACES + random.uniform(-0.15, 0.15, (3 * SAMPLES, 6, 2)).astype(np.float32)
    made = labelled(UPPER_BODY_6, keypoints.astype(np.float32))
    made.split[:] = ["test"] * SAMPLES + ["train"] * (2 * SAMPLES)
    return made


def off_by(far: float) -> Found:
    offset: FloatArray = np.array([far, 0], np.float32)
    return Found(data().keypoints[:SAMPLES] + offset, np.ones(SAMPLES, np.float32))


def judged(found: Found, samples: TrainingData, by: TeacherFound | None) -> Any:
    return evaluation(found, samples, by, [{"form": "keras"}])


def teacher(far: float, own_labels: int = 0, known: NDArray[np.bool_] = ALL) -> TeacherFound:
    return TeacherFound("blazepose_lite", off_by(far), np.ones(SAMPLES, np.bool_), known, own_labels)


def test_better_than_the_mean_pose_and_the_teacher_is_worth_using() -> None:
    said = judged(off_by(0.01), data(), teacher(0.3))

    assert (said["beats_mean_pose"], said["beats_teacher"], said["worth_activating"]) == (True, True, True)
    assert [reason.split(" points PCK@0.2 ")[1] for reason in said["reasons"]] == [
        "above the mean pose, which looks at no picture",
        "above the teacher, blazepose_lite, on 40 samples",
    ]


def test_worse_than_the_mean_pose_is_not_worth_using() -> None:
    said = judged(off_by(0.5), data(), None)

    assert (said["beats_mean_pose"], said["beats_teacher"], said["worth_activating"]) == (False, None, False)
    assert "below the mean pose" in said["reasons"][0]


def test_worse_than_the_teacher_is_not_worth_using() -> None:
    said = judged(off_by(0.06), data(), teacher(0.01, own_labels=3))

    assert (said["beats_mean_pose"], said["beats_teacher"], said["worth_activating"]) == (True, False, False)
    assert said["reasons"][1].endswith("; 3 of them bear its own labels, which favours it")


def test_a_teacher_that_made_most_of_the_labels_says_nothing() -> None:
    said = judged(off_by(0.02), data(), teacher(0.0, own_labels=38))

    assert (said["beats_teacher"], said["worth_activating"]) == (None, True)
    assert said["reasons"][-1] == (
        "blazepose_lite made most of these labels itself, so that this comparison does not count"
    )


def test_a_teacher_is_judged_on_the_keypoints_that_it_knows() -> None:
    shoulders = np.array([True, True, False, False, False, False])
    lost = teacher(0.0, known=shoulders)
    lost.found.keypoints[:, 2:] = np.nan

    said = judged(off_by(0.02), data(), lost)

    assert said["teacher"]["pck02"] == 1.0
    assert said["beats_teacher"] is False
    assert "and the 2 keypoints that it knows" in said["reasons"][1]


def test_where_a_picture_is_gone_the_teacher_is_not_blamed() -> None:
    some = teacher(0.0)
    some.found.keypoints[::2] = np.nan
    some.asked[::2] = False

    said = judged(off_by(0.02), data(), some)

    assert said["teacher"]["pck02"] == 1.0
    assert "on 20 samples" in said["reasons"][1]


def test_without_a_test_split_it_is_said_what_it_was_judged_on() -> None:
    chosen_by = data()
    chosen_by.split[:SAMPLES] = "validation"

    said = judged(off_by(0.02), chosen_by, None)

    assert (said["split"], said["samples"]) == ("validation", SAMPLES)
    assert said["reasons"][1].endswith("which flatters it")


def test_without_a_size_to_judge_by_nothing_is_claimed() -> None:
    unseen = data()
    unseen.visibility[:SAMPLES] = 0

    said = judged(off_by(0.0), unseen, teacher(0.3))

    assert (said["beats_mean_pose"], said["worth_activating"]) == (False, False)
    assert "nothing can be said" in said["reasons"][0]


def test_it_is_all_json_without_nan() -> None:
    said = judged(off_by(0.2), data(), teacher(0.3))

    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert set(said) == {
        *("split", "samples", "model", "mean_pose", "teacher", "beats_mean_pose", "beats_teacher"),
        *("worth_activating", "reasons", "worst", "forms"),
    }
    assert len(said["worst"]) == 24
