"""Where the man is in each picture of the fake camera, known without keypoints; skeletons are held to it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.browser.clips import JACKS, Image, man_alone

BoxPx = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the cropped picture."""

SURE_SCORE = 0.3
MARGIN = 0.05
"""How far a keypoint may lie outside the box, as a share of its height."""
THUMBNAIL_PX = (80, 45)


@cache
def man_boxes() -> list[BoxPx]:
    """One box per picture of JACKS.

    Found by a person detector and looked through by eye. Each is joined with those of the two pictures before and after
    it, because a detector now and then misses a hand or a foot.
    """
    boxes = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    assert len(boxes) == len(JACKS)
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in boxes]


def box_in(jpeg: bytes) -> BoxPx:
    """The box of the man in a picture that the browser sent: that of the most similar picture of the clip."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    differences = np.abs(_thumbnails() - _thumbnail(np.asarray(image, dtype=np.uint8))).mean(axis=(1, 2))
    return man_boxes()[int(differences.argmin())]


def faults(person: dict[str, Any], skeleton: tuple[str, ...], box: BoxPx) -> list[str]:
    """What is wrong with a person of a result whose body fills this box; nothing for a skeleton that lies on it."""
    x1, y1, x2, y2 = box
    margin = MARGIN * (y2 - y1)
    points = dict(zip(skeleton, person["keypoints"], strict=True))
    sure = {name: point for name, point in points.items() if point[2] >= SURE_SCORE}
    found = [
        f"{name} at {x:.0f}, {y:.0f} is outside {box}"
        for name, (x, y, _score) in sure.items()
        if not (x1 - margin <= x <= x2 + margin and y1 - margin <= y <= y2 + margin)
    ]
    third = (y2 - y1) / 3
    for name in ("nose", "left_ankle", "right_ankle"):
        if name not in sure:
            found.append(f"{name} is not sure")
        elif (sure[name][1] > y1 + third) if name == "nose" else (sure[name][1] < y2 - third):
            found.append(f"{name} is not in its third of the body")
    return found


@cache
def _thumbnails() -> NDArray[np.float32]:
    return np.stack([_thumbnail(image) for image in man_alone(JACKS)])


def _thumbnail(image: Image) -> NDArray[np.float32]:
    small = cv2.resize(image, THUMBNAIL_PX, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.float32)
