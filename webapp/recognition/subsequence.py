"""Templates matched against a stream, tick by tick."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray
from webapp.core.stream_dtw import StreamTemplates, advance, forget_older, lanes_of, likeliest_rows, start_over

_CELLS_MASK, _AGE_BITS = 0xFFFF, 16


class SubsequenceMatcher:
    """The best match of every template that ends at the newest tick (see core.stream_dtw for what a match is).

    Holds the state alone, 8 bytes a row and a little: the templates are shared. No tick allocates memory: what
    `finished` and `likeliest` answer is written anew by the next call that changes it.
    """

    def __init__(self, templates: StreamTemplates) -> None:
        self._templates = templates
        count, dimensions = len(templates), templates.dimensions
        self._cost_sums = np.empty(templates.state_offsets[-1], np.float32)
        self._paths = np.empty(templates.state_offsets[-1], np.int32)
        self._query = np.empty(dimensions, np.float32)
        self._trust, self._folded = (np.zeros(lanes_of(dimensions), np.float32) for _ in range(2))
        self._finished_costs, self._finished_ages = np.empty(count, np.float32), np.empty(count, np.int32)
        self._finished_starts = np.empty(count, np.int32)
        self._penalties = np.empty(count, np.float32)
        self._likeliest_rows, self._likeliest_costs = np.empty(count, np.int32), np.empty(count, np.float32)
        self.reset()

    @property
    def state_bytes(self) -> int:
        """What this matcher holds beside the templates."""
        return sum(array.nbytes for array in vars(self).values() if isinstance(array, np.ndarray))

    def reset(self) -> None:
        """Forget the stream; the next tick may have any number."""
        self._tick: int | None = None
        start_over(self._cost_sums, self._paths, self._finished_costs, self._finished_ages)

    def advance(self, tick: int, query: FloatArray, trust: FloatArray) -> None:
        """Take in one tick: query (D,), trust (D,) in 0..1. Ticks rise by one.

        A dimension that is not finite, or whose trust is not, counts as hidden.
        """
        if self._tick is not None and tick != self._tick + 1:
            raise InvalidInputError(f"ticks must rise by one, got {tick} after {self._tick}")
        if query.shape != self._query.shape or trust.shape != self._query.shape:
            raise InvalidInputError(f"query and trust must be {self._query.shape}, got {query.shape} and {trust.shape}")
        # Of one type and layout, so that one compiled kernel serves.
        self._query[:], self._trust[: len(trust)] = query, trust
        self._tick = tick
        packed = self._templates
        advance(
            packed.frames,
            packed.frame_offsets,
            packed.row_counts,
            packed.state_offsets,
            packed.weights,
            packed.max_frames,
            self._query,
            self._trust,
            self._folded,
            self._cost_sums,
            self._paths,
            self._finished_costs,
            self._finished_ages,
        )

    def forget_before(self, tick: int) -> None:
        """Drop every match that began before this tick."""
        if self._tick is not None:
            forget_older(self._tick - tick, self._cost_sums, self._paths, self._finished_costs, self._finished_ages)

    def finished(self) -> tuple[FloatArray, NDArray[np.int32]]:
        """(N,) mean cost per cell of each template's best match that ends now, inf for none, and its first tick."""
        np.subtract(self._tick or 0, self._finished_ages, out=self._finished_starts)
        return self._finished_costs, self._finished_starts

    def likeliest(self, penalties: FloatArray) -> tuple[NDArray[np.int32], FloatArray]:
        """(N,) how far each template has most likely come: its row, 0 the first, and the mean cost of the match so far.

        That is the row with the least mean cost and penalty for what is missing; penalties (N,): what missing the whole
        template would cost.
        """
        if penalties.shape != self._penalties.shape:
            raise InvalidInputError(f"penalties must be {self._penalties.shape}, got {penalties.shape}")
        self._penalties[:] = penalties
        packed, found = self._templates, (self._likeliest_rows, self._likeliest_costs)
        likeliest_rows(packed.row_counts, packed.state_offsets, self._cost_sums, self._paths, self._penalties, *found)
        return found

    def live(self, template: int) -> tuple[FloatArray, NDArray[np.int32]]:
        """(L - 1,) mean cost and first tick of the match up to each row of a template but its last. Allocates."""
        first = int(self._templates.state_offsets[template])
        rows = slice(first, first + int(self._templates.row_counts[template]) - 1)
        paths = self._paths[rows]
        costs = (self._cost_sums[rows] / (paths & _CELLS_MASK)).astype(np.float32)
        return costs, ((self._tick or 0) - (paths >> _AGE_BITS)).astype(np.int32)

    def mean_costs(self) -> FloatArray:
        """The mean cost of the match so far of each row, template after template; inf for none. Allocates."""
        counts, offsets = self._templates.row_counts, self._templates.state_offsets
        rows = np.concatenate([np.arange(0), *(np.arange(n) + at for n, at in zip(counts, offsets, strict=False))])
        costs: FloatArray = (self._cost_sums[rows] / (self._paths[rows] & _CELLS_MASK)).astype(np.float32)
        return costs
