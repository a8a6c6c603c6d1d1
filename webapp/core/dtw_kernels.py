"""The compiled loops of dynamic time warping; the border that checks what comes in is dtw.

A band is given by two arrays (N,): row i may use the columns first[i] .. end[i] - 1. Both rise or stay, row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

IntArray = NDArray[np.int32]

_INFINITE = np.float32(np.inf)
_FLAGS = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=_FLAGS)
def _frame_distance(a: Any, b: Any) -> Any:
    """Euclidean distance of two frames (D,)."""
    square = np.float32(0.0)
    for d in range(a.shape[0]):
        difference = a[d] - b[d]
        square += difference * difference
    return np.sqrt(square)


@njit(cache=True, nogil=True)
def frame_distances(a: Any, b: Any) -> Any:
    """(N, M) distances of every frame of a (N, D) from every one of b (M, D)."""
    distances = np.empty((a.shape[0], b.shape[0]), np.float32)
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            distances[i, j] = _frame_distance(a[i], b[j])
    return distances


@njit(cache=True, nogil=True)
def sweep(  # noqa: PLR0917  # a kernel takes its arrays one by one
    a: Any, b: Any, first: Any, end: Any, starts_anywhere: Any, abandon_above: Any, line: Any, starts: Any
) -> Any:
    """Write into line (M,) the costs of warping all of a (N, D) onto b (M, D) up to each column.

    starts (M,) tells in which column that warping begins: the first, or where it `starts_anywhere` any. False, and
    nothing of worth in line, as soon as every one must cost more than abandon_above.
    """
    line[:] = _INFINITE
    for i in range(a.shape[0]):
        # Left of the band lies nothing; what an earlier row left there must not be taken for this one's neighbour.
        diagonal, diagonal_start, left, left_start = _INFINITE, np.int32(0), _INFINITE, np.int32(0)
        if i == 0:
            diagonal = np.float32(0.0)
        elif first[i] > 0:
            diagonal, diagonal_start = line[first[i] - 1], starts[first[i] - 1]
            line[first[i] - 1] = _INFINITE
        least = _INFINITE
        for j in range(first[i], end[i]):
            above, above_start = line[j], starts[j]
            if i == 0 and starts_anywhere:
                diagonal, diagonal_start = np.float32(0.0), np.int32(j)
            best, start = diagonal, diagonal_start
            if above < best:
                best, start = above, above_start
            if left < best:
                best, start = left, left_start
            left, left_start = _frame_distance(a[i], b[j]) + best, start
            line[j], starts[j] = left, left_start
            diagonal, diagonal_start = above, above_start
            least = min(least, left)
        if least > abandon_above:
            return False
    return True


@njit(cache=True, nogil=True)
def accumulated(distances: Any, first: Any, end: Any, starts_anywhere: Any) -> Any:
    """(N, M): the least cost of a warping path up to each cell of the distances; inf outside the band."""
    costs = np.full_like(distances, _INFINITE)
    for i in range(costs.shape[0]):
        for j in range(first[i], end[i]):
            best = _INFINITE
            if i == 0 and (j == 0 or starts_anywhere):
                best = np.float32(0.0)
            if i > 0:
                best = min(best, costs[i - 1, j])
            if j > 0:
                best = min(best, costs[i, j - 1])
            if i > 0 and j > 0:
                best = min(best, costs[i - 1, j - 1])
            costs[i, j] = distances[i, j] + best
    return costs


@njit(cache=True, nogil=True)
def backtracked(costs: Any) -> Any:
    """The cheapest path (L, 2) through accumulated costs (N, M), from the first cell to the last."""
    i, j = costs.shape[0] - 1, costs.shape[1] - 1
    path = np.empty((i + j + 1, 2), np.int32)
    position = i + j
    path[position, 0], path[position, 1] = i, j
    while i > 0 or j > 0:
        if i > 0 and j > 0 and costs[i - 1, j - 1] <= costs[i - 1, j] and costs[i - 1, j - 1] <= costs[i, j - 1]:
            i, j = i - 1, j - 1
        elif j == 0 or (i > 0 and costs[i - 1, j] <= costs[i, j - 1]):
            i -= 1
        else:
            j -= 1
        position -= 1
        path[position, 0], path[position, 1] = i, j
    return path[position:].copy()


@njit(cache=True, nogil=True)
def every_column(rows: int, columns: int) -> tuple[IntArray, IntArray]:
    """No band at all."""
    return np.zeros(rows, np.int32), np.full(rows, columns, np.int32)


@njit(cache=True, nogil=True)
def accumulated_freely(distances: Any) -> Any:
    """The least costs without a band."""
    first, end = every_column(distances.shape[0], distances.shape[1])
    return accumulated(distances, first, end, False)
