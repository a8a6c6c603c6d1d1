"""Dynamic time warping against an independent library, brute force, golden numbers and its own laws."""

from __future__ import annotations

import numpy as np
import pytest
from dtaidistance import dtw_ndim
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from webapp.core.dtw import (
    HIDDEN_COST,
    advance_subsequence,
    best_subsequence,
    dtw_alignment_path,
    dtw_cost_matrix,
    dtw_distance,
    frame_costs,
    part_alignment,
    part_distances,
)
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray

sequences = st.integers(1, 12).flatmap(
    lambda frames: arrays(np.float32, (frames, 3), elements=st.floats(-10, 10, width=32))
)


def test_golden_numbers() -> None:
    a = np.array([[0], [1], [2], [3]], np.float32)
    b = np.array([[0], [2], [3], [5]], np.float32)
    assert dtw_distance(a, b) == 3.0
    np.testing.assert_array_equal(dtw_cost_matrix(a, b), [[0, 2, 5, 10], [1, 1, 3, 7], [3, 1, 2, 5], [6, 2, 1, 3]])
    path, cost = dtw_alignment_path(a, b)
    np.testing.assert_array_equal(path, [[0, 0], [1, 0], [2, 1], [3, 2], [3, 3]])
    assert cost == 3.0


@settings(max_examples=60, deadline=None)
@given(sequences, sequences)
def test_it_agrees_with_an_independent_library(a: FloatArray, b: FloatArray) -> None:
    theirs = dtw_ndim.distance(a.astype(np.float64), b.astype(np.float64), inner_dist="euclidean")
    assert dtw_distance(a, b) == pytest.approx(theirs, rel=1e-4, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(sequences, sequences)
def test_it_is_symmetric_zero_to_itself_and_not_below_zero(a: FloatArray, b: FloatArray) -> None:
    assert dtw_distance(a, b) == pytest.approx(dtw_distance(b, a), rel=1e-4, abs=1e-4)
    assert dtw_distance(a, b) >= 0
    assert dtw_distance(a, a) == 0


@settings(max_examples=60, deadline=None)
@given(sequences, sequences)
def test_the_path_costs_what_the_distance_says_and_moves_by_single_steps(a: FloatArray, b: FloatArray) -> None:
    path, cost = dtw_alignment_path(a, b)
    steps = np.diff(path, axis=0)
    assert tuple(path[0]) == (0, 0)
    assert tuple(path[-1]) == (len(a) - 1, len(b) - 1)
    assert set(map(tuple, steps.tolist())) <= {(0, 1), (1, 0), (1, 1)}
    along = np.linalg.norm(a[path[:, 0]].astype(np.float64) - b[path[:, 1]], axis=1).sum()
    assert cost == pytest.approx(along, rel=1e-4, abs=1e-3)
    assert cost == pytest.approx(dtw_distance(a, b), rel=1e-4, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(sequences, st.data())
def test_holding_frames_longer_costs_nothing(a: FloatArray, data: st.DataObject) -> None:
    repeats = data.draw(st.lists(st.integers(1, 3), min_size=len(a), max_size=len(a)))
    assert dtw_distance(a, np.repeat(a, repeats, axis=0)) == 0


@pytest.mark.parametrize("shapes", [((3, 2), (4, 3)), ((0, 2), (4, 2)), ((3,), (4,))])
def test_sequences_that_do_not_fit_are_refused_with_their_shapes(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    with pytest.raises(InvalidInputError, match="sequences must be"):
        dtw_distance(np.zeros(shapes[0], np.float32), np.zeros(shapes[1], np.float32))


def test_a_frame_cost_is_the_weighted_mean_over_the_parts_that_are_seen() -> None:
    frames = np.zeros((1, 3, 2), np.float32)
    frames[0, :, 0], frames[0, :, 1] = (3, 0, 4), (1, 0, 0)
    query, costs = np.zeros((3, 2), np.float32), np.zeros(1, np.float32)
    weights = np.array([[0.5, 0.5]], np.float32)
    frame_costs(frames, weights, query, np.array([1, 1], np.float32), costs)
    assert costs[0] == pytest.approx(np.sqrt((25 + 1) / 2))
    frame_costs(frames, weights, query, np.array([0, 1], np.float32), costs)
    assert costs[0] == pytest.approx(1.0)
    frame_costs(frames, weights, query, np.array([0, 0.5], np.float32), costs)
    assert costs[0] == HIDDEN_COST


def brute_force_cost(costs: FloatArray, end: int) -> float:
    """The least cost of all matches of a template (L, T frame costs) that end at a tick, straight from the rules."""
    rows = len(costs)

    def best(row: int, tick: int) -> float:
        if tick < 0 or row < 0:
            return float("inf")
        if row == 0:
            return float(costs[0, tick])
        here = float(costs[row, tick])
        options = [best(row - 1, tick - 1) + here]
        if row < rows - 1:
            options.append(best(row, tick - 1) + here)
        if row > 1:
            options.append(best(row - 2, tick - 1) + float(costs[row - 1, tick]) + here)
        return min(options)

    return best(rows - 1, end)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4).flatmap(lambda n: arrays(np.float32, (n, 7), elements=st.floats(0, 5, width=32))))
def test_streamed_matches_are_the_best_of_all_possible_ones(costs: FloatArray) -> None:
    rows, ticks = costs.shape
    sums = np.full(2 * rows, np.inf, np.float32)
    starts, lengths = np.zeros(2 * rows, np.int32), np.ones(2 * rows, np.int32)
    offsets, longest = np.array([0, rows, 2 * rows], np.int32), np.array([100, 100], np.int32)
    for tick in range(ticks):
        both = np.concatenate([costs[:, tick], costs[:, tick]])
        advance_subsequence(both, offsets, longest, tick, sums, starts, lengths)
        expected = brute_force_cost(costs, tick)
        assert sums[rows - 1] == pytest.approx(expected, rel=1e-5)
        assert sums[2 * rows - 1] == sums[rows - 1]
        assert np.isinf(expected) or 0 <= starts[rows - 1] <= tick


def test_a_template_is_found_where_it_lies_in_a_longer_sequence() -> None:
    rng = np.random.default_rng(0)
    query = rng.normal(size=(60, 3, 5)).astype(np.float32)
    weights = np.full((20, 5), 0.2, np.float32)
    first, last, cost = best_subsequence(query[25:45], weights, query, np.ones((60, 5), np.float32))
    assert (first, last) == (25, 44)
    assert cost == pytest.approx(0, abs=1e-6)


def test_part_alignment_is_the_classic_path_under_part_distances() -> None:
    rng = np.random.default_rng(1)
    frames, query = rng.normal(size=(2, 9, 3, 4)).astype(np.float32)
    weights, trust = np.full((9, 4), 0.25, np.float32), np.ones((9, 4), np.float32)
    path, cost = part_alignment(frames, weights, query, trust)
    distances = part_distances(frames, weights, query, trust)
    assert cost == pytest.approx(float(distances[path[:, 0], path[:, 1]].sum()), rel=1e-5)
    np.testing.assert_allclose(
        distances, np.sqrt(((frames[:, None] - query[None]) ** 2).sum(axis=2).mean(axis=-1)), rtol=1e-5
    )
