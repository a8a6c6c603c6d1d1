"""Warming up compiles what recognising will need."""

from __future__ import annotations

from webapp.core import dtw_kernels, packed_dtw, part_dtw, stream_dtw
from webapp.recognition.warm_up import warm_up


def test_after_warming_up_every_kernel_is_compiled() -> None:
    """Those with an underscore are parts of the others, and come with them from the disk."""
    warm_up()
    kernels = {
        f"{module.__name__}.{name}": value
        for module in (dtw_kernels, packed_dtw, part_dtw, stream_dtw)
        for name, value in vars(module).items()
        if hasattr(value, "signatures") and not name.startswith("_")
    }
    assert len(kernels) >= 8
    assert [name for name, kernel in kernels.items() if not kernel.signatures] == []
