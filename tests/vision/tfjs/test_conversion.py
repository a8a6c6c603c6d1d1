"""The TFLite file answers as TensorFlow does, and as plain arithmetic says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.vision.tfjs.graphs import BIAS, FLOAT, KERNEL, SLOPE, SmallModel
from webapp.core.errors import ModelUnavailableError
from webapp.core.records import FloatArray
from webapp.vision.tfjs.conversion import convert


def expected(picture: FloatArray) -> FloatArray:
    """The convolution by hand, on a padded picture (10, 10, 3) of even size: SAME pads at the end."""
    padded = np.pad(picture, ((0, 1), (0, 1), (0, 0)))
    sums = [
        [np.tensordot(padded[y : y + 3, x : x + 3], KERNEL, axes=3) + BIAS for x in range(0, 10, 2)]
        for y in range(0, 10, 2)
    ]
    values = np.array(sums)
    return np.where(values > 0, values, SLOPE * values).astype(np.float32)


def test_what_was_fused_is_computed(tmp_path: Path) -> None:
    target = tmp_path / "small.tflite"
    picture = np.random.default_rng(3).integers(0, 256, (10, 10, 3)).astype(np.int32)

    difference = convert(SmallModel().write(tmp_path), target, side_px=10)

    interpreter = Interpreter(model_path=str(target))
    interpreter.allocate_tensors()
    (place,) = interpreter.get_input_details()
    assert place["shape"].tolist() == [1, 10, 10, 3]
    assert place["dtype"] is np.int32
    interpreter.set_tensor(place["index"], picture[None])
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert answer[0] == pytest.approx(expected(picture.astype(np.float32)), abs=0.01)
    assert difference < 0.01


def test_what_cannot_be_converted_is_said_in_a_sentence(tmp_path: Path) -> None:
    content = SmallModel().content
    nodes = content["modelTopology"]["node"]
    nodes.append({"name": "gamma", "op": "Igamma", "input": ["answer", "answer"], "attr": {"T": FLOAT}})
    target = tmp_path / "small.tflite"

    with pytest.raises(
        ModelUnavailableError,
        match=r"model\.json could not be converted: TFLite has no form for the graph: 'tf\.Igamma'",
    ):
        convert(SmallModel().write(tmp_path, content), target, side_px=10)

    assert not target.exists()
