"""Performances compared part by part (see features): a whole take against many templates in one compiled pass.

Every template frame has weights of its own, so that what a take or a performance hides does not count. A performance is
warped onto a template over the classic steps; along that path its poses and its movement are compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from webapp.core.dtw_kernels import IntArray, accumulated_freely, backtracked
from webapp.core.records import FloatArray
from webapp.core.stream_dtw import HIDDEN_COST, MIN_SEEN_SHARE

_FLAGS = {"reassoc", "contract", "nsz"}
COST, POSES, COURSE = 0, slice(1, 4), slice(4, 7)
"""Columns of match_parts: the cost; of poses and of velocities their products (shared, template's, performance's)."""


@njit(cache=True, nogil=True, fastmath=_FLAGS)
def part_distances(frames: Any, weights: Any, query: Any, trust: Any) -> Any:
    """(N, M) costs of template frames (N, 3, P) with weights (N, P) against frames (M, 3, P) with trust (M, P).

    A cost is the root of the weighted mean squared distance of the parts that both show; HIDDEN_COST where less than
    MIN_SEEN_SHARE of the weight is seen.
    """
    distances = np.empty((frames.shape[0], query.shape[0]), np.float32)
    for i in range(frames.shape[0]):
        for j in range(query.shape[0]):
            square, seen = np.float32(0.0), np.float32(0.0)
            for p in range(query.shape[2]):
                x, y, z = (
                    frames[i, 0, p] - query[j, 0, p],
                    frames[i, 1, p] - query[j, 1, p],
                    frames[i, 2, p] - query[j, 2, p],
                )
                weight = weights[i, p] * trust[j, p]
                square += weight * (x * x + y * y + z * z)
                seen += weight
            distances[i, j] = np.sqrt(square / seen) if seen >= MIN_SEEN_SHARE else HIDDEN_COST
    return distances


def part_alignment(
    frames: FloatArray, weights: FloatArray, query: FloatArray, trust: FloatArray
) -> tuple[IntArray, float]:
    """The classic warping path (L, 2) between a template and a performance, and its cost (part_distances)."""
    costs = accumulated_freely(part_distances(frames, weights, query, trust))
    return backtracked(costs), float(costs[-1, -1])


def velocities(frames: FloatArray, rate_hz: float) -> FloatArray:
    """How fast each part moves, (T, 3, P) per second: central differences over two frames on each side."""
    at = np.arange(len(frames))
    moved = frames[np.minimum(at + 2, len(frames) - 1)] - frames[np.maximum(at - 2, 0)]
    return (moved * np.float32(rate_hz / 4)).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=_FLAGS)
def match_parts(  # noqa: PLR0917  # a kernel takes its arrays one by one
    frames: Any,
    speeds: Any,
    weights: Any,
    offsets: Any,
    which: Any,
    query: Any,
    query_speeds: Any,
    trust: Any,
    region_of: Any,
    regions: int,
) -> Any:
    """Compare a performance with many templates: (len(which), 7 + 2 * regions) sums along each warping path.

    frames, speeds: (S, 3, P), template k at rows offsets[k] .. offsets[k + 1]; weights: (S, P); which: the templates to
    compare; query, query_speeds: (M, 3, P); trust: (M, P); region_of: (P,) each part's region. Columns: COST, twice the
    path's cost by the number of frames of both; POSES, the weighted products of the poses' deviations from their mean
    (shared, template's own, performance's own); COURSE, the same of velocities; then per region the
    performance's and the template's own product of the poses.
    """
    sums = np.zeros((which.shape[0], 7 + 2 * regions), np.float32)
    length, parts = query.shape[0], query.shape[2]
    for index in range(which.shape[0]):
        first, last = offsets[which[index]], offsets[which[index] + 1]
        ours, our_speeds, our_weights = frames[first:last], speeds[first:last], weights[first:last]
        costs = accumulated_freely(part_distances(ours, our_weights, query, trust))
        path = backtracked(costs)
        out = sums[index]
        out[COST] = np.float32(2.0) * costs[-1, -1] / np.float32(last - first + length)
        for p in range(parts):
            total = np.float32(0.0)
            mean, query_mean = np.zeros(3, np.float32), np.zeros(3, np.float32)
            for step in range(path.shape[0]):
                i, j = path[step, 0], path[step, 1]
                weight = our_weights[i, p] * trust[j, p]
                total += weight
                for d in range(3):
                    mean[d] += weight * ours[i, d, p]
                    query_mean[d] += weight * query[j, d, p]
            if total <= 0:
                continue
            shared, own, other = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for step in range(path.shape[0]):
                i, j = path[step, 0], path[step, 1]
                weight = our_weights[i, p] * trust[j, p]
                for d in range(3):
                    a, b = ours[i, d, p] - mean[d] / total, query[j, d, p] - query_mean[d] / total
                    shared += weight * a * b
                    own += weight * a * a
                    other += weight * b * b
                    a, b = our_speeds[i, d, p], query_speeds[j, d, p]
                    out[4] += weight * a * b
                    out[5] += weight * a * a
                    out[6] += weight * b * b
            out[1] += shared
            out[2] += own
            out[3] += other
            out[7 + 2 * region_of[p]] += other
            out[8 + 2 * region_of[p]] += own
    return sums


def correlations(sums: FloatArray, columns: slice) -> NDArray[np.float32]:
    """-1..1 for each row of match_parts: how alike the POSES' or the COURSE's changes are, whatever their size."""
    shared, own, other = sums[:, columns].T
    norms = np.sqrt(own * other)
    return np.where(norms > 1e-9, shared / np.where(norms > 1e-9, norms, 1), 0).astype(np.float32)
