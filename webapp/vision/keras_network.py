"""A Keras model as a network: one compiled function with a fixed signature, for a whole batch at once.

Never `predict`, which takes several times as long for one picture. TensorFlow needs 10 s to load, so a model's TFLite
form is what runs by default.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core.errors import ModelUnavailableError
from webapp.vision.runners import Array, ModelInput

MAX_UNPACKED_BYTES = 2**30
"""Of a .keras file; ResNet50 has a tenth of it."""
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


class KerasNetwork:
    """The compiled function of a model with one input."""

    runtime = "keras"

    def __init__(self, function: Any, taken: tuple[int, ...]) -> None:
        self._function = function
        self.input = ModelInput(taken, np.dtype(np.float32))

    def run(self, batch: Array) -> list[Array]:
        """The outputs (N, ...) of a batch (N, H, W, C), all of it in one call."""
        return [np.asarray(output) for output in self._function(batch)]


def load_keras_network(path: Path, threads: int) -> KerasNetwork:
    """The network of a .keras or .hdf5 file; ModelUnavailableError says why it cannot be had."""
    tf = _tensorflow()
    with contextlib.suppress(RuntimeError):  # TensorFlow runs already, with the threads it was given first
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    model = read_keras_model(path)
    shape = input_shape(model, path)
    function = model_function(model, (None, *shape[1:]))
    function(np.zeros(shape, np.float32))  # traced now, not with somebody's first frame
    return KerasNetwork(function, shape)


def read_keras_model(path: Path) -> Any:
    """The Keras model of a file, without any code from it; ModelUnavailableError says what is wrong with the file."""
    tf = _tensorflow()
    _check_kind(path)
    try:
        return tf.keras.models.load_model(path, compile=False, safe_mode=True)
    # Keras has no exception of its own: a damaged file is a ValueError, TypeError, KeyError, OSError, BadZipFile ...
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if "lambda" in str(error).lower():
            reason = "it holds Python code (a Lambda layer), which is never run from a file; build it of layers alone"
        raise ModelUnavailableError(f"{path.name} cannot be loaded by Keras: {reason:.300}") from error


def input_shape(model: Any, path: Path) -> tuple[int, ...]:
    """(1, H, W, C); ModelUnavailableError where a length is left open or there are several inputs."""
    if len(model.inputs) != 1:
        raise ModelUnavailableError(f"{path.name} must have one input, a picture; found {len(model.inputs)}")
    shape = tuple(model.inputs[0].shape)
    if len(shape) != 4 or None in shape[1:]:
        raise ModelUnavailableError(
            f"the input of {path.name} must be (pictures, height, width, channels) with fixed lengths, found {shape}"
        )
    return (1, *(int(length) for length in shape[1:]))


def model_function(model: Any, shape: tuple[int | None, ...]) -> Any:
    """The model compiled for pictures of this shape: it answers a flat list of outputs."""
    tf = _tensorflow()
    signature = [tf.TensorSpec(shape, tf.float32)]
    return tf.function(lambda images: tf.nest.flatten(model(images, training=False)), input_signature=signature)


def _tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it tells much about itself
    try:
        import tensorflow  # noqa: PLC0415 -- takes 10 s and half a gigabyte
    except ImportError as error:
        raise ModelUnavailableError(
            f"TensorFlow is not installed ({error}): pip install tensorflow, or export the model to TFLite elsewhere"
        ) from error
    return tensorflow


def _check_kind(path: Path) -> None:
    if not path.is_file():
        raise ModelUnavailableError(f"model file {path} is missing")
    with path.open("rb") as file:
        magic = file.read(len(_HDF5_MAGIC))
    whole = zipfile.is_zipfile(path) if path.suffix == ".keras" else magic == _HDF5_MAGIC
    if not whole:
        expected = "a zip archive" if path.suffix == ".keras" else "an HDF5 file"
        raise ModelUnavailableError(
            f"{path.name} is no whole Keras model: expected {expected}, found one that begins {magic.hex(' ')}"
        )
    if path.suffix == ".keras":
        _check_size(path)


def _check_size(path: Path) -> None:
    """Keras unpacks the weights into memory, however large a small archive makes them."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ModelUnavailableError(f"{path.name} is no whole Keras model: {error}") from error
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise ModelUnavailableError(
            f"{path.name} would unpack to {unpacked_bytes >> 20} MiB, at most {MAX_UNPACKED_BYTES >> 20} MiB may be"
        )
