"""What somebody hands in that is not as it must be: refused by name and reason, and the rest comes in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.datasets.formats.memory_files import MemoryFiles, blank_png, read_all
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import COCO_17, UPPER_BODY_6
from webapp.datasets.formats import coco, csv_table, cvat, yolo_pose
from webapp.datasets.formats.known import Format, recognised
from webapp.datasets.records import Finding, LabelledPicture

NAMES = UPPER_BODY_6.keypoints
POINTS = [10, 20, 2, 90, 20, 2, 10, 40, 1, 90, 40, 2, 0, 0, 0, 90, 60, 2]
PICTURES: dict[str, bytes | str] = {"images/a.png": blank_png(100, 80), "images/b.png": blank_png(100, 80)}


def coco_file() -> dict[str, Any]:
    return {
        "images": [
            {"id": 1, "file_name": "a.png", "width": 100, "height": 80},
            {"id": 2, "file_name": "b.png", "width": 100, "height": 80},
        ],
        "annotations": [
            {"id": 7, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [5, 5, 90, 70], "keypoints": list(POINTS)},
            {"id": 8, "image_id": 2, "category_id": 1, "iscrowd": 0, "bbox": [5, 5, 90, 70], "keypoints": list(POINTS)},
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": list(NAMES), "skeleton": []}],
    }


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
    assert "1 annotations are of image id 99" in findings[0].reason


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


def cvat_file(shapes: str, image: str = 'id="1" name="b.png" width="100" height="80"') -> dict[str, bytes | str]:
    keypoints = "".join(f"<label><name>{name}</name><parent>figure</parent></label>" for name in NAMES)
    meta = (
        f"<meta><task><labels><label><name>figure</name><type>skeleton</type></label>{keypoints}</labels></task></meta>"
    )
    good = '<image id="0" name="a.png" width="100" height="80"/>'
    xml = f"<annotations><version>1.1</version>{meta}{good}<image {image}>{shapes}</image></annotations>"
    return {**PICTURES, "annotations.xml": xml}


def cvat_skeleton(point: str, attributes: str = "") -> str:
    return (
        f'<skeleton label="figure" {attributes}><points label="left_wrist" outside="0" occluded="0" points="50,40"/>'
        f"{point}</skeleton>"
    )


CVAT_FAULTS = {
    "unknown keypoint": (cvat_skeleton('<points label="tail" points="1,2"/>'), "'tail' that its label lacks"),
    "keypoint twice": (cvat_skeleton('<points label="left_wrist" points="1,2"/>'), "'left_wrist' twice"),
    "outside": (cvat_skeleton('<points label="right_wrist" points="200,2"/>'), "right_wrist at (200, 2)"),
    "NaN": (cvat_skeleton('<points label="right_wrist" points="nan,2"/>'), "finite number"),
    "three numbers": (cvat_skeleton('<points label="right_wrist" points="1,2,3"/>'), "finite number"),
    "one number": (cvat_skeleton('<points label="right_wrist" points="1"/>'), "two numbers x,y"),
    "damaged JSON": (cvat_skeleton('<attribute name="moveprint">{</attribute>'), "no whole JSON"),
    "negative box": (
        '<box label="person_box" xtl="9" ytl="9" xbr="3" ybr="30"/>',
        "has no size",
    ),
}


@pytest.mark.parametrize("fault", CVAT_FAULTS)
def test_a_cvat_picture_with_a_fault_is_refused_and_the_other_comes_in(fault: str) -> None:
    shapes, reason = CVAT_FAULTS[fault]
    pictures, findings = read_all(cvat, cvat_file(shapes), UPPER_BODY_6)
    assert [picture.file_name for picture in pictures] == ["images/a.png"]
    assert findings[0].file_name == "b.png"
    assert reason in findings[0].reason


def test_cvat_skeletons_of_other_tasks_come_in_with_what_cvat_said() -> None:
    shapes = (
        cvat_skeleton(
            '<points label="right_wrist" outside="0" occluded="1" points="60,40"/>'
            '<points label="left_elbow" outside="1" occluded="0" points="0,0"/>'
            '<attribute name="mood">good</attribute>',
            'source="file" z_order="3" group_id="4"',
        )
        + '<box label="figure" group_id="4" xtl="30" ytl="20" xbr="80" ybr="70"/>'
        + '<polygon label="car" points="1,2;3,4"/>'
    )
    pictures, findings = read_all(cvat, cvat_file(shapes), UPPER_BODY_6)
    (person,) = pictures[1].people
    assert person.label is not None
    assert person.label.visibility.tolist() == [0, 0, 0, 0, 2, 1]
    assert (person.box.x1_px, person.box.y2_px) == (30, 70)
    assert person.extra["cvat"] == {
        "source": "file",
        "z_order": "3",
        "group_id": "4",
        "attributes": {"mood": "good"},
    }
    assert ["a polygon labelled 'car'" in finding.reason for finding in findings] == [True]


def test_cvat_edges_join_the_keypoints_that_the_drawing_names() -> None:
    svg = (
        '<line data-type="edge" data-node-from="1" data-node-to="3"></line>'
        '<circle data-node-id="1" data-label-name="c"></circle><circle data-node-id="2" data-label-name="b"></circle>'
        '<circle data-node-id="3" data-label-name="a"></circle>'
    )
    keypoints = "".join(f"<label><name>{name}</name><parent>figure</parent></label>" for name in "abc")
    label = f"<label><name>figure</name><type>skeleton</type><svg>{escape(svg)}</svg></label>"
    for labels in (label + keypoints, keypoints + label):
        xml = f"<annotations><meta><task><labels>{labels}</labels></task></meta></annotations>"
        skeleton = cvat.skeleton_of(MemoryFiles({"annotations.xml": xml}))
        assert (skeleton.keypoints, skeleton.edge_indices) == (("a", "b", "c"), ((0, 2),))


def test_cvat_for_video_says_what_to_export_instead() -> None:
    contents = {key: value for key, value in cvat_file("").items() if key != "annotations.xml"}
    xml = str(cvat_file("")["annotations.xml"]).replace("</annotations>", '<track id="0"/></annotations>')
    with pytest.raises(InvalidInputError, match=r"CVAT for images 1\.1"):
        read_all(cvat, {**contents, "annotations.xml": xml}, UPPER_BODY_6)


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


def test_a_yolo_dataset_is_not_taken_for_coco_by_what_is_said_of_its_pictures() -> None:
    own_file = {"schema": 1, "pictures": {"a.png": {"source": "images", "session": "annotations"}}}
    contents = {**PICTURES, "data.yaml": DATA_YAML, "moveprint.json": json.dumps(own_file)}
    assert recognised(MemoryFiles(contents)) == "yolo"


def test_pictures_alone_are_of_no_format() -> None:
    assert recognised(MemoryFiles({**PICTURES, "notes.json": "[1]", "a.csv": "x,y\n1,2\n", "b.xml": "<a/>"})) is None
