"""How well a pose model places keypoints, on pictures labelled in COCO's format.

Top-down models are given each person's labelled box. Bottom-up ones see the picture alone, and each labelled person is
compared with the found pose that fits best; a pose counts for one person, what fits nobody labelled does not count.
So both kinds are measured on the same people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.metrics import (
    MIN_SIMILARITIES,
    average_precision,
    keypoint_errors,
    keypoint_similarity,
    pck,
    pck_sizes,
)
from webapp.core.records import Box, Detection, FloatArray, Pose
from webapp.core.skeleton import COCO_17
from webapp.vision.ports import Image, PoseEstimator, PoseModel, is_bottom_up

NEAR = 0.2
"""A keypoint is right within this share of the torso's length."""
MIN_HEIGHT_PX = 96.0
"""People whose labelled box is no taller are not counted."""
_MIN_FIT = 0.1
"""A pose less similar to a person was of somebody else."""


@dataclass(frozen=True)
class PoseAccuracy:
    """pck02: share of the keypoints right within NEAR torsos; oks_ap: COCO's AP over similarities 0.50 to 0.95.

    people: how many were looked for; keypoints: how many of COCO's 17 the model has, the others are not counted.
    """

    pck02: float
    oks_ap: float
    people: int
    keypoints: int


@dataclass(frozen=True)
class LabelledPerson:
    """keypoints_px: (17, 2) in the order of COCO_17, NaN where not labelled."""

    picture: str
    box: Box
    area_px: float
    keypoints_px: FloatArray


def pose_accuracy(model: PoseModel, labels: Path, min_height_px: float = MIN_HEIGHT_PX) -> PoseAccuracy:
    """Accuracy on labels (COCO person keypoints, JSON) with their pictures in images/ beside it.

    InvalidInputError names a file that cannot be read, and a model that has none of COCO's keypoints.
    """
    shared = np.array([name in model.skeleton.index for name in COCO_17.keypoints])
    if not shared.any():
        raise InvalidInputError(f"{model.name} has none of COCO's keypoints, its skeleton is {model.skeleton.name}")
    people = [person for person in read_people(labels) if _counts(person, shared, min_height_px)]
    if not people:
        raise InvalidInputError(f"{labels} shows nobody taller than {min_height_px:g} pixels with such keypoints")
    poses = _poses(model, people, labels.parent / "images")
    found = [(pose, person) for person, pose in zip(people, poses, strict=True) if pose is not None]
    scores = np.array([pose.score * pose.scores[_in_coco_order(pose)[shared]].mean() for pose, _ in found])
    hits = np.array([_similarity(*each) for each in found])[None] >= MIN_SIMILARITIES[:, None]
    return PoseAccuracy(
        pck02=pck(_errors(people, poses)[:, shared], NEAR),
        oks_ap=float(np.mean([average_precision(scores, row, len(people)) for row in hits])),
        people=len(people),
        keypoints=int(shared.sum()),
    )


