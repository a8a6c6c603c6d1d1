"""The comparison of body parts and its stream, straight from the rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from webapp.core.records import FloatArray
from webapp.core.row_dtw import (
    advance_subsequence,
    best_subsequence,
    frame_costs,
    part_alignment,
    part_distances,
)
from webapp.core.stream_dtw import HIDDEN_COST


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
