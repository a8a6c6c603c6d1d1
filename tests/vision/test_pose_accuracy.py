"""Keypoint accuracy: what a perfect and a lost pose model score, who counts, and what is no labelled set."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Detection, Pose, Region
from webapp.core.skeleton import COCO_17, HAND_21, UPPER_BODY_6, Skeleton
from webapp.vision.ports import Image
from webapp.vision.pose_accuracy import pose_accuracy, read_people

KEYPOINTS_PX = np.stack([np.linspace(20, 60, 17), np.linspace(10, 170, 17)], axis=1)
EARS = [COCO_17.index["left_ear"], COCO_17.index["right_ear"]]
Write = Callable[..., Path]


def moved(right_px: float) -> NDArray[np.floating]:
    return np.asarray(KEYPOINTS_PX + np.array([right_px, 0]))


def pose_at(keypoints_px: NDArray[np.floating], skeleton: Skeleton = COCO_17, score: float = 0.9) -> Pose:
    """What the keypoints of COCO_17 look like in another skeleton; zero for what COCO does not have."""
    order = [COCO_17.index.get(name, 0) for name in skeleton.keypoints]
    return Pose(skeleton, keypoints_px[order].astype(np.float32), np.ones(len(order), np.float32), score)


@dataclass
class TopDown:
    """Answers the labelled keypoints, all moved to the right by so many pixels."""

    right_px: float = 0.0
    skeleton: Skeleton = COCO_17
    name: str = "top_down"
    runtime: str = "none"

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        return [pose_at(moved(self.right_px), self.skeleton) for _ in regions]

    def region_of(self, pose: Pose) -> Region:
        return Region(40, 50, 100, 0.0)

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        return [Region(40, 50, 100, 0.0)]


@dataclass
class BottomUp:
    """Answers these poses for every picture."""

    poses: list[Pose]
    skeleton: Skeleton = COCO_17
    name: str = "bottom_up"
    runtime: str = "none"

    def find(self, image_bgr: Image) -> list[Pose]:
        return self.poses


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Labels of one picture, with a person at each offset to the right; nobody's ears are labelled."""

    def do(*right_px: float, height_px: float = 160.0) -> Path:
        (tmp_path / "images").mkdir()
        cv2.imwrite(str(tmp_path / "images" / "one.jpg"), np.zeros((200, 900, 3), np.uint8))
        people = []
        for offset_px in right_px:
            places = moved(offset_px).tolist()
            rows = [(0, 0, 0) if number in EARS else (*xy, 2) for number, xy in enumerate(places)]
            person = {"image_id": 1, "num_keypoints": 15, "area": 6400.0, "bbox": [20 + offset_px, 10, 40, height_px]}
            people.append({**person, "keypoints": [value for row in rows for value in row]})
        path = tmp_path / "people.json"
        path.write_text(json.dumps({"images": [{"id": 1, "file_name": "one.jpg"}], "annotations": people}))
        return path

    return do


def test_a_perfect_model_scores_one(write: Write) -> None:
    accuracy = pose_accuracy(TopDown(), write(0))

    assert accuracy.pck02 == 1.0
    assert accuracy.oks_ap == pytest.approx(1.0)
    assert (accuracy.people, accuracy.keypoints) == (1, 17)


def test_a_model_that_is_far_off_scores_zero(write: Write) -> None:
    accuracy = pose_accuracy(TopDown(500.0), write(0))

    assert (accuracy.pck02, accuracy.oks_ap) == (0.0, 0.0)


def test_people_found_bottom_up_are_compared_with_whom_they_fit_best(write: Write) -> None:
    both = BottomUp([pose_at(moved(400)), pose_at(KEYPOINTS_PX)])

    accuracy = pose_accuracy(both, write(0, 400))

    assert accuracy.pck02 == 1.0
    assert accuracy.oks_ap == pytest.approx(1.0)


def test_a_pose_counts_for_one_person_and_a_stranger_for_nobody(write: Write) -> None:
    stranger = pose_at(moved(800), score=1.0)

    accuracy = pose_accuracy(BottomUp([stranger, pose_at(KEYPOINTS_PX)]), write(0, 400))

    assert accuracy.people == 2
    assert accuracy.pck02 == 0.5
    assert accuracy.oks_ap == pytest.approx(0.5, abs=0.01)


def test_nobody_found_is_nothing_right(write: Write) -> None:
    accuracy = pose_accuracy(BottomUp([]), write(0))

    assert (accuracy.pck02, accuracy.oks_ap) == (0.0, 0.0)


def test_a_model_of_fewer_keypoints_is_measured_on_those_it_shares(write: Write) -> None:
    accuracy = pose_accuracy(TopDown(skeleton=UPPER_BODY_6), write(0))

    assert accuracy.pck02 == 1.0
    assert accuracy.oks_ap == pytest.approx(1.0)
    assert accuracy.keypoints == 6


def test_a_model_of_hands_is_refused(write: Write) -> None:
    with pytest.raises(InvalidInputError, match="top_down has none of COCO's keypoints, its skeleton is hand_21"):
        pose_accuracy(TopDown(skeleton=HAND_21), write(0))


def test_a_keypoint_the_model_does_not_place_is_wrong(write: Write) -> None:
    placed = KEYPOINTS_PX.copy()
    placed[COCO_17.index["left_wrist"]] = np.nan

    accuracy = pose_accuracy(BottomUp([pose_at(placed)]), write(0))

    assert accuracy.pck02 == pytest.approx(14 / 15)


def test_small_people_are_not_counted(write: Write) -> None:
    labels = write(0, height_px=96.0)

    with pytest.raises(InvalidInputError, match="shows nobody taller than 96 pixels"):
        pose_accuracy(TopDown(), labels)
    assert pose_accuracy(TopDown(), labels, min_height_px=95.0).people == 1


def test_what_is_not_labelled_is_not_counted(write: Write) -> None:
    person = read_people(write(0))[0]

    assert np.flatnonzero(np.isnan(person.keypoints_px[:, 0])).tolist() == EARS


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


def test_a_missing_picture_is_named(write: Write) -> None:
    labels = write(0)
    (labels.parent / "images" / "one.jpg").unlink()

    with pytest.raises(InvalidInputError, match=r"one\.jpg"):
        pose_accuracy(TopDown(), labels)
