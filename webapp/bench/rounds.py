"""Measuring in rounds: everything in turn, so that a busy moment of the machine hits all; medians."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def medians_ms(steps: Mapping[str, Callable[[Item], object]], items: Sequence[Item], rounds: int) -> dict[str, float]:
    """Median per step, all in turn, so that a busy moment of the machine hits all; the first round warms up.

    A step that answers a number of milliseconds took its time itself.
    """
    times_ms: dict[str, list[float]] = {name: [] for name in steps}
    for _ in shown(range(rounds + 1), "Models"):
        for name, step in steps.items():
            for item in items:
                started = time.perf_counter()
                own_ms = step(item)
                times_ms[name].append(own_ms if isinstance(own_ms, float) else ms_since(started))
    return {name: rounded(times[len(items) :]) for name, times in times_ms.items()}


def shown(rounds: Collection[Item], what: str) -> Iterable[Item]:
    """The same, with a bar where somebody watches."""
    bar: Iterable[Item] = tqdm(rounds, desc=what, unit="round", disable=not sys.stderr.isatty())
    return bar


def rounded(times_ms: Sequence[float]) -> float:
    """The median, to a microsecond."""
    return round(median(times_ms), 3)


def ms_since(started: float) -> float:
    """Milliseconds since a moment of time.perf_counter."""
    return (time.perf_counter() - started) * 1000
