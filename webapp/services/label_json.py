"""A label as the labelling page sends and is shown it, checked number by number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.datasets.records import ABSENT, VISIBLE, Label
from webapp.db.datasets import SAMPLE_STATES, Picture

MIN_BOX_PX = 1.0
_ROUNDING_PX = 0.5
"""A keypoint so little beyond the picture's edge was on it before somebody rounded."""


@dataclass(frozen=True)
class NewLabel:
    """What somebody labelled. revision: of the label that they saw. label: None where no keypoint is there."""

    revision: int
    box: Box
    label: Label | None
    state: str


def label_from_json(body: Mapping[str, object], picture: Picture, count: int) -> NewLabel:
    """`{revision, box_px, keypoints, state}`; InvalidInputError names the first thing that is wrong with it."""
    missing = {"revision", "box_px", "keypoints", "state"} - set(body)
    if missing:
        raise InvalidInputError(f"the label lacks {', '.join(sorted(missing))}")
    revision, state = body["revision"], body["state"]
    if type(revision) is not int or not 0 <= revision < 2**31:
        raise InvalidInputError(f"revision must be a whole number from 0, got {revision!r:.40}")
    if state not in SAMPLE_STATES:
        raise InvalidInputError(f"state must be one of {', '.join(SAMPLE_STATES)}, got {state!r:.40}")
    box = _box(body["box_px"], picture)
    label = _label(body["keypoints"], picture, count)
    if label is None and state == "reviewed":
        raise InvalidInputError(
            "a reviewed label needs at least one keypoint that is there; exclude the sample instead"
        )
    if label is None and state == "proposed":  # somebody took every keypoint away
        state = "unlabelled"
    if label is not None and state == "unlabelled":
        raise InvalidInputError("a sample with keypoints is proposed, reviewed or excluded, not unlabelled")
    return NewLabel(revision, box, label, str(state))


def label_to_json(label: Label | None) -> list[list[float | int | None]] | None:
    """`[x_px, y_px, visibility, confidence]` for each keypoint, exact; None where there is no label."""
    if label is None:
        return None
    confidence = [None] * len(label.visibility) if label.confidence is None else map(_exact, label.confidence)
    return [
        [None, None, ABSENT, sure] if visibility == ABSENT else [_exact(x), _exact(y), int(visibility), sure]
        for (x, y), visibility, sure in zip(label.keypoints_px, label.visibility, confidence, strict=True)
    ]


def box_to_json(box: Box) -> list[float]:
    return [box.x1_px, box.y1_px, box.x2_px, box.y2_px]


def _exact(value: np.float32) -> float:
    """With the fewest digits that come back as the same number."""
    return float(str(value))


def _box(value: object, picture: Picture) -> Box:
    """Detectors see people who stand half outside, so a box may reach beyond the picture, but not lie outside it."""
    if not isinstance(value, list) or len(value) != 4:
        raise InvalidInputError(f"box_px must be [x1, y1, x2, y2], got {value!r:.60}")
    x1, y1, x2, y2 = (_number("box_px", each) for each in value)
    if x2 - x1 < MIN_BOX_PX or y2 - y1 < MIN_BOX_PX:
        raise InvalidInputError(f"box_px must have its corners in order and be a pixel large, got {value!r:.80}")
    width, height = picture.width_px, picture.height_px
    near = -width <= x1 and x2 <= 2 * width and -height <= y1 and y2 <= 2 * height
    if not near or x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        raise InvalidInputError(f"box_px must lie on the picture of {width} x {height} pixels, got {value!r:.80}")
    return Box(x1, y1, x2, y2)


def _label(value: object, picture: Picture, count: int) -> Label | None:
    if not isinstance(value, list) or len(value) != count:
        found = len(value) if isinstance(value, list) else repr(value)[:40]
        raise InvalidInputError(f"keypoints must be a list of {count}, as the dataset's skeleton has, got {found}")
    size = np.array([picture.width_px, picture.height_px], np.float64)
    keypoints = np.full((count, 2), np.nan, np.float64)
    visibility = np.zeros(count, np.uint8)
    for number, each in enumerate(value):
        place, visibility[number] = _keypoint(number, each)
        if place is not None:
            keypoints[number] = place
            if (keypoints[number] < -_ROUNDING_PX).any() or (keypoints[number] > size + _ROUNDING_PX).any():
                raise InvalidInputError(
                    f"keypoint {number} must lie in the picture of {size[0]:.0f} x {size[1]:.0f} pixels, "
                    f"got ({place[0]:g}, {place[1]:g})"
                )
    if not visibility.any():
        return None
    return Label(np.clip(keypoints, 0, size).astype(np.float32), visibility)


def _keypoint(number: int, value: object) -> tuple[tuple[float, float] | None, int]:
    if not isinstance(value, list) or len(value) != 3:
        raise InvalidInputError(f"keypoint {number} must be [x, y, visibility], got {value!r:.60}")
    x, y, visibility = value
    if type(visibility) is not int or not ABSENT <= visibility <= VISIBLE:
        raise InvalidInputError(f"keypoint {number} must have the visibility 0, 1 or 2, got {visibility!r:.40}")
    if visibility == ABSENT:
        if x is not None or y is not None:
            raise InvalidInputError(f"keypoint {number} is absent, so it must be [null, null, 0], got {value!r:.60}")
        return None, ABSENT
    return (_number(f"keypoint {number}", x), _number(f"keypoint {number}", y)), visibility


def _number(what: str, value: object) -> float:
    # type() and not isinstance(): true is an int for Python, and no coordinate
    if type(value) not in {int, float}:
        raise InvalidInputError(f"{what} must hold numbers, got {value!r:.40}")
    try:
        number = float(value)  # type: ignore[arg-type]  # int or float, as just checked
    except OverflowError as error:
        raise InvalidInputError(f"{what} holds a number too large to be a coordinate") from error
    if not math.isfinite(number):
        raise InvalidInputError(f"{what} holds {number}, which is no coordinate")
    return number
