"""What both recognition benches share measures what it says."""

from __future__ import annotations

import os

import pytest

from webapp.bench.one_core import first_call_ms, gflop, medians_ms, one_core
from webapp.core.errors import MoveprintError


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_everything_runs_on_one_core_and_afterwards_on_all_again() -> None:
    before = os.sched_getaffinity(0)
    with one_core() as how:
        assert len(os.sched_getaffinity(0)) == 1
    assert "One core" in how
    assert os.sched_getaffinity(0) == before


def test_steps_take_turns_and_the_first_round_does_not_count() -> None:
    order = []

    def step(name: str, times_ms: list[float]) -> list[float]:
        order.append(name)
        return [times_ms.pop(0)]

    slow_first, steady = [100.0, 1.0, 3.0, 2.0], [7.0] * 4
    medians = medians_ms(3, {"a": lambda: step("a", slow_first), "b": lambda: step("b", steady)})
    assert medians == {"a": 2.0, "b": 7.0}
    assert order == ["a", "b"] * 4


def test_a_first_call_is_measured_in_a_process_of_its_own() -> None:
    figures = first_call_ms("import time", "time.sleep(0.05)")
    assert figures["first_call_ms"] >= 50


def test_a_process_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(MoveprintError, match="No module named 'absent'"):
        first_call_ms("import absent", "")


def test_comparing_is_three_operations_a_number() -> None:
    assert gflop(1000, 1000, 1000) == 3.0
