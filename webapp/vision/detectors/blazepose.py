"""The MediaPipe person detector: an SSD over 224x224 whose boxes carry four alignment keypoints.

Keypoint 0 is the middle of the hips, keypoint 1 a point on the circle around the whole body, in the direction of the
head: together they say where the person is, how large and how the body leans.
Source: the model card of BlazePose and the public graph of MediaPipe's pose detection.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Box, Detection, FloatArray, Region
from webapp.vision.images import Letterboxed, letterbox, rgb_input
from webapp.vision.ports import Image
from webapp.vision.runtimes import Network, load_network
from yolov5.boxes import box_iou

SIDE_PX = 224
OUTPUTS = ("Identity", "Identity_1")
REGION_SCALE = 1.25
_STRIDES_PX = (8, 16, 32, 32, 32)
_ANCHORS_PER_LAYER = 2


class BlazePoseDetector:
    """Finds people and how their bodies lean."""

    name = "blazepose"

    def __init__(self, network: Network, min_score: float = 0.5, max_overlap: float = 0.3) -> None:
        self.runtime = network.runtime
        self._network = network
        self._min_score = min_score
        self._max_overlap = max_overlap
        self._anchors = anchor_centres()

    def detect(self, image_bgr: Image) -> list[Detection]:
        """People in the picture, best score first."""
        boxed = letterbox(image_bgr, SIDE_PX, SIDE_PX)
        raw_boxes, raw_scores = self._network.run(rgb_input([boxed.image_bgr], -1.0, 1.0))
        scores = 1.0 / (1.0 + np.exp(-np.clip(raw_scores[0, :, 0], -80.0, 80.0)))
        found = scores >= self._min_score
        points_px = _decode(raw_boxes[0, found], self._anchors[found])
        return [
            _detection(points, score, boxed)
            for points, score in _merge_overlapping(points_px, scores[found], self._max_overlap)
        ]


def load_blazepose_detector(path: Path, runtime: str, threads: int) -> BlazePoseDetector:
    """The detector of a whole .tflite file."""
    return BlazePoseDetector(load_network(path, OUTPUTS, SIDE_PX, threads, runtime))


def anchor_centres() -> FloatArray:
    """Centres of the anchors in pixels of the input, (2254, 2); layers of one stride lie interleaved per cell."""
    layers = []
    for stride_px in dict.fromkeys(_STRIDES_PX):
        cells = SIDE_PX // stride_px
        per_cell = _ANCHORS_PER_LAYER * _STRIDES_PX.count(stride_px)
        axis = (np.arange(cells, dtype=np.float32) + 0.5) * stride_px
        y, x = np.meshgrid(axis, axis, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(layers)


def _decode(raw: FloatArray, anchors: FloatArray) -> FloatArray:
    """(N, 12) raw values to (N, 6, 2) points of the letterbox: two corners of the box, then the four keypoints."""
    centres = raw[:, :2] + anchors
    half = raw[:, 2:4] / 2
    keypoints = raw[:, 4:].reshape(-1, 4, 2) + anchors[:, None]
    return np.concatenate([(centres - half)[:, None], (centres + half)[:, None], keypoints], axis=1)


def _merge_overlapping(
    points_px: FloatArray, scores: NDArray[np.floating], max_overlap: float
) -> list[tuple[FloatArray, float]]:
    """Best first; overlapping boxes are blended by score, which steadies them from frame to frame."""
    merged = []
    boxes_xyxy = points_px[:, :2].reshape(-1, 4)
    left = np.argsort(-scores, kind="stable")
    while len(left):
        best = left[0]
        same = box_iou(boxes_xyxy[best : best + 1], boxes_xyxy[left])[0] > max_overlap
        same[0] = True
        weights = scores[left[same]]
        blend = np.tensordot(weights / weights.sum(), points_px[left[same]], axes=1)
        merged.append((blend.astype(np.float32), float(scores[best])))
        left = left[~same]
    return merged


def _detection(points_px: FloatArray, score: float, boxed: Letterboxed) -> Detection:
    centre_px, rim_px = boxed.to_image_px(points_px[2:4])  # the first two points are the box, of the face alone
    region = region_between(centre_px, rim_px, REGION_SCALE)
    half = region.size_px / REGION_SCALE / 2
    box = Box(
        region.centre_x_px - half, region.centre_y_px - half, region.centre_x_px + half, region.centre_y_px + half
    )
    return Detection(box, score, region)


def region_between(centre_px: FloatArray, rim_px: FloatArray, scale: float) -> Region:
    """The square around the circle with this centre whose rim passes a point in the direction of the head."""
    dx, dy = (rim_px - centre_px).tolist()
    return Region(
        centre_x_px=float(centre_px[0]),
        centre_y_px=float(centre_px[1]),
        size_px=2 * math.hypot(dx, dy) * scale,
        rotation_rad=math.atan2(dx, -dy),  # 0 where the head is straight above the hips
    )
