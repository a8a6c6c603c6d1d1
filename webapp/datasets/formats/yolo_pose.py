"""YOLO pose as Ultralytics documents it (https://docs.ultralytics.com/datasets/pose/).

data.yaml; images/NAME.jpg; labels/NAME.txt with a line per person: `class cx cy w h x y v x y v ...`, shares of the
picture. Splits are lists of pictures (train.txt) or folders. What the text cannot say stands in moveprint.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import yaml

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import COCO_17, Skeleton, with_flip_pairs
from webapp.datasets.files import Files
from webapp.datasets.formats import own
from webapp.datasets.formats.checks import (
    KeypointOrder,
    Points,
    checked_box,
    checked_visibility,
    name_for_report,
    order_of,
    parsed,
    read_json,
    skeleton_of_names,
    whole_number,
)
from webapp.datasets.formats.pictures import FOLDER, PictureNames, ending, name_within_images, picture_size
from webapp.datasets.formats.yolo_writing import LABELS, SPLIT_KEYS, write
from webapp.datasets.records import ABSENT, VISIBLE, Finding, LabelledPerson, LabelledPicture

__all__ = ["read", "recognises", "skeleton_of", "write"]
_MAX_YAML_BYTES = 1024 * 1024
_MAX_LABEL_BYTES = 4 * 1024 * 1024
_MAX_LIST_BYTES = 64 * 1024 * 1024
_BOX_VALUES = 5


def recognises(files: Files) -> bool:
    """Whether there is a YAML file that tells a shape of keypoints."""
    for name in ending(files, (".yaml", ".yml")):
        with files.open(name) as file:
            if b"kpt_shape" in file.read(_MAX_YAML_BYTES):
                return True
    return False


def skeleton_of(files: Files) -> Skeleton:
    """Of moveprint.json, where it is ours; else the names in data.yaml, numbered ones where it tells none."""
    described = _described(files)
    ours = _own_file(files, described.folder)
    found = own.header_skeleton(ours)
    if found is not None:
        return found
    skeleton = skeleton_of_names(described.class_name, described.keypoints, ())
    pairs = described.flip_pairs
    return skeleton if pairs is None else with_flip_pairs(skeleton, pairs)


def read(files: Files, skeleton: Skeleton) -> Iterator[LabelledPicture | Finding]:
    """Every picture of every split, then those beside them under images/, one at a time."""
    described = _described(files)
    names = PictureNames(files)
    ours = _own_file(files, described.folder).get("pictures")
    keypoints = described.keypoints
    if not described.named and len(keypoints) == len(skeleton.keypoints):
        keypoints = skeleton.keypoints  # a file without names can only mean them in this order
        yield Finding(described.name, "it names no keypoints; they were taken in the order of the dataset's", "noted")
    order = order_of(keypoints, skeleton)
    reader = _Reader(files, described, order, ours if isinstance(ours, dict) else {}, frozenset(files.names()))
    if reader.order.note:
        yield Finding(described.name, reader.order.note, "noted")
    seen: set[str] = set()
    for split, name in _pictures(files, described, names):
        if isinstance(name, Finding):
            yield name
        elif name not in seen:
            seen.add(name)
            yield from reader.picture(name, split)


@dataclass(frozen=True)
class _Described:
    """What data.yaml says. values: numbers per keypoint, 2 or 3. people: class numbers that are people."""

    name: str
    folder: str
    said: Mapping[object, object]
    keypoints: tuple[str, ...]
    named: bool
    values: int
    class_name: str
    people: frozenset[int]

    @property
    def flip_pairs(self) -> list[tuple[str, str]] | None:
        """What a mirror exchanges; None where flip_idx is missing or names other keypoints."""
        flip = self.said.get("flip_idx")
        if not isinstance(flip, list) or sorted(map(str, flip)) != sorted(map(str, range(len(self.keypoints)))):
            return None
        return [(self.keypoints[a], self.keypoints[b]) for a, b in enumerate(flip) if a < b and flip[b] == a]


def _described(files: Files) -> _Described:
    for name in ending(files, (".yaml", ".yml")):
        with files.open(name) as file:
            data = file.read(_MAX_YAML_BYTES + 1)
        if b"kpt_shape" in data:
            return _checked_description(name, data)
    raise InvalidInputError("there is no data.yaml with kpt_shape; hand it in with the pictures and labels")


def _checked_description(name: str, data: bytes) -> _Described:
    if len(data) > _MAX_YAML_BYTES:
        raise InvalidInputError(f"{name} has more than {_MAX_YAML_BYTES:,} bytes; a data.yaml has a few thousand")
    try:
        said = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInputError(f"{name} is no whole YAML file: {error!s:.200}") from None
    shape = said.get("kpt_shape") if isinstance(said, dict) else None
    if not isinstance(shape, list) or len(shape) != 2:
        raise InvalidInputError(f"{name}: kpt_shape must be two numbers such as [17, 3], got {shape!r:.60}")
    count, values = whole_number(shape[0], "kpt_shape", 1, 1000), whole_number(shape[1], "kpt_shape", 2, 3)
    classes = _classes(said.get("names"))
    people = frozenset(i for i, text in classes.items() if text == "person") or frozenset(classes)
    first = min(people)
    keypoints = _keypoint_names(said.get("kpt_names"), first)
    if keypoints is not None and len(keypoints) != count:
        raise InvalidInputError(f"{name}: kpt_names are {len(keypoints)}, but kpt_shape says {count}")
    named = keypoints is not None or count == len(COCO_17.keypoints)
    if keypoints is None:
        keypoints = COCO_17.keypoints if named else tuple(f"keypoint_{i + 1}" for i in range(count))
    folder = name.rpartition("/")[0]
    return _Described(name, folder, said, keypoints, named, values, classes[first], people)


def _classes(said: object) -> dict[int, str]:
    pairs = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    classes = {key: str(value)[:40] for key, value in pairs if isinstance(key, int)}
    return classes or {0: "person"}


def _keypoint_names(said: object, person_class: int) -> tuple[str, ...] | None:
    """`kpt_names` is one list per class, as a list or by class number; some tools write the one list alone."""
    if isinstance(said, dict):
        said = said.get(person_class)
    elif isinstance(said, list) and said and isinstance(said[0], list):
        said = said[person_class] if person_class < len(said) else None
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        return None
    return tuple(said)


def _own_file(files: Files, folder: str) -> Mapping[str, object]:
    name = f"{folder}/{own.FILE_NAME}".strip("/")
    if name not in files.names():
        return {}
    said = read_json(files, name)
    if not isinstance(said, dict):
        raise InvalidInputError(f"{name} must be an object; export the dataset again")
    return said


def _pictures(
    files: Files, described: _Described, names: PictureNames
) -> Iterator[tuple[str | None, str] | tuple[None, Finding]]:
    """The pictures of each split by its folder or list, then all others below images/ of no split."""
    for split, key in SPLIT_KEYS.items():
        value = described.said.get(key)
        for place in value if isinstance(value, list) else [value]:
            if isinstance(place, str) and place:
                for found in _of_place(files, described, names, place):
                    yield (None, found) if isinstance(found, Finding) else (split, found)
    for name in names.matching(f"{described.folder}/{FOLDER}"):
        yield None, name


def _of_place(files: Files, described: _Described, names: PictureNames, place: str) -> Iterator[str | Finding]:
    """A folder or a list of pictures: relative to data.yaml, or to its `path`, which is often of another computer."""
    place = place.replace("\\", "/").removeprefix("./")
    while place.startswith("../"):  # as Roboflow writes it, of a data.yaml that lies beside the folders
        place = place.removeprefix("../")
    path = described.said.get("path")
    root = path.replace("\\", "/").strip("/").removeprefix("./") if isinstance(path, str) else ""
    candidates = [f"{base}/{place}".strip("/") for base in (described.folder, f"{described.folder}/{root}")]
    if not place.endswith(".txt"):
        found = next((listed for listed in map(names.matching, candidates) if listed), [])
        if not found:
            yield Finding(described.name, f"there are no pictures in {place!r:.200}", "noted")
        yield from found
        return
    name = next((each for each in candidates if each in files.names()), None)
    if name is None:
        yield Finding(described.name, f"the list {place!r:.200} is not among the files", "noted")
        return
    with files.open(name) as file:
        lines = file.read(_MAX_LIST_BYTES).decode("utf-8", "replace").splitlines()
    for line in lines:
        try:
            if line.strip():
                yield names.find(line.strip(), name)
        except InvalidInputError as error:
            yield Finding(name_for_report(line.strip()), str(error))


@dataclass(frozen=True)
class _Reader:
    """One picture's text on its way into a record. own_pictures: of moveprint.json, by the picture's name."""

    files: Files
    described: _Described
    order: KeypointOrder
    own_pictures: Mapping[str, object]
    file_names: frozenset[str]

    def picture(self, name: str, split: str | None) -> Iterator[LabelledPicture | Finding]:
        try:
            picture, notes = self._checked_picture(name, split)
        except InvalidInputError as error:
            yield Finding(name, str(error))
            return
        yield from (Finding(name, note, "noted") for note in notes)
        yield picture

    def _checked_picture(self, name: str, split: str | None) -> tuple[LabelledPicture, list[str]]:
        width_px, height_px = picture_size(self.files, name)
        within = name.removeprefix(f"{self.described.folder}/") if self.described.folder else name
        known = self.own_pictures.get(name_within_images(within))
        ours = own.picture_of(known)
        own_people = known.get("people") if isinstance(known, dict) else None
        lines, notes, people = self._lines(name), [], []
        if not isinstance(own_people, list) or len(own_people) != len(lines):
            own_people = [None] * len(lines)  # somebody changed the text since: whose line is whose is not known
        for at, (line, own_record) in enumerate(zip(lines, own_people, strict=True), 1):
            try:
                # a record of ours tells the person's split; the lists only know the whole picture's
                known_of_person = own.person_of(own_record if own_record is not None else {"split": split})
                person, note = self._person(line.split(), known_of_person, width_px, height_px)
            except InvalidInputError as error:
                raise InvalidInputError(f"line {at} of its labels: {error}") from None
            people += [person] if person is not None else []
            notes += [note] if note else []
        return (
            LabelledPicture(name, width_px, height_px, tuple(people), ours.source, ours.session, ours.extra),
            notes,
        )

    def _lines(self, name: str) -> list[str]:
        """Of the picture's text file, which lies where it does with "labels" in place of the last "images"."""
        head, found, tail = f"/{name}".rpartition(f"/{FOLDER}/")
        text_name = f"{head}/{LABELS}/{tail}" if found else f"/{name}"
        text_name = f"{text_name.rpartition('.')[0]}.txt".lstrip("/")
        if text_name not in self.file_names:
            return []
        if self.files.size_bytes(text_name) > _MAX_LABEL_BYTES:
            raise InvalidInputError(f"{text_name} has more than {_MAX_LABEL_BYTES:,} bytes; it is no label file")
        with self.files.open(text_name) as file:
            text = file.read(_MAX_LABEL_BYTES).decode("utf-8", "replace")
        return [line for line in text.splitlines() if line.strip()]

    def _person(
        self, words: Sequence[str], ours: own.OwnPerson, width_px: int, height_px: int
    ) -> tuple[LabelledPerson | None, str | None]:
        values = np.array([parsed(word, "a value") for word in words])
        class_number = whole_number(float(values[0]), "the class", 0, 10_000)
        expected = _BOX_VALUES + self.described.values * len(self.described.keypoints)
        if len(values) not in (_BOX_VALUES, expected):
            raise InvalidInputError(f"it has {len(values)} values; kpt_shape wants {expected}")
        if class_number not in self.described.people:
            return None, f"a line of class {class_number}, which is no person, was left out"
        size = np.array([width_px, height_px])
        (cx, cy), (w, h) = values[1:3] * size, values[3:5] * size
        rough = checked_box((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), width_px, height_px)
        label, note = None, None
        if len(values) == expected:
            points = values[_BOX_VALUES:].reshape(-1, self.described.values)
            seen = checked_visibility(_visibility(points))
            said, note = self.order.label(points[:, :2] * size, seen, width_px, height_px)
            label = own.restored_label(said, ours, self.order.names == self.order.skeleton.keypoints)
        state = ours.state or ("unlabelled" if label is None else "reviewed")
        box = own.restored_box(rough, ours, (width_px, height_px))
        return LabelledPerson(box, label, state, ours.person, ours.split, ours.extra, ours.teacher), note


def _visibility(points: Points) -> Points:
    """(K,) of (K, 2 or 3). Without a third value a keypoint is seen, unless it is at 0, 0 or has a negative number."""
    if points.shape[1] == 3:
        return points[:, 2]
    absent = (points < 0).any(axis=1) | (points == 0).all(axis=1)
    return np.where(absent, ABSENT, VISIBLE).astype(np.float64)
