"""A Keras model as ONNX, for other programs and for ONNX Runtime."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webapp.core.errors import ModelUnavailableError
from webapp.vision.keras_network import model_function

OPSET = 17


def onnx_bytes(model: Any, shape: tuple[int, ...]) -> bytes:
    """The ONNX file of a Keras model for one picture of this shape; ModelUnavailableError where it has no such form.

    The outputs stand in the model's order.
    """
    with _silent():
        try:
            import tf2onnx  # noqa: PLC0415 -- loads TensorFlow, which takes 10 s: only when something is exported

            function = model_function(model, shape)
            made, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        except ImportError as error:
            raise ModelUnavailableError(f"tf2onnx is not installed ({error}): pip install tf2onnx") from error
        except Exception as error:  # what it raises for a layer that it does not know has no base of its own
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelUnavailableError(f"the model has no ONNX form: {reason:.300}") from error
    return bytes(made.SerializeToString())


@contextmanager
def _silent() -> Iterator[None]:
    """tf2onnx logs, with a traceback, what its optimiser leaves as it was; the file is whole all the same."""
    log = logging.getLogger("tf2onnx")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
