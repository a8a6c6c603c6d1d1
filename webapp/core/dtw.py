"""Exact dynamic time warping of whole sequences, in float32.

Sequences are plain (T, D) arrays. A warping path steps by (1, 0), (0, 1) or (1, 1); its cost is the sum of the
Euclidean distances of the frames it pairs. Many templates at once: see packed_dtw; a stream: see stream_dtw.

band_frames is the Sakoe-Chiba band: how many frames of the longer sequence a pair may lie off the straight line from
the first pair to the last. For equal lengths: |i - j| <= band_frames. For lengths N < M: |i (M - 1) / (N - 1) - j| <=
band_frames, or half the slope (M - 1) / (N - 1) where that is more, so that there always is a path. None: no band.

abandon_above ends the calculation once the result must be larger; the answer is inf if and only if it is.
"""

from __future__ import annotations

import math

import numpy as np

from webapp.core.dtw_kernels import IntArray, accumulated, backtracked, every_column, frame_distances, sweep
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray


def dtw_distance(
    a: FloatArray, b: FloatArray, band_frames: int | None = None, abandon_above: float = math.inf
) -> float:
    """The least cost of all warping paths of a (N, D) and b (M, D)."""
    a, b = checked_pair(a, b)
    check_limits(band_frames, abandon_above)
    line, starts = np.empty(len(b), np.float32), np.empty(len(b), np.int32)
    first, end = band_columns(len(a), len(b), band_frames)
    if not sweep(a, b, first, end, False, as_float32(abandon_above), line, starts):
        return math.inf
    distance = float(line[-1])
    return distance if distance <= abandon_above else math.inf


def dtw_cost_matrix(a: FloatArray, b: FloatArray, band_frames: int | None = None) -> FloatArray:
    """(N, M): the least cost of warping a[: i + 1] onto b[: j + 1]; inf outside the band. The last is dtw_distance."""
    a, b = checked_pair(a, b)
    check_limits(band_frames)
    costs: FloatArray = accumulated(
        frame_distances(a, b),
        *band_columns(len(a), len(b), band_frames),
        False,
    )
    return costs


def dtw_alignment_path(a: FloatArray, b: FloatArray, band_frames: int | None = None) -> tuple[IntArray, float]:
    """The cheapest path as (L, 2) index pairs from (0, 0) to (N - 1, M - 1), and its cost."""
    costs = dtw_cost_matrix(a, b, band_frames)
    return backtracked(costs), float(costs[-1, -1])


def dtw_subsequence_distance(
    query: FloatArray, stream: FloatArray, band_frames: int | None = None, abandon_above: float = math.inf
) -> tuple[float, int, int]:
    """The stretch of the stream (M, D) nearest to the whole query (N, D): distance, its first and its last frame.

    Of equals the one that ends first. With a band a match that begins at frame s pairs the query's frame i with the
    stream's frames s + i - band_frames .. s + i + band_frames; every start is then tried by itself. (inf, -1, -1) above
    abandon_above, and where the stream is too short for the band.
    """
    query, stream = checked_pair(query, stream)
    check_limits(band_frames, abandon_above)
    line, starts = np.empty(len(stream), np.float32), np.empty(len(stream), np.int32)
    found, limit = (math.inf, -1, -1), abandon_above
    for start, width in _stretches(len(query), len(stream), band_frames):
        first, end = _diagonal_columns(len(query), width, band_frames)
        anywhere, part = band_frames is None, line[:width]
        if sweep(query, stream[start : start + width], first, end, anywhere, as_float32(limit), part, starts):
            last = int(np.argmin(part))
            if (distance := float(part[last])) <= limit and distance < found[0]:
                found = (distance, start + int(starts[last]), start + last)
                limit = distance
    return found


def dtw_subsequence_cost_matrix(query: FloatArray, stream: FloatArray, band_frames: int | None = None) -> FloatArray:
    """(N, M): the least cost of warping query[: i + 1] onto any stretch of the stream that ends at frame j.

    The band is that of dtw_subsequence_distance, which is the least of the last row.
    """
    query, stream = checked_pair(query, stream)
    check_limits(band_frames)
    distances = frame_distances(query, stream)
    costs: FloatArray = np.full_like(distances, np.inf)
    for start, width in _stretches(len(query), len(stream), band_frames):
        columns, part = _diagonal_columns(len(query), width, band_frames), costs[:, start : start + width]
        near = np.ascontiguousarray(distances[:, start : start + width])
        np.minimum(part, accumulated(near, *columns, band_frames is None), out=part)
    return costs


def band_columns(rows: int, columns: int, band_frames: int | None) -> tuple[IntArray, IntArray]:
    """First and one past the last column that each row may use; see the module for what the band is."""
    if band_frames is None or rows == 1:
        first, end = every_column(rows, columns)
        return first, end
    short, long = sorted((rows - 1, columns - 1))
    centre = 2 * np.arange(rows, dtype=np.int64) * (columns - 1)
    width = max(2 * min(band_frames, long) * short, long)  # of 2 |i (M - 1) - j (N - 1)|
    first = -((width - centre) // (2 * (rows - 1)))
    end = (centre + width) // (2 * (rows - 1)) + 1
    return np.maximum(first, 0).astype(np.int32), np.minimum(end, columns).astype(np.int32)


def _stretches(query_frames: int, stream_frames: int, band_frames: int | None) -> list[tuple[int, int]]:
    """Start and width of the parts of the stream that are looked at by themselves."""
    if band_frames is None:
        return [(0, stream_frames)]
    width = query_frames + band_frames
    starts = range(max(1, stream_frames - max(query_frames - 1 - band_frames, 0)))
    return [(start, min(width, stream_frames - start)) for start in starts]


def _diagonal_columns(rows: int, columns: int, band_frames: int | None) -> tuple[IntArray, IntArray]:
    if band_frames is None:
        return band_columns(rows, columns, None)
    row: IntArray = np.arange(rows, dtype=np.int32)
    reach = min(band_frames, rows + columns)
    return np.clip(row - reach, 0, columns), np.minimum(row + reach + 1, columns)


def checked_pair(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two sequences as contiguous float32; InvalidInputError where they do not fit each other or are not finite."""
    a, b = checked_frames(a), checked_frames(b)
    if a.shape[1] != b.shape[1]:
        raise InvalidInputError(f"sequences must be (N, D) and (M, D) and not empty, got {a.shape} and {b.shape}")
    return a, b


def checked_frames(sequence: FloatArray) -> FloatArray:
    """One sequence (T, D) as contiguous float32; InvalidInputError where it is empty or not finite."""
    frames = np.ascontiguousarray(sequence, np.float32)
    if np.ndim(sequence) != 2 or not frames.size:
        raise InvalidInputError(f"sequences must be (T, D) and not empty, got {np.shape(sequence)}")
    if not np.isfinite(frames).all():
        frame, dimension = np.argwhere(~np.isfinite(frames))[0]
        value = frames[frame, dimension]
        raise InvalidInputError(f"sequences must be finite, got {value} at frame {frame}, dimension {dimension}")
    return frames


def as_float32(limit: float) -> np.float32:
    """A limit for kernels: one beyond every float32 is none."""
    return np.float32(limit) if limit < np.finfo(np.float32).max else np.float32(np.inf)


def check_limits(band_frames: int | None, abandon_above: float = math.inf) -> None:
    """InvalidInputError for a band or a limit that means nothing."""
    if band_frames is not None and band_frames < 0:
        raise InvalidInputError(f"band_frames must be 0 or more, or None for no band, got {band_frames}")
    if math.isnan(abandon_above):
        raise InvalidInputError("abandon_above must be a number, got nan")
