"""Dynamic time warping against independent libraries, brute force, golden numbers and its own laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from dtaidistance import dtw_ndim
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tslearn.metrics import dtw_path_from_metric

from webapp.core.dtw import (
    dtw_alignment_path,
    dtw_cost_matrix,
    dtw_distance,
    dtw_subsequence_cost_matrix,
    dtw_subsequence_distance,
)
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray

sequences = st.integers(1, 12).flatmap(
    lambda frames: arrays(np.float32, (frames, 3), elements=st.floats(-10, 10, width=32))
)
bands = st.none() | st.integers(0, 12)
A = np.array([[0], [1], [2], [3]], np.float32)
B = np.array([[0], [2], [3], [5]], np.float32)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-4, abs=1e-3)


def distances_between(a: FloatArray, b: FloatArray) -> np.ndarray:
    distances: np.ndarray = np.linalg.norm(a[:, None].astype(np.float64) - b[None], axis=2)
    return distances


def test_golden_numbers() -> None:
    assert dtw_distance(A, B) == 3.0
    np.testing.assert_array_equal(dtw_cost_matrix(A, B), [[0, 2, 5, 10], [1, 1, 3, 7], [3, 1, 2, 5], [6, 2, 1, 3]])
    path, cost = dtw_alignment_path(A, B)
    np.testing.assert_array_equal(path, [[0, 0], [1, 0], [2, 1], [3, 2], [3, 3]])
    assert cost == 3.0


def test_golden_numbers_within_a_band() -> None:
    inf = math.inf
    assert dtw_distance(A, B, band_frames=0) == 4.0
    np.testing.assert_array_equal(
        dtw_cost_matrix(A, B, band_frames=1), [[0, 2, inf, inf], [1, 1, 3, inf], [inf, 1, 2, 5], [inf, inf, 1, 3]]
    )
    path, cost = dtw_alignment_path(A, B, band_frames=0)
    np.testing.assert_array_equal(path, [[0, 0], [1, 1], [2, 2], [3, 3]])
    assert cost == 4.0


def test_golden_numbers_of_the_best_stretch() -> None:
    stream = np.array([[9], [0], [1], [1], [2], [3], [9], [0], [1], [2], [3]], np.float32)
    assert dtw_subsequence_distance(A, stream) == (0.0, 1, 5)
    assert dtw_subsequence_distance(A, stream, band_frames=0) == (0.0, 7, 10)
    np.testing.assert_array_equal(
        dtw_subsequence_cost_matrix(A, stream[:6]),
        [[9, 0, 1, 1, 2, 3], [17, 1, 0, 0, 1, 3], [24, 3, 1, 1, 0, 1], [30, 6, 3, 3, 1, 0]],
    )


@settings(max_examples=60, deadline=None)
@given(sequences, sequences)
def test_it_agrees_with_two_independent_libraries(a: FloatArray, b: FloatArray) -> None:
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    assert dtw_distance(a, b) == close(dtw_ndim.distance(wide_a, wide_b, inner_dist="euclidean"))
    assert dtw_distance(a, b) == close(dtw_path_from_metric(wide_a, wide_b, metric="euclidean")[1])


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 11), st.integers(0, 2**32 - 1))
def test_its_band_is_the_sakoe_chiba_band_of_an_independent_library(frames: int, band: int, seed: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, frames, 3))
    theirs = dtw_ndim.distance(a, b, inner_dist="euclidean", window=band + 1)
    assert dtw_distance(a.astype(np.float32), b.astype(np.float32), band) == close(theirs)


@settings(max_examples=60, deadline=None)
@given(sequences, sequences, bands)
def test_it_is_symmetric_zero_to_itself_and_not_below_zero(a: FloatArray, b: FloatArray, band: int | None) -> None:
    assert dtw_distance(a, b, band) == close(dtw_distance(b, a, band))
    assert dtw_distance(a, b, band) >= 0
    assert dtw_distance(a, a, band) == 0


@settings(max_examples=60, deadline=None)
@given(sequences, sequences, bands)
def test_the_path_costs_what_the_distance_says_and_moves_by_single_steps(
    a: FloatArray, b: FloatArray, band: int | None
) -> None:
    path, cost = dtw_alignment_path(a, b, band)
    steps = np.diff(path, axis=0)
    assert tuple(path[0]) == (0, 0)
    assert tuple(path[-1]) == (len(a) - 1, len(b) - 1)
    assert set(map(tuple, steps.tolist())) <= {(0, 1), (1, 0), (1, 1)}
    assert cost == close(float(distances_between(a, b)[path[:, 0], path[:, 1]].sum()))
    assert cost == close(dtw_distance(a, b, band))


@settings(max_examples=60, deadline=None)
@given(sequences, sequences, st.integers(0, 12))
def test_a_path_stays_within_its_band_and_there_is_one_for_any_lengths(a: FloatArray, b: FloatArray, band: int) -> None:
    path, cost = dtw_alignment_path(a, b, band)
    assert math.isfinite(cost)
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    in_short, in_long = (path[:, 0], path[:, 1]) if short is a else (path[:, 1], path[:, 0])
    if len(short) > 1:
        slope = (len(long) - 1) / (len(short) - 1)
        assert np.abs(in_short * slope - in_long).max() <= max(band, slope / 2) + 1e-9
    reached = np.isfinite(dtw_cost_matrix(a, b, band))
    np.testing.assert_array_equal(reached, np.isfinite(dtw_cost_matrix(b, a, band)).T)


@settings(max_examples=60, deadline=None)
@given(sequences, sequences)
def test_a_wider_band_never_costs_more_and_the_widest_is_none(a: FloatArray, b: FloatArray) -> None:
    costs = [dtw_distance(a, b, band) for band in range(13)]
    assert all(after <= before for before, after in itertools.pairwise(costs))
    assert costs[-1] == dtw_distance(a, b) == dtw_distance(a, b, 10**12)
    assert dtw_subsequence_distance(a, b, 10**12)[0] == close(dtw_subsequence_distance(a, b)[0])


@settings(max_examples=60, deadline=None)
@given(sequences, sequences, bands, st.floats(0, 60))
def test_abandoning_answers_inf_only_above_the_limit(
    a: FloatArray, b: FloatArray, band: int | None, limit: float
) -> None:
    distance = dtw_distance(a, b, band)
    assert dtw_distance(a, b, band, limit) == (distance if distance <= limit else math.inf)
    assert dtw_distance(a, b, band, distance) == distance
    best = dtw_subsequence_distance(a, b, band)
    assert dtw_subsequence_distance(a, b, band, limit) == (best if best[0] <= limit else (math.inf, -1, -1))


@settings(max_examples=30, deadline=None)
@given(sequences, st.data())
def test_holding_frames_longer_costs_nothing(a: FloatArray, data: st.DataObject) -> None:
    repeats = data.draw(st.lists(st.integers(1, 3), min_size=len(a), max_size=len(a)))
    assert dtw_distance(a, np.repeat(a, repeats, axis=0)) == 0


@settings(max_examples=30, deadline=None)
@given(sequences, sequences)
def test_the_best_stretch_is_the_least_of_all_stretches(query: FloatArray, stream: FloatArray) -> None:
    every = {
        (first, last): dtw_distance(query, stream[first : last + 1])
        for last in range(len(stream))
        for first in range(last + 1)
    }
    distance, first, last = dtw_subsequence_distance(query, stream)
    assert distance == close(min(every.values()))
    assert every[first, last] == close(distance)
    assert distance <= dtw_distance(query, stream) + 1e-3
    assert dtw_subsequence_cost_matrix(query, stream)[-1].min() == close(distance)


@settings(max_examples=30, deadline=None)
@given(sequences, sequences, st.integers(0, 6))
def test_the_best_stretch_within_a_band_is_the_least_that_the_band_allows(
    query: FloatArray, stream: FloatArray, band: int
) -> None:
    distances, least = distances_between(query, stream), math.inf
    for start in range(len(stream)):
        costs = np.full((len(query) + 1, len(stream) + 1), math.inf)
        costs[0, start] = 0
        for i, j in itertools.product(range(len(query)), range(start, len(stream))):
            if abs(j - start - i) <= band:
                before = min(costs[i, j], costs[i, j + 1], costs[i + 1, j])
                costs[i + 1, j + 1] = distances[i, j] + before
        least = min(least, costs[-1].min())
    found, first, last = dtw_subsequence_distance(query, stream, band)
    assert found == close(least)
    assert (first, last) == (-1, -1) if math.isinf(least) else abs(last - first - len(query) + 1) <= band
    assert dtw_subsequence_cost_matrix(query, stream, band)[-1].min() == close(least)


def test_a_query_is_found_where_it_lies_in_a_longer_stream() -> None:
    stream = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    assert dtw_subsequence_distance(stream[25:45], stream) == (0.0, 25, 44)


@pytest.mark.parametrize("shapes", [((3, 2), (4, 3)), ((0, 2), (4, 2)), ((3,), (4,)), ((3, 0), (4, 0))])
def test_sequences_that_do_not_fit_are_refused_with_their_shapes(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    for function in (dtw_distance, dtw_cost_matrix, dtw_alignment_path, dtw_subsequence_distance):
        with pytest.raises(InvalidInputError, match=r"sequences must be .* got \("):
            function(np.zeros(shapes[0], np.float32), np.zeros(shapes[1], np.float32))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_with_its_place(value: float) -> None:
    broken = np.zeros((4, 2), np.float32)
    broken[2, 1] = value
    for pair in ((broken, A), (np.zeros((3, 2), np.float32), broken)):
        with pytest.raises(InvalidInputError, match=f"must be finite, got {value} at frame 2, dimension 1"):
            dtw_distance(*pair)


def test_bands_and_limits_that_mean_nothing_are_refused_with_their_value() -> None:
    with pytest.raises(InvalidInputError, match="band_frames must be 0 or more, or None for no band, got -1"):
        dtw_distance(A, B, band_frames=-1)
    with pytest.raises(InvalidInputError, match="abandon_above must be a number, got nan"):
        dtw_distance(A, B, abandon_above=math.nan)
