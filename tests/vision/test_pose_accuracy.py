"""Keypoint accuracy: what a perfect and a lost pose model score, and what is no labelled set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.core.records import Detection, Pose, Region
from webapp.core.skeleton import COCO_17
from webapp.vision.ports import Image
from webapp.vision.pose_accuracy import pose_accuracy, read_people

KEYPOINTS_PX = np.stack([np.linspace(20, 60, 17), np.linspace(10, 90, 17)], axis=1)


@dataclass
class Shifted:
    """Answers the labelled keypoints, all moved to the right by so many pixels."""

    right_px: float
    name: str = "shifted"
    runtime: str = "none"
    skeleton = COCO_17

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        moved = (KEYPOINTS_PX + np.array([self.right_px, 0])).astype(np.float32)
        return [Pose(COCO_17, moved, np.ones(17, np.float32), 0.9) for _ in regions]

    def region_of(self, pose: Pose) -> Region:
        return Region(40, 50, 100, 0.0)

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        return [Region(40, 50, 100, 0.0)]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """One person in one picture; the ears are not labelled."""
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "one.jpg"), np.zeros((100, 100, 3), np.uint8))
    ears = {COCO_17.index["left_ear"], COCO_17.index["right_ear"]}
    rows = [(0, 0, 0) if number in ears else (*xy, 2) for number, xy in enumerate(KEYPOINTS_PX.tolist())]
    person = {
        "image_id": 1,
        "num_keypoints": 15,
        "area": 2500.0,
        "bbox": [20, 10, 40, 80],
        "keypoints": [value for row in rows for value in row],
    }
    path = tmp_path / "people.json"
    path.write_text(json.dumps({"images": [{"id": 1, "file_name": "one.jpg"}], "annotations": [person]}))
    return path


def test_a_perfect_model_scores_one(labels: Path) -> None:
    accuracy = pose_accuracy(Shifted(0.0), labels)

    assert accuracy.pck02 == 1.0
    assert accuracy.oks_ap == pytest.approx(1.0)


def test_a_model_that_is_far_off_scores_zero(labels: Path) -> None:
    accuracy = pose_accuracy(Shifted(500.0), labels)

    assert (accuracy.pck02, accuracy.oks_ap) == (0.0, 0.0)


def test_what_is_not_labelled_is_not_counted(labels: Path) -> None:
    person = read_people(labels)[0]

    assert int(np.isnan(person.keypoints_px[:, 0]).sum()) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"images": [], "annotations": []}',
        '{"images": [], "annotations": [{"image_id": 1, "num_keypoints": 3}]}',
    ],
)
def test_what_is_no_labelled_set_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "people.json"
    path.write_text(content)

    with pytest.raises(InvalidInputError, match=r"people\.json"):
        read_people(path)


def test_a_missing_picture_is_named(labels: Path) -> None:
    (labels.parent / "images" / "one.jpg").unlink()

    with pytest.raises(InvalidInputError, match=r"one\.jpg"):
        pose_accuracy(Shifted(0.0), labels)
