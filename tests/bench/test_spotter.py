"""The spotter bench prints every figure it promises, in a form a program can read."""

from __future__ import annotations

import json

import pytest

from webapp.bench import spotter
from webapp.cli import main


def test_the_last_line_is_one_flat_object_with_every_figure(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spotter, "STREAM_FRAMES", 20)
    status = main(["bench", "spotter", "--json", "--rounds", "1"])

    figures = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert status == 0
    assert figures["ms_per_frame_10000"] > figures["ms_per_frame_1000"] > 0
    assert 96 < figures["bytes_per_template_frame"] < 125
    assert figures["allocations_per_frame"] < 0.1
    assert figures["peak_bytes_in_a_frame"] < 4096
    assert figures["first_call_ms"] > 0


def test_no_rounds_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "spotter", "--rounds", "0"]) == 1
    assert "--rounds must be at least 1, got 0" in capfd.readouterr().err
