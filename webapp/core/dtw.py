"""Exact dynamic time warping in float32: whole sequences against each other, and templates against an endless stream.

The whole-sequence functions take plain (T, D) sequences and sum Euclidean distances of frames over the classic steps.
The stream kernel compares body parts (see features) with weights, and lets a template advance by 0, 1 or 2 of its
frames per frame of the stream, so that a match is at most twice as fast as the template.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray

IntArray = NDArray[np.int32]
INFINITE = np.float32(np.inf)
# What a frame costs whose needed parts are hidden: like a wholly different pose.
HIDDEN_COST = np.float32(1.5)
# The share of a template frame's weight that must be seen for its cost to mean anything.
MIN_SEEN_SHARE = np.float32(0.35)


def dtw_distance(a: FloatArray, b: FloatArray) -> float:
    """The least sum of Euclidean frame distances over all warping paths of a (N, D) and b (M, D)."""
    a, b = _checked(a, b)
    return float(_distance(a, b))


def dtw_cost_matrix(a: FloatArray, b: FloatArray) -> FloatArray:
    """(N, M): the least cost of warping a[: i + 1] onto b[: j + 1]; the last entry is dtw_distance."""
    a, b = _checked(a, b)
    costs: FloatArray = _accumulate(_frame_distances(a, b))
    return costs


def dtw_alignment_path(a: FloatArray, b: FloatArray) -> tuple[NDArray[np.int32], float]:
    """The cheapest path as (L, 2) index pairs from (0, 0) to (N - 1, M - 1), and its cost."""
    costs = dtw_cost_matrix(a, b)
    return _backtrack(costs), float(costs[-1, -1])


def _checked(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    a, b = np.ascontiguousarray(a, np.float32), np.ascontiguousarray(b, np.float32)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not len(a) or not len(b):
        raise InvalidInputError(f"sequences must be (N, D) and (M, D) and not empty, got {a.shape} and {b.shape}")
    return a, b


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _distance(a: Any, b: Any) -> Any:
    rows, columns, dimensions = a.shape[0], b.shape[0], a.shape[1]
    line = np.full(columns, np.float32(np.inf), np.float32)
    for i in range(rows):
        diagonal = np.float32(0.0) if i == 0 else np.float32(np.inf)
        left = np.float32(np.inf)
        for j in range(columns):
            square = np.float32(0.0)
            for d in range(dimensions):
                difference = a[i, d] - b[j, d]
                square += difference * difference
            above = line[j]
            left = np.sqrt(square) + min(diagonal, above, left)
            diagonal = above
            line[j] = left
    return line[columns - 1]


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _frame_distances(a: Any, b: Any) -> Any:
    distances = np.empty((a.shape[0], b.shape[0]), np.float32)
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            square = np.float32(0.0)
            for d in range(a.shape[1]):
                difference = a[i, d] - b[j, d]
                square += difference * difference
            distances[i, j] = np.sqrt(square)
    return distances


@njit(cache=True)
def _accumulate(distances: Any) -> Any:
    costs = np.empty_like(distances)
    for i in range(costs.shape[0]):
        for j in range(costs.shape[1]):
            best = np.float32(np.inf)
            if i == 0 and j == 0:
                best = np.float32(0.0)
            if i > 0:
                best = min(best, costs[i - 1, j])
            if j > 0:
                best = min(best, costs[i, j - 1])
            if i > 0 and j > 0:
                best = min(best, costs[i - 1, j - 1])
            costs[i, j] = distances[i, j] + best
    return costs


@njit(cache=True)
def _backtrack(costs: Any) -> Any:
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


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def frame_costs(frames: Any, weights: Any, query: Any, trust: Any, costs: Any) -> None:
    """Write into costs (L,) how far each template frame is from one frame of the stream.

    frames: (L, 3, P); weights: (L, P), each row sums to 1 over what the template shows; query: (3, P); trust: (P,).
    A cost is the root of the weighted mean squared distance of the parts that are seen.
    """
    parts = query.shape[1]
    for row in range(frames.shape[0]):
        square, seen = np.float32(0.0), np.float32(0.0)
        for p in range(parts):
            x, y, z = frames[row, 0, p] - query[0, p], frames[row, 1, p] - query[1, p], frames[row, 2, p] - query[2, p]
            weight = weights[row, p] * trust[p]
            square += weight * (x * x + y * y + z * z)
            seen += weight
        costs[row] = np.sqrt(square / seen) if seen >= MIN_SEEN_SHARE else HIDDEN_COST


@njit(cache=True)
def advance_subsequence(  # noqa: PLR0917  # a kernel takes its arrays one by one
    costs: Any, offsets: Any, max_frames: Any, tick: Any, cost_sums: Any, starts: Any, path_lengths: Any
) -> None:
    """Move every template's matches on by one frame of the stream; cost_sums, starts, path_lengths (L,) are updated.

    Rows offsets[k] .. offsets[k + 1] belong to template k. cost_sums[row] is the least cost of a match of the template
    up to this row that ends at this tick; it began at starts[row] and its path has path_lengths[row] cells. A match
    begins at any tick; it may wait on a template frame (except the last, where it would only grow) and may skip one by
    paying it. Matches older than max_frames[k] ticks die.
    """
    for k in range(offsets.shape[0] - 1):
        first, last = offsets[k], offsets[k + 1] - 1
        # Downwards, so that the rows below still hold the previous tick.
        for row in range(last, first - 1, -1):
            best, start, length = np.float32(np.inf), tick, 1
            if row < last:
                best, start, length = cost_sums[row], starts[row], path_lengths[row] + 1
            if row > first and cost_sums[row - 1] <= best:
                best, start, length = cost_sums[row - 1], starts[row - 1], path_lengths[row - 1] + 1
            if row > first + 1 and cost_sums[row - 2] + costs[row - 1] < best:
                best, start = cost_sums[row - 2] + costs[row - 1], starts[row - 2]
                length = path_lengths[row - 2] + 2
            if row == first:
                best, start, length = np.float32(0.0), tick, 1
            if tick - start >= max_frames[k]:
                best = np.float32(np.inf)
            cost_sums[row] = best + costs[row]
            starts[row] = start
            path_lengths[row] = length


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def part_distances(frames: Any, weights: Any, query: Any, trust: Any) -> Any:
    """(N, M) costs of template frames (N, 3, P) against a stream (M, 3, P) with trust (M, P), as in frame_costs."""
    distances = np.empty((frames.shape[0], query.shape[0]), np.float32)
    column = np.empty(frames.shape[0], np.float32)
    for j in range(query.shape[0]):
        frame_costs(frames, weights, query[j], trust[j], column)
        distances[:, j] = column
    return distances


def part_alignment(
    frames: FloatArray, weights: FloatArray, query: FloatArray, trust: FloatArray
) -> tuple[IntArray, float]:
    """The classic warping path (L, 2) between a template and a stretch of the stream, and its cost (part_distances)."""
    costs = _accumulate(part_distances(frames, weights, query, trust))
    return _backtrack(costs), float(costs[-1, -1])


@njit(cache=True)
def best_subsequence(frames: Any, weights: Any, query: Any, trust: Any) -> Any:
    """(first, last, mean cost) of the stretch of query (M, 3, P) nearest to one template; cost inf if there is none."""
    rows = frames.shape[0]
    costs, sums = np.empty(rows, np.float32), np.full(rows, np.float32(np.inf), np.float32)
    starts, lengths = np.zeros(rows, np.int32), np.ones(rows, np.int32)
    offsets, longest = np.array([0, rows], np.int32), np.array([query.shape[0] + 1], np.int32)
    first, last, least = 0, 0, np.float32(np.inf)
    for tick in range(query.shape[0]):
        frame_costs(frames, weights, query[tick], trust[tick], costs)
        advance_subsequence(costs, offsets, longest, tick, sums, starts, lengths)
        mean = sums[rows - 1] / np.float32(lengths[rows - 1])
        if mean < least:
            first, last, least = starts[rows - 1], tick, mean
    return first, last, least


@njit(cache=True)
def likeliest_rows(costs: Any, offsets: Any, penalties: Any, rows: Any) -> None:
    """Write into rows (N,) each template's row with the least mean cost (L,) and penalty for what is still missing.

    penalties: (N,), what missing the whole template would cost.
    """
    for k in range(offsets.shape[0] - 1):
        first, last = offsets[k], offsets[k + 1]
        best = np.float32(np.inf)
        rows[k] = first
        for row in range(first, last):
            cost = costs[row] + penalties[k] * np.float32(last - 1 - row) / np.float32(last - first)
            if cost < best:
                best = cost
                rows[k] = row
