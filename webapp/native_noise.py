"""Standard error without what libraries below Python write to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_noise() -> Iterator[None]:
    """TensorFlow and LiteRT write there whatever they are told; Python's own standard error goes there still."""
    before = sys.stderr
    if before is not sys.__stderr__ or before is None:  # somebody has put theirs in its place, and keeps it
        yield
        return
    from absl import logging as absl_logging  # noqa: PLC0415 -- comes with TensorFlow, for those who use that

    absl_logging.set_verbosity(absl_logging.ERROR)
    before.flush()
    python_stderr = os.fdopen(os.dup(2), "w", encoding=before.encoding, buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stderr = python_stderr
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(python_stderr.fileno(), 2)
        sys.stderr = before
        python_stderr.close()
        os.close(nowhere)
