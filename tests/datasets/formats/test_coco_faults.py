"""COCO files as they are found: faults are refused by name and reason, and the rest comes in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.datasets.formats.memory_files import PICTURES, MemoryFiles, coco_file, read_all
from webapp.core.skeleton import COCO_17, UPPER_BODY_6
from webapp.datasets.formats import coco
from webapp.datasets.records import Finding, LabelledPicture


def read_coco(said: object) -> tuple[list[LabelledPicture], list[Finding]]:
    return read_all(coco, {**PICTURES, "labels.json": json.dumps(said)}, UPPER_BODY_6)


COCO_FAULTS: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "keypoint outside": (lambda said: said["annotations"][1]["keypoints"].__setitem__(0, 130), "not in the picture"),
    "NaN": (lambda said: said["annotations"][1]["keypoints"].__setitem__(0, float("nan")), "finite number, got nan"),
    "Infinity": (lambda said: said["annotations"][1]["bbox"].__setitem__(0, float("inf")), "finite number, got inf"),
    "a number of 4000 digits": (lambda said: said["annotations"][1]["bbox"].__setitem__(0, 10**4000), "60 digits"),
    "text for a number": (lambda said: said["annotations"][1]["bbox"].__setitem__(0, "5"), "finite number, got '5'"),
    "visibility 3": (lambda said: said["annotations"][1]["keypoints"].__setitem__(2, 3), "0, 1 or 2, got 3"),
    "too few keypoints": (lambda said: said["annotations"][1]["keypoints"].pop(), "must be 18 numbers, got 17"),
    "wrong count": (lambda said: said["annotations"][1].update(num_keypoints=2), "num_keypoints says 2, but 5"),
    "negative size": (lambda said: said["annotations"][1]["bbox"].__setitem__(2, -3), "has no size"),
    "next to no size": (lambda said: said["annotations"][1]["bbox"].__setitem__(2, 1e-320), "has no size"),
    "box elsewhere": (lambda said: said["annotations"][1].update(bbox=[500, 500, 9, 9]), "does not belong"),
    "gigantic box": (lambda said: said["annotations"][1].update(bbox=[0, 0, 1e300, 1e300]), "does not belong"),
    "duplicate annotation id": (lambda said: said["annotations"][1].update(id=7), "its id is there twice"),
    "duplicate image id": (lambda said: said["images"][1].update(id=1), "image id 1 is there twice"),
    "no image id": (lambda said: said["images"][1].update(id=None), "image id None is no id"),
    "missing picture": (lambda said: said["images"][1].update(file_name="c.png"), "'c.png' is not among the files"),
    "a path that leads out": (lambda said: said["images"][1].update(file_name="../../b.png"), "not among the files"),
    "no width": (lambda said: said["images"][1].pop("width"), "width must be a finite number"),
    "huge width": (lambda said: said["images"][1].update(width=10**9), "width must be a whole number from 1 to"),
    "listed twice": (lambda said: said["images"][1].update(file_name="a.png"), "listed twice"),
    "a person that is no text": (
        lambda said: said["annotations"][1].update(moveprint={"person": ["x"]}),
        "person must be a text",
    ),
    "a state of nobody": (lambda said: said["annotations"][1].update(moveprint={"state": "best"}), "one of unlabelled"),
    "half a character": (
        lambda said: said["annotations"][1].update(moveprint={"person": "\ud800"}),
        "cannot be stored",
    ),
}


@pytest.mark.parametrize("fault", COCO_FAULTS)
def test_a_coco_picture_with_a_fault_is_refused_and_the_other_comes_in(fault: str) -> None:
    change, reason = COCO_FAULTS[fault]
    said = coco_file()
    change(said)
    pictures, findings = read_coco(said)
    assert [picture.file_name for picture in pictures] == ["images/a.png"]
    assert any(reason in finding.reason and finding.kind == "refused" for finding in findings), findings
    for finding in findings:
        finding.file_name.encode()


def test_annotations_of_an_unknown_image_are_reported() -> None:
    said = coco_file()
    said["annotations"][1]["image_id"] = 99
    pictures, findings = read_coco(said)
    assert [len(picture.people) for picture in pictures] == [1, 0]
    assert "left out: 1 annotation of image id 99, which" in findings[0].reason


def test_a_keypoint_a_little_outside_is_moved_to_the_edge_and_noted() -> None:
    said = coco_file()
    said["annotations"][1]["keypoints"][0] = -0.75
    pictures, findings = read_coco(said)
    label = pictures[1].people[0].label
    assert label is not None
    assert label.keypoints_px[0].tolist() == [0, 20]
    assert [(finding.file_name, finding.kind) for finding in findings] == [("images/b.png", "noted")]
    assert "left_shoulder (0.75 px)" in findings[0].reason


def test_crowds_and_other_categories_are_left_out_with_a_note() -> None:
    said = coco_file()
    said["annotations"][0]["iscrowd"] = 1
    said["annotations"][0]["keypoints"] = []
    said["annotations"][1]["category_id"] = 2
    said["categories"].append({"id": 2, "name": "dog"})
    pictures, findings = read_coco(said)
    assert [len(picture.people) for picture in pictures] == [0, 0]
    assert ["crowd" in finding.reason or "no keypoints" in finding.reason for finding in findings] == [True, True]


def test_further_fields_are_kept_unless_they_are_too_much() -> None:
    said = coco_file()
    said["annotations"][0]["segmentation"] = [[1, 2, 3, 4]]
    said["annotations"][1]["segmentation"] = [0.5] * 100_000
    pictures, findings = read_coco(said)
    assert pictures[0].people[0].extra == {"coco": {"segmentation": [[1, 2, 3, 4]], "id": 7}}
    assert pictures[1].people[0].extra == {}
    assert "at most 65,536 are kept" in findings[0].reason


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_further_fields_that_cannot_be_stored_are_left_out_with_a_note(value: object) -> None:
    said = coco_file()
    said["images"][0]["weather"] = said["annotations"][1]["mood"] = value
    pictures, findings = read_coco(said)
    assert [pictures[0].extra, pictures[1].people[0].extra] == [{}, {}]
    assert ["half a character" in finding.reason for finding in findings] == [True, True]


def test_licences_travel_with_their_pictures() -> None:
    said = coco_file()
    said["licenses"] = [{"id": 4, "name": "CC BY", "url": "https://example.org"}]
    said["images"][0]["license"] = 4
    pictures, _ = read_coco(said)
    assert pictures[0].extra["coco"] == {"license": said["licenses"][0], "id": 1}


@pytest.mark.parametrize(
    ("edges", "expected"),
    [([[1, 2], [1, 3]], [(0, 1), (0, 2)]), ([[0, 1], [0, 2]], [(0, 1), (0, 2)])],
    ids=["from 1, as COCO says", "from 0, as some tools do"],
)
def test_edges_are_read_however_they_are_counted(edges: list[list[int]], expected: list[tuple[int, int]]) -> None:
    said = coco_file()
    said["categories"][0].update(keypoints=["a", "b", "c"], skeleton=edges)
    assert list(coco.skeleton_of(MemoryFiles({"x.json": json.dumps(said)})).edge_indices) == expected


def test_keypoints_are_placed_by_name() -> None:
    pictures, findings = read_all(coco, {**PICTURES, "x.json": json.dumps(coco_file())}, COCO_17)
    label = pictures[0].people[0].label
    assert label is not None
    assert label.keypoints_px[COCO_17.index["right_wrist"]].tolist() == [90, 60]
    assert label.visibility.sum() == 9
    assert "absent everywhere" in findings[0].reason
