"""Builds a small TFLite model with the signature of SSD MobileNet whose answer is known.

Three anchors, of which each is as sure as one colour of the picture is bright: red a tall person in the middle, green a
tiny person at the top right, blue something else on the right.
"""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers
from numpy.typing import NDArray

SIDE_PX = 300
PERSON_YXYX = (0.1, 0.35, 0.9, 0.65)
TINY_YXYX = (0.05, 0.85, 0.1, 0.9)
OTHER_YXYX = (0.2, 0.7, 0.8, 0.95)
_KINDS = {"float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32, "uint8": schema.TensorType.UINT8}


class _Graph:
    """A model as it is put together."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators, self.graph.inputs, self.graph.outputs = [], [], [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, name: str, shape: tuple[int, ...], kind: str = "float32") -> int:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), _KINDS[kind], 0
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def constant(self, name: str, values: NDArray[np.generic]) -> int:
        place = self.tensor(name, values.shape, str(values.dtype))
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        self.graph.tensors[place].buffer = len(self.model.buffers) - 1
        return place

    def operator(self, code: int, inputs: list[int], outputs: list[int], custom: str = "") -> schema.OperatorT:
        kind = schema.OperatorCodeT()
        kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, min(code, 127), 1
        kind.customCode = custom or None
        self.model.operatorCodes.append(kind)
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(self.model.operatorCodes) - 1, inputs, outputs
        self.graph.operators.append(made)
        return made

    def write(self, path: Path) -> None:
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))


def write_ssd(path: Path, side_px: int = SIDE_PX, outputs: tuple[int, ...] = (0, 1, 2, 3)) -> None:
    """outputs: which of boxes, classes, scores and count the model gives, in order."""
    made = _Graph()
    codes = schema.BuiltinOperator
    picture = made.tensor("picture", (1, side_px, side_px, 3), "uint8")
    numbers = made.tensor("numbers", (1, side_px, side_px, 3))
    made.operator(codes.CAST, [picture], [numbers])
    colours = made.tensor("colours", (1, 3))
    mean = made.operator(codes.MEAN, [numbers, made.constant("axes", np.array([1, 2], np.int32))], [colours])
    mean.builtinOptionsType, mean.builtinOptions = schema.BuiltinOptions.ReducerOptions, schema.ReducerOptionsT()
    column = made.tensor("column", (1, 3, 1))
    made.operator(codes.RESHAPE, [colours, made.constant("shape", np.array([1, 3, 1], np.int32))], [column])
    sure = made.tensor("sure", (1, 3, 2))
    classes = np.array([[[1, 0], [1, 0], [0, 1]]], np.float32) / 255
    times = made.operator(codes.MUL, [column, made.constant("classes of the anchors", classes)], [sure])
    times.builtinOptionsType, times.builtinOptions = schema.BuiltinOptions.MulOptions, schema.MulOptionsT()
    anchors = np.array([_anchor(box) for box in (PERSON_YXYX, TINY_YXYX, OTHER_YXYX)], np.float32)
    still = made.constant("no shift", np.zeros((1, 3, 4), np.float32))
    given = [made.tensor(name, shape) for name, shape in (("b", (1, 3, 4)), ("c", (1, 3)), ("s", (1, 3)), ("n", (1,)))]
    post = made.operator(
        codes.CUSTOM, [still, sure, made.constant("anchors", anchors)], given, custom="TFLite_Detection_PostProcess"
    )
    post.customOptions = np.frombuffer(_post_processing(), np.uint8)
    made.graph.inputs, made.graph.outputs = [picture], [given[place] for place in outputs]
    made.write(path)


def _anchor(box_yxyx: tuple[float, ...]) -> tuple[float, ...]:
    y1, x1, y2, x2 = box_yxyx
    return (y1 + y2) / 2, (x1 + x2) / 2, y2 - y1, x2 - x1


def _post_processing() -> bytes:
    builder = flexbuffers.Builder()
    with builder.Map():
        for name, count in {"max_detections": 3, "max_classes_per_detection": 1, "num_classes": 2}.items():
            builder.Int(name, count)
        builder.Bool("use_regular_nms", False)
        for name, value in {
            "nms_score_threshold": 0.01,
            "nms_iou_threshold": 0.6,
            "y_scale": 10.0,
            "x_scale": 10.0,
        }.items():
            builder.Float(name, value)
        builder.Float("h_scale", 5.0)
        builder.Float("w_scale", 5.0)
    return bytes(builder.Finish())
