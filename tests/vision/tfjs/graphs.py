"""A small TensorFlow.js graph model that tests write: one convolution with all that is fused to it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core.records import FloatArray

FLOAT = {"type": "DT_FLOAT"}
KERNEL = np.linspace(-0.2, 0.3, 3 * 3 * 3 * 4, dtype=np.float32).reshape(3, 3, 3, 4)
BIAS = np.array([1.0, -2.0, 0.5, 0.0], np.float32)
SLOPE = np.array([0.25, 0.5, 0.0, 1.0], np.float32)


@dataclass
class SmallModel:
    """int32 picture -> float -> _FusedConv2D(BiasAdd, Prelu) -> answer; parts may be replaced before it is written."""

    fused: tuple[str, ...] = ("BiasAdd", "Prelu")
    inputs: list[str] = field(default_factory=lambda: ["as_float", "kernel", "bias", "slope"])
    values: dict[str, FloatArray] = field(default_factory=lambda: {"kernel": KERNEL, "bias": BIAS, "slope": SLOPE})
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How a weight is stored, if not plainly: the quantization of its entry."""

    @property
    def nodes(self) -> list[dict[str, Any]]:
        window = {"list": {"i": ["1", "2", "2", "1"]}}
        convolution = {
            "T": FLOAT,
            "strides": window,
            "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
            "padding": {"s": coded("SAME")},
            "data_format": {"s": coded("NHWC")},
            "explicit_paddings": {"list": {}},
            "fused_ops": {"list": {"s": [coded(name) for name in self.fused]}},
            "num_args": {"i": str(len(self.inputs) - 2)},
            "epsilon": {"f": 0},
        }
        return [
            {"name": "picture", "op": "Placeholder", "attr": {"dtype": {"type": "DT_INT32"}, "shape": {"shape": {}}}},
            *({"name": name, "op": "Const", "attr": {"dtype": FLOAT, "value": {}}} for name in self.values),
            {
                "name": "as_float",
                "op": "Cast",
                "input": ["picture"],
                "attr": {"SrcT": {"type": "DT_INT32"}, "DstT": FLOAT, "Truncate": {"b": False}},
            },
            {"name": "answer", "op": "_FusedConv2D", "input": self.inputs, "attr": convolution},
        ]

    @property
    def content(self) -> dict[str, Any]:
        weights: list[dict[str, Any]] = [
            {"name": name, "shape": list(value.shape), "dtype": "float32", **self._quantization(name)}
            for name, value in self.values.items()
        ]
        return {
            "format": "graph-model",
            "modelTopology": {"node": self.nodes, "versions": {"producer": 1482}},
            "weightsManifest": [{"paths": ["a.bin", "b.bin"], "weights": weights}],
        }

    @property
    def data(self) -> bytes:
        return b"".join(self._stored(name, value).tobytes() for name, value in self.values.items())

    def write(self, folder: Path, content: dict[str, Any] | None = None, data: bytes | None = None) -> Path:
        """model.json and its two weight files, cut anywhere."""
        data = self.data if data is None else data
        (folder / "a.bin").write_bytes(data[:100])
        (folder / "b.bin").write_bytes(data[100:])
        path = folder / "model.json"
        path.write_text(json.dumps(self.content if content is None else content))
        return path

    def _quantization(self, name: str) -> dict[str, Any]:
        return {"quantization": self.stored[name]} if name in self.stored else {}

    def _stored(self, name: str, value: FloatArray) -> np.ndarray[Any, Any]:
        how = self.stored.get(name, {"dtype": "float32"})
        if "scale" in how:
            value = np.rint((value - how["min"]) / how["scale"])
        return value.astype(how["dtype"])


def coded(text: str) -> str:
    """Bytes as a GraphDef in JSON holds them."""
    return base64.b64encode(text.encode()).decode()
