"""Where the evaluation data would lie, and the mark of tests that need it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

Test = TypeVar("Test", bound=Callable[..., None])


def needs_shared_data(test: Test) -> Test:
    """Marks a test shared_data and skips it where the data is not beside the checkout."""
    skip = pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation data ../shared is not beside this checkout")
    marked: Test = pytest.mark.shared_data(skip(test))
    return marked
