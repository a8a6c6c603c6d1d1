"""Every template of a bank against one stream, frame by frame: subsequence dynamic time warping, exact, float32.

What a frame of the stream costs at one row (frame) of a template is the root of the weighted mean square of their
differences over the dimensions that are seen. A match begins at row 0 at any tick (frame of the stream) and advances
by 0, 1 or 2 rows per tick, where a skipped row is paid; so it is at most twice as fast as the template. It does not
wait on the last row, where it would only grow. A match of max_frames ticks dies.

Within a tick every row depends on the tick before alone, so sixteen rows are calculated at once (see lanes). A
template's frames lie in memory in the order in which one pass reads them: sixteen rows at a time, of these dimension
by dimension; no row is stored twice, none is padding. The pass is bound by how fast memory delivers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
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
    total,
)
from webapp.core.records import FloatArray

HIDDEN_COST = np.float32(1.5)
"""What a frame costs of which too little is seen: like a wholly different pose."""
MIN_SEEN_SHARE = np.float32(0.35)
"""The share of a template's weight that must be seen for a frame's cost to mean anything."""
MAX_FRAMES = 32767
"""The longest match: its age and its path's length share 32 bits."""

_AGE = np.int32(1 << 16)
_CELL = np.int32(1)
_INFINITE = np.float32(np.inf)
_AHEAD = 2048
"""How many numbers ahead memory is asked for: what is calculated in the time that memory takes to answer."""


@dataclass(frozen=True, eq=False)
class StreamTemplates:
    """Templates packed for the stream kernel; immutable, shared by all recognisers of a process.

    frames: all numbers, template k's from frame_offsets[k] on. row_counts: (N,) frames of each. state_offsets: (N + 1,)
    where a matcher keeps the state of its rows. weights: (N * lanes_of(D),) with zeros behind each D. max_frames: (N,)
    longest match in ticks. dimensions: D.
    """

    frames: FloatArray = field(repr=False)
    frame_offsets: NDArray[np.int64] = field(repr=False)
    row_counts: NDArray[np.int32] = field(repr=False)
    state_offsets: NDArray[np.int64] = field(repr=False)
    weights: FloatArray = field(repr=False)
    max_frames: NDArray[np.int32] = field(repr=False)
    dimensions: int

    def __len__(self) -> int:
        return len(self.row_counts)

    @property
    def nbytes(self) -> int:
        """What all of this holds."""
        return sum(array.nbytes for array in vars(self).values() if isinstance(array, np.ndarray))


def pack_templates(
    frames: Sequence[FloatArray], weights: FloatArray, max_frames: NDArray[np.integer[Any]]
) -> StreamTemplates:
    """Pack N templates: frames (L_k, D); weights (N, D), each row sums to 1; max_frames (N,) in ticks, 1..32767."""
    weights = np.asarray(weights, np.float32)
    _check(frames, weights, np.asarray(max_frames))
    count, dimensions = weights.shape
    row_counts = np.array([len(rows) for rows in frames], np.int32)
    frame_offsets = np.cumsum([0, *row_counts * dimensions], dtype=np.int64)
    packed = np.zeros(frame_offsets[-1] + LANES, np.float32)  # the last lanes read, but do not use, what lies behind
    for rows, at in zip(frames, frame_offsets, strict=False):
        for first in range(0, len(rows), LANES):
            part = np.asarray(rows[first : first + LANES], np.float32).T.ravel()
            begin = at + first * dimensions
            packed[begin : begin + len(part)] = part
    state_offsets = np.cumsum([0, *map(lanes_of, row_counts.tolist())], dtype=np.int64)
    padded = np.zeros((count, lanes_of(dimensions)), np.float32)
    padded[:, :dimensions] = weights
    arrays = packed, frame_offsets[:-1], row_counts, state_offsets, padded.ravel(), np.array(max_frames, np.int32)
    for array in arrays:
        array.flags.writeable = False
    return StreamTemplates(*arrays, dimensions)


