"""YOLOv5 as a person detector: preprocess, network, boxes."""

from __future__ import annotations

from pathlib import Path

from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Box, Detection
from webapp.vision.detectors.limits import LIVE_LIMITS, Limits
from webapp.vision.detectors.yolov5_runtimes import load_person_rows
from webapp.vision.ports import Image
from webapp.vision.runtimes import Network
from webapp.vision.weights import read_manifest, sha256_of
from yolov5.boxes import select_boxes
from yolov5.checkpoint import CheckpointError
from yolov5.letterbox import letterbox


class YoloV5Detector:
    """Finds people with a YOLOv5 network cut down to that class."""

    def __init__(self, name: str, network: Network, input_px: int, limits: Limits = LIVE_LIMITS) -> None:
        self.name = name
        self.runtime = network.runtime
        self._network = network
        self._input_px = input_px
        self._limits = limits

    def detect(self, image_bgr: Image) -> list[Detection]:
        """People in the picture, best score first."""
        limits = self._limits
        fitted_bgr, fit = letterbox(image_bgr, self._input_px)
        (rows,) = self._network.run(fitted_bgr[None])
        corners, scores, _ = select_boxes(
            rows[0], min_score=limits.min_score, max_iou=limits.max_iou, max_boxes=limits.max_people
        )
        people = [
            Detection(Box(*corner), float(score))
            for corner, score in zip(fit.to_image(corners).tolist(), scores, strict=True)
        ]
        return limits.tall_enough(people, image_bgr)


def load_yolov5(
    path: Path, threads: int, input_px: int = 320, limits: Limits = LIVE_LIMITS, runtime: str = "auto"
) -> YoloV5Detector:
    """The detector of a checkpoint file, on OpenVINO, ONNX Runtime or PyTorch: runtime, else the fastest here.

    The first load exports the checkpoint to ONNX (some seconds, a process of its own) and keeps the result beside it.
    ModelUnavailableError for a file that is missing, damaged, or no YOLOv5 network.
    """
    if input_px <= 0 or input_px % 32:
        raise ValueError(f"input_px must be a multiple of 32, got {input_px}")
    sha256 = _checked_sha256(path)
    try:
        network = load_person_rows(path, sha256, input_px, threads, runtime)
    except CheckpointError as error:
        raise ModelUnavailableError(f"YOLOv5 cannot be used: {error}") from error
    return YoloV5Detector(path.stem, network, input_px, limits)


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
