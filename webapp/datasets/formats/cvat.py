"""CVAT for images 1.1 (https://docs.cvat.ai/docs/dataset_management/formats/xml_format/): annotations.xml and images/.

A label is a <skeleton> with one <points> per keypoint: outside="1" is absent, occluded="1" hidden. Somebody who has a
box and no keypoints is a <box>. Everything else of ours is the JSON of one attribute named "moveprint".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.core.skeleton import Skeleton
from webapp.datasets.files import Files
from webapp.datasets.formats import own
from webapp.datasets.formats.checks import (
    Counts,
    KeypointOrder,
    Points,
    box_around,
    checked_box,
    checked_size,
    name_for_report,
    order_of,
    parsed,
    skeleton_of_names,
)
from webapp.datasets.formats.cvat_labels import described, parsed_json
from webapp.datasets.formats.cvat_writing import BOX_LABEL, KNOWN, OWN, write
from webapp.datasets.formats.pictures import PictureNames, ending
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE, Finding, LabelledPerson, LabelledPicture

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["read", "recognises", "skeleton_of", "write"]
_HEAD_BYTES = 4096
_OTHER_SHAPES = frozenset({"points", "polygon", "polyline", "mask", "ellipse", "cuboid", "box", "tag"})
_TRUE = frozenset({"1", "true", "True"})


def recognises(files: Files) -> bool:
    """Whether one of the files begins as CVAT's XML does."""
    return bool(_annotation_files(files))


def skeleton_of(files: Files) -> Skeleton:
    """Of the label of type skeleton; of several the one called person, or else the first."""
    for name in _annotation_files(files):
        with files.open(name) as file:
            meta = described(name, _elements(name, file))
        if meta.skeleton is not None:
            return meta.skeleton
        if meta.labels:
            label = meta.label
            return skeleton_of_names(label, meta.labels[label], meta.edges_of(label))
    raise InvalidInputError("annotations.xml has no label of type skeleton; export a task whose people are skeletons")


def read(files: Files, skeleton: Skeleton) -> Iterator[LabelledPicture | Finding]:
    """Every picture of every annotation file, one at a time; shapes that are no people are left out with a note."""
    pictures = PictureNames(files)
    seen: set[str] = set()
    for name in _annotation_files(files):
        with files.open(name) as file:
            elements = _elements(name, file)
            meta = described(name, elements)
            if not meta.labels:
                raise InvalidInputError(f"{name} has no label of type skeleton; export a task with skeletons")
            orders = {label: order_of(names, skeleton) for label, names in meta.labels.items() if label == meta.label}
            note = orders[meta.label].note
            if note:
                yield Finding(name, note, "noted")
            reader = _Reader(name, orders, pictures, seen)
            for element in elements:
                if element.tag == "track":
                    raise InvalidInputError(f'{name} is "CVAT for video"; export it as "CVAT for images 1.1"')
                if element.tag == "image":
                    yield from reader.picture(element)


@dataclass
class _Reader:
    """One annotations.xml on its way into records. seen: pictures that had their labels, of this file or one before."""

    name: str
    orders: Mapping[str, KeypointOrder]
    names: PictureNames
    seen: set[str]
    _ids: set[str] = field(default_factory=set)

    def picture(self, image: Element) -> Iterator[LabelledPicture | Finding]:
        try:
            picture, notes = self._checked_picture(image)
        except InvalidInputError as error:
            yield Finding(name_for_report(image.get("name", "a picture without a name")), str(error))
            return
        yield from (Finding(picture.file_name, note, "noted") for note in notes)
        yield picture

    def _checked_picture(self, image: Element) -> tuple[LabelledPicture, list[str]]:
        image_id = image.get("id", "")
        if not image_id or image_id in self._ids:
            raise InvalidInputError(f"image id {image_id!r:.60} is missing or there twice; each picture needs its own")
        self._ids.add(image_id)
        file_name = self.names.find(image.get("name", ""), self.name)
        if file_name in self.seen:
            raise InvalidInputError(f"{file_name} is listed twice; put all its people under one <image>")
        self.seen.add(file_name)
        width_px, height_px = checked_size(_whole(image, "width"), _whole(image, "height"))
        ours = own.picture_of(None)
        notes: list[str] = []
        boxes = _grouped_boxes(image)
        people = []
        for shape in image:
            if shape.tag == "tag" and shape.get("label") == OWN:
                ours = own.picture_of(_own_json(shape))
                continue
            if shape in boxes.values():
                continue
            person, note = self._person(shape, boxes.get(shape.get("group_id", "")), width_px, height_px)
            notes += [note] if note else []
            people += [person] if person is not None else []
        extra, extra_note = own.kept_extra("cvat", {}, ours.extra)
        notes += [extra_note] if extra_note else []
        return LabelledPicture(file_name, width_px, height_px, tuple(people), ours.source, ours.session, extra), notes

    def _person(
        self, shape: Element, box: Element | None, width_px: int, height_px: int
    ) -> tuple[LabelledPerson | None, str | None]:
        label = shape.get("label", "")
        if shape.tag == "skeleton" and label in self.orders:
            return self._skeleton(shape, self.orders[label], box, width_px, height_px)
        if shape.tag == "box" and label in (BOX_LABEL, *self.orders):
            ours, extra, note = _own(shape)
            corners = own.restored_box(_box(shape, width_px, height_px), ours)
            return LabelledPerson(corners, None, ours.state or "unlabelled", ours.person, ours.split, extra), note
        if shape.tag == "skeleton" or shape.tag in _OTHER_SHAPES:
            return None, f"a {shape.tag} labelled {label!r:.60} is no person of the dataset's skeleton and was left out"
        return None, None

    def _skeleton(
        self, shape: Element, order: KeypointOrder, box: Element | None, width_px: int, height_px: int
    ) -> tuple[LabelledPerson, str | None]:
        points = np.full((len(order.names), 2), np.nan)
        visibility = np.zeros(len(order.names), np.int64)
        found: set[str] = set()
        for point in shape.findall("points"):
            name = point.get("label", "")
            if name not in order.names or name in found:
                raise InvalidInputError(
                    f"a skeleton has the keypoint {name!r:.60} {'twice' if name in found else 'that its label lacks'}"
                )
            found.add(name)
            _place(point, order.names.index(name), points, visibility)
        label, moved = order.label(points, visibility, width_px, height_px)
        ours, extra, note = _own(shape)
        if box is not None:
            corners = _box(box, width_px, height_px)
        elif ours.box is not None:
            corners = checked_box(ours.box, width_px, height_px)
        else:
            corners = box_around(label, width_px, height_px)
        kept = own.restored_label(label, ours, order.names == order.skeleton.keypoints)
        state = ours.state or ("unlabelled" if kept is None else "reviewed")
        person = LabelledPerson(corners, kept, state, ours.person, ours.split, extra, ours.teacher)
        return person, "; ".join(text for text in (moved, note) if text) or None


