"""Body parts (see features) compared frame by frame, with weights of their own for every row of a template.

The stream kernel lets a template advance by 0, 1 or 2 of its frames per frame of the stream, so that a match is at most
twice as fast as the template.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from webapp.core.dtw_kernels import IntArray, accumulated_freely, backtracked
from webapp.core.records import FloatArray
from webapp.core.stream_dtw import HIDDEN_COST, MIN_SEEN_SHARE


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
    costs = accumulated_freely(part_distances(frames, weights, query, trust))
    return backtracked(costs), float(costs[-1, -1])


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
