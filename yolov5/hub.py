"""The network as a person at a Python prompt wants it: a picture in, named boxes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from yolov5.boxes import select_boxes
from yolov5.checkpoint import CheckpointError, read_checkpoint
from yolov5.letterbox import letterbox
from yolov5.network import YoloV5, network_from


@dataclass(frozen=True)
class Found:
    """One object: corners in pixels of the picture, score in 0..1, name of its class."""

    x1_px: float
    y1_px: float
    x2_px: float
    y2_px: float
    score: float
    class_name: str


class HubModel(nn.Module):
    """Callable on a picture; `min_score`, `max_iou`, `max_boxes` and `input_px` may be set before a call."""

    def __init__(self, network: YoloV5, class_names: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.class_names = class_names
        self.min_score = 0.25
        self.max_iou = 0.45
        self.max_boxes = 300
        self.input_px = 640

    def forward(self, image_bgr: NDArray[np.uint8] | str | Path) -> list[Found]:
        """What the picture shows, best first.

        image_bgr: (H, W, 3) uint8 in BGR, as OpenCV reads it (an RGB array: give `rgb[..., ::-1]`),
        or the path of a picture.
        """
        if isinstance(image_bgr, str | Path):
            image_bgr = _read(Path(image_bgr))
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8 or not image_bgr.size:
            raise ValueError(f"the picture must be (H, W, 3) uint8 in BGR, got {image_bgr.shape} {image_bgr.dtype}")
        fitted_bgr, fit = letterbox(image_bgr, self.input_px)
        with torch.inference_mode():
            batch = network_input(torch.from_numpy(fitted_bgr)[None].to(next(self.network.parameters()).device))
            rows = self.network(batch)[0].cpu().numpy()
        boxes, scores, classes = select_boxes(
            rows, min_score=self.min_score, max_iou=self.max_iou, max_boxes=self.max_boxes
        )
        return [
            Found(x1, y1, x2, y2, float(score), self.class_names[index])
            for (x1, y1, x2, y2), score, index in zip(fit.to_image(boxes).tolist(), scores, classes, strict=True)
        ]


def network_input(images_bgr: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 BGR as the network wants it: (N, 3, H, W) float RGB in 0..1."""
    return images_bgr.permute(0, 3, 1, 2).flip(1).float() / 255


def load_hub_model(path: Path, device: str = "cpu") -> HubModel:
    """The model of a checkpoint file; CheckpointError where it is none, or where it does not name its classes."""
    checkpoint = read_checkpoint(path)
    network = network_from(checkpoint)
    if len(checkpoint.class_names) != network.classes:
        raise CheckpointError(f"{path} names {len(checkpoint.class_names)} classes, its network has {network.classes}")
    return HubModel(network, checkpoint.class_names).to(device).eval()


def _read(path: Path) -> NDArray[np.uint8]:
    image_bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image_bgr is None:
        raise ValueError(f"{path} is not a picture that OpenCV can read")
    return np.asarray(image_bgr, np.uint8)
