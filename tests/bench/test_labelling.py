"""The bench of labelling: what it refuses, and that its labeller gets through the page as it is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from webapp.bench import labelling
from webapp.cli import main


def test_too_few_pictures_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "labelling", "--pictures", "3"]) == 1
    assert "--pictures must be 4 to 300, got 3" in capfd.readouterr().err


@pytest.mark.browser
def test_the_labeller_gets_through_the_page(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SAMPLES": 30, "LOOK_S": 0.1, "POINT_S": 0.1}.items():
        monkeypatch.setattr(labelling, name, value)

    with ThreadPoolExecutor(1) as apart:  # another test of this process may keep a Playwright in the main thread
        assert apart.submit(main, ["bench", "labelling", "--pictures", "4", "--json"]).result() == 0

    measured = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert measured["inputs_per_right_picture"] == 1
    assert measured["inputs_per_corrected_joint"] == 2
    assert measured["pictures_per_minute"] > 0
    assert 0 < measured["next_ms_p50"] <= measured["next_ms_p95"]
