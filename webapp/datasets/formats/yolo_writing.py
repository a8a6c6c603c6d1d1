"""Writes YOLO pose in a stream; what it means is told in yolo_pose."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable

import numpy as np
import yaml

from webapp.core.skeleton import Skeleton
from webapp.datasets.files import FileWriter
from webapp.datasets.formats import own
from webapp.datasets.formats.pictures import FOLDER, name_within_images
from webapp.datasets.records import ABSENT, LabelledPerson, LabelledPicture

LABELS, DATA_FILE = "labels", "data.yaml"
SPLIT_KEYS = {"train": "train", "validation": "val", "test": "test"}
"""Our splits by their names in data.yaml."""
_STRICTEST = ("test", "validation", "train")


def write(pictures: Iterable[LabelledPicture], skeleton: Skeleton, writer: FileWriter) -> None:
    """data.yaml, a list per split, labels/NAME.txt and moveprint.json.

    The pictures' file names begin with images/, where they are put by the caller. Here a picture has one split: the
    strictest of its people's, so that nobody meant for tests is trained on; without any it is for training.
    """
    lists: dict[str, list[str]] = {split: [] for split in SPLIT_KEYS}
    # moveprint.json is written last, and waits on the disk until then
    with tempfile.TemporaryFile() as waiting:
        between = b"\n"
        for picture in pictures:
            name = name_within_images(picture.file_name)
            lines = [_line(person, picture, len(skeleton.keypoints)) for person in picture.people]
            writer.write(f"{LABELS}/{name.rpartition('.')[0]}.txt", "".join(lines).encode())
            splits = {person.split for person in picture.people}
            lists[next((split for split in _STRICTEST if split in splits), "train")].append(name)
            record = {
                **own.own_picture(picture, native=""),
                "people": [own.own_person(person, native="") for person in picture.people],
            }
            waiting.write(between + json.dumps(name).encode() + b": " + json.dumps(record, allow_nan=False).encode())
            between = b",\n"
        waiting.seek(0)
        with writer.open(own.FILE_NAME) as file:
            file.write(json.dumps(own.own_header(skeleton))[:-1].encode() + b', "pictures": {')
            while piece := waiting.read(1 << 20):
                file.write(piece)
            file.write(b"}}\n")
    for split, names in lists.items():
        text = "".join(f"./{FOLDER}/{name}\n" for name in names)
        writer.write(f"{SPLIT_KEYS[split]}.txt", text.encode())
    writer.write(DATA_FILE, _data_yaml(skeleton).encode())


def _line(person: LabelledPerson, picture: LabelledPicture, count: int) -> str:
    """All digits of the shares: times the picture's size they are the very pixels again."""
    width, height, box = picture.width_px, picture.height_px, person.box
    corners = np.array([box.x1_px, box.y1_px, box.x2_px, box.y2_px])
    x1, y1, x2, y2 = own.cut_off(corners, (width, height)).tolist()
    values = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    words = ["0", *(repr(value) for value in values)]
    if person.label is None:
        return " ".join(words + ["0"] * (3 * count)) + "\n"
    for (x, y), visibility in zip(person.label.keypoints_px, person.label.visibility, strict=True):
        absent = visibility == ABSENT
        words += ["0", "0", "0"] if absent else [repr(float(x) / width), repr(float(y) / height), str(int(visibility))]
    return " ".join(words) + "\n"


def _data_yaml(skeleton: Skeleton) -> str:
    said = {
        "path": ".",
        **{key: f"{key}.txt" for key in SPLIT_KEYS.values()},
        "kpt_shape": [len(skeleton.keypoints), 3],
        "flip_idx": list(skeleton.flip_indices),
        "names": {0: "person"},
        "kpt_names": {0: list(skeleton.keypoints)},
    }
    return yaml.safe_dump(said, sort_keys=False, default_flow_style=None)
