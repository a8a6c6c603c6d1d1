"""Sixteen numbers at once do what numpy does with sixteen numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from webapp.core.lanes import (
    LANES,
    as_floats,
    choose,
    count_up,
    least,
    load,
    prefetch,
    shifted_in,
    shifted_in_twice,
    splat,
    square_root,
    store,
)


@njit  # type: ignore[untyped-decorator]  # numba has no types
def calculate(a: Any, b: Any, results: Any) -> Any:
    x, y = load(a, 1), load(b, 0)
    prefetch(a, 10_000)
    store(results[0], 0, x + y * splat(np.float32(2.0)) - square_root(x) / y)
    store(results[1], 0, choose((x < y) | (x >= splat(np.float32(9.0))), x, y))
    store(results[2], 0, choose((x <= y) & (x == load(a, 1)), x, y))
    store(results[3], 0, shifted_in(y, x))
    store(results[4], 0, shifted_in_twice(y, x))
    numbers = count_up() * splat(3) - splat(7) & splat(6)
    store(results[5], 0, as_floats(numbers))
    return least(x), least(numbers)


def test_every_operation_is_lane_by_lane() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(1, 10, (2, LANES + 1)).astype(np.float32)
    x, y, results = a[1:], b[:-1], np.zeros((6, LANES), np.float32)
    least_float, least_integer = calculate(a, b, results)
    integers = np.arange(LANES) * 3 - 7 & 6
    expected = [
        x + 2 * y - np.sqrt(x) / y,
        np.where((x < y) | (x >= 9), x, y),
        np.where(x <= y, x, y),
        [y[-1], *x[:-1]],
        [*y[-2:], *x[:-2]],
        integers,
    ]
    np.testing.assert_allclose(results, expected, rtol=1e-6)
    assert (least_float, least_integer) == (x.min(), integers.min())
