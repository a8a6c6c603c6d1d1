"""Work spread over processes: the answers come in the order of the items, whatever the number of processes."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from tqdm import tqdm

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

_shared: list[Any] = []
"""In a child process: what every item needs, sent over once."""


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """How many processes work; 1 is this very process."""

    processes: int

    def map(
        self,
        function: Callable[[Shared, Item], Result],
        shared: Shared,
        items: Sequence[Item],
        *,
        label: str,
        unit: str,
        size: Callable[[Item], int],
    ) -> list[Result]:
        """function(shared, item) for each item; a bar on standard error shows how many units of size are done."""
        if self.processes == 1 or len(items) < 2:
            return self._watched((function(shared, item) for item in items), items, label, unit, size)
        # spawned, not forked: the same on every system, and no lock of a thread is copied while held
        context = multiprocessing.get_context("spawn")
        count = min(self.processes, len(items))
        with ProcessPoolExecutor(count, context, initializer=_receive, initargs=(shared,)) as pool:
            futures = [pool.submit(_call, function, item) for item in items]
            try:
                return self._watched((future.result() for future in futures), items, label, unit, size)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    @staticmethod
    def _watched(
        results: Iterable[Result], items: Sequence[Item], label: str, unit: str, size: Callable[[Item], int]
    ) -> list[Result]:
        kept = []
        total = sum(size(item) for item in items)
        with tqdm(desc=label, total=total, unit=unit, disable=not sys.stderr.isatty(), leave=False) as bar:
            for item, result in zip(items, results, strict=True):
                kept.append(result)
                bar.update(size(item))
        return kept


def _receive(shared: object) -> None:
    _shared[:] = [shared]


def _call(function: Callable[[Any, Item], Result], item: Item) -> Result:
    return function(_shared[0], item)