def read_people(labels: Path) -> list[LabelledPerson]:
    """Everybody with a labelled keypoint; InvalidInputError when it is no such file or shows nobody."""
    try:
        content = json.loads(labels.read_text(encoding="utf-8"))
        pictures = {picture["id"]: str(picture["file_name"]) for picture in content["images"]}
        people = [
            _person(pictures[row["image_id"]], row)
            for row in content["annotations"]
            if row.get("num_keypoints") and not row.get("iscrowd")
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{labels} is no file of COCO person keypoints: {error!r}") from error
    if not people:
        raise InvalidInputError(f"{labels} shows nobody with labelled keypoints")
    return people


def _person(picture: str, row: dict[str, Any]) -> LabelledPerson:
    x, y, width, height = (float(value) for value in row["bbox"])
    rows = np.array(row["keypoints"], np.float32).reshape(len(COCO_17.keypoints), 3)
    keypoints_px = np.where(rows[:, 2:] > 0, rows[:, :2], np.float32(np.nan)).astype(np.float32)
    return LabelledPerson(picture, Box(x, y, x + width, y + height), float(row["area"]), keypoints_px)


def _counts(person: LabelledPerson, shared: NDArray[np.bool_], min_height_px: float) -> bool:
    return person.box.height_px > min_height_px and bool((_labelled(person) & shared).any())


def _poses(model: PoseModel, people: Sequence[LabelledPerson], folder: Path) -> list[Pose | None]:
    """The model's pose of each person, None for one that it does not find."""
    poses: list[Pose | None] = [None] * len(people)
    for picture in dict.fromkeys(person.picture for person in people):
        image_bgr = _read_picture(folder / picture)
        there = [row for row, person in enumerate(people) if person.picture == picture]
        if is_bottom_up(model):
            for row, pose in _best_fits({row: people[row] for row in there}, model.find(image_bgr)).items():
                poses[row] = pose
        else:
            for row in there:
                poses[row] = _pose_in(model, image_bgr, people[row].box)
    return poses


def _best_fits(people: Mapping[int, LabelledPerson], found: Sequence[Pose]) -> dict[int, Pose]:
    """For each person the pose most like the labels; the best pair first, and each pose for one person."""
    pairs = {(row, nth): _similarity(found[nth], people[row]) for row in people for nth in range(len(found))}
    fits: dict[int, Pose] = {}
    taken: set[int] = set()
    for row, nth in sorted(pairs, key=lambda pair: -pairs[pair]):
        if row not in fits and nth not in taken and pairs[row, nth] >= _MIN_FIT:
            fits[row] = found[nth]
            taken.add(nth)
    return fits


def _pose_in(estimator: PoseEstimator, image_bgr: Image, box: Box) -> Pose:
    """The second look at a whole person, as the tracker takes it."""
    first = estimator.estimate(image_bgr, estimator.regions_around(Detection(box, 1.0))[:1])[0]
    return estimator.estimate(image_bgr, [estimator.region_of(first)])[0]


def _similarity(pose: Pose, person: LabelledPerson) -> float:
    """COCO's object keypoint similarity over the keypoints that are labelled and that the model has, 0..1."""
    counted = _labelled(person) & (_in_coco_order(pose) >= 0)
    names = [name for name, counts in zip(COCO_17.keypoints, counted, strict=True) if counts]
    return keypoint_similarity(_apart_px(pose, person)[counted], names, person.area_px)


def _apart_px(pose: Pose, person: LabelledPerson) -> FloatArray:
    """How far each of COCO's keypoints is from its label (17,); infinitely far where the model says nothing."""
    distances_px = np.hypot(*(_coco_keypoints_px(pose) - person.keypoints_px).T)
    return np.where(np.isfinite(distances_px), distances_px, np.inf).astype(np.float32)


def _errors(people: Sequence[LabelledPerson], poses: Sequence[Pose | None]) -> FloatArray:
    """How far each of COCO's keypoints is from its label, in torsos (N, 17); NaN where that does not count."""
    labelled_px = np.stack([person.keypoints_px for person in people])
    visibility = np.isfinite(labelled_px[..., 0]).astype(np.uint8)
    found_px = np.stack([_coco_keypoints_px(pose) for pose in poses])
    return keypoint_errors(found_px, labelled_px, visibility, pck_sizes(labelled_px, visibility, COCO_17))


def _coco_keypoints_px(pose: Pose | None) -> FloatArray:
    """COCO's keypoints of a pose (17, 2); NaN where the model says nothing."""
    if pose is None:
        return np.full((len(COCO_17.keypoints), 2), np.nan, np.float32)
    order = _in_coco_order(pose)
    return np.where(order[:, None] >= 0, pose.keypoints_px[order], np.float32(np.nan))


def _in_coco_order(pose: Pose) -> NDArray[np.int64]:
    """Where each of COCO's keypoints stands in the pose (17,); -1 where it has none."""
    return np.array([pose.skeleton.index.get(name, -1) for name in COCO_17.keypoints])


def _labelled(person: LabelledPerson) -> NDArray[np.bool_]:
    return np.isfinite(person.keypoints_px[:, 0])


def _read_picture(path: Path) -> Image:
    image_bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image_bgr is None:
        raise InvalidInputError(f"{path} is not a picture that can be read")
    return np.asarray(image_bgr, np.uint8)
