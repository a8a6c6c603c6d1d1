"""MediaPipe's networks: .tflite files over a square picture, refused at once where they are not what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from webapp.core.errors import ModelUnavailableError
from webapp.vision.runtimes import Network, load_network

Shapes = Mapping[str, tuple[int, ...]]
"""The outputs that are read, by name, each with its shape."""


def load_mediapipe(path: Path, side_px: int, outputs: Shapes, threads: int, runtime: str) -> Network:
    """The network of a whole file; ModelUnavailableError says what was expected where it has another shape."""
    network = load_network(path, tuple(outputs), side_px, threads, runtime)
    expected = (1, side_px, side_px, 3)
    if network.input.shape != expected:
        raise ModelUnavailableError(f"{path.name} must take a picture {expected}, found {network.input.shape}")
    found = [output.shape for output in network.run(np.zeros(expected, np.float32))]
    if found != list(outputs.values()):
        raise ModelUnavailableError(
            f"{path.name} must give {', '.join(map(str, outputs.values()))}, found {', '.join(map(str, found))}"
        )
    return network
