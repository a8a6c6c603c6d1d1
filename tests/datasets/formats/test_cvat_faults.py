"""CVAT files as they are found: faults are refused by name and reason, and the rest comes in."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest

from tests.datasets.formats.memory_files import NAMES, PICTURES, MemoryFiles, read_all
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.formats import cvat


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
