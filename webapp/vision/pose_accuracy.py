"""How well a pose model places keypoints, on pictures labelled in COCO's format, people's boxes being given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.metrics import average_precision, keypoint_similarity
from webapp.core.records import Box, Detection, FloatArray, Pose
from webapp.core.skeleton import COCO_17
from webapp.vision.ports import Image, PoseEstimator

MIN_SIMILARITIES = np.arange(0.5, 1.0, 0.05)
NEAR = 0.2
"""A keypoint is right within this share of the torso's length."""


@dataclass(frozen=True)
class PoseAccuracy:
    """pck02: share of the keypoints right within NEAR torsos; oks_ap: COCO's AP over similarities 0.50 to 0.95."""

    pck02: float
    oks_ap: float


@dataclass(frozen=True)
class LabelledPerson:
    """keypoints_px: (17, 2) in the order of COCO_17, NaN where not labelled."""

    picture: str
    box: Box
    area_px: float
    keypoints_px: FloatArray


def pose_accuracy(estimator: PoseEstimator, labels: Path) -> PoseAccuracy:
    """Accuracy on labels (COCO person keypoints, JSON) with their pictures in images/ beside it.

    InvalidInputError names a file that cannot be read.
    """
    people = read_people(labels)
    order = [estimator.skeleton.index[name] for name in COCO_17.keypoints]
    scores, similarities, near = [], [], []
    for person in people:
        pose = _pose_in(estimator, _read_picture(labels.parent / "images" / person.picture), person.box)
        distances_px = np.hypot(*(pose.keypoints_px[order] - person.keypoints_px).T)
        labelled = np.isfinite(person.keypoints_px[:, 0])
        # a keypoint the model says nothing about is infinitely far off
        apart_px = np.where(np.isfinite(distances_px[labelled]), distances_px[labelled], np.inf)
        names = [name for name, there in zip(COCO_17.keypoints, labelled, strict=True) if there]
        similarities.append(keypoint_similarity(apart_px, names, person.area_px))
        scores.append(float(pose.score * pose.scores[order].mean()))
        torso_px = _torso_px(person.keypoints_px)
        if torso_px > 0:
            near += (apart_px <= NEAR * torso_px).tolist()
    hits = np.array(similarities)[None] >= MIN_SIMILARITIES[:, None]
    aps = [average_precision(np.array(scores), row, len(people)) for row in hits]
    return PoseAccuracy(pck02=float(np.mean(near)) if near else float("nan"), oks_ap=float(np.mean(aps)))


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


def _read_picture(path: Path) -> Image:
    image_bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image_bgr is None:
        raise InvalidInputError(f"{path} is not a picture that can be read")
    return np.asarray(image_bgr, np.uint8)


def _pose_in(estimator: PoseEstimator, image_bgr: Image, box: Box) -> Pose:
    """The second look at a whole person, as the tracker takes it."""
    first = estimator.estimate(image_bgr, estimator.regions_around(Detection(box, 1.0))[:1])[0]
    return estimator.estimate(image_bgr, [estimator.region_of(first)])[0]


def _torso_px(keypoints_px: NDArray[np.floating]) -> float:
    """From the middle of the shoulders to the middle of the hips; NaN where one of the four is not labelled."""
    at = COCO_17.index
    shoulders = (keypoints_px[at["left_shoulder"]] + keypoints_px[at["right_shoulder"]]) / 2
    hips = (keypoints_px[at["left_hip"]] + keypoints_px[at["right_hip"]]) / 2
    return float(np.hypot(*(shoulders - hips)))
