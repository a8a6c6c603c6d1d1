"""The network cut down to the class "person", from a picture as OpenCV gives it."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from yolov5.checkpoint import person_class, read_checkpoint
from yolov5.hub import network_input
from yolov5.network import YoloV5, network_from


class PersonNetwork(nn.Module):
    """From a uint8 BGR picture (N, H, W, 3), already letterboxed, to rows (N, boxes, 6) of the person class."""

    def __init__(self, network: YoloV5) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_bgr: Tensor) -> Tensor:
        rows: Tensor = self.network(network_input(images_bgr))
        return rows


def load_person_network(path: Path) -> PersonNetwork:
    """The checkpoint's network, cut down to the class "person"; CheckpointError where it knows no such class."""
    checkpoint = read_checkpoint(path)
    network = network_from(checkpoint)
    network.keep_classes([person_class(checkpoint)])
    return PersonNetwork(network).eval()
