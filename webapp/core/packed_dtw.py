"""One query against many sequences at once: exact dynamic time warping of sixteen sequences side by side, float32.

Within one pair of sequences every cell waits for its neighbours; between pairs nothing does. So sixteen sequences of
like length share a pass, one per lane (see lanes): frame by frame, dimension by dimension, the sixteen numbers stand
side by side, and both the distances and the recurrence are calculated for all at once. Shorter ones read their result
off at their own end. See dtw for what a path, the band and abandoning are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from webapp.core.dtw import as_float32, check_limits, checked_frames
from webapp.core.errors import InvalidInputError
from webapp.core.lanes import LANES, choose, least, load, splat, square_root, store
from webapp.core.records import FloatArray

_ABREAST = 4
"""Frames of the query that are compared with a frame of the sequences before the next is loaded."""
_MAX_FRAMES = 32767
"""Twice the product of two lengths must fit an int32: so the band is told."""
_INFINITE = np.float32(np.inf)


@dataclass(frozen=True, eq=False)
class PackedSequences:
    """N sequences side by side in groups of LANES; immutable.

    frames: all numbers, [frame][dimension][lane], group g's from group_offsets[g] on. lengths: (G * LANES,) frames of
    each lane's sequence, 0 for none; order: (N,) the lane of each sequence. dimensions: D.
    """

    frames: FloatArray = field(repr=False)
    group_offsets: NDArray[np.int64] = field(repr=False)
    lengths: NDArray[np.int32] = field(repr=False)
    order: NDArray[np.int64] = field(repr=False)
    dimensions: int

    def __len__(self) -> int:
        return len(self.order)


def pack_sequences(sequences: Sequence[FloatArray]) -> PackedSequences:
    """Pack sequences (L_k, D) of any lengths; those of like length share a group, so hardly any place is lost."""
    checked = [_checked(sequence) for sequence in sequences]
    dimensions = checked[0].shape[1] if checked else 0
    for k, sequence in enumerate(checked):
        if sequence.shape[1] != dimensions:
            raise InvalidInputError(f"sequence {k} must be (L, {dimensions}) like the first, got {sequence.shape}")
    by_length = sorted(range(len(checked)), key=lambda k: len(checked[k]))
    groups = [by_length[first : first + LANES] for first in range(0, len(by_length), LANES)]
    order, lengths = np.zeros(len(checked), np.int64), np.zeros(len(groups) * LANES, np.int32)
    blocks, group_offsets = [np.zeros(0, np.float32)], np.zeros(len(groups), np.int64)
    for g, members in enumerate(groups):
        block = np.zeros((len(checked[members[-1]]), dimensions, LANES), np.float32)
        for lane, k in enumerate(members):
            block[: len(checked[k]), :, lane] = checked[k]
            order[k], lengths[g * LANES + lane] = g * LANES + lane, len(checked[k])
        group_offsets[g] = sum(map(len, blocks))
        blocks.append(block.ravel())
    packed = np.concatenate(blocks), group_offsets, lengths, order
    for array in packed:
        array.flags.writeable = False
    return PackedSequences(*packed, dimensions)


def _checked(sequence: FloatArray) -> FloatArray:
    frames = checked_frames(sequence)
    if len(frames) > _MAX_FRAMES:
        raise InvalidInputError(f"packed sequences may have {_MAX_FRAMES} frames, got {len(frames)}; use dtw_distance")
    return frames


def dtw_distances(
    query: FloatArray, packed: PackedSequences, band_frames: int | None = None, abandon_above: float = math.inf
) -> FloatArray:
    """(N,) dtw_distance of the query (M, D) from every packed sequence."""
    query = _checked(query)
    check_limits(band_frames, abandon_above)
    if query.shape[1] != packed.dimensions and len(packed):
        raise InvalidInputError(f"query must be (M, {packed.dimensions}) like what is packed, got {query.shape}")
    blocks = -(-len(query) // _ABREAST)
    padded = np.zeros((blocks * _ABREAST, query.shape[1]), np.float32)
    padded[: len(query)] = query
    line, results = np.empty(len(padded) * LANES, np.float32), np.full(len(packed.lengths), np.inf, np.float32)
    band = -1 if band_frames is None else min(band_frames, len(query) + int(packed.lengths.max(initial=0)))
    sweep_groups(
        packed.frames,
        packed.group_offsets,
        packed.lengths,
        padded,
        len(query),
        band,
        as_float32(abandon_above),
        line,
        np.empty(_ABREAST * LANES, np.float32),
        results,
    )
    distances: FloatArray = results[packed.order]
    distances[distances > abandon_above] = np.inf
    return distances


@njit(cache=True, nogil=True)
def _inside_band(row: Any, column: Any, columns: Any, rows: Any, band: Any) -> Any:
    """Which lanes' sequences, of `rows` frames each, may pair this row with this column (see dtw)."""
    others, last = rows - splat(1), splat(columns - 1)
    short, long = choose(others < last, others, last), choose(others < last, last, others)
    width = splat(2 * band) * short
    width = choose(width < long, long, width)
    offset = splat(2 * row * (columns - 1)) - splat(2 * column) * others
    return (offset <= width) & (splat(0) - width <= offset)


