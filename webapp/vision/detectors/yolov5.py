"""YOLOv5 as a person detector: preprocess, network, boxes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Box, Detection
from webapp.vision.detectors.yolov5_runtimes import PersonRows, load_openvino_rows, load_torch_rows
from webapp.vision.ports import Image
from webapp.vision.weights import read_manifest, sha256_of
from yolov5.boxes import select_boxes
from yolov5.checkpoint import CheckpointError
from yolov5.letterbox import letterbox

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Which boxes count as a person.

    max_iou: of two boxes that overlap by more the weaker goes. min_height: as a share of the picture's height.
    """

    min_score: float = 0.35
    max_iou: float = 0.5
    max_people: int = 20
    min_height: float = 0.1


LIVE_LIMITS = Limits()
MEASURING_LIMITS = Limits(min_score=0.001, max_iou=0.6, max_people=300, min_height=0.0)
"""As average precision is defined: nearly every box, so that its whole curve is seen."""


class YoloV5Detector:
    """Finds people with a YOLOv5 network cut down to that class."""

    def __init__(self, name: str, rows: PersonRows, input_px: int, limits: Limits = LIVE_LIMITS) -> None:
        self.name = name
        self.runtime = rows.runtime
        self._rows = rows
        self._input_px = input_px
        self._limits = limits

    def detect(self, image_bgr: Image) -> list[Detection]:
        """People in the picture, best score first."""
        limits = self._limits
        fitted_bgr, fit = letterbox(image_bgr, self._input_px)
        corners, scores, _ = select_boxes(
            self._rows.run(fitted_bgr), min_score=limits.min_score, max_iou=limits.max_iou, max_boxes=limits.max_people
        )
        people = [
            Detection(Box(*corner), float(score))
            for corner, score in zip(fit.to_image(corners).tolist(), scores, strict=True)
        ]
        min_height_px = limits.min_height * image_bgr.shape[0]
        return [person for person in people if person.box.width_px > 0 and person.box.height_px > min_height_px]


def load_yolov5(path: Path, threads: int, input_px: int = 320, limits: Limits = LIVE_LIMITS) -> YoloV5Detector:
    """The detector of a checkpoint file, on OpenVINO where that is installed, else on PyTorch.

    The first OpenVINO load converts the checkpoint (some seconds, a process of its own) and keeps the result beside it.
    ModelUnavailableError for a file that is missing, damaged, or no YOLOv5 network.
    """
    if input_px <= 0 or input_px % 32:
        raise ValueError(f"input_px must be a multiple of 32, got {input_px}")
    sha256 = _checked_sha256(path)
    try:
        rows = _load_rows(path, sha256, input_px, threads)
    except (CheckpointError, ImportError) as error:
        raise ModelUnavailableError(f"YOLOv5 cannot be used: {error}") from error
    return YoloV5Detector(path.stem, rows, input_px, limits)


def _load_rows(path: Path, sha256: str, input_px: int, threads: int) -> PersonRows:
    try:
        return load_openvino_rows(path, sha256, input_px, threads)
    except ModelUnavailableError as error:
        _log.warning("%s; YOLOv5 runs on PyTorch, which is slower", error)
        return load_torch_rows(path, threads)


def _checked_sha256(path: Path) -> str:
    """The file's hash; an official name with another hash is a damaged file."""
    if not path.is_file():
        raise ModelUnavailableError(
            f"YOLOv5 weights {path} are missing; get them: python -m webapp weights pull {path.stem}"
        )
    sha256 = sha256_of(path)
    for file in read_manifest():
        if file.name == path.stem and file.path.endswith(path.name) and file.sha256 != sha256:
            raise ModelUnavailableError(f"YOLOv5 weights {path} are damaged; get them anew: {file.remedy}")
    return sha256
