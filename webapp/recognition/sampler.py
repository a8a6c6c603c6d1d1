"""A stream of poses at any frame rate as even, smoothed ticks: the streaming twin of tracks.resample and smooth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from webapp.core.records import FloatArray
from webapp.core.tracks import RATE_HZ, SMOOTHING_REACH_TICKS, blend, smoothed_middle

_WINDOW = 2 * SMOOTHING_REACH_TICKS + 1


@dataclass(frozen=True)
class Tick:
    """One even moment of the stream: points (K, D), visible (K,)."""

    time_s: float
    points: FloatArray
    visible: FloatArray


class TickSampler:
    """Turns frames into ticks; a tick comes SMOOTHING_REACH_TICKS after its moment, when its neighbours are known."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        self._last: tuple[float, FloatArray, FloatArray] | None = None
        self._start_s = 0.0
        self._count = 0
        self._window: list[tuple[FloatArray, FloatArray]] = []

    def add(self, time_s: float, points: FloatArray, visible: FloatArray) -> Iterator[Tick]:
        """Take in one frame later than the last; points are 0 where visible is."""
        last, self._last = self._last, (time_s, points, visible)
        if last is None:
            self._start_s = time_s
            self._count = 1
            self._window = [(points, visible)] * (SMOOTHING_REACH_TICKS + 1)
            return
        last_s, last_points, last_visible = last
        while (next_s := self._start_s + self._count / RATE_HZ) <= time_s + 1e-9:
            share = min(1.0, (next_s - last_s) / (time_s - last_s))
            self._count += 1
            yield from self._push(blend((last_points, points), (last_visible, visible), share))

    def finish(self) -> Iterator[Tick]:
        """The ticks still waiting for neighbours, the last one standing in for them; then the stream is over."""
        if self._last is not None:
            for _ in range(SMOOTHING_REACH_TICKS):
                self._count += 1
                yield from self._push(self._window[-1])
        self.reset()

    def _push(self, sample: tuple[FloatArray, FloatArray]) -> Iterator[Tick]:
        self._window = [*self._window[-_WINDOW + 1 :], sample]
        if len(self._window) == _WINDOW:
            points, visible = smoothed_middle(
                np.stack([p for p, _ in self._window]), np.stack([v for _, v in self._window])
            )
            time_s = self._start_s + (self._count - 1 - SMOOTHING_REACH_TICKS) / RATE_HZ
            yield Tick(time_s, points, visible)
