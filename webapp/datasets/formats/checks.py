"""What every format checks alike, and how a number is written so that it comes back to the bit."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.core.skeleton_json import skeleton_from_json
from webapp.datasets.files import Files
from webapp.datasets.records import ABSENT, VISIBLE, Label

MAX_ANNOTATION_BYTES = 256 * 1024 * 1024
"""Of one annotation file that is read as a whole; COCO's own for 118,000 pictures has 238 MB."""
MAX_SIDE_PX = 65_500
"""Of a picture, as its annotation says it; no JPEG can be larger."""
LEAST_BOX_PX = 1e-3
"""Sides of a box that has a size at all; what is cut out of a picture is scaled by it."""
MOVED_SHARE = 0.01
"""Of the picture's longer side: a keypoint that lies so little outside is moved to the edge, and that is noted."""

Points = NDArray[np.float64]
Counts = NDArray[np.int64]


def number(value: object, what: str) -> float:
    """A finite number; InvalidInputError for anything else, an integer too large to calculate with among it."""
    try:
        result = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise InvalidInputError(f"{what} must be a finite number, got {_shown(value)}")
    return result


def whole_number(value: object, what: str, low: int, high: int) -> int:
    """An integer from low to high, also written as 2.0; InvalidInputError for anything else."""
    result = number(value, what)
    if result != int(result) or not low <= result <= high:
        raise InvalidInputError(f"{what} must be a whole number from {low} to {high}, got {_shown(value)}")
    return int(result)


def parsed(text: str, what: str) -> float:
    """A finite number of its text."""
    try:
        return number(float(text), what)
    except ValueError:
        raise InvalidInputError(f"{what} must be a finite number, got {_shown(text)}") from None


def decimal(value: np.float32) -> float:
    """The shortest decimal that comes back as this very float32."""
    short = float(str(value))
    # a decimal is rounded twice on its way back; where that would end beside the value all its digits are kept
    return short if np.float32(short) == value else float(value)


def stored_text(text: str, what: str) -> str:
    """A text that every database can hold; InvalidInputError for zero bytes and halves of characters."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInputError(f"{what} {text!r:.60} holds a character that cannot be stored; rename it")
    return text


def name_for_report(name: object) -> str:
    """What a file called itself, so that a report can hold it."""
    return storable(str(name))[:512]


def storable(text: str) -> str:
    """With question marks for what no database can hold: zero bytes and halves of characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def read_whole(files: Files, name: str) -> bytes:
    """An annotation file in one piece; InvalidInputError when it is too large."""
    if files.size_bytes(name) > MAX_ANNOTATION_BYTES:
        raise InvalidInputError(
            f"{name} has {files.size_bytes(name):,} bytes; an annotation file may have {MAX_ANNOTATION_BYTES:,}. "
            f"Split it into several imports"
        )
    with files.open(name) as file:
        return file.read(MAX_ANNOTATION_BYTES + 1)


def read_json(files: Files, name: str) -> object:
    """The JSON of a whole file; InvalidInputError when it is damaged, too large or nested too deep."""
    try:
        return json.loads(read_whole(files, name))
    except RecursionError:
        raise InvalidInputError(f"{name} is nested too deep to be read; save it again with the tool it is of") from None
    except ValueError as error:
        raise InvalidInputError(f"{name} is no whole JSON file: {error}; save it again") from None


def checked_size(width: object, height: object) -> tuple[int, int]:
    """A picture's width and height as its annotation says them."""
    return whole_number(width, "width", 1, MAX_SIDE_PX), whole_number(height, "height", 1, MAX_SIDE_PX)


def checked_box(corners: Sequence[float], width_px: int, height_px: int) -> Box:
    """x1, y1, x2, y2 in pixels: of a size, and in the picture with at least a part.

    It may lead beyond the edge, as boxes of people cut off do, by at most the picture's longer side.
    """
    x1, y1, x2, y2 = corners
    beyond = max(width_px, height_px)
    if not min(x2 - x1, y2 - y1) >= LEAST_BOX_PX:
        raise InvalidInputError(
            f"the box ({x1:g}, {y1:g}) to ({x2:g}, {y2:g}) has no size; width and height must be > 0"
        )
    inside = x1 < width_px and y1 < height_px and x2 > 0 and y2 > 0
    if not inside or min(x1, y1) < -beyond or x2 > width_px + beyond or y2 > height_px + beyond:
        raise InvalidInputError(
            f"the box ({x1:g}, {y1:g}) to ({x2:g}, {y2:g}) does not belong to a picture of {width_px} x {height_px} "
            f"pixels; boxes are in pixels of the picture"
        )
    return Box(x1, y1, x2, y2)


