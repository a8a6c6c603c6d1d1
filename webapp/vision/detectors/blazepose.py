"""The MediaPipe person detector: an SSD over 224x224 whose boxes carry four alignment keypoints.

Keypoint 0 is the middle of the hips, keypoint 1 a point on the circle around the whole body, in the direction of the
head: together they say where the person is, how large and how the body leans.
Source: the model card of BlazePose and the public graph of MediaPipe's pose detection.
"""

from __future__ import annotations

import math
from pathlib import Path

from webapp.core.records import Box, Detection, FloatArray, Region
from webapp.vision.detectors.ssd_anchors import anchor_centres, found_points
from webapp.vision.images import letterbox, rgb_input
from webapp.vision.mediapipe_network import load_mediapipe
from webapp.vision.ports import Image
from webapp.vision.runtimes import Network

SIDE_PX = 224
OUTPUTS = {"Identity": (1, 2254, 12), "Identity_1": (1, 2254, 1)}
REGION_SCALE = 1.25
STRIDES_PX = (8, 16, 32, 32, 32)


class BlazePoseDetector:
    """Finds people and how their bodies lean."""

    name = "blazepose"

    def __init__(self, network: Network, min_score: float = 0.5, max_overlap: float = 0.3) -> None:
        self.runtime = network.runtime
        self._network = network
        self._min_score = min_score
        self._max_overlap = max_overlap
        self._anchors = anchor_centres(SIDE_PX, STRIDES_PX)

    def detect(self, image_bgr: Image) -> list[Detection]:
        """People in the picture, best score first."""
        boxed = letterbox(image_bgr, SIDE_PX, SIDE_PX)
        raw_boxes, logits = self._network.run(rgb_input([boxed.image_bgr], -1.0, 1.0))
        found = found_points(raw_boxes[0], logits[0], self._anchors, self._min_score, self._max_overlap)
        return [_detection(boxed.to_image_px(points_px), score) for points_px, score in found]


def load_blazepose_detector(path: Path, runtime: str, threads: int) -> BlazePoseDetector:
    """The detector of a whole .tflite file."""
    return BlazePoseDetector(load_mediapipe(path, SIDE_PX, OUTPUTS, threads, runtime))


def _detection(points_px: FloatArray, score: float) -> Detection:
    centre_px, rim_px = points_px[2:4]  # the first two points are the box, of the face alone
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
