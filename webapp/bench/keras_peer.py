"""keras_peer.py MODEL THREADS: milliseconds of `predict` and of a compiled call, one picture each, for each line read.

A script of its own, so that TensorFlow is not in the process that measures the others.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def main(path: str, threads: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    model = tf.keras.models.load_model(path, compile=False)
    picture = np.full((1, *model.input_shape[1:]), 0.5, np.float32)
    call = tf.function(
        lambda images: model(images, training=False), input_signature=[tf.TensorSpec((None, *picture.shape[1:]))]
    )
    ways: dict[str, Callable[[], Any]] = {
        "compiled": lambda: call(picture).numpy(),
        "predict": lambda: model.predict(picture, verbose=0),
    }
    for _ in sys.stdin:
        answer = {}
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            answer[name] = (time.perf_counter() - started) * 1000
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