def lanes_of(count: int) -> int:
    """So many numbers in whole LANES."""
    return -(-count // LANES) * LANES


def _check(frames: Sequence[FloatArray], weights: FloatArray, max_frames: NDArray[Any]) -> None:
    if weights.ndim != 2 or len(weights) != len(frames) or not weights.shape[1]:
        raise InvalidInputError(f"weights must be ({len(frames)}, D), one row a template, got {weights.shape}")
    if max_frames.shape != (len(frames),):
        raise InvalidInputError(f"max_frames must be ({len(frames)},), one a template, got {max_frames.shape}")
    for k, rows in enumerate(frames):
        if rows.ndim != 2 or not len(rows) or rows.shape[1] != weights.shape[1]:
            raise InvalidInputError(f"template {k} must be (L, {weights.shape[1]}) and not empty, got {rows.shape}")
        if not np.isfinite(rows).all():
            raise InvalidInputError(f"template {k} must be finite, got {rows[~np.isfinite(rows)][0]}")
    sums = weights.sum(axis=1)
    for k in np.flatnonzero(~((np.abs(sums - 1) <= 1e-3) & (weights >= 0).all(axis=1)))[:1]:
        raise InvalidInputError(f"weights of template {k} must not be negative and sum to 1, they sum to {sums[k]}")
    for k in np.flatnonzero((max_frames < 1) | (max_frames > MAX_FRAMES))[:1]:
        raise InvalidInputError(f"max_frames of template {k} must be 1..{MAX_FRAMES}, got {max_frames[k]}")


@njit(cache=True)
def start_over(cost_sums: Any, paths: Any, finished_costs: Any, finished_ages: Any) -> None:
    """Write the state of matchers that have seen nothing."""
    cost_sums[:] = _INFINITE
    paths[:] = _CELL
    finished_costs[:] = _INFINITE
    finished_ages[:] = 0


@njit(cache=True, nogil=True)
def _hide_unseen(query: Any, trust: Any) -> None:
    """Give dimensions (D,) without trust, or that are not finite, the trust 0 and a number to calculate with."""
    for d in range(query.shape[0]):
        if not (trust[d] > 0 and np.isfinite(trust[d]) and np.isfinite(query[d])):
            query[d] = trust[d] = np.float32(0.0)


@njit(cache=True, nogil=True)
def _fold_weights(weights: Any, at: Any, trust: Any, folded: Any) -> Any:
    """Write the weights from `at` on times trust (a multiple of LANES) into folded; answers their sum."""
    seen = splat(np.float32(0.0))
    for d in range(0, trust.shape[0], LANES):
        products = load(weights, at + d) * load(trust, d)
        seen = seen + products
        store(folded, d, products)
    return total(seen)


@njit(cache=True, nogil=True)
def _squares(frames: Any, at: Any, rows: Any, query: Any, folded: Any) -> Any:
    """Weighted squared distances of `rows` (at most LANES) rows of a template, whose numbers lie from `at` on."""
    squares = splat(np.float32(0.0))
    for d in range(query.shape[0]):
        prefetch(frames, at + d * rows + _AHEAD)
        difference = load(frames, at + d * rows) - splat(query[d])
        squares = squares + splat(folded[d]) * difference * difference
    return squares


@njit(cache=True, nogil=True)
def advance(  # noqa: PLR0917  # a kernel takes its arrays one by one
    frames: Any,
    frame_offsets: Any,
    row_counts: Any,
    state_offsets: Any,
    weights: Any,
    max_frames: Any,
    query: Any,
    trust: Any,
    folded: Any,
    cost_sums: Any,
    paths: Any,
    finished_costs: Any,
    finished_ages: Any,
) -> None:
    """Move every template's matches on by one tick; the arrays from `query` on are written to.

    query: (D,), trust: (lanes_of(D),) with zeros behind; what is not finite or not trusted is set to 0. folded: scratch
    like trust. cost_sums: the least cost of a match up to a row that ends at this tick. paths: how many ticks ago it
    began, times 65536, plus how many cells its path has. finished_costs, finished_ages: (N,) mean cost per cell of the
    match of the whole template that ends now, and how many ticks ago it began.
    """
    _hide_unseen(query, trust)
    dimensions = query.shape[0]
    for k in range(row_counts.shape[0]):
        row_count, at = row_counts[k], frame_offsets[k]
        seen = _fold_weights(weights, k * trust.shape[0], trust, folded)
        last, oldest = splat(row_count - 1), splat(max_frames[k] * _AGE)
        sums_below, paths_below, costs_below = splat(_INFINITE), splat(_CELL), splat(_INFINITE)
        for first in range(0, row_count, LANES):
            rows = min(LANES, row_count - first)
            row = count_up() + splat(first)
            costs = splat(HIDDEN_COST)
            if seen >= MIN_SEEN_SHARE:
                costs = square_root(_squares(frames, at, rows, query, folded) * splat(np.float32(1.0) / seen))
            at += rows * dimensions
            sums, path = load(cost_sums, state_offsets[k] + first), load(paths, state_offsets[k] + first)

            best, way = choose(row < last, sums, splat(_INFINITE)), path + splat(_AGE + _CELL)
            stepped = shifted_in(sums_below, sums)
            better = stepped <= best
            best = choose(better, stepped, best)
            way = choose(better, shifted_in(paths_below, path) + splat(_AGE + _CELL), way)
            skipped = shifted_in_twice(sums_below, sums) + shifted_in(costs_below, costs)
            better = skipped < best
            best = choose(better, skipped, best)
            way = choose(better, shifted_in_twice(paths_below, path) + splat(_AGE + _CELL + _CELL), way)
            is_first, is_old = row < splat(1), way >= oldest
            best = choose(is_first, splat(np.float32(0.0)), choose(is_old, splat(_INFINITE), best))
            way = choose(is_first | is_old, splat(_CELL), way)

            store(cost_sums, state_offsets[k] + first, best + costs)
            store(paths, state_offsets[k] + first, way)
            sums_below, paths_below, costs_below = sums, path, costs
        end = state_offsets[k] + row_count - 1
        finished_costs[k] = cost_sums[end] / np.float32(paths[end] & (_AGE - _CELL))
        finished_ages[k] = paths[end] >> 16


@njit(cache=True, nogil=True)
def likeliest_rows(  # noqa: PLR0917
    row_counts: Any, state_offsets: Any, cost_sums: Any, paths: Any, penalties: Any, rows: Any, costs: Any
) -> None:
    """Write into rows (N,) each template's row with the least mean cost and penalty for what is still missing.

    penalties: (N,), what missing the whole template would cost. costs: (N,), the mean cost of that row's match, inf
    where there is none.
    """
    for k in range(row_counts.shape[0]):
        row_count, offset = row_counts[k], state_offsets[k]
        last, slope = splat(row_count - 1), splat(np.float32(penalties[k] / row_count))
        least_costs, least_rows = splat(_INFINITE), splat(0)
        for first in range(0, row_count, LANES):
            row = count_up() + splat(first)
            cells = load(paths, offset + first) & splat(_AGE - _CELL)
            mean = load(cost_sums, offset + first) / as_floats(cells) + slope * as_floats(last - row)
            better = choose(row <= last, mean, splat(_INFINITE)) < least_costs
            least_costs, least_rows = choose(better, mean, least_costs), choose(better, row, least_rows)
        found = least(choose(least_costs <= splat(least(least_costs)), least_rows, last))
        rows[k] = found
        costs[k] = cost_sums[offset + found] / np.float32(paths[offset + found] & (_AGE - _CELL))


@njit(cache=True)
def forget_older(age: Any, cost_sums: Any, paths: Any, finished_costs: Any, finished_ages: Any) -> None:
    """Drop every match that began more than `age` ticks ago."""
    for row in range(paths.shape[0]):
        if paths[row] >> 16 > age:
            cost_sums[row], paths[row] = _INFINITE, _CELL
    for k in range(finished_ages.shape[0]):
        if finished_ages[k] > age:
            finished_costs[k], finished_ages[k] = _INFINITE, 0
