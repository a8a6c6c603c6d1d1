"""The runtimes that read model files, each behind the same small class: one picture in, the chosen outputs out.

A loader answers `lanes` runners that may be used at the same time, each from a thread of its own; together they take
`threads` threads. RuntimeError, ValueError, KeyError or ImportError where the runtime cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class ModelInput:
    """What a model takes: its shape (1, H, W, C), -1 where the model leaves a length open, and its type of number."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Runner(Protocol):
    """A loaded model of one input, for one picture at a time."""

    input: ModelInput

    def run(self, image: Array) -> list[Array]:
        """The chosen outputs, each (1, ...) and the caller's own, for an array of the input's shape."""
        ...


Loader = Callable[[Path, Sequence[str] | None, int, int], Sequence[Runner]]
"""(path, outputs, threads, lanes) -> runners; outputs None: all of the model's, in its order."""


class OpenVinoRunner:
    """One request of a network that OpenVINO compiled; only the chosen outputs are computed."""

    def __init__(self, compiled: Any) -> None:
        port = compiled.inputs[0]
        lengths = [-1 if length.is_dynamic else length.get_length() for length in port.get_partial_shape()]
        self.input = _for_one(lengths, port.get_element_type().to_dtype())
        self._request = compiled.create_infer_request()
        self._outputs = compiled.outputs

    def run(self, image: Array) -> list[Array]:
        result = self._request.infer([image], share_inputs=True)
        return [np.array(result[output]) for output in self._outputs]


class LiteRtRunner:
    """One LiteRT interpreter."""

    def __init__(self, interpreter: Any, outputs: Sequence[str] | None) -> None:
        interpreter.allocate_tensors()
        taken = _only(interpreter.get_input_details())
        details = interpreter.get_output_details()
        self.input = _for_one([int(length) for length in taken["shape_signature"]], taken["dtype"])
        self._interpreter = interpreter
        self._place = taken["index"]
        self._shape = tuple(int(length) for length in taken["shape"])
        self._outputs = [details[row]["index"] for row in _rows(outputs, [{detail["name"]} for detail in details])]

    def run(self, image: Array) -> list[Array]:
        if image.shape != self._shape and -1 in self.input.shape:
            self._interpreter.resize_tensor_input(self._place, image.shape)
            self._interpreter.allocate_tensors()
            self._shape = image.shape
        self._interpreter.set_tensor(self._place, image)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(place) for place in self._outputs]


class OnnxRuntimeRunner:
    """A session of ONNX Runtime; sessions may be shared by threads."""

    def __init__(self, session: Any, outputs: Sequence[str] | None) -> None:
        taken = _only(session.get_inputs())
        names = [output.name for output in session.get_outputs()]
        kind = taken.type.removeprefix("tensor(").removesuffix(")")
        lengths = [length if isinstance(length, int) else -1 for length in taken.shape]
        self.input = _for_one(lengths, {"float": "float32", "double": "float64"}.get(kind, kind))
        self._session = session
        self._name = taken.name
        self._outputs = [names[row] for row in _rows(outputs, [{name} for name in names])]

    def run(self, image: Array) -> list[Array]:
        answered: list[Array] = self._session.run(self._outputs, {self._name: image})
        return answered


def load_openvino(path: Path, outputs: Sequence[str] | None, threads: int, lanes: int) -> list[OpenVinoRunner]:
    """A .tflite or .onnx file; compiled once for all lanes, which share its weights.

    Compiled anew at every load: OpenVINO's own cache would save some 0.3 s, but loads a damaged file of it unseen.
    """
    import openvino  # noqa: PLC0415 -- only the runtime that is used costs memory and time

    core = openvino.Core()
    model = core.read_model(path)
    lengths = list(_only(model.inputs).get_partial_shape())
    kept = [model.outputs[row] for row in _rows(outputs, [output.get_names() for output in model.outputs])]
    model = openvino.Model(kept, model.get_parameters(), path.stem)
    if lengths[0].is_dynamic:
        model.reshape({model.inputs[0]: openvino.PartialShape([1, *lengths[1:]])})
    # f32: half precision, the default of new processors, moves keypoints by 3 % of the torso's length
    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    options |= {"PERFORMANCE_HINT": "LATENCY"} if lanes == 1 else {"NUM_STREAMS": lanes}
    compiled = core.compile_model(model, "CPU", options)
    return [OpenVinoRunner(compiled) for _ in range(lanes)]


def load_litert(path: Path, outputs: Sequence[str] | None, threads: int, lanes: int) -> list[LiteRtRunner]:
    """A .tflite file; every lane has its own interpreter."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 -- as above

    each = max(1, threads // lanes)
    return [LiteRtRunner(Interpreter(model_path=str(path), num_threads=each), outputs) for _ in range(lanes)]


def load_onnxruntime(path: Path, outputs: Sequence[str] | None, threads: int, lanes: int) -> list[OnnxRuntimeRunner]:
    """An .onnx file; the lanes share one session."""
    import onnxruntime  # noqa: PLC0415 -- as above

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads // lanes)
    options.log_severity_level = 3
    # threads that spin while they wait take the processor from whatever the frame needs next
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions share no base but this
        if type(error).__module__.startswith("onnxruntime"):
            raise RuntimeError(str(error)) from error
        raise
    runner = OnnxRuntimeRunner(session, outputs)
    return [runner] * lanes


def _only(inputs: Sequence[Any]) -> Any:
    if len(inputs) != 1:
        raise ValueError(f"expected a model with one input, found {len(inputs)}")
    return inputs[0]


def _for_one(lengths: Sequence[int], dtype: Any) -> ModelInput:
    if not lengths or lengths[0] not in (1, -1):
        raise ValueError(f"expected an input for one picture (1, ...), found {tuple(lengths)}")
    return ModelInput((1, *lengths[1:]), np.dtype(dtype))


def _rows(outputs: Sequence[str] | None, known: Sequence[Collection[str]]) -> list[int]:
    """Which of the model's outputs, each known by one or more names, are the chosen ones."""
    if outputs is None:
        return list(range(len(known)))
    rows = {name: row for row, names in enumerate(known) for name in names}
    missing = [name for name in outputs if name not in rows]
    if missing:
        raise ValueError(f"expected an output {missing[0]!r}, found {', '.join(rows)}")
    return [rows[name] for name in outputs]
