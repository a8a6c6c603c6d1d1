"""COCO keypoints (https://cocodataset.org/#format-data): one JSON file beside images/.

Written are images/ and person_keypoints.json; what COCO has no field for stands under the key "moveprint", which other
tools pass over. Numbers in `keypoints` and `bbox` are pixels from the picture's upper left corner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton
from webapp.core.wording import counted
from webapp.datasets.files import Files
from webapp.datasets.formats import own
from webapp.datasets.formats.checks import (
    KeypointOrder,
    checked_box,
    checked_size,
    checked_visibility,
    name_for_report,
    number,
    order_of,
    read_json,
    skeleton_of_names,
)
from webapp.datasets.formats.coco_writing import PERSON_KEYS, PICTURE_KEYS, write
from webapp.datasets.formats.pictures import PictureNames, ending
from webapp.datasets.records import ABSENT, Finding, LabelledPerson, LabelledPicture

__all__ = ["read", "recognises", "skeleton_of", "write"]
_KEYS = ("images", "annotations", "categories")
_HEAD_BYTES = 4096
_BEGINNING = re.compile(rb'"(images|annotations|categories|licenses|info)"\s*:')


def recognises(files: Files) -> bool:
    """Whether one of the files begins as a COCO file does."""
    return bool(_annotation_files(files))


def skeleton_of(files: Files) -> Skeleton:
    """Of the category with keypoints; of several the one called person, or else the first."""
    for name in _annotation_files(files):
        said = _read(files, name)
        ours = own.header_skeleton(said.get("moveprint"))
        if ours is not None:
            return ours
        categories = list(_categories(said, name).values())
        if categories:
            chosen = next((each for each in categories if each.get("name") == "person"), categories[0])
            return skeleton_of_names(str(chosen.get("name")), _names(chosen), _edges(chosen))
    raise InvalidInputError(
        "no COCO file here has a category with keypoints; export the keypoints, not the boxes alone"
    )


def read(files: Files, skeleton: Skeleton) -> Iterator[LabelledPicture | Finding]:
    """Every picture of every COCO file, in the files' order. Crowds are left out with a note."""
    pictures = PictureNames(files)
    seen: set[str] = set()
    for name in _annotation_files(files):
        yield from _Reader(name, _read(files, name), skeleton, pictures, seen).pictures()


@dataclass
class _Reader:
    """One COCO file on its way into records. seen: pictures that had their labels, of this file or one before."""

    name: str
    said: Mapping[str, object]
    skeleton: Skeleton
    names: PictureNames
    seen: set[str]
    _orders: dict[object, KeypointOrder] = field(default_factory=dict)
    _annotation_ids: set[object] = field(default_factory=set)

    def pictures(self) -> Iterator[LabelledPicture | Finding]:
        categories = _categories(self.said, self.name)
        for category_id, category in categories.items():
            self._orders[category_id] = order_of(_names(category), self.skeleton)
        if not self._orders:
            raise InvalidInputError(f"{self.name} has no category with keypoints; hand in the file of the keypoints")
        note = next(iter(self._orders.values())).note
        if note:
            yield Finding(self.name, note, "noted")
        images = _listed_objects(self.said, "images", self.name)
        people = self._people_by_image()
        ids: set[object] = set()
        licences = {
            _key(each.get("id")): each for each in _listed_objects(self.said, "licenses", self.name) if "id" in each
        }
        for image in images:
            said_name = name_for_report(image.get("file_name"))
            key = _key(image.get("id"))
            try:
                if key is None or key in ids:
                    raise InvalidInputError(
                        f"image id {image.get('id')!r:.60} is {'there twice' if key in ids else 'no id'}; "
                        f"each picture needs one of its own"
                    )
                ids.add(key)
                picture, notes = self._picture(image, people.pop(key, []), licences)
            except InvalidInputError as error:
                yield Finding(said_name, str(error))
                continue
            yield from (Finding(picture.file_name, text, "noted") for text in notes)
            yield picture
        for key, left in people.items():
            if key not in ids:
                strays = counted(len(left), "annotation")
                yield Finding(self.name, f"left out: {strays} of image id {key!r:.60}, which is none of its images")

    def _people_by_image(self) -> dict[object, list[Mapping[str, object]]]:
        people: dict[object, list[Mapping[str, object]]] = {}
        for annotation in _listed_objects(self.said, "annotations", self.name):
            people.setdefault(_key(annotation.get("image_id")), []).append(annotation)
        return people

    def _picture(
        self,
        image: Mapping[str, object],
        annotations: Iterable[Mapping[str, object]],
        licences: Mapping[object, Mapping[str, object]],
    ) -> tuple[LabelledPicture, list[str]]:
        file_name = self.names.find(str(image.get("file_name")), self.name)
        if file_name in self.seen:
            raise InvalidInputError(f"{file_name} is listed twice; put all its people under one image id")
        self.seen.add(file_name)
        width_px, height_px = checked_size(image.get("width"), image.get("height"))
        ours = own.picture_of(image.get("moveprint"))
        kept = {key: value for key, value in image.items() if key not in PICTURE_KEYS}
        licence = licences.get(_key(image.get("license")))
        if licence is not None:
            kept["license"] = licence
        if not ours.numbered:
            kept["id"] = image["id"]
        extra, extra_note = own.kept_extra("coco", kept, ours.extra)
        notes = [extra_note] if extra_note else []
        people = []
        for annotation in annotations:
            person, person_notes = self._person(annotation, width_px, height_px)
            notes += person_notes
            if person is not None:
                people.append(person)
        return LabelledPicture(file_name, width_px, height_px, tuple(people), ours.source, ours.session, extra), notes

    def _person(
        self, annotation: Mapping[str, object], width_px: int, height_px: int
    ) -> tuple[LabelledPerson | None, list[str]]:
        key = _key(annotation.get("id"))
        named = f"annotation {annotation.get('id')!r:.60}"
        if key is None or key in self._annotation_ids:
            raise InvalidInputError(f"{named}: its id is {'there twice' if key is not None else 'missing'}")
        self._annotation_ids.add(key)
        if annotation.get("iscrowd") == 1:
            return None, [f"{named} is a crowd and was left out"]
        order = self._orders.get(_key(annotation.get("category_id")))
        if order is None:
            category = annotation.get("category_id")
            return None, [f"{named} is of category {category!r:.60}, which has no keypoints, and was left out"]
        try:
            return self._checked_person(annotation, order, width_px, height_px)
        except InvalidInputError as error:
            raise InvalidInputError(f"{named}: {error}") from None

    def _checked_person(
        self, annotation: Mapping[str, object], order: KeypointOrder, width_px: int, height_px: int
    ) -> tuple[LabelledPerson, list[str]]:
        ours = own.person_of(annotation.get("moveprint"))
        x, y, width, height = _numbers(annotation.get("bbox"), "bbox", 4)
        box = own.restored_box(checked_box((x, y, x + width, y + height), width_px, height_px), ours)
        label, notes = None, []
        flat = annotation.get("keypoints")
        if flat:
            values = np.array(_numbers(flat, "keypoints", 3 * len(order.names))).reshape(-1, 3)
            said, moved = order.label(values[:, :2], checked_visibility(values[:, 2]), width_px, height_px)
            count = int((values[:, 2] != ABSENT).sum())
            if annotation.get("num_keypoints", count) != count:
                raise InvalidInputError(
                    f"num_keypoints says {annotation['num_keypoints']!r:.60}, but {count} have visibility 1 or 2"
                )
            label = own.restored_label(said, ours, order.names == self.skeleton.keypoints)
            notes += [moved] if moved else []
        kept = {key: value for key, value in annotation.items() if key not in PERSON_KEYS}
        if kept.get("area") == width * height:
            del kept["area"]
        if not ours.numbered:
            kept["id"] = annotation["id"]
        extra, extra_note = own.kept_extra("coco", kept, ours.extra)
        notes += [extra_note] if extra_note else []
        state = ours.state or ("unlabelled" if label is None else "reviewed")
        return LabelledPerson(box, label, state, ours.person, ours.split, extra, ours.teacher), notes


