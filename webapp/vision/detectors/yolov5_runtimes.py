"""Two ways to run a YOLOv5 checkpoint: OpenVINO (converted once, kept beside the weights) and PyTorch.

Measured at 320 px on two cores, medians in ms: PyTorch eager 20.0, traced and frozen 16.3, channels last 13.5;
OpenVINO 5.0.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

from webapp.core.errors import ModelUnavailableError
from webapp.core.records import FloatArray
from webapp.vision.ports import Image
from yolov5.checkpoint import person_class, read_checkpoint

_log = logging.getLogger(__name__)

EXPORT_LIMIT_S = 60.0
"""Below what the supervisor gives a worker to load; a conversion takes about 10 s."""
PROJECT = Path(__file__).resolve().parents[3]


class PersonRows(Protocol):
    """A loaded network of the class "person"."""

    runtime: str

    def run(self, fitted_bgr: Image) -> FloatArray:
        """Rows (boxes, 6) of a letterboxed picture: centre x, y, width, height in input pixels, objectness, person."""
        ...


class OpenVinoRows:
    """The network as OpenVINO compiled it."""

    runtime = "openvino"

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()

    def run(self, fitted_bgr: Image) -> FloatArray:
        # the shared output is overwritten by the next picture; the caller's boxes are copies
        rows: FloatArray = self._request.infer({0: fitted_bgr[None]}, share_inputs=True, share_outputs=True)[0][0]
        return rows


class TorchRows:
    """The network as PyTorch runs it."""

    runtime = "torch"

    def __init__(self, network: Any) -> None:
        self._network = network

    def run(self, fitted_bgr: Image) -> FloatArray:
        import torch  # noqa: PLC0415 -- only where OpenVINO is missing: it costs a second and 200 MB

        with torch.inference_mode():
            rows: FloatArray = self._network(torch.from_numpy(fitted_bgr[None]))[0].numpy()
        return rows


def load_torch_rows(path: Path, threads: int) -> TorchRows:
    """CheckpointError or ImportError where that fails."""
    import torch  # noqa: PLC0415 -- as above

    from yolov5.export import load_person_network  # noqa: PLC0415

    torch.set_num_threads(threads)
    network = load_person_network(path)
    return TorchRows(network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]  # the stub lacks it


def load_openvino_rows(path: Path, sha256: str, input_px: int, threads: int) -> OpenVinoRows:
    """The converted network, converting first where that was not done.

    ModelUnavailableError where OpenVINO cannot; CheckpointError where nothing could, with this file.
    """
    try:
        import openvino  # noqa: PLC0415 -- an inference framework is loaded when a model is
    except ImportError as error:
        raise ModelUnavailableError(f"OpenVINO is not installed ({error})") from error
    xml, weights = _converted(path, sha256, input_px)
    core = openvino.Core()
    # f32: half precision, the default of new processors, moves boxes by pixels
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    try:
        return OpenVinoRows(core.compile_model(core.read_model(xml, weights), "CPU", options))
    except RuntimeError as error:
        raise ModelUnavailableError(f"OpenVINO could not load {path.name}: {error}") from error


def _converted(path: Path, sha256: str, input_px: int) -> tuple[bytes, bytes]:
    """OpenVINO's two files as bytes; taken from beside the weights if the hashes kept there still hold."""
    folder = path.parent / "openvino"
    stem = f"{path.stem}-{sha256[:16]}-{input_px}"
    kept = _read_kept(folder, stem)
    if kept is not None:
        return kept
    person_class(read_checkpoint(path))  # a file that is none is told at once
    with tempfile.TemporaryDirectory(prefix="moveprint-yolov5-") as scratch:
        xml_path = Path(scratch) / "network.xml"
        _export(path, xml_path, input_px)
        fresh = xml_path.read_bytes(), xml_path.with_suffix(".bin").read_bytes()
    try:
        _keep(folder, stem, *fresh)
    except OSError as error:
        _log.warning("the converted network cannot be kept in %s (%s): each start converts anew", folder, error)
    return fresh


def _export(path: Path, xml_path: Path, input_px: int) -> None:
    # a process of its own: what the conversion needs of memory ends with it
    command = [sys.executable, "-m", "webapp.lifeline", "yolov5.export", str(path.resolve()), str(xml_path)]
    command += ["--input-px", str(input_px)]
    lifeline, held = os.pipe()  # the end that is held closes when this process dies, and the conversion ends
    try:
        subprocess.run(
            command,
            cwd=PROJECT,
            check=True,
            stdin=lifeline,
            capture_output=True,
            text=True,
            timeout=EXPORT_LIMIT_S,
        )
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelUnavailableError(f"OpenVINO could not convert {path.name}: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailableError(f"OpenVINO took more than {EXPORT_LIMIT_S:g} s to convert {path.name}") from error
    finally:
        os.close(lifeline)
        os.close(held)


def _keep(folder: Path, stem: str, xml: bytes, weights: bytes) -> None:
    """Store both files, then their hashes: without those they do not count."""
    folder.mkdir(exist_ok=True)
    hashes = {"xml": hashlib.sha256(xml).hexdigest(), "bin": hashlib.sha256(weights).hexdigest()}
    for suffix, data in (("xml", xml), ("bin", weights), ("json", json.dumps(hashes).encode())):
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(data)
        Path(file.name).chmod(0o644)  # a worker may run as another user than the set-up did
        Path(file.name).replace(folder / f"{stem}.{suffix}")


def _read_kept(folder: Path, stem: str) -> tuple[bytes, bytes] | None:
    try:
        hashes = json.loads((folder / f"{stem}.json").read_text(encoding="utf-8"))
        xml, weights = ((folder / f"{stem}.{suffix}").read_bytes() for suffix in ("xml", "bin"))
    except (OSError, ValueError):
        return None
    whole = hashes == {"xml": hashlib.sha256(xml).hexdigest(), "bin": hashlib.sha256(weights).hexdigest()}
    return (xml, weights) if whole else None
