"""Writes CVAT for images 1.1 in a stream; what it means is told in cvat."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton
from webapp.datasets.files import FileWriter
from webapp.datasets.formats import own
from webapp.datasets.formats.checks import decimal
from webapp.datasets.formats.pictures import name_within_images
from webapp.datasets.records import ABSENT, HIDDEN, Label, LabelledPerson, LabelledPicture

FILE_NAME = "annotations.xml"
SKELETON_LABEL, BOX_LABEL = "person", "person_box"
OWN = "moveprint"
KNOWN = frozenset({"label", "xtl", "ytl", "xbr", "ybr", "occluded", "points"})
"""Attributes of a shape that have a field of ours; all else is kept as extra."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(pictures: Iterable[LabelledPicture], skeleton: Skeleton, writer: FileWriter) -> None:
    """annotations.xml. The pictures' file names begin with images/, where they are put by the caller."""
    with writer.open(FILE_NAME) as file:
        file.write(b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n')
        file.write(f"<meta>{_meta(skeleton)}</meta>\n".encode())
        for number, picture in enumerate(pictures):
            file.write(_image(number, picture, skeleton).encode())
        file.write(b"</annotations>\n")


def _meta(skeleton: Skeleton) -> str:
    keypoints = "".join(_label(name, "points", parent=SKELETON_LABEL) for name in skeleton.keypoints)
    labels = _label(SKELETON_LABEL, "skeleton", svg=_drawing(skeleton)) + keypoints
    labels += _label(BOX_LABEL, "rectangle") + _label(OWN, "tag")
    task = f"<task><name>Moveprint</name><mode>annotation</mode><labels>{labels}</labels></task>"
    return f"{task}<{OWN}>{escape(json.dumps(own.own_header(skeleton)))}</{OWN}>"


def _label(name: str, kind: str, parent: str | None = None, svg: str = "") -> str:
    attribute = (
        ""
        if parent is not None
        else f"<attribute><name>{OWN}</name><mutable>False</mutable><input_type>text</input_type>"
        f"<default_value></default_value><values></values></attribute>"
    )
    return (
        f"<label><name>{escape(name)}</name><type>{kind}</type><attributes>{attribute}</attributes>"
        + (f"<svg>{escape(svg)}</svg>" if svg else "")
        + (f"<parent>{escape(parent)}</parent>" if parent is not None else "")
        + "</label>\n"
    )


def _drawing(skeleton: Skeleton) -> str:
    """The template CVAT shows for a skeleton: its keypoints on a circle in a square of 100."""
    count = len(skeleton.keypoints)
    places = [
        (50 + 40 * math.sin(2 * math.pi * i / count), 50 - 40 * math.cos(2 * math.pi * i / count)) for i in range(count)
    ]
    lines = [
        f'<line x1="{places[a][0]:.2f}" y1="{places[a][1]:.2f}" x2="{places[b][0]:.2f}" y2="{places[b][1]:.2f}" '
        f'data-type="edge" data-node-from="{a + 1}" data-node-to="{b + 1}"></line>'
        for a, b in skeleton.edge_indices
    ]
    circles = [
        f'<circle r="1.5" cx="{x:.2f}" cy="{y:.2f}" data-type="element node" data-element-id="{i + 1}" '
        f'data-node-id="{i + 1}" data-label-name={quoteattr(name)}></circle>'
        for i, ((x, y), name) in enumerate(zip(places, skeleton.keypoints, strict=True))
    ]
    return "".join(lines + circles)


def _image(number: int, picture: LabelledPicture, skeleton: Skeleton) -> str:
    name = name_within_images(picture.file_name)
    if _NOT_XML.search(name):
        raise InvalidInputError(f"the file name {name!r:.200} holds a character that CVAT's XML cannot; rename it")
    ours = own.own_picture(picture, "cvat")
    tag = f'<tag label="{OWN}" source="manual">{_own_attribute(ours)}</tag>\n' if ours else ""
    people = "".join(_person(person, skeleton) for person in picture.people)
    return (
        f'<image id="{number}" name={_attribute(name)} width="{picture.width_px}" height="{picture.height_px}">\n'
        f"{tag}{people}</image>\n"
    )


def _person(person: LabelledPerson, skeleton: Skeleton) -> str:
    ours = own.own_person(person, "cvat")
    said = person.extra.get("cvat")
    said = said if isinstance(said, dict) else {}
    kept = {"source": "manual", "z_order": "0", **{key: value for key, value in said.items() if key != "attributes"}}
    plain = "".join(
        f" {key}={_attribute(str(value))}" for key, value in kept.items() if key.isidentifier() and key not in KNOWN
    )
    attributes = _own_attribute(ours) + _attributes(said.get("attributes"))
    box = person.box
    if person.label is None:
        corners = f'xtl="{box.x1_px}" ytl="{box.y1_px}" xbr="{box.x2_px}" ybr="{box.y2_px}"'
        return f'<box label="{BOX_LABEL}" occluded="0" {corners}{plain}>{attributes}</box>\n'
    return f'<skeleton label="{SKELETON_LABEL}"{plain}>\n{_points(person.label, skeleton)}{attributes}</skeleton>\n'


def _points(label: Label, skeleton: Skeleton) -> str:
    return "".join(
        f'<points label={quoteattr(name)} source="manual" outside="{int(visibility == ABSENT)}" '
        f'occluded="{int(visibility == HIDDEN)}" '
        f'points="{"0,0" if visibility == ABSENT else f"{decimal(x)},{decimal(y)}"}"></points>\n'
        for name, (x, y), visibility in zip(skeleton.keypoints, label.keypoints_px, label.visibility, strict=True)
    )


def _own_attribute(ours: Mapping[str, object]) -> str:
    return f'<attribute name="{OWN}">{escape(json.dumps(ours, allow_nan=False))}</attribute>\n'


def _attributes(said: object) -> str:
    items = said.items() if isinstance(said, dict) else ()
    return "".join(
        f"<attribute name={_attribute(str(key))}>{escape(_NOT_XML.sub('', str(value)))}</attribute>\n"
        for key, value in items
    )


def _attribute(text: str) -> str:
    """Quoted, without characters that XML cannot hold."""
    return quoteattr(_NOT_XML.sub("", text))