def _place(point: Element, position: int, points: Points, visibility: Counts) -> None:
    """Writes one keypoint to its place in the arrays."""
    if point.get("outside") in _TRUE:
        visibility[position] = ABSENT
        return
    x, comma, y = point.get("points", "").partition(",")
    if not comma:
        raise InvalidInputError(f"points must be two numbers x,y, got {point.get('points', '')!r:.60}")
    points[position] = parsed(x, "x"), parsed(y, "y")
    visibility[position] = HIDDEN if point.get("occluded") in _TRUE else VISIBLE


def _grouped_boxes(image: Element) -> dict[str, Element]:
    """Boxes that are grouped with a skeleton are that person's."""
    groups = {shape.get("group_id", "") for shape in image.findall("skeleton")} - {"", "0"}
    return {shape.get("group_id", ""): shape for shape in image.findall("box") if shape.get("group_id") in groups}


def _box(shape: Element, width_px: int, height_px: int) -> Box:
    corners = [parsed(shape.get(key, ""), key) for key in ("xtl", "ytl", "xbr", "ybr")]
    return checked_box(corners, width_px, height_px)


def _own(shape: Element) -> tuple[own.OwnPerson, dict[str, object], str | None]:
    """What is ours, what else CVAT said, and a note where that is too much to be kept."""
    ours = own.person_of(_own_json(shape))
    attributes = {
        str(each.get("name")): each.text or "" for each in shape.findall("attribute") if each.get("name") != OWN
    }
    said: dict[str, object] = {key: value for key, value in shape.attrib.items() if key not in KNOWN}
    # what CVAT's own tools write for every shape says nothing
    said = {key: value for key, value in said.items() if (key, value) not in (("source", "manual"), ("z_order", "0"))}
    if attributes:
        said["attributes"] = attributes
    extra, note = own.kept_extra("cvat", said, ours.extra)
    return ours, extra, note


def _own_json(shape: Element) -> object:
    text = next((each.text for each in shape.findall("attribute") if each.get("name") == OWN), None)
    return None if not text else parsed_json(text)


def _whole(element: Element, key: str) -> float:
    return parsed(element.get(key, ""), key)


def _annotation_files(files: Files) -> list[str]:
    found = []
    for name in ending(files, (".xml",)):
        with files.open(name) as file:
            if b"<annotations" in file.read(_HEAD_BYTES):
                found.append(name)
    return found


def _elements(name: str, file: BinaryIO) -> Iterator[Element]:
    """The children of <annotations>, each forgotten once it was looked at; entities and DTDs are refused."""
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(file, ("start", "end"), forbid_dtd=True):
            if event == "start":
                root = element if root is None else root
                depth += 1
                continue
            depth -= 1
            if depth == 1 and root is not None:
                yield element
                root.clear()
    except DefusedXmlException:
        raise InvalidInputError(f"{name} defines entities of its own, which are not read; export it anew") from None
    except (ParseError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"{name} is no whole XML file: {error}; export it again") from None
