"""SSD MobileNet trained on COCO, as TFLite: the detector of small machines. Its file suppresses overlaps itself.

The picture is stretched to the square input, not letterboxed: that is how the network was trained (TensorFlow's
fixed_shape_resizer), its anchors are of the stretched shapes, and grey borders would only make people smaller.
Source: the COCO SSD MobileNet of TensorFlow's object detection models; TFLite_Detection_PostProcess, its last layer.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Box, Detection
from webapp.vision.detectors.limits import LIVE_LIMITS, Limits
from webapp.vision.ports import Image
from webapp.vision.runners import Array
from webapp.vision.runtimes import Network, load_network

SIDE_PX = 300
PERSON_CLASS = 0


class SsdMobileNetDetector:
    """Finds people with an SSD whose last layer is TFLite_Detection_PostProcess."""

    name = "ssd_mobilenet"

    def __init__(self, network: Network, limits: Limits = LIVE_LIMITS) -> None:
        self.runtime = network.runtime
        self._network = network
        self._limits = limits

    def detect(self, image_bgr: Image) -> list[Detection]:
        """People in the picture, best score first."""
        boxes, classes, scores, count = self._network.run(_input(image_bgr))
        rows = np.arange(boxes.shape[1])
        # beyond the count the rows are left over from earlier pictures
        people = (rows < count[0]) & (classes[0] == PERSON_CLASS) & (scores[0] >= self._limits.min_score)
        best_first = np.argsort(-scores[0][people], kind="stable")[: self._limits.max_people]
        found = zip(boxes[0][people][best_first], scores[0][people][best_first], strict=True)
        return self._limits.tall_enough((_detection(box, score, image_bgr) for box, score in found), image_bgr)


def load_ssd_mobilenet(path: Path, runtime: str, threads: int, limits: Limits = LIVE_LIMITS) -> SsdMobileNetDetector:
    """The detector of a .tflite file; ModelUnavailableError where its input or outputs are not those expected."""
    network = load_network(path, input_px=SIDE_PX, threads=threads, runtime=runtime)
    _check_input(network, path)
    _check_outputs(network.run(np.full(network.input.shape, 127, np.uint8)), path)
    return SsdMobileNetDetector(network, limits)


def _input(image_bgr: Image) -> Array:
    resized_bgr = cv2.resize(image_bgr, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(resized_bgr, cv2.COLOR_BGR2RGB))[None]


def _detection(box_yxyx: Array, score: float, image_bgr: Image) -> Detection:
    height_px, width_px = image_bgr.shape[:2]
    y1, x1, y2, x2 = np.clip(box_yxyx, 0.0, 1.0).tolist()
    return Detection(Box(x1 * width_px, y1 * height_px, x2 * width_px, y2 * height_px), float(score))


def _check_input(network: Network, path: Path) -> None:
    expected = (1, SIDE_PX, SIDE_PX, 3)
    if network.input.shape != expected or network.input.dtype != np.uint8:
        raise ModelUnavailableError(
            f"{path.name} is no SSD MobileNet: expected an input {expected} of uint8, found"
            f" {network.input.shape} of {network.input.dtype}"
        )


def _check_outputs(outputs: list[Array], path: Path) -> None:
    shapes = [output.shape for output in outputs]
    boxes = shapes[0][1] if shapes and len(shapes[0]) == 3 else 0
    if shapes != [(1, boxes, 4), (1, boxes), (1, boxes), (1,)]:
        raise ModelUnavailableError(
            f"{path.name} is no SSD MobileNet: expected the outputs boxes (1, N, 4), classes (1, N), scores (1, N) and"
            f" count (1,), found {', '.join(map(str, shapes))}"
        )
