"""One small interface over the runtimes that read model files, and the choice between them.

A .tflite file runs on OpenVINO or LiteRT, an .onnx file on OpenVINO or ONNX Runtime. Which is faster depends on the
network, the processor and the threads, so `auto` measures them once and remembers the answer beside the weights.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np

from webapp.config import CHOICES, OWN_MODELS_DIR
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision.runners import (
    Array,
    Loader,
    ModelInput,
    Runner,
    load_litert,
    load_onnxruntime,
    load_openvino,
)

PACKAGES = {"openvino": "openvino", "litert": "ai-edge-litert", "onnxruntime": "onnxruntime", "torch": "torch"}
CANDIDATES = {".tflite": ("openvino", "litert"), ".onnx": ("openvino", "onnxruntime")}
MAX_LANES = 4
_CALLS = 12
_CALLS_IN_A_ROW = 4
"""The threads of the one before spin for a while yet, which disturbs the first."""
_MEASURING_S = 1.5
"""Calls go on for so long, however fast the networks: on a busy machine a dozen may all be disturbed."""
_log = logging.getLogger(__name__)


class Network(Protocol):
    """A loaded network of one image input; runtime says who runs it."""

    runtime: str
    input: ModelInput

    def run(self, batch: Array) -> list[Array]:
        """The chosen outputs for a batch (N, H, W, C), each (N, ...), in the numbers of the file: of a quantised model
        that takes and gives int8 those are int8. The outputs are the caller's own.
        """
        ...


class LanedNetwork:
    """A model file on one runtime. One picture has all threads; several run side by side in lanes.

    A second set of runners, in lanes, is loaded when the first batch comes, beside the live path: until it is there the
    pictures of a batch run one by one. What that gains is measured in docs/adr/0008-batches.md.
    """

    def __init__(self, runtime: str, alone: Runner, load_lanes: Callable[[], Sequence[Runner]], lanes: int) -> None:
        self.runtime = runtime
        self.input = alone.input
        self._alone = alone
        self._load_lanes = load_lanes
        self._threads = ThreadPoolExecutor(lanes, thread_name_prefix="lane") if lanes > 1 else None
        self._lanes: Future[Sequence[Runner]] | None = None

    def run(self, batch: Array) -> list[Array]:
        lanes = self._ready_lanes() if len(batch) > 1 else ()
        shared = _shared(len(batch), len(lanes))
        rows = [*self._side_by_side(lanes, batch[:shared]), *_one_by_one(self._alone, batch[shared:])]
        return rows[0] if len(rows) == 1 else [np.concatenate(column) for column in zip(*rows, strict=True)]

    def _ready_lanes(self) -> Sequence[Runner]:
        if self._threads is None:
            return ()
        if self._lanes is None:
            self._lanes = self._threads.submit(self._load_lanes)
        return self._lanes.result() if self._lanes.done() and self._lanes.exception() is None else ()

    def _side_by_side(self, lanes: Sequence[Runner], batch: Array) -> list[list[Array]]:
        if self._threads is None or not len(batch):
            return []
        return list(chain.from_iterable(self._threads.map(_one_by_one, lanes, np.array_split(batch, len(lanes)))))


def _shared(pictures: int, lanes: int) -> int:
    """How many of the pictures go into lanes: a few that are left over are sooner done with all threads for each."""
    if not lanes:
        return 0
    left_over = pictures % lanes
    return pictures if left_over > lanes // 2 else pictures - left_over


def candidates(path: Path) -> tuple[str, ...]:
    """The runtimes that read this kind of file; ModelUnavailableError for a kind that none reads, or a missing file."""
    if not path.is_file():
        raise ModelUnavailableError(f"model file {path} is missing")
    if path.suffix not in CANDIDATES:
        raise ModelUnavailableError(f"{path.name} is no model file: expected {' or '.join(CANDIDATES)}")
    return CANDIDATES[path.suffix]


def load_network(
    path: Path, outputs: Sequence[str] | None = None, input_px: int = 256, threads: int = 2, runtime: str = "auto"
) -> Network:
    """The network of a .tflite or .onnx file with one input, for pictures.

    outputs: their names; None: all of them, in the order of the model. input_px: the side at which runtimes are
    compared, where the model leaves its input's size open. runtime: one of the setting of that name; auto, or one that
    cannot run the file: the fastest that can. ModelUnavailableError when none can load it.
    """
    return chosen(file_loaders(path, outputs, threads), path, threads, runtime, input_px)


def chosen(
    loaders: Mapping[str, Callable[[], Network]], path: Path, threads: int, runtime: str, input_px: int
) -> Network:
    """The network by the runtime asked for, else by the one that was, or now is, measured as the fastest for the file.

    loaders: the runtimes that may run it; each raises ModelUnavailableError where it cannot.
    """
    if runtime not in CHOICES["runtime"]:
        raise InvalidInputError(f"unknown runtime {runtime!r}; known: {', '.join(CHOICES['runtime'])}")
    if runtime in loaders:
        try:
            return loaders[runtime]()
        except ModelUnavailableError as error:
            _log.warning("%s; the fastest of the others is used", error)
            loaders = {name: load for name, load in loaders.items() if name != runtime} or loaders
    elif runtime != "auto":
        _log.info("%s does not run on %s; the fastest of %s is used", path.name, runtime, ", ".join(loaders))
    remembered = _remembered(path, threads, loaders)
    return loaders[remembered]() if remembered is not None else _fastest(loaders, path, threads, input_px)


def file_loaders(path: Path, outputs: Sequence[str] | None, threads: int) -> dict[str, Callable[[], Network]]:
    """What loads the file on each runtime that reads its kind; ModelUnavailableError where it cannot, when called."""
    return {runtime: partial(_load, runtime, path, outputs, threads) for runtime in candidates(path)}


_LOADERS: dict[str, Loader] = {
    "openvino": load_openvino,
    "litert": load_litert,
    "onnxruntime": load_onnxruntime,
}


def _load(runtime: str, path: Path, outputs: Sequence[str] | None, threads: int) -> Network:
    lanes = min(threads, MAX_LANES)
    alone = _runners(runtime, path, outputs, threads, 1)
    return LanedNetwork(runtime, alone[0], partial(_lanes, runtime, path, outputs, threads, lanes), lanes)


def _lanes(runtime: str, path: Path, outputs: Sequence[str] | None, threads: int, lanes: int) -> Sequence[Runner]:
    try:
        return _runners(runtime, path, outputs, threads, lanes)
    except ModelUnavailableError as error:
        _log.warning("the people of a frame are seen one after the other, which is slower: %s", error)
        raise


def _runners(runtime: str, path: Path, outputs: Sequence[str] | None, threads: int, lanes: int) -> Sequence[Runner]:
    try:
        return _LOADERS[runtime](path, outputs, threads, lanes)
    except ImportError as error:
        package = PACKAGES[runtime]
        raise ModelUnavailableError(f"runtime {runtime} is not installed ({error}): pip install {package}") from error
    except (RuntimeError, ValueError) as error:  # what the runtimes raise for a file they cannot read
        reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
        raise ModelUnavailableError(f"{runtime} cannot load {path.name}: {reason}") from error


def _one_by_one(runner: Runner, batch: Array) -> list[list[Array]]:
    return [runner.run(image[None]) for image in batch]


def _loaded(loaders: Mapping[str, Callable[[], Network]]) -> tuple[list[Network], list[str]]:
    """The networks that could be loaded, and why the others could not; ModelUnavailableError where none could."""
    networks, refusals = [], []
    for load in loaders.values():
        try:
            networks.append(load())
        except ModelUnavailableError as error:
            refusals.append(str(error))
    if not networks:
        raise ModelUnavailableError("; ".join(refusals))
    for refusal in refusals:
        _log.warning("%s; another runtime is used", refusal)
    return networks, refusals


def _fastest(loaders: Mapping[str, Callable[[], Network]], path: Path, threads: int, input_px: int) -> Network:
    networks, refusals = _loaded(loaders)
    best = networks[int(np.argmin(_times_s(networks, input_px)))] if len(networks) > 1 else networks[0]
    if not refusals:
        _remember(path, threads, loaders, best.runtime)
    return best


def _times_s(networks: Sequence[Network], input_px: int) -> list[float]:
    """Seconds of each at its best, on one even picture: what else the machine does only ever adds to it."""
    taken: list[list[float]] = [[] for _ in networks]
    began = time.perf_counter()
    while len(taken[0]) < _CALLS or time.perf_counter() - began < _MEASURING_S:
        for network, times in zip(networks, taken, strict=True):
            shape = [length if length > 0 else input_px for length in network.input.shape]
            image = np.full(shape, 0.5).astype(network.input.dtype)
            for _ in range(_CALLS_IN_A_ROW):
                started = time.perf_counter()
                network.run(image)
                times.append(time.perf_counter() - started)
    return [min(times) for times in taken]


def _cache_dir(path: Path) -> Path:
    """weights/cache, for files in weights/FOLDER/ and in weights/own/NAME/."""
    folder = path.parents[1]
    return (folder.parent if folder.name == OWN_MODELS_DIR else folder) / "cache"


def _key(path: Path, threads: int, runtimes: Iterable[str]) -> str:
    """What the choice depends on: the file, the versions, the machine."""
    versions = []
    for package in (PACKAGES[runtime] for runtime in runtimes):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} absent")
    return (
        f"{path.parent.name}/{path.name} {path.stat().st_size}, {', '.join(versions)}, {platform.machine()}, f32,"
        f" {threads} threads"
    )


def _remembered(path: Path, threads: int, runtimes: Collection[str]) -> str | None:
    try:
        runtime = _choices(path).get(_key(path, threads, runtimes))
    except (OSError, ValueError) as error:
        _log.info("the remembered runtimes cannot be read, they are measured anew: %s", error)
        return None
    return runtime if runtime in runtimes else None


def _choices(path: Path) -> dict[str, str]:
    file = _cache_dir(path) / "runtimes.json"
    choices = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not isinstance(choices, dict):
        raise ValueError(f"{file} holds no table")
    return choices


def _remember(path: Path, threads: int, runtimes: Iterable[str], runtime: str) -> None:
    try:
        choices = _choices(path)
    except (OSError, ValueError):
        choices = {}  # damaged or not to be read: written anew
    folder = _cache_dir(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            json.dump({**choices, _key(path, threads, runtimes): runtime}, file, indent=1)
        Path(file.name).chmod(0o644)  # a worker may run as another user than the set-up did
        os.replace(file.name, folder / "runtimes.json")
    except OSError as error:
        _log.warning("the measured choice of %s cannot be kept, it is measured at every start: %s", runtime, error)
