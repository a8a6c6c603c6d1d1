"""The bench of the grid: what it refuses, and the dataset it makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.bench import grid_dataset
from webapp.cli import main
from webapp.config import Settings
from webapp.services.accounts import get_account
from webapp.services.samples import SampleFilter, list_samples


def test_too_few_samples_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "grid", "--samples", "5"]) == 1
    assert "--samples must be 1000 to 100000, got 5" in capfd.readouterr().err


def test_its_dataset_has_as_many_samples_as_asked_for_in_few_pictures(
    app: Flask, settings: Settings, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid_dataset, "PICTURES", 3)
    make_account("bench")

    dataset_id = grid_dataset.make_dataset(settings.instance_dir, "bench", 30)

    with app.app_context():
        page = list_samples(get_account("bench"), dataset_id, SampleFilter(states=("reviewed",)))
    assert page.total == 10
    assert len(list(Path(settings.instance_dir / "datasets" / "pictures").rglob("*.jpg"))) == 3
