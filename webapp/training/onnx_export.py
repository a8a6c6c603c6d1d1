"""A Keras model as ONNX, for other programs and for ONNX Runtime."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webapp.core.errors import ModelUnavailableError

OPSET = 17


def onnx_bytes(frozen: Any) -> bytes:
    """The ONNX file of a function without variables, of one picture; ModelUnavailableError where it has no such form.

    The outputs stand in the function's order.
    """
    try:
        import tensorflow as tf  # noqa: PLC0415 -- takes 10 s: only when something is exported
        import tf2onnx  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise ModelUnavailableError(f"tf2onnx is not installed ({error}): pip install tf2onnx") from error
    signature = [tf.TensorSpec(taken.shape, taken.dtype) for taken in frozen.inputs]
    # what the model itself holds as constants would become inputs; of the frozen function they are part of the graph
    function = tf.function(lambda images: frozen(images), input_signature=signature)  # noqa: PLW0108 -- it wants Python's
    try:
        with _silent(), _little_garbage():
            made, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    except Exception as error:  # what it raises for a layer that it does not know has no base of its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailableError(f"the model has no ONNX form: {reason:.300}") from error
    return bytes(made.SerializeToString())


@contextmanager
def _little_garbage() -> Iterator[None]:
    """tf2onnx copies the whole network for each of its steps, in circles that only the collector takes apart: of a
    ResNet50 they come to 4 GB by the end, unless it comes by often and looks at nothing else.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.collect()  # now it knows of nothing: it comes when there is a quarter more than it knew of the last time
    gc.set_threshold(before[0], 2, 1)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


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
