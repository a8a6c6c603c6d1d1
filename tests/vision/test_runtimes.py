"""The choice of a runtime: measured once, remembered, and never fatal while one of them works."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision import runtimes
from webapp.vision.detectors.blazepose import OUTPUTS, SIDE_PX
from webapp.vision.runtimes import Network, load_network
from webapp.vision.weights import model_path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the detector, in a weights folder without a cache."""
    path = tmp_path / "weights" / "mediapipe" / "pose_detection.tflite"
    path.parent.mkdir(parents=True)
    shutil.copy(model_path("blazepose_detector", Settings().weights_dir), path)
    return path


def load(path: Path, runtime: str = "auto") -> Network:
    return load_network(path, OUTPUTS, SIDE_PX, threads=1, runtime=runtime)


def broken(*_: object) -> Network:
    raise RuntimeError("illegal instruction")


def choices(path: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads((path.parents[1] / "cache" / "runtimes.json").read_text())
    return kept


def test_the_choice_is_measured_once_and_remembered(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(model)
    monkeypatch.setattr(runtimes, "_times_s", broken)

    second = load(model)

    assert list(choices(model).values()) == [first.runtime]
    assert second.runtime == first.runtime


def test_a_damaged_memory_of_the_choice_is_written_anew(model: Path) -> None:
    (model.parents[1] / "cache").mkdir()
    (model.parents[1] / "cache" / "runtimes.json").write_text("{oops")

    chosen = load(model).runtime

    assert list(choices(model).values()) == [chosen]


def test_the_memory_of_the_choice_is_readable_for_other_users(model: Path) -> None:
    load(model)

    assert stat.S_IMODE((model.parents[1] / "cache" / "runtimes.json").stat().st_mode) == 0o644


def test_a_memory_that_may_not_be_read_hinders_nothing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> dict[str, str]:
        raise PermissionError(13, "Permission denied", "runtimes.json")

    monkeypatch.setattr(runtimes, "_choices", refuse)

    assert load(model).runtime in ("openvino", "litert")


def test_where_one_runtime_fails_the_other_is_used(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runtimes._LOADERS, "openvino", broken)

    assert load(model).runtime == "litert"


def test_where_no_runtime_works_the_error_names_both(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runtimes._LOADERS, "openvino", broken)
    monkeypatch.setitem(runtimes._LOADERS, "litert", broken)

    with pytest.raises(ModelUnavailableError, match=r"openvino cannot load.*litert cannot load"):
        load(model)


@pytest.mark.parametrize("runtime", ["openvino", "litert", "auto"])
def test_a_file_that_is_no_model_is_refused(runtime: str, model: Path) -> None:
    model.write_bytes(b"no model at all" * 100)

    with pytest.raises(ModelUnavailableError, match=r"pose_detection\.tflite"):
        load(model, runtime)


def test_an_unknown_runtime_is_refused_by_name(model: Path) -> None:
    with pytest.raises(InvalidInputError, match="'tensorrt'"):
        load(model, "tensorrt")


@pytest.mark.parametrize("runtime", ["openvino", "litert"])
def test_a_batch_is_the_same_as_its_images_one_by_one(runtime: str, model: Path) -> None:
    network = load(model, runtime)
    batch = np.random.default_rng(2).uniform(-1, 1, (2, SIDE_PX, SIDE_PX, 3)).astype(np.float32)

    together = network.run(batch)

    alone = [network.run(image[None]) for image in batch]
    for position, value in enumerate(together):
        assert np.allclose(value, np.concatenate([one[position] for one in alone]), atol=1e-4)
