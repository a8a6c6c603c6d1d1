"""A YOLOv5 checkpoint as a network of the class "person": exported once to ONNX, for OpenVINO or ONNX Runtime, or as it
is, on PyTorch.

The export lies beside the weights as NAME-HASH-SIDE.onnx, with a .json that holds its hash and how near it came to
PyTorch; without that it does not count. HASH is of the checkpoint.
"""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core.errors import ModelUnavailableError
from webapp.vision.child_process import run_module
from webapp.vision.runners import Array, ModelInput
from webapp.vision.runtimes import Network, chosen, file_loaders
from webapp.vision.weights import sha256_of
from yolov5.checkpoint import person_class, read_checkpoint

_log = logging.getLogger(__name__)

RUNTIMES = ("openvino", "onnxruntime", "torch")
EXPORT_LIMIT_S = 60.0
"""Below what the supervisor gives a worker to load; an export takes 4 s for yolov5n."""


class TorchNetwork:
    """The network as PyTorch runs it."""

    runtime = "torch"

    def __init__(self, network: Any, input_px: int) -> None:
        self.input = ModelInput((1, input_px, input_px, 3), np.dtype(np.uint8))
        self._network = network

    def run(self, batch: Array) -> list[Array]:
        import torch  # noqa: PLC0415 -- only where it runs or is measured: it costs a second and 200 MB

        with torch.inference_mode():
            return [self._network(torch.from_numpy(batch)).numpy()]


def load_person_rows(path: Path, sha256: str, input_px: int, threads: int, runtime: str) -> Network:
    """From a letterboxed BGR picture (1, input_px, input_px, 3) to rows (1, boxes, 6): centre x, y, width, height in
    input pixels, objectness, person.

    runtime as of load_network, with torch among them. ModelUnavailableError where none can, CheckpointError for a file
    that is no YOLOv5 network with such a class.
    """
    if runtime == "torch":
        try:
            return load_torch(path, input_px, threads)
        except ModelUnavailableError as error:
            _log.warning("%s; the fastest of the others is used", error)
    loaders = {"torch": lambda: load_torch(path, input_px, threads)}
    try:
        with _exported(path, sha256, input_px) as onnx_path:
            return chosen(file_loaders(onnx_path, None, threads) | loaders, onnx_path, threads, runtime, input_px)
    except ExportError as error:
        _log.warning("%s; YOLOv5 runs on PyTorch, which is slower", error)
        return load_torch(path, input_px, threads)


def load_torch(path: Path, input_px: int, threads: int) -> Network:
    """ModelUnavailableError where PyTorch is missing, CheckpointError for a file that is none of a YOLOv5."""
    try:
        import torch  # noqa: PLC0415 -- as above

        from yolov5.person import load_person_network  # noqa: PLC0415

    except ImportError as error:
        raise ModelUnavailableError(f"runtime torch is not installed ({error}): pip install torch") from error
    network = load_person_network(path)
    torch.set_num_threads(threads)
    return TorchNetwork(network.to(memory_format=torch.channels_last), input_px)  # type: ignore[call-overload]


class ExportError(ModelUnavailableError):
    """A checkpoint could not be exported; PyTorch may still run it."""


@contextmanager
def _exported(path: Path, sha256: str, input_px: int) -> Iterator[Path]:
    """The whole ONNX file of a checkpoint, made where it is not there. ExportError, or CheckpointError for a file that
    is no checkpoint.
    """
    kept = path.with_name(f"{path.stem}-{sha256[:16]}-{input_px}.onnx")
    if _is_whole(kept):
        yield kept
        return
    person_class(read_checkpoint(path))  # a file that is none is told at once
    # in a folder of its own, as the kept file is: what is remembered of it lies in the one above
    # errors of cleaning up: Windows deletes no file that a runtime still maps
    with tempfile.TemporaryDirectory(prefix="moveprint-", ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / "yolov5" / kept.name
        fresh.parent.mkdir()
        _export(path, fresh, input_px)
        try:
            _keep(fresh, kept)
        except OSError as error:
            _log.warning("the exported network cannot be kept in %s (%s): each start exports anew", path.parent, error)
            yield fresh
        else:
            yield kept


def _export(path: Path, onnx_path: Path, input_px: int) -> None:
    """Write the ONNX file, and beside it what is known of it."""
    arguments = [str(path.resolve()), str(onnx_path), "--input-px", str(input_px)]
    try:
        done = run_module("yolov5.export", arguments, EXPORT_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"the export of {path.name} to ONNX took more than {EXPORT_LIMIT_S:g} s") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ExportError(f"{path.name} could not be exported to ONNX: {reason}")
    parity = json.loads(done.stdout.strip().splitlines()[-1])
    known = {"source_sha256": sha256_of(path), "sha256": sha256_of(onnx_path), "difference_to_torch": parity}
    onnx_path.with_suffix(".json").write_text(json.dumps(known, indent=1), encoding="utf-8")


def _keep(fresh: Path, kept: Path) -> None:
    """Copy both files, what is known of it last: without that it does not count."""
    for suffix in (".onnx", ".json"):
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
            file.write(fresh.with_suffix(suffix).read_bytes())
        Path(file.name).chmod(0o644)  # a worker may run as another user than the set-up did
        Path(file.name).replace(kept.with_suffix(suffix))


def _is_whole(onnx_path: Path) -> bool:
    try:
        known = json.loads(onnx_path.with_suffix(".json").read_text(encoding="utf-8"))
        return bool(known["sha256"] == sha256_of(onnx_path))
    except (OSError, ValueError, KeyError, TypeError):
        return False
