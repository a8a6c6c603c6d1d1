"""The speed of a model: one figure for each runtime that can run it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision import speed
from webapp.vision.catalogue import Role
from webapp.vision.speed import model_speed
from webapp.vision.weights import model_path


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "ROUNDS", 2)


@pytest.mark.parametrize(("role", "name"), [("detector", "blazepose"), ("pose", "blazepose_lite")])
def test_a_model_is_measured_on_each_runtime_that_reads_its_file(role: Role, name: str) -> None:
    speeds_ms = model_speed(role, name, Settings(threads=1))

    assert set(speeds_ms) == {"openvino", "litert"}
    assert all(0 < ms < 10_000 for ms in speeds_ms.values())


def test_a_model_whose_file_is_missing_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="weights pull yolov5x"):
        model_speed("detector", "yolov5x", Settings(weights_dir=tmp_path))


def test_a_damaged_model_is_not_measured(tmp_path: Path) -> None:
    whole = model_path("blazepose_detector", Settings().weights_dir)
    damaged = tmp_path / whole.relative_to(Settings().weights_dir)
    damaged.parent.mkdir()
    shutil.copy(whole, damaged)
    damaged.write_bytes(damaged.read_bytes()[:1000])

    with pytest.raises(ModelUnavailableError, match="damaged"):
        model_speed("detector", "blazepose", Settings(weights_dir=tmp_path))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'yolo11'"):
        model_speed("detector", "yolo11", Settings())
    with pytest.raises(InvalidInputError, match="'openpose'"):
        model_speed("pose", "openpose", Settings())
