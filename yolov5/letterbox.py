"""Fits a picture of any shape into the network's square input, and boxes back into the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

GREY = 114


@dataclass(frozen=True)
class Letterbox:
    """How a picture was fitted: scaled by `scale`, then moved by left_px and top_px within the input."""

    scale: float
    left_px: int
    top_px: int
    width_px: int
    height_px: int

    def to_image(self, boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) from input pixels to pixels of the picture, cut at its borders."""
        offset = np.array([self.left_px, self.top_px] * 2, np.float32)
        limit = np.array([self.width_px, self.height_px] * 2, np.float32)
        boxes: NDArray[np.float32] = np.clip((boxes_xyxy - offset) / np.float32(self.scale), 0, limit)
        return boxes


def letterbox(image_bgr: NDArray[np.uint8], input_px: int) -> tuple[NDArray[np.uint8], Letterbox]:
    """The picture scaled (up or down, linear) to fit input_px x input_px, centred on grey."""
    height_px, width_px = image_bgr.shape[:2]
    scale = min(input_px / height_px, input_px / width_px)
    scaled_width_px, scaled_height_px = max(round(width_px * scale), 1), max(round(height_px * scale), 1)
    # half a pixel left over goes to the right and the bottom
    left_px, top_px = (input_px - scaled_width_px) // 2, (input_px - scaled_height_px) // 2
    canvas = np.full((input_px, input_px, 3), GREY, np.uint8)
    inner = canvas[top_px : top_px + scaled_height_px, left_px : left_px + scaled_width_px]
    if (scaled_width_px, scaled_height_px) == (width_px, height_px):
        inner[:] = image_bgr
    else:
        inner[:] = cv2.resize(image_bgr, (scaled_width_px, scaled_height_px), interpolation=cv2.INTER_LINEAR)
    return canvas, Letterbox(scale, left_px, top_px, width_px, height_px)
