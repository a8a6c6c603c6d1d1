"""Reads a TensorFlow.js graph model: a GraphDef as JSON, the values of its constants in binary files beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError

Node = Mapping[str, Any]
"""A NodeDef as JSON: name, op, input, attr."""
Array = NDArray[np.generic]
DTYPES = ("float32", "int32", "bool")
STORED_DTYPES = ("uint8", "uint16", "float16")
"""How weights may be stored to be smaller; whole numbers are stretched back by scale and min."""


@dataclass(frozen=True)
class GraphModel:
    """topology: the GraphDef as JSON; weights: the values of its Const nodes by name.

    picture: the node that takes the picture; outputs: tensors, as node:number.
    """

    topology: Mapping[str, Any]
    weights: Mapping[str, Array]
    picture: str
    outputs: tuple[str, ...]

    @property
    def nodes(self) -> Sequence[Node]:
        nodes: Sequence[Node] = self.topology["node"]
        return nodes


def read_graph_model(path: Path) -> GraphModel:
    """The model of a model.json and its weight files; InvalidInputError says what is wrong with which."""
    try:
        content = json.loads(path.read_bytes())
        kind = content.get("format", "graph-model")
        if kind != "graph-model":
            raise InvalidInputError(f"{path.name} is a {kind}, only a graph-model can be converted")
        topology = content["modelTopology"]
        constants = {node["name"] for node in topology["node"] if node["op"] == "Const"}
        weights: dict[str, Array] = {}
        for group in content["weightsManifest"]:
            weights |= _weights(group["weights"], _shards(path.parent, group["paths"]), path.name)
        pictures = [node["name"] for node in topology["node"] if node["op"] == "Placeholder"]
        outputs = _outputs(content, topology["node"])
    except OSError as error:
        raise InvalidInputError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"{path.name} is no model.json of a TensorFlow.js graph model: {error!r}") from error
    if missing := constants - weights.keys():
        raise InvalidInputError(f"{path.name} has no weights for {len(missing)} constants, such as {min(missing)}")
    if len(pictures) != 1:
        raise InvalidInputError(f"{path.name} must have one input, the picture; it has {len(pictures)}")
    return GraphModel(topology, weights, pictures[0], outputs)


def shard_names(path: Path) -> list[str]:
    """The names of the weight files that a model.json refers to."""
    try:
        groups = json.loads(path.read_bytes())["weightsManifest"]
        return [_plain(name) for group in groups for name in group["paths"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{path.name} is no model.json of a TensorFlow.js graph model: {error!r}") from error


def _shards(folder: Path, names: Sequence[str]) -> bytes:
    missing = [name for name in names if not (folder / _plain(name)).is_file()]
    if missing:
        raise InvalidInputError(f"the weight file {missing[0]} is missing in {folder}")
    return b"".join((folder / name).read_bytes() for name in names)


def _plain(name: str) -> str:
    if not name or Path(name).name != name:
        raise InvalidInputError(f"a weight file must lie beside the model, got the path {name!r}")
    return name


def _weights(entries: Sequence[Mapping[str, Any]], data: bytes, model: str) -> dict[str, Array]:
    """The values in order, one after the other in data."""
    weights, start = {}, 0
    for entry in entries:
        stored = _stored_dtype(entry)
        shape = tuple(entry["shape"])
        count = math.prod(shape)
        end = start + count * stored.itemsize
        if end > len(data):
            raise InvalidInputError(f"the weights of {model} end after {len(data)} bytes, within {entry['name']}")
        weights[entry["name"]] = _restored(np.frombuffer(data, stored, count, start), entry).reshape(shape)
        start = end
    if start != len(data):
        raise InvalidInputError(f"the weights of {model} have {len(data)} bytes, {start} were expected")
    return weights


def _stored_dtype(entry: Mapping[str, Any]) -> np.dtype[Any]:
    dtype, stored = entry["dtype"], entry.get("quantization", {}).get("dtype")
    if dtype not in DTYPES:
        raise InvalidInputError(f"weight {entry['name']} must be one of {', '.join(DTYPES)}, got {dtype!r}")
    if stored is not None and stored not in STORED_DTYPES:
        known = ", ".join(STORED_DTYPES)
        raise InvalidInputError(f"weight {entry['name']} must be stored as one of {known}, got {stored!r}")
    return np.dtype(str(stored or dtype)).newbyteorder("<")


def _restored(values: Array, entry: Mapping[str, Any]) -> Array:
    """In the weight's own type, what was stored as uint8 or uint16 stretched back."""
    quantization = entry.get("quantization", {})
    if "scale" in quantization:
        stretched = values.astype(np.float32) * np.float32(quantization["scale"]) + np.float32(quantization["min"])
        values = np.rint(stretched) if entry["dtype"] == "int32" else stretched
    return values.astype(entry["dtype"])


def _outputs(content: Mapping[str, Any], nodes: Sequence[Node]) -> tuple[str, ...]:
    """What the signature names; without one, what no other node takes in."""
    signature = content.get("signature") or content.get("userDefinedMetadata", {}).get("signature") or {}
    named = tuple(output["name"] for output in signature.get("outputs", {}).values())
    taken = {name.lstrip("^").partition(":")[0] for node in nodes for name in node.get("input", ())}
    return named or tuple(f"{node['name']}:0" for node in nodes if node["name"] not in taken)
