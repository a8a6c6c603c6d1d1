"""Pictures of a real hand for the tests: that of the woman who walks through the BSD-3 demo clip."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np

from tests.browser.clips import Image, frames

CLEAR = 144
"""A frame of the demo clip in which the fingers of her left hand, which hangs, are told apart."""
TRUE_PX = {
    "wrist": (376.9, 280.0),
    "thumb_tip": (352.3, 331.9),
    "index_mcp": (342.8, 312.4),
    "index_tip": (353.1, 353.8),
    "middle_mcp": (350.2, 313.2),
    "middle_tip": (360.3, 355.0),
    "ring_tip": (368.4, 352.6),
    "pinky_mcp": (371.2, 314.4),
    "pinky_tip": (373.2, 346.1),
}
"""Where mediapipe 0.10.21 (solutions.hands, model_complexity=1) finds her keypoints in the picture CLEAR."""
_ROWS, _COLUMNS = slice(580, 820), slice(360, 680)


def walking_hand(numbers: range = range(CLEAR, CLEAR + 1)) -> list[Image]:
    """These frames of the clip around her hand, twice as large: 640x480."""
    return [_cropped(image) for image in islice(frames(), numbers.start, numbers.stop)]


def _cropped(image: Image) -> Image:
    crop = np.ascontiguousarray(image[_ROWS, _COLUMNS])
    return np.asarray(cv2.resize(crop, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
