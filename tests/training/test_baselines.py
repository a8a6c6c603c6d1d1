"""Whether a network is worth using: what it must beat, and what is said of that."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.data import labelled
from webapp.core.records import FloatArray
from webapp.core.skeleton import UPPER_BODY_6
from webapp.training.archive import TrainingData
from webapp.training.baselines import TeacherFound, evaluation, judge
from webapp.training.evaluate import Found, evaluate, mean_pose
from webapp.training.margins import pck_margin

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
    assert said["reasons"][-1] == "it was not compared with another model"


def scattered(right: int, wrong: int) -> Found:
    """The mean pose; but so many samples as they are labelled, and so many others with one keypoint far off."""
    samples = data()
    poses = np.repeat(mean_pose(samples, samples.rows("train"))[None], SAMPLES, axis=0)
    poses[:right] = samples.keypoints[:right]
    poses[right : right + wrong, 0] += 1
    return Found(poses, np.ones(SAMPLES, np.float32))


def test_a_little_above_the_mean_pose_may_be_chance_and_is_not_worth_using() -> None:
    little, much = (judged(scattered(*of_samples), data(), None) for of_samples in ((2, 4), (20, 4)))

    assert little["model"]["pck02"] > little["mean_pose"]["pck02"]
    assert (little["beats_mean_pose"], little["worth_activating"]) == (False, False)
    assert "less can be chance on so few samples" in little["reasons"][1]
    assert (much["beats_mean_pose"], much["worth_activating"]) == (True, True)


def test_without_a_pose_that_counts_as_found_it_is_not_worth_using() -> None:
    good, mean = (evaluate(found, data(), np.arange(SAMPLES)) for found in (off_by(0.01), scattered(0, 0)))

    verdict = judge(replace(good, oks_ap=0.0), mean, 0.1, None)

    assert judge(good, mean, 0.1, None).worth_activating
    assert not verdict.worth_activating
    assert "not one of its poses is near enough" in verdict.reasons[1]


def test_a_larger_mean_error_than_the_mean_poses_is_not_worth_using() -> None:
    near = off_by(0.01)
    near.keypoints[:, 4:] += 5

    said = judged(near, data(), None)

    assert said["model"]["pck02"] > said["mean_pose"]["pck02"]
    assert said["model"]["error"] > said["mean_pose"]["error"]
    assert said["worth_activating"] is False
    assert any("is no smaller than the mean pose's" in reason for reason in said["reasons"])


@pytest.mark.parametrize(
    ("people", "said_of_them"),
    [
        (("Anna",), "one person alone"),
        (("Anna", "Ben"), "two people alone"),
        (("Anna", "Ben", "Cleo"), ""),
        (("",), ""),
    ],
    ids=["one", "two", "three", "unknown"],
)
def test_a_test_of_few_people_is_said_to_be_one(people: tuple[str, ...], said_of_them: str) -> None:
    samples = data()
    named = replace(samples, person=np.resize(np.array(people), len(samples)))

    cautions = [reason for reason in judged(off_by(0.01), named, None)["reasons"] if "split shows" in reason]

    assert [said_of_them in caution for caution in cautions] == ([True] if said_of_them else [])


@pytest.mark.parametrize(
    ("reviewed", "sentence"),
    [
        (
            0,
            "0 of 40 test labels were reviewed by a person: this says how well it repeats the model that labelled them",
        ),
        (1, "1 of 40 test labels was reviewed by a person: the others may only say how well it repeats the model"),
        (40, None),
    ],
)
def test_it_is_said_how_many_labels_a_person_has_reviewed(reviewed: int, sentence: str | None) -> None:
    proposed = replace(data(), state=np.array(["reviewed"] * reviewed + ["proposed"] * (3 * SAMPLES - reviewed)))

    said = judged(off_by(0.01), proposed, teacher(0.3))

    assert said["reviewed"] == reviewed
    assert [each for each in said["reasons"] if sentence and each.startswith(sentence)] == said["reasons"][2:]


def test_of_a_single_label_it_is_said_in_the_singular() -> None:
    one = replace(data(), state=np.array(["proposed"] * (3 * SAMPLES)))
    one.split[1:SAMPLES] = "train"
    found = off_by(0.01)

    said = judged(Found(found.keypoints[:1], found.scores[:1]), one, None)

    assert any(each.startswith("0 of 1 test label was reviewed by a person: ") for each in said["reasons"])


def test_few_samples_are_said_to_be_few() -> None:
    few = data()
    few.split[:SAMPLES] = ["test"] * 29 + ["validation"] * (SAMPLES - 29)
    found = off_by(0.01)

    said = judged(Found(found.keypoints[:29], found.scores[:29]), few, None)

    assert said["reasons"][-1] == "the test split has 29 samples only: its figures are rough"


def test_where_people_differ_more_than_samples_the_margin_is_that_of_people() -> None:
    """By hand: of 4 people one gains all 10 keypoints, so that the error is sqrt(4/3 * (7.5² + 3 * 2.5²)) / 40."""
    other = np.full((20, 2), 1.0, np.float32)
    one = other.copy()
    one[:5] = 0.1
    people = np.repeat(np.array(["Anna", "Ben", "Cleo", "Dora"]), 5)

    assert pck_margin(one, other, people) == pytest.approx(0.5)
    assert pck_margin(one, other, np.full(20, "")) == pytest.approx(2 * np.sqrt(20 / 19 * 20 * 0.75) / 40)
    assert pck_margin(one[:1], other[:1], people[:1]) == np.inf


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
    assert said["reasons"][-1].endswith("which flatters it")


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
        *("split", "samples", "reviewed", "model", "mean_pose", "teacher", "beats_mean_pose", "beats_teacher"),
        *("worth_activating", "reasons", "worst", "forms"),
    }
    assert len(said["worst"]) == 24