@njit(cache=True, nogil=True)
def _reaches(row: Any, block: Any, columns: Any, rows: Any, band: Any) -> Any:
    """Whether any lane's band reaches one of the _ABREAST columns of a block."""
    inside = splat(0)
    for k in range(_ABREAST):
        inside = choose(_inside_band(row, block + k, columns, rows, band), splat(-1), inside)
    return least(inside) < 0


@njit(cache=True, nogil=True)
def _compare(frames: Any, at: Any, query: Any, column: Any, distances: Any) -> None:
    """Write the distances of _ABREAST frames of the query from the LANES frames that lie from `at` on."""
    first = splat(np.float32(0.0))
    second, third, fourth = first, first, first
    for d in range(query.shape[1]):
        numbers = load(frames, at + d * LANES)
        difference = numbers - splat(query[column, d])
        first = first + difference * difference
        difference = numbers - splat(query[column + 1, d])
        second = second + difference * difference
        difference = numbers - splat(query[column + 2, d])
        third = third + difference * difference
        difference = numbers - splat(query[column + 3, d])
        fourth = fourth + difference * difference
    store(distances, 0, square_root(first))
    store(distances, LANES, square_root(second))
    store(distances, 2 * LANES, square_root(third))
    store(distances, 3 * LANES, square_root(fourth))


@njit(cache=True, nogil=True)
def sweep_groups(  # noqa: PLR0917  # a kernel takes its arrays one by one
    frames: Any,
    group_offsets: Any,
    lengths: Any,
    query: Any,
    columns: Any,
    band: Any,
    abandon_above: Any,
    line: Any,
    distances: Any,
    results: Any,
) -> None:
    """Write into results (G * LANES,) each lane's distance; it stays inf where all of a group are abandoned.

    query: (a multiple of _ABREAST, D), of which `columns` count: what stands behind touches nothing before it. band: -1
    for none. line, distances: scratch, LANES for each frame of the query and for _ABREAST.
    """
    infinite = splat(_INFINITE)
    for g in range(group_offsets.shape[0]):
        rows = load(lengths, g * LANES)
        line[:] = _INFINITE
        found = infinite
        for row in range(lengths[g * LANES : (g + 1) * LANES].max()):
            at = group_offsets[g] + row * query.shape[1] * LANES
            diagonal = splat(np.float32(0.0)) if row == 0 else infinite
            left, row_least = infinite, infinite
            for block in range(0, query.shape[0], _ABREAST):
                if band < 0 or _reaches(row, block, columns, rows, band):
                    _compare(frames, at, query, block, distances)
                for k in range(_ABREAST):
                    above = load(line, (block + k) * LANES)
                    best = choose(above < diagonal, above, diagonal)
                    left = load(distances, k * LANES) + choose(left < best, left, best)
                    if band >= 0:
                        left = choose(_inside_band(row, block + k, columns, rows, band), left, infinite)
                    store(line, (block + k) * LANES, left)
                    row_least = choose(left < row_least, left, row_least)
                    diagonal = above
            found = choose(rows == splat(row + 1), load(line, (columns - 1) * LANES), found)
            if least(choose(splat(row) < rows, row_least, infinite)) > abandon_above:
                break
        store(results, g * LANES, found)
