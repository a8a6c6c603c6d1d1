"""The MediaPipe palm detector: an SSD over 192x192 whose boxes around palms carry seven keypoints.

Keypoint 0 is the wrist, keypoint 2 the base of the middle finger: together they say how the hand is turned.
Source: the model card of MediaPipe Hands and its public graphs of palm detection and of the hand's region.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from webapp.core.records import Box, Detection, FloatArray, Region
from webapp.vision.detectors.ssd_anchors import anchor_centres, found_points
from webapp.vision.images import letterbox, rgb_input
from webapp.vision.mediapipe_network import load_mediapipe
from webapp.vision.ports import Image
from webapp.vision.runtimes import Network

SIDE_PX = 192
OUTPUTS = {"Identity": (1, 2016, 18), "Identity_1": (1, 2016, 1)}
STRIDES_PX = (8, 16, 16, 16)
REGION_SCALE = 2.6
"""The region of a whole hand is so many times as large as the box of its palm."""
_UPWARDS_SHARE = 0.5
_HAND_SHARE = 0.6
"""Of the region's side, how much a hand with stretched fingers takes."""
_WRIST, _MIDDLE_BASE = 2, 4  # after the two corners of the box


class PalmDetector:
    """Finds hands and how they are turned; left and right hands alike."""

    name = "palm"

    def __init__(self, network: Network, min_score: float = 0.5, max_overlap: float = 0.3) -> None:
        self.runtime = network.runtime
        self._network = network
        self._min_score = min_score
        self._max_overlap = max_overlap
        self._anchors = anchor_centres(SIDE_PX, STRIDES_PX)

    def detect(self, image_bgr: Image) -> list[Detection]:
        """Hands in the picture, best score first."""
        boxed = letterbox(image_bgr, SIDE_PX, SIDE_PX)
        raw_boxes, logits = self._network.run(rgb_input([boxed.image_bgr], 0.0, 1.0))
        found = found_points(raw_boxes[0], logits[0], self._anchors, self._min_score, self._max_overlap)
        return [_detection(boxed.to_image_px(points_px), score) for points_px, score in found]


def load_palm_detector(path: Path, runtime: str, threads: int) -> PalmDetector:
    """The detector of a whole .tflite file."""
    return PalmDetector(load_mediapipe(path, SIDE_PX, OUTPUTS, threads, runtime))


def _detection(points_px: FloatArray, score: float) -> Detection:
    rotation_rad = upright_rad(points_px[_WRIST], points_px[_MIDDLE_BASE])
    corner_px, other_px = points_px[:2]
    width_px, height_px = (other_px - corner_px).tolist()
    region = moved_square((corner_px + other_px) / 2, (width_px, height_px), rotation_rad, REGION_SCALE, _UPWARDS_SHARE)
    half = region.size_px * _HAND_SHARE / 2
    box = Box(
        region.centre_x_px - half, region.centre_y_px - half, region.centre_x_px + half, region.centre_y_px + half
    )
    return Detection(box, score, region)


def upright_rad(wrist_px: FloatArray, fingers_px: FloatArray) -> float:
    """How far a hand is turned clockwise; 0 where its fingers point up."""
    dx, dy = (fingers_px - wrist_px).tolist()
    return math.atan2(dx, -dy)


def moved_square(
    centre_px: FloatArray, size_px: tuple[float, float], rotation_rad: float, scale: float, upwards_share: float
) -> Region:
    """The square over the longer side of a turned box, (width, height), moved towards the fingers, then scaled.

    upwards_share: by which part of the box's height it is moved.
    """
    upwards = np.array([math.sin(rotation_rad), -math.cos(rotation_rad)]) * upwards_share * size_px[1]
    x_px, y_px = (centre_px + upwards).tolist()
    return Region(x_px, y_px, max(size_px) * scale, rotation_rad)
