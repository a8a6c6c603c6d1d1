"""YOLO-pose files as they are found: faults are refused by name and reason, and the rest comes in."""

from __future__ import annotations

import json

import pytest

from tests.datasets.formats.memory_files import NAMES, PICTURES, MemoryFiles, blank_png, read_all
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.formats import yolo_pose
from webapp.datasets.formats.known import recognised

DATA_YAML = f"train: images\nkpt_shape: [6, 3]\nnames: [person]\nkpt_names: {{0: [{', '.join(NAMES)}]}}\n"
ROW = "0 0.5 0.5 0.9 0.9" + " 0.5 0.5 2" * 6
YOLO_FAULTS = {
    "too few values": (ROW[:-2], "it has 22 values; kpt_shape wants 23"),
    "NaN": (ROW.replace("0.9 0.9", "nan 0.9"), "finite number, got nan"),
    "text": (ROW.replace("0.9 0.9", "wide 0.9"), "finite number, got 'wide'"),
    "in pixels": (ROW.replace("0.5 0.5 0.9 0.9", "50 40 90 70"), "does not belong to a picture"),
    "keypoint outside": (ROW.replace("0.5 0.5 2", "1.5 0.5 2"), "left_shoulder at (150, 40)"),
    "no class": (ROW.replace("0 0.5", "0.5 0.5", 1), "the class must be a whole number"),
    "visibility 5": (ROW[:-1] + "5", "visibility must be 0, 1 or 2, got 5"),
}


@pytest.mark.parametrize("fault", YOLO_FAULTS)
def test_a_yolo_picture_with_a_fault_is_refused_and_the_other_comes_in(fault: str) -> None:
    row, reason = YOLO_FAULTS[fault]
    contents = {**PICTURES, "data.yaml": DATA_YAML, "labels/a.txt": f"{ROW}\n", "labels/b.txt": f"{ROW}\n{row}\n"}
    pictures, findings = read_all(yolo_pose, contents, UPPER_BODY_6)
    assert [picture.file_name for picture in pictures] == ["images/a.png"]
    assert reason in findings[0].reason
    assert "line 2" in findings[0].reason


@pytest.mark.parametrize("place", ["images/train", "../train.txt", "./train.txt"])
def test_yolo_splits_are_folders_or_lists(place: str) -> None:
    contents: dict[str, bytes | str] = {
        "data.yaml": DATA_YAML.replace("train: images", f"path: ../datasets/mine\ntrain: {place}\nval: images/val"),
        "images/train/a.png": blank_png(100, 80),
        "images/val/b.png": blank_png(100, 80),
        "images/c.png": blank_png(100, 80),
        "train.txt": "/home/somebody/data/images/train/a.png\n",
        "labels/train/a.txt": ROW,
        "labels/val/b.txt": ROW,
    }
    pictures, findings = read_all(yolo_pose, contents, UPPER_BODY_6)
    assert [(p.file_name, [person.split for person in p.people]) for p in pictures] == [
        ("images/train/a.png", ["train"]),
        ("images/val/b.png", ["validation"]),
        ("images/c.png", []),
    ]
    assert findings == []


def test_yolo_without_visibility_sees_what_is_not_at_the_corner() -> None:
    row = "0 0.5 0.5 0.9 0.9" + " 0.5 0.5" * 4 + " 0 0 -1 -1"
    contents = {**PICTURES, "data.yaml": DATA_YAML.replace("[6, 3]", "[6, 2]"), "labels/a.txt": row}
    pictures, _ = read_all(yolo_pose, contents, UPPER_BODY_6)
    label = pictures[0].people[0].label
    assert label is not None
    assert label.visibility.tolist() == [2, 2, 2, 2, 0, 0]


def test_what_another_tool_changed_in_the_text_is_not_undone_by_our_own_file() -> None:
    own_file = {"pictures": {"a.png": {"people": [{"person": "Anna", "box": [10.0, 10.0, 60.0, 60.0]}]}}}
    contents = {
        **PICTURES,
        "data.yaml": DATA_YAML,
        "moveprint.json": json.dumps(own_file),
        "labels/a.txt": ROW,
    }
    pictures, _ = read_all(yolo_pose, contents, UPPER_BODY_6)
    (person,) = pictures[0].people
    assert person.person == "Anna"
    assert (person.box.x1_px, person.box.x2_px) == pytest.approx((5, 95))


def test_a_yolo_dataset_is_not_taken_for_coco_by_what_is_said_of_its_pictures() -> None:
    own_file = {"schema": 1, "pictures": {"a.png": {"source": "images", "session": "annotations"}}}
    contents = {**PICTURES, "data.yaml": DATA_YAML, "moveprint.json": json.dumps(own_file)}
    assert recognised(MemoryFiles(contents)) == "yolo"
