"""python -m webapp.vision.tfjs.converter MODEL_JSON TARGET SIDE_PX: the child of conversion.convert().

Prints how far the TFLite file and TensorFlow are apart, as one JSON object; one sentence on standard error and exit
status 1 where the model cannot be converted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from google.protobuf.json_format import ParseDict, ParseError
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.lite.python.convert_phase import ConverterError

from webapp.core.errors import InvalidInputError, MoveprintError
from webapp.core.records import FloatArray
from webapp.vision.tfjs.graph_model import GraphModel, read_graph_model
from webapp.vision.tfjs.unfusing import unfused


def main(model_json: str, target: str, side_px: str) -> int:
    """Convert, compare, answer."""
    try:
        function = tensorflow_function(read_graph_model(Path(model_json)), int(side_px))
        content = tflite(function)
        picture = np.random.default_rng(1).uniform(0, 255, (1, int(side_px), int(side_px), 3)).astype(np.float32)
        difference = largest_difference(function, content, picture)
        Path(target).write_bytes(content)
    except MoveprintError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps({"largest_difference": difference}))
    return 0


def tensorflow_function(model: GraphModel, side_px: int) -> Any:
    """The frozen graph as a concrete function of one picture (1, side_px, side_px, 3)."""
    graph = _graph_def(model, side_px)
    try:
        imported = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
        tensors = [imported.graph.get_tensor_by_name(name) for name in model.outputs]
        return imported.prune(imported.graph.get_tensor_by_name(f"{model.picture}:0"), tensors)
    except (ValueError, KeyError, tf.errors.OpError) as error:
        raise InvalidInputError(f"TensorFlow cannot read the graph: {_first_line(error)}") from error


def tflite(function: Any) -> bytes:
    """The TFLite file of a concrete function."""
    try:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], function)
        return bytes(converter.convert())
    except (ConverterError, ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = _first_line(error).rpartition("error: ")[2]
        raise InvalidInputError(f"TFLite has no form for the graph: {reason}") from error


def largest_difference(function: Any, content: bytes, picture: FloatArray) -> float:
    """Between the outputs of TensorFlow and of the TFLite file for the same picture."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (place,) = interpreter.get_input_details()
    values = picture.astype(place["dtype"])
    interpreter.set_tensor(place["index"], values)
    interpreter.invoke()
    found = {detail["name"]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}
    expected = {tensor.name: tensor for tensor in function.outputs}
    answers = [answer.numpy() for answer in function(tf.constant(values))]
    return max(
        float(np.max(np.abs(answer - found[name.partition(":")[0]])))
        for name, answer in zip(expected, answers, strict=True)
    )


def _graph_def(model: GraphModel, side_px: int) -> Any:
    """The GraphDef with the constants' values in it, its one placeholder of a fixed size."""
    try:
        graph = ParseDict({**model.topology, "node": unfused(model.nodes)}, GraphDef())
    except (ParseError, KeyError, TypeError) as error:
        raise InvalidInputError(f"the graph is no GraphDef: {_first_line(error)}") from error
    for node in graph.node:
        if node.op == "Const":
            value = tf.make_tensor_proto(model.weights[node.name])
            node.attr["value"].tensor.CopyFrom(value)
            node.attr["dtype"].type = value.dtype
        elif node.name == model.picture:
            shape = tf.TensorShape([1, side_px, side_px, 3]).as_proto()
            node.attr["shape"].shape.CopyFrom(shape)
    return graph


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
