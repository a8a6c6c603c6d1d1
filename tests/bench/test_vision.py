"""The vision bench prints every figure it promises, in a form a program can read."""

from __future__ import annotations

import json
import sys

import pytest

from webapp.cli import main


def test_the_last_line_is_one_flat_object_with_a_figure_per_model(capfd: pytest.CaptureFixture[str]) -> None:
    status = main(["bench", "vision", "--json", "--rounds", "1"])

    figures = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert status == 0
    assert {"blazepose_ms", "blazepose_full_ms", "person_step_ms"} <= set(figures)
    runtimes = {name: value for name, value in figures.items() if name.endswith("_runtime")}
    assert all(value > 0 for name, value in figures.items() if name not in runtimes)
    assert runtimes["blazepose_full_runtime"] in ("openvino", "litert")


def test_no_rounds_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "vision", "--rounds", "0"]) == 1
    assert "--rounds must be at least 1" in capfd.readouterr().err


def test_a_peer_that_cannot_be_run_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "vision", "--rounds", "1", "--peer-python", "/absent/python"]) == 1
    assert "--peer-python /absent/python cannot be run" in capfd.readouterr().err


def test_a_peer_without_mediapipe_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "vision", "--rounds", "1", "--peer-python", sys.executable]) == 1
    assert "does not run mediapipe" in capfd.readouterr().err
