"""TFLite files whose input and answers are int8 or uint8, behind the same interface as those with float32."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core.errors import ModelUnavailableError
from webapp.core.records import FloatArray
from webapp.vision.runners import Array, ModelInput
from webapp.vision.runtimes import Network, load_network


@dataclass(frozen=True)
class Tensor:
    """An input or output of a file; numbers = (stored - zero_point) * scale where scale is not 0."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int

    def stored(self, numbers: FloatArray) -> Array:
        """Numbers as the file takes them."""
        if not self.scale:
            return numbers.astype(self.dtype)
        limits = np.iinfo(self.dtype)
        whole = np.rint(numbers / np.float32(self.scale)) + self.zero_point
        return np.asarray(np.clip(whole, limits.min, limits.max), self.dtype)

    def numbers(self, stored: Array) -> FloatArray:
        """What the file answers, as numbers; a runtime may have done that already."""
        if not self.scale or stored.dtype.kind == "f":
            return stored.astype(np.float32)
        return (stored.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)


@dataclass(frozen=True)
class TensorsOfFile:
    """The one input of a .tflite file, and its outputs in the file's order."""

    taken: Tensor
    answered: tuple[Tensor, ...]


def read_tensors(path: Path) -> TensorsOfFile:
    """ModelUnavailableError says what is wrong with a file that is none, is damaged or has several inputs."""
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 -- frameworks load when a model does
    except ImportError as error:
        raise ModelUnavailableError(
            f"{path.name} cannot be read without LiteRT ({error}): pip install ai-edge-litert"
        ) from error
    try:
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        taken, answered = interpreter.get_input_details(), interpreter.get_output_details()
    except (RuntimeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ModelUnavailableError(f"{path.name} is no whole .tflite file: {reason}") from error
    if len(taken) != 1:
        raise ModelUnavailableError(f"{path.name} must have one input, a picture; found {len(taken)}")
    return TensorsOfFile(_tensor(taken[0]), tuple(_tensor(detail) for detail in answered))


class FloatNetwork:
    """A network that takes and answers float32, whatever its file does."""

    def __init__(self, network: Network, tensors: TensorsOfFile) -> None:
        self._network = network
        self._tensors = tensors
        self.runtime = network.runtime
        self.input = ModelInput(tensors.taken.shape, np.dtype(np.float32))

    def run(self, batch: Array) -> list[Array]:
        """The outputs (N, ...) of a batch (N, H, W, C), all float32."""
        dtype = self._network.input.dtype
        stored = batch.astype(dtype, copy=False) if dtype.kind == "f" else self._tensors.taken.stored(batch)
        answered = self._network.run(stored)
        return [tensor.numbers(output) for tensor, output in zip(self._tensors.answered, answered, strict=True)]


def load_float_network(path: Path, side_px: int, threads: int, runtime: str) -> FloatNetwork:
    """The network of a .tflite file with all its outputs, in float32 whatever numbers the file has."""
    tensors = read_tensors(path)
    return FloatNetwork(load_network(path, None, side_px, threads, runtime), tensors)


def _tensor(detail: dict[str, Any]) -> Tensor:
    scale, zero_point = detail["quantization"]
    shape = tuple(int(length) for length in detail["shape"])
    return Tensor(shape, np.dtype(detail["dtype"]), float(scale), int(zero_point))
