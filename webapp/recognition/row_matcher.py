"""Templates matched against a stream with weights of their own for every row: the matcher the spotter still uses."""

from __future__ import annotations

import numpy as np

from webapp.core.dtw import advance_subsequence, frame_costs
from webapp.core.records import FloatArray


class RowMatcher:
    """The best match of every template that ends at the newest tick; constant memory, one kernel call a tick."""

    def __init__(self, frames: FloatArray, weights: FloatArray, offsets: np.ndarray, max_frames: np.ndarray) -> None:
        self._frames, self._weights, self._offsets, self._max_frames = frames, weights, offsets, max_frames
        self._last_rows = offsets[1:] - 1
        self._costs = np.empty(len(frames), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self.cost_sums = np.full(len(self._frames), np.inf, np.float32)
        self.starts = np.zeros(len(self._frames), np.int32)
        self.path_lengths = np.ones(len(self._frames), np.int32)

    def advance(self, tick: int, features: FloatArray, trust: FloatArray) -> None:
        """Take in one tick: features (3, P), trust (P,). Ticks rise by one."""
        frame_costs(self._frames, self._weights, features, trust, self._costs)
        advance_subsequence(
            self._costs, self._offsets, self._max_frames, tick, self.cost_sums, self.starts, self.path_lengths
        )

    def forget_before(self, tick: int) -> None:
        """Drop every match that began before this tick."""
        self.cost_sums[self.starts < tick] = np.inf

    def mean_costs(self) -> FloatArray:
        """(L,) the mean cost of each row's match so far; inf where there is none."""
        return (self.cost_sums / self.path_lengths).astype(np.float32)

    def finished(self) -> tuple[FloatArray, np.ndarray]:
        """Per template the mean cost and the start tick of its best match ending now."""
        return self.cost_sums[self._last_rows] / self.path_lengths[self._last_rows], self.starts[self._last_rows]
