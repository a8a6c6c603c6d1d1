"""The choice of a runtime: measured once, remembered, and never fatal while one of them works."""

from __future__ import annotations

import json
import shutil
import stat
from concurrent.futures import wait
from pathlib import Path

import numpy as np
import onnx
import pytest

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision import runtimes
from webapp.vision.detectors.blazepose import OUTPUTS, SIDE_PX
from webapp.vision.runtimes import LanedNetwork, Network, candidates, load_network
from webapp.vision.weights import model_path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the detector, in a weights folder without a cache."""
    path = tmp_path / "weights" / "mediapipe" / "pose_detection.tflite"
    path.parent.mkdir(parents=True)
    shutil.copy(model_path("blazepose_detector", Settings().weights_dir), path)
    return path


@pytest.fixture(autouse=True)
def quick_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_MEASURING_S", 0.0)


def load(path: Path, runtime: str = "auto") -> Network:
    return load_network(path, tuple(OUTPUTS), SIDE_PX, threads=1, runtime=runtime)


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


def test_nothing_compiled_is_kept_that_could_be_damaged_and_loaded(model: Path) -> None:
    load(model, "openvino")

    assert [path for path in model.parents[1].rglob("*") if path.is_file()] == [model]


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


def test_a_truncated_model_is_refused(model: Path) -> None:
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelUnavailableError, match=r"openvino cannot load pose_detection\.tflite: .*litert cannot"):
        load(model, "auto")


def test_a_missing_file_and_another_kind_of_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"zip")

    with pytest.raises(ModelUnavailableError, match=r"gone\.tflite is missing"):
        load_network(tmp_path / "gone.tflite")
    with pytest.raises(ModelUnavailableError, match=r"model\.keras is no model file: expected \.tflite or \.onnx"):
        load_network(tmp_path / "model.keras")


def test_outputs_that_the_model_has_not_are_named(model: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"expected an output 'boxes', found Identity, Identity_1"):
        load_network(model, ["boxes"])


def test_all_outputs_come_in_the_order_of_the_model(model: Path) -> None:
    image = np.full((1, SIDE_PX, SIDE_PX, 3), 0.5, np.float32)

    shapes = [[value.shape for value in load_network(model, runtime=name).run(image)] for name in candidates(model)]

    assert shapes[0] == shapes[1] == [(1, 2254, 12), (1, 2254, 1)]


@pytest.mark.parametrize("runtime", ["torch", "keras", "onnxruntime"])
def test_a_runtime_that_cannot_run_such_a_file_leaves_the_choice_to_the_others(
    runtime: str, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    assert load(model, runtime).runtime in candidates(model)
    assert f"pose_detection.tflite does not run on {runtime}" in caplog.text


def test_a_runtime_that_refuses_the_file_leaves_it_to_the_other(
    model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(runtimes._LOADERS, "litert", broken)

    assert load(model, "litert").runtime == "openvino"
    assert "litert cannot load pose_detection.tflite: illegal instruction" in caplog.text


def test_what_is_chosen_for_a_model_of_ones_own_is_kept_beside_all_others(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "weights" / "own" / "mine" / "model.tflite"
    path.parent.mkdir(parents=True)
    shutil.copy(model, path)

    load(path)

    assert (tmp_path / "weights" / "cache" / "runtimes.json").exists()
    assert [folder.name for folder in (tmp_path / "weights" / "own").iterdir()] == ["mine"]


@pytest.mark.parametrize("kind", [np.float32, np.uint8, np.int8, np.int32])
@pytest.mark.parametrize("shape", [(1, 12, 8, 1), (1, 6, 10, 3), (1, 0, 0, 3), (0, 6, 10, 3)])
def test_networks_are_measured_and_run_with_the_input_they_have(
    kind: type[np.generic], shape: tuple[int, ...], tmp_path: Path
) -> None:
    path = tmp_path / "weights" / "own" / "mean.onnx"
    path.parent.mkdir(parents=True)
    write_mean_network(path, kind, shape)
    batch = np.arange(3 * 12 * 10 * shape[3]).reshape(3, 12, 10, shape[3])[:, : shape[1] or 12, : shape[2] or 10]
    batch = (batch % 100).astype(kind)

    for runtime in ("auto", *candidates(path)):
        network = load_network(path, input_px=16, threads=2, runtime=runtime)
        (means,) = network.run(batch)

        assert network.input.dtype == kind
        assert network.input.shape == (1, shape[1] or -1, shape[2] or -1, shape[3])
        np.testing.assert_allclose(means, batch.astype(np.float32).mean(axis=(1, 2)), rtol=1e-5)


def write_mean_network(path: Path, kind: type[np.generic], shape: tuple[int, ...]) -> None:
    """The mean of each channel; a length of 0 is left open."""
    lengths = [length or f"length_{place}" for place, length in enumerate(shape)]
    taken = onnx.helper.make_tensor_value_info("image", onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind)), lengths)
    given = onnx.helper.make_tensor_value_info("mean", onnx.TensorProto.FLOAT, [lengths[0], shape[3]])
    axes = onnx.helper.make_tensor("axes", onnx.TensorProto.INT64, [2], [1, 2])
    nodes = [
        onnx.helper.make_node("Cast", ["image"], ["numbers"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("ReduceMean", ["numbers", "axes"], ["mean"], keepdims=0),
    ]
    graph = onnx.helper.make_graph(nodes, "mean", [taken], [given], [axes])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10), path)


def test_an_unknown_runtime_is_refused_by_name(model: Path) -> None:
    with pytest.raises(InvalidInputError, match="'tensorrt'"):
        load(model, "tensorrt")


@pytest.mark.parametrize("runtime", ["openvino", "litert"])
def test_a_batch_is_the_same_as_its_images_one_by_one(runtime: str, model: Path) -> None:
    network = load_network(model, tuple(OUTPUTS), SIDE_PX, threads=2, runtime=runtime)
    batch = np.random.default_rng(2).uniform(-1, 1, (5, SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    alone = [network.run(image[None]) for image in batch]

    answers = [network.run(batch)]  # one by one, while the lanes are loaded
    assert isinstance(network, LanedNetwork)
    wait_for_lanes(network)
    answers.append(network.run(batch))

    for together in answers:
        for position, value in enumerate(together):
            assert np.allclose(value, np.concatenate([one[position] for one in alone]), atol=1e-4)


@pytest.mark.parametrize(
    ("pictures", "lanes", "shared"),
    [(4, 0, 0), (1, 2, 0), (2, 2, 2), (3, 2, 2), (4, 2, 4), (2, 4, 0), (3, 4, 3), (5, 4, 4), (7, 4, 7)],
)
def test_a_few_pictures_left_over_have_all_threads(pictures: int, lanes: int, shared: int) -> None:
    assert runtimes._shared(pictures, lanes) == shared


def test_lanes_that_cannot_be_loaded_leave_the_pictures_to_run_one_by_one(
    model: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_network(model, threads=2, runtime="litert")
    monkeypatch.setitem(runtimes._LOADERS, "litert", broken)
    batch = np.zeros((2, SIDE_PX, SIDE_PX, 3), np.float32)
    network.run(batch)
    assert isinstance(network, LanedNetwork)
    wait_for_lanes(network)

    assert [len(value) for value in network.run(batch)] == [2, 2]
    assert "one after the other" in caplog.text


def wait_for_lanes(network: LanedNetwork) -> None:
    assert network._lanes is not None
    wait([network._lanes], timeout=60)
