"""Turns a checkpoint into ONNX, person class only: python -m yolov5.export WEIGHTS.pt OUT.onnx.

Run once, in a process of its own: afterwards the live path loads the result without PyTorch. Prints as JSON how far the
boxes and scores of the result are from PyTorch's on a fixed picture.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from yolov5.checkpoint import CheckpointError
from yolov5.person import load_person_network

MAX_BOX_DIFFERENCE_PX = 0.05
MAX_SCORE_DIFFERENCE = 1e-3
OPSET = 17
"""Read by every OpenVINO and ONNX Runtime of the last years."""


@dataclass(frozen=True)
class Parity:
    """The largest difference of any row to PyTorch's: of centre, width and height, and of objectness and score."""

    box_px: float
    score: float

    def check(self) -> None:
        """CheckpointError where the two networks are not the same."""
        if not (self.box_px <= MAX_BOX_DIFFERENCE_PX and self.score <= MAX_SCORE_DIFFERENCE):  # NaN is refused too
            raise CheckpointError(
                f"the exported network's boxes differ from PyTorch's by {self.box_px:.3g} px (at most"
                f" {MAX_BOX_DIFFERENCE_PX:g}), its scores by {self.score:.3g} (at most {MAX_SCORE_DIFFERENCE:g})"
            )


def export(weights: Path, onnx_path: Path, input_px: int) -> Parity:
    """Write onnx_path: pictures (1, input_px, input_px, 3) in, rows (1, boxes, 6) out.

    CheckpointError where its rows are not those of PyTorch.
    """
    network = load_person_network(weights)
    picture = _test_picture(input_px)
    with torch.inference_mode():
        expected = network(torch.from_numpy(picture)).numpy()
        torch.onnx.export(
            network,
            (torch.from_numpy(picture),),
            onnx_path,
            input_names=["picture"],
            output_names=["rows"],
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs onnxscript and gives the same graph
        )
    session = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
    difference = np.abs(session.run(["rows"], {"picture": picture})[0] - expected)
    parity = Parity(float(difference[..., :4].max()), float(difference[..., 4:].max()))
    parity.check()
    return parity


def main(argv: Sequence[str] | None = None) -> int:
    """Export one checkpoint; a checkpoint that is none becomes one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m yolov5.export", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--input-px", type=int, default=320)
    arguments = parser.parse_args(argv)
    try:
        parity = export(arguments.weights, arguments.onnx, arguments.input_px)
    except CheckpointError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(parity)) + "\n")
    return 0


def _test_picture(input_px: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Soft blobs and noise, so that every layer has something to see; the same at each call."""
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (1, input_px // 32, input_px // 32, 3))
    blobs = coarse.repeat(32, axis=1).repeat(32, axis=2) * 0.8
    return (blobs + random.integers(0, 52, blobs.shape)).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
