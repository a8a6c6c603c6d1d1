"""Fused nodes come apart, in order, and the last keeps the name that others refer to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vision.tfjs.graphs import FLOAT, SmallModel, coded
from webapp.core.errors import InvalidInputError
from webapp.vision.tfjs.unfusing import unfused


def fused(op: str, steps: list[str], inputs: list[str], **attributes: Any) -> dict[str, Any]:
    listed = {"list": {"s": [coded(step) for step in steps]} if steps else {}}
    return {"name": "n", "op": op, "input": inputs, "attr": {"T": FLOAT, "fused_ops": listed, **attributes}}


def told(node: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(plain["name"], plain["op"], plain["input"]) for plain in unfused([node])]


def test_a_bias_and_an_activation_follow_the_convolution() -> None:
    assert told(fused("_FusedConv2D", ["BiasAdd", "Relu6"], ["x", "w", "b"])) == [
        ("n/Conv2D", "Conv2D", ["x", "w"]),
        ("n/BiasAdd", "BiasAdd", ["n/Conv2D", "b"]),
        ("n", "Relu6", ["n/BiasAdd"]),
    ]


@pytest.mark.parametrize(
    ("op", "plain"), [("FusedDepthwiseConv2dNative", "DepthwiseConv2dNative"), ("_FusedMatMul", "MatMul")]
)
def test_other_fused_operations_come_apart_too(op: str, plain: str) -> None:
    assert told(fused(op, ["BiasAdd"], ["x", "w", "b"])) == [
        (f"n/{plain}", plain, ["x", "w"]),
        ("n", "BiasAdd", [f"n/{plain}", "b"]),
    ]


def test_with_nothing_fused_to_it_the_operation_keeps_its_name() -> None:
    assert told(fused("_FusedConv2D", [], ["x", "w"])) == [("n", "Conv2D", ["x", "w"])]


def test_only_what_the_plain_operation_knows_is_kept() -> None:
    node = fused("_FusedConv2D", ["Elu"], ["x", "w"], strides="s", num_args={"i": "0"}, epsilon={"f": 0})

    assert unfused([node])[0]["attr"] == {"T": FLOAT, "strides": "s"}
    assert unfused([node])[1]["attr"] == {"T": FLOAT}


def test_a_leaky_activation_brings_its_slope() -> None:
    node = fused("_FusedConv2D", ["LeakyRelu"], ["x", "w"], leakyrelu_alpha={"f": 0.1})

    assert unfused([node])[1]["attr"] == {"T": FLOAT, "alpha": {"f": 0.1}}


def test_a_prelu_becomes_two_rectified_halves() -> None:
    plain = told({"name": "n", "op": "Prelu", "input": ["x", "a"], "attr": {"T": FLOAT}})

    assert [op for _, op, _ in plain] == ["Relu", "Neg", "Relu", "Mul", "Sub"]
    assert plain[-1] == ("n", "Sub", ["n/positive", "n/scaled"])


def test_other_nodes_stay_as_they_are() -> None:
    nodes = SmallModel().nodes

    assert unfused(nodes)[: len(nodes) - 1] == nodes[:-1]


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (fused("_FusedConv2D", ["Gelu"], ["x", "w"]), "_FusedConv2D n is fused with 'Gelu', which cannot be converted"),
        (fused("_FusedConv2D", ["BiasAdd"], ["x", "w"]), "_FusedConv2D n has no input for its BiasAdd"),
    ],
)
def test_what_cannot_come_apart_is_named(node: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        unfused([node])
