"""Turns a checkpoint into OpenVINO's own form, person class only: python -m yolov5.export WEIGHTS.pt OUT.xml.

Run once, in a process of its own: afterwards the live path loads the result without PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino
import torch
from torch import Tensor, nn

from yolov5.checkpoint import CheckpointError, person_class, read_checkpoint
from yolov5.hub import network_input
from yolov5.network import YoloV5, network_from

MAX_BOX_DIFFERENCE_PX = 0.05
MAX_SCORE_DIFFERENCE = 1e-3


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


def export(weights: Path, xml_path: Path, input_px: int) -> None:
    """Write xml_path and the .bin beside it, after the two networks gave the same rows; CheckpointError where not."""
    network = load_person_network(weights)
    picture = _test_picture(input_px)
    model = openvino.convert_model(network, example_input=torch.from_numpy(picture), input=[1, input_px, input_px, 3])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.inference_mode():
        difference = np.abs(compiled(picture)[0] - network(torch.from_numpy(picture)).numpy()).max(axis=(0, 1))
    if difference[:4].max() > MAX_BOX_DIFFERENCE_PX or difference[4:].max() > MAX_SCORE_DIFFERENCE:
        raise CheckpointError(
            f"OpenVINO's network differs from PyTorch's by {difference} (x, y, w, h, objectness, person)"
        )
    openvino.save_model(model, xml_path, compress_to_fp16=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one checkpoint; a checkpoint that is none becomes one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m yolov5.export", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("xml", type=Path)
    parser.add_argument("--input-px", type=int, default=320)
    arguments = parser.parse_args(argv)
    try:
        export(arguments.weights, arguments.xml, arguments.input_px)
    except CheckpointError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _test_picture(input_px: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Soft blobs and noise, so that every layer has something to see; the same at each call."""
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (1, input_px // 32, input_px // 32, 3))
    blobs = coarse.repeat(32, axis=1).repeat(32, axis=2) * 0.8
    return (blobs + random.integers(0, 52, blobs.shape)).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