def box_around(label: Label, width_px: int, height_px: int) -> Box:
    """A person's box where the format says none: around the keypoints, a tenth of the longer side (>= 4 px) wider."""
    points = label.keypoints_px[label.visibility != ABSENT].astype(np.float64)
    if not len(points):
        raise InvalidInputError("a person has neither a box nor a keypoint; label one or leave the person out")
    low, high = points.min(axis=0), points.max(axis=0)
    wider = max(4.0, 0.1 * float((high - low).max()))
    x1, y1 = np.maximum(low - wider, 0)
    x2, y2 = np.minimum(high + wider, (width_px, height_px))
    return Box(float(x1), float(y1), float(x2), float(y2))


@dataclass(frozen=True)
class KeypointOrder:
    """Where each keypoint of a file belongs in the dataset's skeleton.

    positions: (K of the file,) position in the skeleton, -1 for one it lacks. names: of the file.
    """

    names: tuple[str, ...]
    skeleton: Skeleton
    positions: Counts

    @property
    def note(self) -> str | None:
        """What is left out or stays absent, for the report; None where the two have the same keypoints."""
        dropped = [name for name in self.names if name not in self.skeleton.index]
        lacking = [name for name in self.skeleton.keypoints if name not in self.names]
        parts = []
        if dropped:
            parts.append(f"left out, since the dataset has no such keypoints: {_listed(dropped)}")
        if lacking:
            parts.append(f"absent everywhere, since the file has no such keypoints: {_listed(lacking)}")
        return "; ".join(parts) or None

    def label(self, points: Points, visibility: Counts, width_px: int, height_px: int) -> tuple[Label, str | None]:
        """(K of the file, 2) and (K of the file,) as a label of the skeleton; and what was moved, for the report.

        InvalidInputError for a keypoint that is not in the picture, or whose numbers are none.
        """
        used = (self.positions >= 0) & (visibility != ABSENT)
        there, names = points[used], np.array(self.names, object)[used]
        over = np.maximum(np.maximum(-there, there - (width_px, height_px)), 0).max(axis=1, initial=0)
        allowed = MOVED_SHARE * max(width_px, height_px)
        for name, (x, y), distance in zip(names, there, over, strict=True):
            if not distance <= allowed:  # NaN is not either
                raise InvalidInputError(
                    f"keypoint {name} at ({x:g}, {y:g}) is not in the picture of {width_px} x {height_px} pixels; "
                    f"correct it, or mark it as absent (0)"
                )
        moved = [f"{name} ({distance:.2f} px)" for name, distance in zip(names, over, strict=True) if distance > 0]
        keypoints = np.full((len(self.skeleton.keypoints), 2), np.nan, np.float32)
        seen = np.zeros(len(self.skeleton.keypoints), np.uint8)
        keypoints[self.positions[used]] = np.clip(there, 0, (width_px, height_px))
        seen[self.positions[used]] = visibility[used]
        note = f"lay outside the picture and was moved to its edge: {_listed(moved)}" if moved else None
        return Label(keypoints, seen), note


def order_of(names: Sequence[str], skeleton: Skeleton) -> KeypointOrder:
    """How a file's keypoints map to the skeleton; InvalidInputError where a name is twice or none is known."""
    if len(set(names)) != len(names):
        raise InvalidInputError(f"the file names a keypoint twice: {_listed(names)}; each name may be given once")
    positions = np.array([skeleton.index.get(name, -1) for name in names], np.int64)
    if not (positions >= 0).any():
        raise InvalidInputError(
            f"none of the file's keypoints ({_listed(names)}) is one of the dataset's "
            f"({_listed(skeleton.keypoints)}); import it into a dataset with its skeleton"
        )
    return KeypointOrder(tuple(names), skeleton, positions)


def checked_visibility(values: Points) -> Counts:
    """(K,) numbers that must be 0, 1 or 2."""
    wrong = ~np.isin(values, (0, 1, VISIBLE))
    if wrong.any():
        raise InvalidInputError(f"visibility must be 0, 1 or 2, got {values[wrong][0]:g}")
    return values.astype(np.int64)


def skeleton_of_names(name: str, names: Sequence[object], edges: Sequence[Sequence[int]]) -> Skeleton:
    """A skeleton as a file tells it: a ready-made one where its keypoints are that one's, else of this name."""
    for ready_made in SKELETONS.values():
        if ready_made.keypoints == tuple(names):
            return ready_made
    unique = dict.fromkeys(tuple(sorted(edge)) for edge in edges if edge[0] != edge[1])
    if name in SKELETONS:
        name = f"{name} imported"
    return skeleton_from_json({"name": name, "keypoints": list(names), "edges": [list(edge) for edge in unique]})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"{name:.60}" for name in names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) >= 10**60:
        return "a number of more than 60 digits"
    return f"{value!r:.60}"
