"""Files that are damaged as a whole are refused with the reason; what a format is told by."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.datasets.formats.memory_files import PICTURES, MemoryFiles, coco_file, read_all
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.formats import coco, csv_table, cvat, yolo_pose
from webapp.datasets.formats.known import Format, recognised

DAMAGED: Mapping[str, tuple[Format, Mapping[str, str | bytes], str]] = {
    "cut off JSON": (coco, {"x.json": '{"images": [], "annotations": [{"id'}, "no whole JSON"),
    "deep JSON": (coco, {"x.json": '{"images": ' + "[" * 200_000}, "nested too deep"),
    "deep JSON of objects": (coco, {"x.json": '{"images": ' + '{"a":' * 200_000}, "nested too deep"),
    "no lists": (coco, {"x.json": '{"images": {}, "annotations": 1, "categories": null}'}, "needs the lists"),
    "no keypoints at all": (
        coco,
        {"x.json": json.dumps({**coco_file(), "categories": [{"id": 1, "name": "person"}]})},
        "no category with keypoints",
    ),
    "no common keypoint": (
        coco,
        {"x.json": json.dumps({**coco_file(), "categories": [{"id": 1, "name": "cat", "keypoints": ["tail", "ear"]}]})},
        "none of the file's keypoints",
    ),
    "XML bomb": (
        cvat,
        {
            "a.xml": '<!DOCTYPE annotations [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
            "<annotations><meta>&b;</meta></annotations>"
        },
        "entities of its own",
    ),
    "external entity": (
        cvat,
        {
            "a.xml": '<!DOCTYPE annotations [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
            "<annotations><meta>&a;</meta></annotations>"
        },
        "entities of its own",
    ),
    "cut off XML": (cvat, {"a.xml": "<annotations><meta>"}, "no whole XML"),
    "no meta": (cvat, {"a.xml": "<annotations><image/></annotations>"}, "has no <meta>"),
    "deep XML": (cvat, {"a.xml": "<annotations>" + "<a>" * 100_000}, "no whole XML"),
    "YAML bomb": (
        yolo_pose,
        {"data.yaml": "kpt_shape: &a [lol, lol]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nnames: *c\n"},
        "kpt_shape must be a finite number",
    ),
    "YAML that would run": (yolo_pose, {"data.yaml": "kpt_shape: !!python/object/apply:os.getpid []"}, "no whole YAML"),
    "deep YAML": (yolo_pose, {"data.yaml": "kpt_shape: " + "[" * 20_000}, "no whole YAML"),
    "other counts": (yolo_pose, {"data.yaml": "kpt_shape: [6, 3]\nkpt_names: {0: [a, b]}"}, "kpt_names are 2"),
    "keypoint_shape of text": (yolo_pose, {"data.yaml": "kpt_shape: seventeen"}, "must be two numbers"),
    "a column cut off": (
        csv_table,
        {"t.csv": b"image,left_wrist_x,left_wrist_y,left_wrist_visible\nx.png,\xff\xfe,1,1\n"},
        "no whole table",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_annotation_file_is_refused_whole_with_its_reason(case: str) -> None:
    format_, contents, reason = DAMAGED[case]
    assert format_.recognises(MemoryFiles(contents))
    with pytest.raises(InvalidInputError, match=reason):
        read_all(format_, {**PICTURES, **contents}, UPPER_BODY_6)


TABLE = "image,neck_x,neck_y,neck_visible,left_wrist_x,left_wrist_y,left_wrist_visible\n"


def test_a_table_comes_in_person_by_person() -> None:
    rows = "a.png,10,20,1,30,40,0\na.png,50,20,1,30,40,1\nb.png,1,2,1,200,3,1\nc.png,1,2,1,3,4,1\na.png,1,2,1,3,4,1\n"
    contents = {**PICTURES, "keypoints.csv": TABLE + rows}
    assert recognised(MemoryFiles(contents)) == "csv"
    skeleton = csv_table.skeleton_of(MemoryFiles(contents))
    assert skeleton.keypoints == ("neck", "left_wrist")
    pictures, findings = read_all(csv_table, contents, skeleton)
    assert [len(picture.people) for picture in pictures] == [2]
    assert [finding.file_name for finding in findings] == ["b.png", "c.png", "a.png"]


def test_pictures_alone_are_of_no_format() -> None:
    assert recognised(MemoryFiles({**PICTURES, "notes.json": "[1]", "a.csv": "x,y\n1,2\n", "b.xml": "<a/>"})) is None
