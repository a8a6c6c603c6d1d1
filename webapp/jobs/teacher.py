"""A pose model asked about people whose boxes are known: what it proposes, and what labels are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Protocol, TypeVar

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from webapp.config import Settings
from webapp.core.records import Box, Detection, FloatArray, Pose, Region
from webapp.core.skeleton import Skeleton
from webapp.datasets.crops import crop_square
from webapp.datasets.picture_file import to_bgr
from webapp.datasets.picture_store import PictureStore
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE, Finding, Label
from webapp.datasets.teachers import teachers_keypoints
from webapp.vision.figures import box_around, box_iou, is_there
from webapp.vision.ports import BottomUpPoseEstimator, Image, PoseEstimator, is_bottom_up
from webapp.vision.registry import load_pose_model

SURE = 0.5
"""From this score on a pose model has seen somebody at its first look, and need not try its other guesses."""
MIN_SCORE = 0.2
"""With a lower one it sees nobody there."""
MIN_OVERLAP = 0.1
"""Of a found person's keypoints with the box that was asked about; with less it is somebody else."""
BOX_MARGIN = 0.05
"""Beside the outermost keypoints there is some body yet."""


class InPicture(Protocol):
    """Somebody in a stored picture."""

    @property
    def sha256(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def file_name(self) -> str: ...


Asked = TypeVar("Asked", bound=InPicture)


def picture_by_picture(
    store: PictureStore, asked: Sequence[Asked], findings: list[Finding]
) -> Iterator[tuple[Image, list[Asked]]]:
    """Each picture, read once, with those of it who stand together; findings is told of one that cannot be read."""
    for (sha256, suffix), group in groupby(asked, key=lambda one: (one.sha256, one.suffix)):
        people = list(group)
        try:
            with PIL.Image.open(store.path(sha256, suffix)) as image:
                image_bgr = to_bgr(image)
        except OSError as error:
            reason = f"its stored picture cannot be read: {error.strerror or 'it is damaged'}"
            findings += [Finding(one.file_name, reason) for one in people]
            continue
        yield image_bgr, people


class Teacher:
    """One pose model, asked with a dataset's skeleton."""

    def __init__(self, model: PoseEstimator | BottomUpPoseEstimator, skeleton: Skeleton) -> None:
        self.name = model.name
        self._model = model
        self._order = teachers_keypoints(model.name, model.skeleton, skeleton)

    @property
    def knows(self) -> NDArray[np.bool_]:
        """Which of the dataset's keypoints it has at all, (K,)."""
        return self._order >= 0

    def label(self, image_bgr: Image, box: Box, min_score: float) -> Label | None:
        """What it says of the person in the box, from min_score on as visible; None where it sees nobody there."""
        pose = (
            _pose_inside(self._model, image_bgr, box)
            if is_bottom_up(self._model)
            else _pose(self._model, image_bgr, box)
        )
        if pose is None or pose.score < MIN_SCORE:
            return None
        label = label_of(pose, self._order, min_score, image_bgr.shape[1], image_bgr.shape[0])
        return label if label.visibility.any() else None


def load_teacher(name: str, skeleton: Skeleton, settings: Settings) -> Teacher:
    """ModelUnavailableError where it is not here; InvalidInputError where the skeletons have too little in common."""
    return Teacher(load_pose_model(replace(settings, pose_model=name)), skeleton)


def label_of(pose: Pose, order: NDArray[np.int64], min_score: float, width_px: int, height_px: int) -> Label:
    """A pose as a label: visible from min_score on, hidden below, absent where it is beyond the picture or unknown.

    order: for each of the label's keypoints its place in the pose (K,), -1 where the pose has none such.
    """
    known = order >= 0
    keypoints = np.where(known[:, None], pose.keypoints_px[order], np.nan).astype(np.float32)
    scores = np.where(known, np.nan_to_num(pose.scores[order]), 0).clip(0, 1).astype(np.float32)
    visibility = np.where(scores >= min_score, VISIBLE, HIDDEN).astype(np.uint8)
    visibility[~_within(keypoints, width_px, height_px)] = ABSENT
    keypoints[visibility == ABSENT] = np.nan
    return Label(keypoints, visibility, scores)


def _within(keypoints_px: FloatArray, width_px: int, height_px: int) -> NDArray[np.bool_]:
    # a comparison with NaN is false
    x_px, y_px = keypoints_px.T
    return np.asarray((x_px >= 0) & (x_px <= width_px) & (y_px >= 0) & (y_px <= height_px))


def _pose(model: PoseEstimator, image_bgr: Image, box: Box) -> Pose | None:
    """The best guess of where the person is, then the others where that shows nobody; each looked at twice, as live."""
    best: Pose | None = None
    for region in model.regions_around(Detection(box, 1.0)):
        for pose in _looks(model, image_bgr, region):
            if (best is None or pose.score >= best.score) and _overlap(pose, box) >= MIN_OVERLAP:
                best = pose
        if best is not None and best.score >= SURE:
            break
    return best


def _looks(model: PoseEstimator, image_bgr: Image, region: Region) -> list[Pose]:
    """Through the region, and through the one that this first look gives where it shows somebody."""
    first = model.estimate(image_bgr, [region])[0]
    return [first, *(model.estimate(image_bgr, [model.region_of(first)]) if is_there(first, MIN_SCORE) else ())]


def _pose_inside(model: BottomUpPoseEstimator, image_bgr: Image, box: Box) -> Pose | None:
    """Of everybody in the square around the box the one who fills the box best: small people are seen larger so."""
    square = crop_square(box)
    part, corner = _cut(image_bgr, square)
    if not part.size:
        return None
    found = [replace(pose, keypoints_px=pose.keypoints_px + corner) for pose in model.find(part)]
    best = max(found, key=lambda pose: _overlap(pose, box), default=None)
    return best if best is not None and _overlap(best, box) >= MIN_OVERLAP else None


def _overlap(pose: Pose, box: Box) -> float:
    if not np.isfinite(pose.keypoints_px).any():
        return 0.0
    return box_iou(box_around(pose.keypoints_px, BOX_MARGIN), box)


def _cut(image_bgr: Image, square: Box) -> tuple[Image, FloatArray]:
    """The part of the square that the picture shows, and its corner (2,) in pixels of the picture."""
    height_px, width_px = image_bgr.shape[:2]
    left, top = max(int(square.x1_px), 0), max(int(square.y1_px), 0)
    right, bottom = min(int(np.ceil(square.x2_px)), width_px), min(int(np.ceil(square.y2_px)), height_px)
    return image_bgr[top : max(bottom, top), left : max(right, left)], np.array([left, top], np.float32)
