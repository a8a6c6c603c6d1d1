"""A measurement is a table for people and one line for programs."""

from __future__ import annotations

import json

import pytest

from webapp.bench.printing import print_measured

MEASURED: dict[str, float | str] = {"pictures": 20, "next_ms_p50": 9.5, "how": "hurried"}


def test_the_values_stand_under_each_other_and_what_they_mean_below(capsys: pytest.CaptureFixture[str]) -> None:
    print_measured(MEASURED, as_json=False, words="It is quick.")

    assert capsys.readouterr().out.splitlines() == [
        "pictures    20",
        "next_ms_p50 9.5",
        "how         hurried",
        "It is quick.",
    ]


def test_the_object_is_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_measured(MEASURED, as_json=True, words="It is quick.")

    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == MEASURED
