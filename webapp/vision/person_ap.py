"""Average precision of a person detector on a folder of labelled pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.metrics import average_precision
from webapp.core.records import Box
from webapp.vision.ports import Image, PersonDetector
from yolov5.boxes import box_iou

PERSON_CLASS = 0
MIN_IOU = 0.5
MAX_PEOPLE = 300


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and the corners of its people in pixels, (N, 4)."""

    image_bgr: Image
    people_xyxy: NDArray[np.float32]


def person_ap50(detector: PersonDetector, folder: Path) -> float:
    """AP at IoU 0.5 of the class person, COCO's 101 points, at most 300 boxes a picture; 0..1.

    folder: images/NAME.jpg and labels/NAME.txt in YOLO's format, class 0 being person. The detector must let boxes of
    low score through, or the tail of the curve is cut. InvalidInputError names a folder or file that cannot be read.
    """
    scores: list[float] = []
    hits: list[bool] = []
    labelled = 0
    for picture in labelled_pictures(folder):
        found = detector.detect(picture.image_bgr)[:MAX_PEOPLE]
        scores += [detection.score for detection in found]
        hits += match(_corners([detection.box for detection in found]), picture.people_xyxy)
        labelled += len(picture.people_xyxy)
    return average_precision(np.array(scores), np.array(hits, np.bool_), labelled)


def labelled_pictures(folder: Path) -> Iterator[LabelledPicture]:
    """The pictures in the order of their names; InvalidInputError as above."""
    files = sorted((folder / "images").glob("*.jpg"))
    if not files:
        raise InvalidInputError(
            f"{folder} has no images/*.jpg: give a folder with images/ and labels/ in YOLO's format"
        )
    for file in files:
        image_bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image_bgr is None:
            raise InvalidInputError(f"{file} is not a picture that can be read")
        people = _read_people(folder / "labels" / f"{file.stem}.txt", *image_bgr.shape[1::-1])
        yield LabelledPicture(np.asarray(image_bgr, np.uint8), people)


def match(found_xyxy: NDArray[np.float32], people_xyxy: NDArray[np.float32]) -> list[bool]:
    """Whether each box, best score first, overlaps a person that no better box has claimed by IoU >= 0.5."""
    overlaps = box_iou(found_xyxy, people_xyxy)
    hits = []
    for row in range(len(found_xyxy)):
        best = int(overlaps[row].argmax()) if len(people_xyxy) else -1
        hit = best >= 0 and bool(overlaps[row, best] >= MIN_IOU)
        if hit:
            overlaps[:, best] = 0.0
        hits.append(hit)
    return hits


def _read_people(label_file: Path, width_px: int, height_px: int) -> NDArray[np.float32]:
    """Corners of the labelled people in pixels, (N, 4); a picture without a label file shows nothing."""
    if not label_file.exists():
        return np.empty((0, 4), np.float32)
    try:
        rows = [[float(value) for value in line.split()] for line in label_file.read_text("utf-8").splitlines() if line]
        people = np.array([row for row in rows if row[0] == PERSON_CLASS], np.float32).reshape(-1, 5)
    except (ValueError, IndexError) as error:
        raise InvalidInputError(f"{label_file} is not a label file (class x y width height): {error}") from error
    centre, half = people[:, 1:3], people[:, 3:5] / 2
    size_px = np.array([width_px, height_px], np.float32)
    return np.concatenate(((centre - half) * size_px, (centre + half) * size_px), axis=1).astype(np.float32)


def _corners(boxes: list[Box]) -> NDArray[np.float32]:
    corners = [(box.x1_px, box.y1_px, box.x2_px, box.y2_px) for box in boxes]
    return np.array(corners, np.float32).reshape(-1, 4)
