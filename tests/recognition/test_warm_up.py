"""Warming up compiles what recognising will need."""

from __future__ import annotations

from webapp.core import dtw
from webapp.recognition.warm_up import warm_up


def test_after_warming_up_every_kernel_is_compiled() -> None:
    warm_up()
    kernels = [value for value in vars(dtw).values() if hasattr(value, "signatures")]
    assert len(kernels) >= 8
    assert all(kernel.signatures for kernel in kernels)
