"""What both recognition benches share: one core, medians in turn, what the core could do at best, a first call."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numba import njit

from webapp.config import ROOT
from webapp.core.errors import MoveprintError
from webapp.core.lanes import LANES, least, load, prefetch, splat
from webapp.core.records import FloatArray

_AHEAD = 4096
_L1_FLOATS = 4096
_SUMS = 12


@contextlib.contextmanager
def one_core() -> Iterator[str]:
    """Keep this process, and what it starts, on one core where the system can; answers how, as a sentence."""
    if not hasattr(os, "sched_setaffinity"):  # as on macOS
        yield "One thread: every function is called in its single-threaded form."
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield f"One core: this process and what it starts are bound to core {max(before)}."
    finally:
        os.sched_setaffinity(0, before)


def medians_ms(rounds: int, steps: Mapping[str, Callable[[], list[float]]]) -> dict[str, float]:
    """Median milliseconds of each step, all in turn, so that a busy moment of the machine hits all.

    A step answers the milliseconds of its calls. The first round warms up.
    """
    times_ms: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            times_ms[name] += step() if number else step()[:0]
    return {name: statistics.median(times) for name, times in times_ms.items()}


def timed(function: Callable[[], object], calls: int) -> Callable[[], list[float]]:
    """A step that calls so many times."""

    def step() -> list[float]:
        times_ms = []
        for _ in range(calls):
            started = time.perf_counter()
            function()
            times_ms.append((time.perf_counter() - started) * 1000)
        return times_ms

    return step


def first_call_ms(imports: str, call: str) -> dict[str, float]:
    """Import and first call in a new process that finds compiled code on disk.

    numba's own start (its registries of everything it can compile) is in the first call and told by itself too.
    """
    code = (
        "import time; t0 = time.perf_counter()\n"
        f"{imports}\n"
        "t1 = time.perf_counter()\n"
        "from numba.core.registry import cpu_target; cpu_target.target_context.refresh()\n"
        "cpu_target.typing_context.refresh()\n"
        "t2 = time.perf_counter()\n"
        f"{call}\n"
        "t3 = time.perf_counter(); print(1e3 * (t3 - t1), 1e3 * (t1 - t0), 1e3 * (t2 - t1))"
    )
    for _ in range(2):  # the first fills the cache where it is empty
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MoveprintError(f"a new process could not be measured: {done.stderr.strip()[-500:]}")
    first, imported, registries = (round(float(word), 1) for word in done.stdout.split()[-3:])
    return {"first_call_ms": first, "import_ms": imported, "numba_start_ms": registries}


def read_gb_per_s(floats: int) -> float:
    """How fast this core reads so much memory over and over, at best: the limit of what is bound by memory."""
    numbers = np.ones(-(-floats // (4 * LANES)) * 4 * LANES, np.float32)
    calls = max(5, 40_000_000 // numbers.size)
    took_ms = medians_ms(1, {"read": timed(lambda: _read(numbers), calls)})["read"]
    return numbers.nbytes / took_ms / 1e6


def compare_gflop_per_s() -> float:
    """How fast this core adds squared differences of numbers that lie in its nearest cache, at best."""
    numbers = np.ones(_L1_FLOATS, np.float32)
    took_ms = medians_ms(1, {"compare": timed(lambda: _compare(numbers, 100), 20)})["compare"]
    return gflop(100, _L1_FLOATS, _SUMS) / took_ms * 1000


def gflop(*sizes: int) -> float:
    """Subtracting, squaring and adding so many numbers, in 10^9 operations."""
    return 3 * float(np.prod(np.array(sizes, np.float64))) / 1e9


def random_walks(rng: np.random.Generator, count: int, frames: int, dimensions: int) -> FloatArray:
    """(count, frames, dimensions) smooth made-up movements about as large as features are."""
    walks: FloatArray = np.cumsum(rng.normal(0, 0.2, (count, frames, dimensions)), axis=1).astype(np.float32)
    return walks


@njit(cache=True)
def _read(numbers: Any) -> Any:
    first = splat(np.float32(0.0))
    second, third, fourth = first, first, first
    for index in range(0, numbers.shape[0], 4 * LANES):
        for line in range(4):
            prefetch(numbers, index + line * LANES + _AHEAD)
        first = first + load(numbers, index)
        second = second + load(numbers, index + LANES)
        third = third + load(numbers, index + 2 * LANES)
        fourth = fourth + load(numbers, index + 3 * LANES)
    return least(first + second + third + fourth)


@njit(cache=True)
def _compared(squares: Any, here: Any, number: Any) -> Any:
    difference = here - splat(number)
    return squares + difference * difference


@njit(cache=True)
def _compare(numbers: Any, times: Any) -> Any:
    """As many sums at a time as keep every unit busy: they wait for nothing but themselves."""
    a = b = c = d = e = f = g = h = i = j = k = m = splat(np.float32(0.0))
    for turn in range(times):
        n = numbers[:_SUMS] + np.float32(turn)
        for index in range(0, numbers.shape[0], LANES):
            here = load(numbers, index)
            a, b, c = _compared(a, here, n[0]), _compared(b, here, n[1]), _compared(c, here, n[2])
            d, e, f = _compared(d, here, n[3]), _compared(e, here, n[4]), _compared(f, here, n[5])
            g, h, i = _compared(g, here, n[6]), _compared(h, here, n[7]), _compared(i, here, n[8])
            j, k, m = _compared(j, here, n[9]), _compared(k, here, n[10]), _compared(m, here, n[11])
    return least(a + b + c + d + e + f + g + h + i + j + k + m)
