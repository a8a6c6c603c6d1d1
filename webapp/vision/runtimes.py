"""One small interface over the runtimes that read .tflite files, OpenVINO and LiteRT, and the choice between them.

Which is faster depends on the network, the processor and the threads, so `auto` measures both once and remembers the
answer beside the weights.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import FloatArray

PACKAGES = {"openvino": "openvino", "litert": "ai-edge-litert"}
_ROUNDS = 12
_log = logging.getLogger(__name__)


class Network(Protocol):
    """A loaded network of one image input; runtime says who runs it."""

    runtime: str

    def run(self, batch: FloatArray) -> list[FloatArray]:
        """The chosen outputs for a batch (N, H, W, 3), each (N, ...)."""
        ...


class OpenVinoNetwork:
    """A .tflite compiled by OpenVINO; only the chosen outputs are computed. The images of a batch run one by one."""

    runtime = "openvino"

    def __init__(self, compiled: Any, outputs: Sequence[str]) -> None:
        self._request = compiled.create_infer_request()
        self._outputs = [compiled.output(name) for name in outputs]

    def run(self, batch: FloatArray) -> list[FloatArray]:
        rows = []
        for image in batch:
            result = self._request.infer([image[None]], share_inputs=True)
            rows.append([np.array(result[output]) for output in self._outputs])
        return [np.concatenate(column) for column in zip(*rows, strict=True)]


class LiteRtNetwork:
    """A .tflite on LiteRT. The images of a batch run one by one: the networks are built for one."""

    runtime = "litert"

    def __init__(self, interpreter: Any, outputs: Sequence[str]) -> None:
        interpreter.allocate_tensors()
        places = {detail["name"]: detail["index"] for detail in interpreter.get_output_details()}
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        self._outputs = [places[name] for name in outputs]

    def run(self, batch: FloatArray) -> list[FloatArray]:
        rows = []
        for image in batch:
            self._interpreter.set_tensor(self._input, image[None])
            self._interpreter.invoke()
            rows.append([self._interpreter.get_tensor(place) for place in self._outputs])
        return [np.concatenate(column) for column in zip(*rows, strict=True)]


def load_network(path: Path, outputs: Sequence[str], input_px: int, threads: int, runtime: str = "auto") -> Network:
    """The network of a .tflite file.

    runtime: openvino, litert, or auto for the faster of those installed. ModelUnavailableError when none can load it.
    """
    if runtime != "auto":
        if runtime not in _LOADERS:
            raise InvalidInputError(f"unknown runtime {runtime!r}; known: auto, {', '.join(_LOADERS)}")
        return _load(runtime, path, outputs, threads)
    remembered = _remembered(path, threads)
    if remembered is not None:
        return _load(remembered, path, outputs, threads)
    return _fastest(path, outputs, input_px, threads)


def _load_openvino(path: Path, outputs: Sequence[str], threads: int) -> Network:
    import openvino  # late: only the runtime that is used costs memory and time

    core = openvino.Core()
    core.set_property({"CACHE_DIR": str(_cache_dir(path) / "openvino")})
    model = core.read_model(path)
    kept = openvino.Model([model.output(name) for name in outputs], model.get_parameters(), path.stem)
    # f32: half precision, the default of new processors, moves keypoints by 3 % of the torso's length
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    return OpenVinoNetwork(core.compile_model(kept, "CPU", options), outputs)


def _load_litert(path: Path, outputs: Sequence[str], threads: int) -> Network:
    from ai_edge_litert.interpreter import Interpreter  # late: as above

    return LiteRtNetwork(Interpreter(model_path=str(path), num_threads=threads), outputs)


_LOADERS: dict[str, Callable[[Path, Sequence[str], int], Network]] = {
    "openvino": _load_openvino,
    "litert": _load_litert,
}


def _load(runtime: str, path: Path, outputs: Sequence[str], threads: int) -> Network:
    try:
        return _LOADERS[runtime](path, outputs, threads)
    except ImportError as error:
        package = PACKAGES[runtime]
        raise ModelUnavailableError(f"runtime {runtime} is not installed ({error}): pip install {package}") from error
    except (RuntimeError, ValueError, KeyError) as error:  # what the runtimes raise for a file they cannot read
        raise ModelUnavailableError(f"{runtime} cannot load {path.name}: {error}") from error


def _fastest(path: Path, outputs: Sequence[str], input_px: int, threads: int) -> Network:
    networks, refusals = [], []
    for runtime in _LOADERS:
        try:
            networks.append(_load(runtime, path, outputs, threads))
        except ModelUnavailableError as error:
            refusals.append(str(error))
    if not networks:
        raise ModelUnavailableError("; ".join(refusals))
    for refusal in refusals:
        _log.warning("%s; the other runtime is used", refusal)
    times_s = _times_s(networks, np.full((1, input_px, input_px, 3), 0.5, np.float32))
    best = networks[int(np.argmin(times_s))]
    if not refusals:
        _remember(path, threads, best.runtime)
    return best


def _times_s(networks: Sequence[Network], image: FloatArray) -> list[float]:
    """Seconds of each at its best, measured in turns: what else the machine does only ever adds to it."""
    taken: list[list[float]] = [[] for _ in networks]
    for _ in range(_ROUNDS):
        for network, times in zip(networks, taken, strict=True):
            started = time.perf_counter()
            network.run(image)
            times.append(time.perf_counter() - started)
    return [min(times) for times in taken]


def _cache_dir(path: Path) -> Path:
    return path.parent.parent / "cache"


def _key(path: Path, threads: int) -> str:
    """What the choice depends on: the file, the versions, the machine."""
    versions = []
    for package in PACKAGES.values():
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} absent")
    return f"{path.name} {path.stat().st_size}, {', '.join(versions)}, {platform.machine()}, f32, {threads} threads"


def _remembered(path: Path, threads: int) -> str | None:
    try:
        runtime = _choices(path).get(_key(path, threads))
    except (OSError, ValueError) as error:
        _log.info("the remembered runtimes cannot be read, they are measured anew: %s", error)
        return None
    return runtime if runtime in _LOADERS else None


def _choices(path: Path) -> dict[str, str]:
    file = _cache_dir(path) / "runtimes.json"
    choices = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not isinstance(choices, dict):
        raise ValueError(f"{file} holds no table")
    return choices


def _remember(path: Path, threads: int, runtime: str) -> None:
    try:
        choices = _choices(path)
    except (OSError, ValueError):
        choices = {}  # damaged or not to be read: written anew
    folder = _cache_dir(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            json.dump({**choices, _key(path, threads): runtime}, file, indent=1)
        Path(file.name).chmod(0o644)  # a worker may run as another user than the set-up did
        os.replace(file.name, folder / "runtimes.json")
    except OSError as error:
        _log.warning("the measured choice of %s cannot be kept, it is measured at every start: %s", runtime, error)
