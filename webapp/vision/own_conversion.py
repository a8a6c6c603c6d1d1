"""The TFLite form of a Keras model of the user's own: made once, by a process of its own, and kept in its folder."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from webapp.core.errors import ModelUnavailableError
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import skeleton_reference
from webapp.vision.child_process import run_module
from webapp.vision.own_card import OwnModelCard, skeleton_to_toml
from webapp.vision.own_shapes import Hints
from webapp.vision.weights import sha256_of

EXPORT_LIMIT_S = 300.0
"""TensorFlow takes 10 s to load and a large network half a minute to convert, on a machine with nothing else to do."""
DYNAMIC = "dynamic.tflite"
"""In the folder of a Keras model, the form of it that runs; beside it its hash and that of what it was made from."""
_OURS = "moveprint: "
"""So begins the sentence in which a command says why it failed."""
_log = logging.getLogger(__name__)


def tflite_form(folder: Path, card: OwnModelCard) -> Path:
    """The .tflite file that runs: the model's own, or the dynamic-range form of a Keras model, made where it is not.

    The folder's model is whole. ModelUnavailableError where it cannot be made.
    """
    path = folder / card.file
    if path.suffix == ".tflite":
        return path
    made = folder / DYNAMIC
    if not _is_kept(made, card.sha256):
        _log.warning("%s has no TFLite form yet: it is exported now, which takes half a minute", card.name)
        with scratch_beside(folder) as scratch:
            fresh = scratch / DYNAMIC
            convert_keras(path, fresh, Hints(family=card.family, skeleton=card.skeleton))
            keep_form(fresh, card.sha256)
            os.replace(fresh, made)
            os.replace(_note(fresh), _note(made))
    return made


def card_beside(path: Path) -> Path:
    """Where the card of an exported file lies that is in no model's folder yet."""
    return path.with_suffix(".card.toml")


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """A folder that counts as no model and is gone afterwards, on the same file system."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    except OSError as error:
        raise ModelUnavailableError(f"{folder.parent} cannot be written to: {error.strerror}") from error
    scratch.chmod(0o755)  # a worker may run as another user
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def convert_keras(path: Path, out: Path, hints: Hints) -> None:
    """Write the dynamic-range TFLite form of a Keras model and its card beside it, by a process that ends with this.

    ModelUnavailableError says why it cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="moveprint-export-") as scratch:
        arguments = ["export", str(path.resolve()), "--form=dynamic", f"--out={out.resolve()}"]
        _export([*arguments, *_hint_arguments(hints, Path(scratch))], path.name)


def _export(arguments: list[str], what: str) -> None:
    try:
        done = run_module("webapp", arguments, EXPORT_LIMIT_S, {"TF_CPP_MIN_LOG_LEVEL": "3"})
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailableError(f"exporting {what} took more than {EXPORT_LIMIT_S:g} s") from error
    _require_success(done, what)


def _require_success(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"the export ended with status {done.returncode}"])[-1]
        if not said.startswith(_OURS):  # a crash, of which the last line is somebody else's
            raise ModelUnavailableError(f"{what} could not be exported: {said:.300}")
        raise ModelUnavailableError(said.removeprefix(_OURS))


def _hint_arguments(hints: Hints, scratch: Path) -> list[str]:
    arguments = []
    for field in fields(Hints):
        value = getattr(hints, field.name)
        if isinstance(value, Skeleton):
            value = _skeleton_argument(value, scratch)
        if value is not None:
            arguments.append(f"--{field.name}={value}")
    return arguments


def _skeleton_argument(skeleton: Skeleton, scratch: Path) -> str:
    if isinstance(skeleton_reference(skeleton), str):
        return skeleton.name
    file = scratch / "skeleton.toml"
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in skeleton_to_toml(skeleton).items()]
    file.write_text("\n".join(lines), encoding="utf-8")
    return str(file.resolve())


def keep_form(made: Path, source_sha256: str) -> None:
    """Write the note beside a form: without it, or with another hash in it, the form does not count."""
    _note(made).write_text(json.dumps({"source_sha256": source_sha256, "sha256": sha256_of(made)}), encoding="utf-8")


def _is_kept(made: Path, source_sha256: str) -> bool:
    try:
        note = json.loads(_note(made).read_text(encoding="utf-8"))
        return bool(note == {"source_sha256": source_sha256, "sha256": sha256_of(made)})
    except (OSError, ValueError):
        return False


def _note(made: Path) -> Path:
    return made.with_suffix(".json")
