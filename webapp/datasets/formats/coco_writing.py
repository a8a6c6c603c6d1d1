"""Writes COCO keypoints in a stream; what it means is told in coco."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping

from webapp.core.skeleton import Skeleton
from webapp.datasets.files import FileWriter
from webapp.datasets.formats import own
from webapp.datasets.formats.checks import decimal
from webapp.datasets.formats.pictures import name_within_images
from webapp.datasets.records import ABSENT, Label, LabelledPerson, LabelledPicture

FILE_NAME = "person_keypoints.json"
PICTURE_KEYS = ("id", "file_name", "width", "height", "moveprint", "license")
PERSON_KEYS = ("id", "image_id", "category_id", "keypoints", "num_keypoints", "bbox", "iscrowd", "moveprint")
"""What has a field of ours; all else that a file says is kept as extra."""
_CATEGORY = 1


def write(pictures: Iterable[LabelledPicture], skeleton: Skeleton, writer: FileWriter) -> None:
    """person_keypoints.json. The pictures' file names begin with images/, where they are put by the caller."""
    ids, annotation_ids, licences = _Ids(), _Ids(), _Licences()
    category = {
        "id": _CATEGORY,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(skeleton.keypoints),
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.edge_indices],
    }
    head = {
        "info": {"description": "Exported by Moveprint", "version": "1.0"},
        "moveprint": own.own_header(skeleton),
        "categories": [category],
    }
    # annotations come after all pictures in the file, and wait on the disk until then
    with writer.open(FILE_NAME) as file, tempfile.TemporaryFile() as waiting:
        file.write(_json(head)[:-1] + b',\n"images": [')
        between, between_people = b"\n", b"\n"
        for picture in pictures:
            record = _picture_record(picture, ids, licences)
            file.write(between + _json(record))
            between = b",\n"
            for person in picture.people:
                waiting.write(
                    between_people + _json(_annotation(person, record["id"], annotation_ids, len(skeleton.keypoints)))
                )
                between_people = b",\n"
        file.write(b'],\n"licenses": ' + _json(licences.listed) + b',\n"annotations": [')
        waiting.seek(0)
        while piece := waiting.read(1 << 20):
            file.write(piece)
        file.write(b"]}\n")


class _Ids:
    """Ids of a file being written: the one that something had, while it is free, else the next free one."""

    def __init__(self) -> None:
        self._used: set[int] = set()
        self._next = 1

    def take(self, kept: object) -> tuple[int, bool]:
        """The id, and whether it is a new one."""
        if type(kept) is int and kept not in self._used:
            self._used.add(kept)
            return kept, False
        while self._next in self._used:
            self._next += 1
        self._used.add(self._next)
        return self._next, True


class _Licences:
    """The list that pictures refer to by id; entries of different files may have had the same."""

    def __init__(self) -> None:
        self._ids = _Ids()
        self._known: dict[str, int] = {}
        self.listed: list[dict[str, object]] = []

    def id_of(self, licence: Mapping[str, object]) -> int:
        key = json.dumps(licence, sort_keys=True)
        if key not in self._known:
            self._known[key], _ = self._ids.take(licence.get("id"))
            self.listed.append({**licence, "id": self._known[key]})
        return self._known[key]


def _picture_record(picture: LabelledPicture, ids: _Ids, licences: _Licences) -> dict[str, object]:
    said = _said(picture.extra)
    number_, new = ids.take(said.get("id"))
    licence = said.get("license")
    ours = {**own.own_picture(picture, "coco"), **({"numbered": True} if new else {})}
    return {
        **{key: value for key, value in said.items() if key not in PICTURE_KEYS},
        **({"license": licences.id_of(licence)} if isinstance(licence, dict) else {}),
        "id": number_,
        "file_name": name_within_images(picture.file_name),
        "width": picture.width_px,
        "height": picture.height_px,
        "moveprint": ours,
    }


def _annotation(person: LabelledPerson, image_id: object, ids: _Ids, count: int) -> dict[str, object]:
    said, box = _said(person.extra), person.box
    number_, new = ids.take(said.get("id"))
    ours = {**own.own_person(person, "coco"), **({"numbered": True} if new else {})}
    return {
        "area": box.width_px * box.height_px,
        **{key: value for key, value in said.items() if key not in PERSON_KEYS},
        "id": number_,
        "image_id": image_id,
        "category_id": _CATEGORY,
        "iscrowd": 0,
        "bbox": [box.x1_px, box.y1_px, box.width_px, box.height_px],
        "keypoints": [0] * (3 * count) if person.label is None else _flat(person.label),
        "num_keypoints": 0 if person.label is None else int((person.label.visibility != ABSENT).sum()),
        "moveprint": ours,
    }


def _flat(label: Label) -> list[float]:
    flat: list[float] = []
    for (x, y), visibility in zip(label.keypoints_px, label.visibility, strict=True):
        flat += (0, 0, 0) if visibility == ABSENT else (decimal(x), decimal(y), int(visibility))
    return flat


def _said(extra: Mapping[str, object]) -> Mapping[str, object]:
    said = extra.get("coco")
    return said if isinstance(said, dict) else {}


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