def _annotation_files(files: Files) -> list[str]:
    named = (name for name in ending(files, (".json",)) if not f"/{name}".endswith(f"/{own.FILE_NAME}"))
    return [name for name in named if _begins_as_coco(files, name)]


def _begins_as_coco(files: Files, name: str) -> bool:
    with files.open(name) as file:
        head = file.read(_HEAD_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and _BEGINNING.search(head) is not None


def _read(files: Files, name: str) -> Mapping[str, object]:
    said = read_json(files, name)
    if not isinstance(said, dict) or not all(isinstance(said.get(key), list) for key in _KEYS):
        raise InvalidInputError(f"{name} is no COCO file: it needs the lists {', '.join(_KEYS)}")
    return said


def _listed_objects(said: Mapping[str, object], key: str, name: str) -> list[Mapping[str, object]]:
    values = said.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise InvalidInputError(f"{name}: {key} must be a list of objects")
    return values


def _categories(said: Mapping[str, object], name: str) -> dict[object, Mapping[str, object]]:
    """Those with keypoints, by id."""
    found: dict[object, Mapping[str, object]] = {}
    for category in _listed_objects(said, "categories", name):
        key = _key(category.get("id"))
        if key is None or key in found:
            raise InvalidInputError(f"{name}: category id {category.get('id')!r:.60} is missing or there twice")
        if category.get("keypoints"):
            found[key] = category
    return found


def _names(category: Mapping[str, object]) -> list[str]:
    names = category.get("keypoints")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInputError(f"category {category.get('name')!r:.60}: keypoints must be a list of names")
    return names


def _edges(category: Mapping[str, object]) -> list[tuple[int, int]]:
    """0-based. COCO counts from 1; tools that count from 0 betray themselves by a 0."""
    count, edges = len(_names(category)), category.get("skeleton") or []
    whole = isinstance(edges, list) and all(
        isinstance(edge, list) and len(edge) == 2 and all(type(end) is int and 0 <= end <= count for end in edge)
        for edge in edges
    )
    if not whole or not isinstance(edges, list):
        raise InvalidInputError(f"category {category.get('name')!r:.60}: skeleton must be pairs of keypoint numbers")
    first = 0 if any(0 in edge for edge in edges) else 1
    if any(end - first >= count for edge in edges for end in edge):
        raise InvalidInputError(f"category {category.get('name')!r:.60}: skeleton counts both from 0 and from 1")
    return [(edge[0] - first, edge[1] - first) for edge in edges]


def _numbers(value: object, what: str, count: int) -> list[float]:
    if not isinstance(value, list) or len(value) != count:
        got = f"{len(value)}" if isinstance(value, list) else f"{value!r:.60}"
        raise InvalidInputError(f"{what} must be {count} numbers, got {got}")
    return [number(each, what) for each in value]


def _key(value: object) -> object:
    """An id: whole numbers, or texts as some tools write them; None for what is neither."""
    return value if type(value) is int or isinstance(value, str) else None
