"""What a run computes on: processor or GPU, how many threads, in which precision."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

_MIXED_SINCE = (7, 0)
"""Compute capability from which on a GPU has units for half precision."""


@dataclass(frozen=True)
class Hardware:
    """device: for people. mixed: computed in 16 bits where that is enough, by a GPU that has units for it."""

    device: str
    threads: int
    mixed: bool


def prepare_hardware(threads: int, precision: str) -> Hardware:
    """To be called before anything is computed: threads are set once in a process, and a GPU's memory grows as needed.

    precision: of training.config.PRECISIONS. Results depend on the seed alone from now on, where it is a processor
    that computes; on a GPU some of what networks are made of has no such form.
    """
    with contextlib.suppress(RuntimeError):  # it runs already, with the threads it was given first
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        tf.config.experimental.enable_op_determinism()
        return Hardware("processor", tf.config.threading.get_intra_op_parallelism_threads() or threads, False)
    for gpu in gpus:
        with contextlib.suppress(RuntimeError):  # as above
            tf.config.experimental.set_memory_growth(gpu, True)
    details = tf.config.experimental.get_device_details(gpus[0])
    able = tuple(details.get("compute_capability", (0, 0))) >= _MIXED_SINCE
    return Hardware(str(details.get("device_name", "GPU")), threads, able and precision != "full")


@contextlib.contextmanager
def precision_of(hardware: Hardware) -> Iterator[None]:
    """Networks built within compute as the hardware does best."""
    before: Any = tf.keras.config.dtype_policy()
    tf.keras.config.set_dtype_policy("mixed_float16" if hardware.mixed else "float32")
    try:
        yield
    finally:
        tf.keras.config.set_dtype_policy(before)


def peak_memory_mb() -> float:
    """The most that this process has used at a time since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
