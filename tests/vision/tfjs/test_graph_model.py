"""Reading TensorFlow.js graph models: weights as they were stored, and what is no such model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vision.tfjs.graphs import BIAS, KERNEL, SLOPE, SmallModel
from webapp.core.errors import InvalidInputError
from webapp.vision.tfjs.graph_model import read_graph_model, shard_names


def test_the_weights_lie_one_after_the_other_in_all_files(tmp_path: Path) -> None:
    model = read_graph_model(SmallModel().write(tmp_path))

    assert set(model.weights) == {"kernel", "bias", "slope"}
    assert np.array_equal(model.weights["kernel"], KERNEL)
    assert np.array_equal(model.weights["slope"], SLOPE)
    assert (model.picture, model.outputs) == ("picture", ("answer:0",))


@pytest.mark.parametrize(
    ("quantization", "tolerance"),
    [
        ({"dtype": "float16"}, 0.001),
        ({"dtype": "uint8", "min": -2.0, "scale": 3.0 / 255}, 0.006),
        ({"dtype": "uint16", "min": -2.0, "scale": 3.0 / 65535}, 0.0001),
    ],
)
def test_weights_stored_smaller_are_stretched_back(
    tmp_path: Path, quantization: dict[str, Any], tolerance: float
) -> None:
    model = read_graph_model(SmallModel(stored={"bias": quantization}).write(tmp_path))

    assert model.weights["bias"].dtype == np.float32
    assert np.asarray(model.weights["bias"], np.float32) == pytest.approx(BIAS, abs=tolerance)
    assert np.array_equal(model.weights["slope"], SLOPE)


def test_the_signature_says_which_outputs_are_meant(tmp_path: Path) -> None:
    content = {**SmallModel().content, "signature": {"outputs": {"one": {"name": "as_float:0"}}}}

    assert read_graph_model(SmallModel().write(tmp_path, content)).outputs == ("as_float:0",)


def test_the_weight_files_are_known_before_they_are_there(tmp_path: Path) -> None:
    assert shard_names(SmallModel().write(tmp_path)) == ["a.bin", "b.bin"]


@pytest.mark.parametrize("name", ["../a.bin", "/etc/passwd", "weights/a.bin", ""])
def test_a_weight_file_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    content = SmallModel().content
    content["weightsManifest"][0]["paths"] = [name]
    path = SmallModel().write(tmp_path, content)

    for read in (read_graph_model, shard_names):
        with pytest.raises(InvalidInputError, match="a weight file must lie beside the model, got the path"):
            read(path)


def test_a_missing_weight_file_is_named(tmp_path: Path) -> None:
    path = SmallModel().write(tmp_path)
    (tmp_path / "b.bin").unlink()

    with pytest.raises(InvalidInputError, match=r"the weight file b\.bin is missing in "):
        read_graph_model(path)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (SmallModel().data[:-4], "end after 460 bytes, within slope"),
        (SmallModel().data + b"more", "have 468 bytes, 464 were expected"),
        (b"", "end after 0 bytes, within kernel"),
    ],
)
def test_weights_of_another_length_are_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        read_graph_model(SmallModel().write(tmp_path, data=data))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"dtype": "string"}, "weight bias must be one of float32, int32, bool, got 'string'"),
        (
            {"quantization": {"dtype": "int4"}},
            "weight bias must be stored as one of uint8, uint16, float16, got 'int4'",
        ),
    ],
)
def test_a_weight_of_another_type_is_refused(tmp_path: Path, entry: dict[str, Any], problem: str) -> None:
    content = SmallModel().content
    content["weightsManifest"][0]["weights"][1] |= entry

    with pytest.raises(InvalidInputError, match=problem):
        read_graph_model(SmallModel().write(tmp_path, content))


@pytest.mark.parametrize("inputs", [0, 2])
def test_a_graph_takes_one_picture(tmp_path: Path, inputs: int) -> None:
    content = SmallModel().content
    others = content["modelTopology"]["node"][1:]
    content["modelTopology"]["node"] = [{"name": f"p{nth}", "op": "Placeholder"} for nth in range(inputs)] + others

    with pytest.raises(InvalidInputError, match=rf"must have one input, the picture; it has {inputs}"):
        read_graph_model(SmallModel().write(tmp_path, content))


def test_a_constant_without_weights_is_named(tmp_path: Path) -> None:
    content = SmallModel().content
    content["modelTopology"]["node"].append({"name": "lost", "op": "Const", "attr": {}})

    with pytest.raises(InvalidInputError, match=r"model\.json has no weights for 1 constants, such as lost"):
        read_graph_model(SmallModel().write(tmp_path, content))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"modelTopology": {}}', '{"modelTopology": {"node": [{}]}}', '{"modelTopology": 3}']
)
def test_what_is_no_graph_model_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)

    with pytest.raises(InvalidInputError, match=r"model\.json is no model\.json of a TensorFlow\.js graph model"):
        read_graph_model(path)


def test_a_model_of_layers_is_no_graph(tmp_path: Path) -> None:
    path = SmallModel().write(tmp_path, {**SmallModel().content, "format": "layers-model"})

    with pytest.raises(InvalidInputError, match="is a layers-model, only a graph-model can be converted"):
        read_graph_model(path)


def test_a_missing_model_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"model\.json cannot be read: No such file"):
        read_graph_model(tmp_path / "model.json")
