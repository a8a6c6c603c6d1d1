"""Operations that only TensorFlow.js has, or TFLite's converter does not take, as several that every TensorFlow has."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webapp.core.errors import InvalidInputError
from webapp.vision.tfjs.graph_model import Node

_PLAIN = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedMatMul": "MatMul",
}
_KEPT = {
    "Conv2D": ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings"),
    "DepthwiseConv2dNative": ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings"),
    "MatMul": ("T", "transpose_a", "transpose_b"),
}
_ACTIVATIONS = ("Relu", "Relu6", "Elu")


def unfused(nodes: Sequence[Node]) -> list[Node]:
    """The same graph without fused nodes; the last of several keeps the fused one's name, so nothing else changes."""
    plain: list[Node] = []
    for node in nodes:
        if node["op"] in _PLAIN:
            plain += _steps(node)
        elif node["op"] == "Prelu":
            plain += _prelu(node["name"], node["input"][0], node["input"][1], node["attr"]["T"])
        else:
            plain.append(node)
    return plain


def _steps(node: Node) -> list[Node]:
    """The operation without what was fused to it, then a node for each of those."""
    attributes, op = node["attr"], _PLAIN[node["op"]]
    fused = [base64.b64decode(name).decode() for name in attributes["fused_ops"]["list"].get("s", [])]
    kept = {key: attributes[key] for key in _KEPT[op] if key in attributes}
    further = iter(node["input"][2:])
    names = [*(f"{node['name']}/{step}" for step in [op, *fused[:-1]]), node["name"]] if fused else [node["name"]]
    nodes = [_node(names[0], op, node["input"][:2], kept)]
    for step, before, name in zip(fused, names, names[1:], strict=False):
        nodes += _step(node, step, before, name, further)
    return nodes


def _step(node: Node, step: str, before: str, name: str, further: Iterator[str]) -> list[Node]:
    dtype = node["attr"]["T"]
    try:
        if step == "BiasAdd":
            return [_node(name, step, [before, next(further)], {"T": dtype})]
        if step == "Prelu":
            return _prelu(name, before, next(further), dtype)
    except StopIteration as error:
        raise InvalidInputError(f"{node['op']} {node['name']} has no input for its {step}") from error
    if step == "LeakyRelu":
        return [_node(name, step, [before], {"T": dtype, "alpha": node["attr"]["leakyrelu_alpha"]})]
    if step in _ACTIVATIONS:
        return [_node(name, step, [before], {"T": dtype})]
    raise InvalidInputError(f"{node['op']} {node['name']} is fused with {step!r}, which cannot be converted")


def _prelu(name: str, values: str, slope: str, dtype: Any) -> list[Node]:
    """relu(x) - slope * relu(-x)."""
    kept = {"T": dtype}
    return [
        _node(f"{name}/positive", "Relu", [values], kept),
        _node(f"{name}/opposite", "Neg", [values], kept),
        _node(f"{name}/negative", "Relu", [f"{name}/opposite"], kept),
        _node(f"{name}/scaled", "Mul", [slope, f"{name}/negative"], kept),
        _node(name, "Sub", [f"{name}/positive", f"{name}/scaled"], kept),
    ]


def _node(name: str, op: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> Node:
    return {"name": name, "op": op, "input": list(inputs), "attr": dict(attributes)}
