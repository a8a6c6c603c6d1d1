"""The matcher against a plain, slow Python reference, on random templates and streams."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray
from webapp.core.stream_dtw import HIDDEN_COST, MIN_SEEN_SHARE, StreamTemplates, pack_templates
from webapp.recognition.subsequence import SubsequenceMatcher


@dataclass
class Cell:
    """The best match up to one row that ends now."""

    cost: float = math.inf
    start: int = 0
    cells: int = 1


class SlowMatcher:
    """One template, row by row, straight from the rules."""

    def __init__(self, frames: FloatArray, weights: FloatArray, max_frames: int) -> None:
        self.frames, self.weights, self.max_frames = frames.astype(float), weights.astype(float), max_frames
        self.rows = [Cell() for _ in frames]

    def row_cost(self, row: int, query: FloatArray, trust: FloatArray) -> float:
        seen = trust > 0
        weights = self.weights[seen] * trust[seen]
        if weights.sum() < MIN_SEEN_SHARE:
            return float(HIDDEN_COST)
        return float(np.sqrt((weights * (self.frames[row][seen] - query[seen]) ** 2).sum() / weights.sum()))

    def advance(self, tick: int, query: FloatArray, trust: FloatArray) -> None:
        costs = [self.row_cost(row, query, trust) for row in range(len(self.rows))]
        before, last = self.rows, len(self.rows) - 1
        self.rows = [self.best(before, costs, row, tick, may_wait=row < last) for row in range(len(before))]

    def best(self, before: list[Cell], costs: list[float], row: int, tick: int, *, may_wait: bool) -> Cell:
        if row == 0:
            return Cell(costs[0], tick, 1)
        options = [(before[row - 1].cost, before[row - 1].start, before[row - 1].cells + 1)]
        if may_wait:
            options.append((before[row].cost, before[row].start, before[row].cells + 1))
        if row >= 2:
            options.append((before[row - 2].cost + costs[row - 1], before[row - 2].start, before[row - 2].cells + 2))
        cost, start, cells = min(options, key=lambda option: option[0])
        if tick - start >= self.max_frames:
            cost = math.inf
        return Cell(cost + costs[row], start, cells)

    def forget_before(self, tick: int) -> None:
        for row in self.rows:
            if row.start < tick:
                row.cost = math.inf

    def mean_costs(self) -> list[float]:
        return [row.cost / row.cells for row in self.rows]


def random_templates(rng: np.random.Generator, dimensions: int) -> tuple[list[FloatArray], FloatArray, np.ndarray]:
    lengths = [int(length) for length in rng.integers(1, 50, rng.integers(1, 6))]
    frames = [rng.normal(size=(length, dimensions)).astype(np.float32) for length in lengths]
    weights = rng.random((len(lengths), dimensions)).astype(np.float32) + np.float32(0.01)
    return frames, weights / weights.sum(axis=1, keepdims=True), rng.integers(1, 60, len(lengths))


def one_template(frames: FloatArray, max_frames: int = 100) -> StreamTemplates:
    dimensions = frames.shape[1]
    return pack_templates([frames], np.full((1, dimensions), 1 / dimensions, np.float32), np.array([max_frames]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 26))
def test_it_finds_what_the_rules_say_for_ragged_templates_hidden_parts_and_forgotten_ticks(
    seed: int, dimensions: int
) -> None:
    rng = np.random.default_rng(seed)
    frames, weights, max_frames = random_templates(rng, dimensions)
    matcher = SubsequenceMatcher(pack_templates(frames, weights, max_frames))
    slow = [SlowMatcher(*parts) for parts in zip(frames, weights, max_frames.tolist(), strict=True)]
    begin = int(rng.integers(0, 1000))
    for tick in range(begin, begin + 70):
        query = rng.normal(size=dimensions).astype(np.float32)
        trust = (rng.random(dimensions) * (rng.random(dimensions) < 0.8)).astype(np.float32)
        query[rng.random(dimensions) < (trust == 0)] = np.nan
        matcher.advance(tick, query, trust)
        for one in slow:
            one.advance(tick, query, trust)
        if rng.random() < 0.1:
            forgotten = tick - int(rng.integers(0, 20))
            matcher.forget_before(forgotten)
            for one in slow:
                one.forget_before(forgotten)
        costs, starts = matcher.finished()
        np.testing.assert_allclose(costs, [one.mean_costs()[-1] for one in slow], rtol=1e-4)
        for cost, start, one in zip(costs, starts, slow, strict=True):
            assert not np.isfinite(cost) or start == one.rows[-1].start
        np.testing.assert_allclose(matcher.mean_costs(), np.concatenate([one.mean_costs() for one in slow]), rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_likeliest_row_has_the_least_mean_cost_and_penalty_for_what_is_missing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames, weights, max_frames = random_templates(rng, 3)
    matcher = SubsequenceMatcher(pack_templates(frames, weights, max_frames))
    penalties = rng.random(len(frames)).astype(np.float32)
    for tick in range(30):
        matcher.advance(tick, rng.normal(size=3).astype(np.float32), np.ones(3, np.float32))
        means = np.split(matcher.mean_costs(), np.cumsum([len(rows) for rows in frames])[:-1])
        rows, costs = matcher.likeliest(penalties)
        for k, mean in enumerate(means):
            length = len(mean)
            total = mean + penalties[k] * np.arange(length - 1, -1, -1) / length
            assert total[rows[k]] == pytest.approx(total.min(), rel=1e-5)
            assert costs[k] == pytest.approx(mean[rows[k]], rel=1e-5)


def test_a_template_played_back_is_found_whole_at_no_cost_and_with_its_start() -> None:
    frames = np.random.default_rng(0).normal(size=(40, 24)).astype(np.float32)
    matcher = SubsequenceMatcher(one_template(frames))
    for tick in range(7, 57):
        played = frames[min(max(tick - 12, 0), 39)]
        matcher.advance(tick, played if tick >= 12 else played + 5, np.ones(24, np.float32))
        if tick == 51:
            costs, starts = matcher.finished()
            assert (costs[0], starts[0]) == (0.0, 12)


def test_a_hidden_body_costs_the_same_everywhere_and_gives_no_nan() -> None:
    matcher = SubsequenceMatcher(one_template(np.zeros((20, 4), np.float32)))
    for tick in range(100):
        matcher.advance(tick, np.full(4, np.nan, np.float32), np.full(4, np.nan, np.float32))
    assert set(matcher.mean_costs()) == {HIDDEN_COST}


def test_a_match_as_old_as_its_limit_dies() -> None:
    matcher = SubsequenceMatcher(one_template(np.arange(10, dtype=np.float32)[:, None], max_frames=10))
    for tick in range(10):
        matcher.advance(tick, np.full(1, tick, np.float32), np.ones(1, np.float32))
    assert matcher.finished()[0][0] == 0
    slow = SubsequenceMatcher(one_template(np.arange(10, dtype=np.float32)[:, None], max_frames=10))
    for tick in range(11):
        slow.advance(tick, np.full(1, max(0, tick - 1), np.float32), np.ones(1, np.float32))
    assert slow.finished()[1][0] > 0


def test_forgetting_nothing_changes_nothing_and_forgetting_all_leaves_no_match() -> None:
    rng = np.random.default_rng(3)
    matcher = SubsequenceMatcher(one_template(rng.normal(size=(20, 2)).astype(np.float32)))
    matcher.forget_before(10)
    for tick in range(40):
        matcher.advance(tick, rng.normal(size=2).astype(np.float32), np.ones(2, np.float32))
    before = matcher.mean_costs()
    matcher.forget_before(0)
    np.testing.assert_array_equal(matcher.mean_costs(), before)
    matcher.forget_before(40)
    assert np.isinf(matcher.mean_costs()).all()
    assert np.isinf(matcher.finished()[0]).all()


def test_a_reset_matcher_is_as_new() -> None:
    rng = np.random.default_rng(4)
    templates = one_template(rng.normal(size=(9, 2)).astype(np.float32))
    used, new = SubsequenceMatcher(templates), SubsequenceMatcher(templates)
    stream = rng.normal(size=(30, 2)).astype(np.float32)
    for tick, query in enumerate(stream):
        used.advance(tick, query, np.ones(2, np.float32))
    used.reset()
    for tick, query in enumerate(stream):
        used.advance(tick + 5, query, np.ones(2, np.float32))
        new.advance(tick + 5, query, np.ones(2, np.float32))
    np.testing.assert_array_equal(used.mean_costs(), new.mean_costs())


def test_an_hour_of_a_stream_neither_overflows_nor_grows() -> None:
    rng = np.random.default_rng(5)
    matcher = SubsequenceMatcher(one_template(rng.normal(size=(20, 2)).astype(np.float32), max_frames=32767))
    stream = rng.normal(size=(72_000, 2)).astype(np.float32)
    for tick, query in enumerate(stream):
        matcher.advance(tick, query, np.ones(2, np.float32))
    costs, starts = matcher.finished()
    assert 0 < costs[0] < 3
    assert 72_000 - 32767 <= starts[0] < 72_000


def test_no_tick_allocates_memory_that_stays() -> None:
    rng = np.random.default_rng(6)
    frames = list(rng.normal(size=(50, 40, 24)).astype(np.float32))
    templates = pack_templates(frames, np.full((50, 24), 1 / 24, np.float32), np.full(50, 90))
    matcher = SubsequenceMatcher(templates)
    query, trust, penalties = np.zeros(24, np.float32), np.ones(24, np.float32), np.ones(50, np.float32)

    def tick_on(first: int, ticks: int) -> None:
        for tick in range(first, first + ticks):
            matcher.advance(tick, query, trust)
            matcher.finished()
            matcher.likeliest(penalties)

    tick_on(0, 3)
    tracemalloc.start()
    try:
        tick_on(3, 200)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2048  # the interpreter's own small change; one array of a row each would be 9600


def test_ticks_out_of_order_and_wrong_shapes_are_refused_with_their_values() -> None:
    matcher = SubsequenceMatcher(one_template(np.zeros((3, 2), np.float32)))
    ones = np.ones(2, np.float32)
    matcher.advance(4, ones, ones)
    with pytest.raises(InvalidInputError, match="ticks must rise by one, got 4 after 4"):
        matcher.advance(4, ones, ones)
    with pytest.raises(InvalidInputError, match=r"query and trust must be \(2,\), got \(3,\) and \(2,\)"):
        matcher.advance(5, np.ones(3, np.float32), ones)
    with pytest.raises(InvalidInputError, match=r"penalties must be \(1,\), got \(2,\)"):
        matcher.likeliest(ones)


def test_a_bank_without_templates_answers_nothing() -> None:
    matcher = SubsequenceMatcher(pack_templates([], np.zeros((0, 3), np.float32), np.zeros(0, np.int32)))
    matcher.advance(0, np.zeros(3, np.float32), np.ones(3, np.float32))
    assert len(matcher.finished()[0]) == len(matcher.mean_costs()) == 0
