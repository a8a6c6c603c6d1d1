"""What a trained network must beat to be worth using: the mean pose, and the model that could have labelled for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.metrics import keypoint_errors
from webapp.core.wording import counted
from webapp.training.archive import TrainingData
from webapp.training.evaluate import Accuracy, Found, Rows, always, evaluate, mean_pose, worst
from webapp.training.margins import MIN_PEOPLE, pck_margin

MIN_TESTED = 30
"""Fewer samples are said to be few."""
_FLATTERED = (
    "there are too few people for a test of its own: this was judged on the samples that its best epoch was chosen by, "
    "which flatters it"
)


@dataclass(frozen=True)
class TeacherFound:
    """What the teacher says of the N samples that are judged.

    asked: (N,), False where the picture was gone. judged: (K,), which of the dataset's keypoints it knows at all.
    own_labels: how many of these samples bear a label of its own that nobody has reviewed.
    """

    name: str
    found: Found
    asked: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    own_labels: int


@dataclass(frozen=True)
class Verdict:
    """Whether the network is worth using. beats_teacher: None where there is none, or the comparison says nothing."""

    beats_mean_pose: bool
    beats_teacher: bool | None
    reasons: tuple[str, ...]

    @property
    def worth_activating(self) -> bool:
        return self.beats_mean_pose and self.beats_teacher is not False


@dataclass(frozen=True)
class Comparison:
    """The network and the teacher on the same samples, judged on the keypoints that both know."""

    teacher: TeacherFound
    network: Accuracy
    teachers: Accuracy


def tested_on(data: TrainingData) -> str:
    """The split that a network is judged on: where there are too few people for a test, what it was chosen by."""
    return "test" if len(data.rows("test")) else "validation"


def evaluation(
    found: Found,
    data: TrainingData,
    teacher: TeacherFound | None,
    forms: Sequence[Mapping[str, object]],
    notes: Sequence[str] = (),
) -> dict[str, object]:
    """evaluation.json: what the network found in the split of tested_on, beside both baselines.

    forms: training.forms.Form.as_json of each. notes: more reasons, such as why there is no teacher.
    """
    split = tested_on(data)
    rows = data.rows(split)
    model = evaluate(found, data, rows)
    average = always(mean_pose(data, data.rows("train")), len(rows))
    mean = evaluate(average, data, rows)
    against = None if teacher is None else _comparison(found, data, rows, teacher)
    verdict = judge(model, mean, _margin(found, average, data, rows), against)
    uncompared = ["it was not compared with another model"] if teacher is None and not notes else []
    return {
        "split": split,
        "samples": len(rows),
        "reviewed": _reviewed(data, rows),
        "model": model.as_json(),
        "mean_pose": mean.as_json(),
        "teacher": None if against is None else _teacher_json(against),
        "beats_mean_pose": verdict.beats_mean_pose,
        "beats_teacher": verdict.beats_teacher,
        "worth_activating": verdict.worth_activating,
        "reasons": [*verdict.reasons, *uncompared, *notes, *_cautions(data, rows, split)],
        "worst": worst(found, data, rows),
        "forms": list(forms),
    }


def judge(model: Accuracy, mean: Accuracy, margin: float, against: Comparison | None) -> Verdict:
    """The network against the mean pose and, where there is one, the teacher.

    The mean pose is beaten by a PCK@0.2 that is higher by more than the margin (as of pck_margin), a smaller mean
    error, and at least one pose that COCO would count as found. Of a teacher that made more than half of the labels
    itself nothing can be said: it is measured by itself.
    """
    if np.isnan(model.pck02):
        missing = "no sample that it is judged on has a size to judge by (labelled shoulders and hips)"
        return Verdict(False, None, (f"{missing}: nothing can be said of its accuracy",))
    short = _short_of_mean_pose(model, mean, margin)
    reasons = [f"{_apart(model, mean)} the mean pose, which looks at no picture", *short]
    if against is None or np.isnan(against.network.pck02):
        return Verdict(not short, None, tuple(reasons))
    reasons.append(_against_teacher(against))
    tells = 2 * against.teacher.own_labels <= int(against.teacher.asked.sum())
    if not tells:
        name = against.teacher.name
        reasons.append(f"{name} made most of these labels itself, so that this comparison does not count")
    not_behind = _merit(against.network) >= _merit(against.teachers)
    return Verdict(not short, not_behind if tells else None, tuple(reasons))


def _margin(found: Found, average: Found, data: TrainingData, rows: Rows) -> float:
    labels = data.keypoints[rows], data.visibility[rows], data.sizes[rows]
    one, other = (keypoint_errors(each.keypoints, *labels) for each in (found, average))
    return pck_margin(one, other, data.person[rows])


def _short_of_mean_pose(model: Accuracy, mean: Accuracy, margin: float) -> list[str]:
    """What it lacks to be better than the mean pose; nothing where it is."""
    short = []
    if not model.pck02 - mean.pck02 > margin:
        needed = f"more than {100 * margin:.1f} points above it" if np.isfinite(margin) else "more than one sample"
        short.append(f"to tell it from the mean pose takes {needed}: less can be chance on so few samples")
    if not model.error < mean.error:
        short.append(f"its mean error of {model.error:.2f} sizes is no smaller than the mean pose's, {mean.error:.2f}")
    if model.oks_ap == 0:
        short.append("not one of its poses is near enough to count as found (OKS AP 0)")
    return short


def _reviewed(data: TrainingData, rows: Rows) -> int:
    """How many of these labels a person has looked at."""
    return int((data.state[rows] == "reviewed").sum())


def _cautions(data: TrainingData, rows: Rows, split: str) -> list[str]:
    """Why to believe the figures less."""
    cautions = [] if split == "test" else [_FLATTERED]
    reviewed = _reviewed(data, rows)
    if reviewed < len(rows):
        were = "was" if 1 in (reviewed, len(rows)) else "were"
        told = f"{reviewed} of {counted(len(rows), f'{split} label')} {were} reviewed by a person"
        says = "the others may only say" if reviewed else "this says"
        cautions.append(f"{told}: {says} how well it repeats the model that labelled them")
    people = set(data.person[rows].tolist())
    if "" not in people and len(people) < MIN_PEOPLE:
        only = "one person" if len(people) == 1 else "two people"
        cautions.append(f"the {split} split shows {only} alone: others may be recognised worse")
    if len(rows) < MIN_TESTED:
        cautions.append(f"the {split} split has {counted(len(rows), 'sample')} only: its figures are rough")
    return cautions


def _comparison(found: Found, data: TrainingData, rows: Rows, teacher: TeacherFound) -> Comparison:
    asked, judged = teacher.asked, teacher.judged
    network, teachers = (
        evaluate(Found(each.keypoints[asked], each.scores[asked]), data, rows[asked], judged)
        for each in (found, teacher.found)
    )
    return Comparison(teacher, network, teachers)


def _teacher_json(against: Comparison) -> Mapping[str, object]:
    teacher = against.teacher
    return {"name": teacher.name, "own_labels": teacher.own_labels, **against.teachers.as_json()}


def _against_teacher(against: Comparison) -> str:
    teacher, samples = against.teacher, int(against.teacher.asked.sum())
    sentence = _apart(against.network, against.teachers)
    sentence += f" the teacher, {teacher.name}, on {counted(samples, 'sample')}"
    if not teacher.judged.all():
        sentence += f" and the {counted(int(teacher.judged.sum()), 'keypoint')} that it knows"
    if teacher.own_labels:
        bear = "bears its own label" if teacher.own_labels == 1 else "bear its own labels"
        sentence += f"; {teacher.own_labels} of them {bear}, which favours it"
    return sentence


def _apart(one: Accuracy, other: Accuracy) -> str:
    points = 100 * (one.pck02 - other.pck02)
    if abs(points) < 0.05:
        return "as good in PCK@0.2 as"
    return f"{abs(points):.1f} points PCK@0.2 {'above' if points > 0 else 'below'}"


def _merit(accuracy: Accuracy) -> tuple[float, float]:
    """By PCK@0.2 to a tenth of a point; of two alike in that the smaller error is the better."""
    return round(accuracy.pck02, 3), -accuracy.error
