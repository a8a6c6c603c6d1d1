"""What is kept of a run on the disk: where it goes on after a crash, and its best network. Whole files or none."""

from __future__ import annotations

import errno
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.lib import format as npy
from numpy.typing import NDArray

from webapp.core.errors import MoveprintError
from webapp.training.records import HALF_WRITTEN, LAST, TrainingFailedError

_CHECKPOINT, _STATE = "checkpoint.npz", "state"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_TEXTS = ("No space left on device", "Disk quota exceeded", "File too large")
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def write_checkpoint(folder: Path, variables: Sequence[Any], state: Mapping[str, object]) -> None:
    """Everything that the next epoch depends on, in place of the checkpoint before.

    variables: of the model, with the state of its random numbers, and of the optimiser, in an order that never
    changes. state: JSON values. One array after the other is written, so that nothing is held twice.
    """
    with _replacing(folder / LAST / _CHECKPOINT) as path, zipfile.ZipFile(path, "w") as archive:
        _write(archive, _STATE, np.asarray(json.dumps(state)))
        for number, variable in enumerate(variables):
            _write(archive, str(number), tf.convert_to_tensor(variable).numpy())


def read_state(folder: Path) -> Mapping[str, Any] | None:
    """What was said to write_checkpoint; None where there is none yet, TrainingFailedError where it is damaged."""
    if not (folder / LAST / _CHECKPOINT).exists():
        return None
    with _checkpoint(folder) as arrays:
        state: Mapping[str, Any] = json.loads(str(arrays[_STATE]))
    return state


def restore_variables(folder: Path, variables: Sequence[Any]) -> None:
    """Put the variables back; TrainingFailedError where the checkpoint is damaged or of another network."""
    with _checkpoint(folder) as arrays:
        if len(arrays.files) != len(variables) + 1:
            raise ValueError(f"{len(arrays.files) - 1} variables, the network has {len(variables)}")
        for number, variable in enumerate(variables):
            variable.assign(arrays[str(number)])


def save_model(model: Any, path: Path) -> None:
    """A Keras file of the network alone, without optimiser, in place of the one before."""
    bare = tf.keras.Model(model.inputs, model.outputs, name=model.name)  # the same layers, compiled with nothing
    with _replacing(path) as written:
        bare.save(written)


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Whatever fails for a full disk within, however a library wraps it, becomes a TrainingFailedError."""
    try:
        yield
    except MoveprintError:
        raise
    except Exception as error:
        if not _of_full_disk(error):
            raise
        raise TrainingFailedError(
            f"the disk is full: {folder} could not be written to. Make room and start a run anew; what this one "
            "had found best by then is kept"
        ) from error


def _of_full_disk(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if any(text in str(error) for text in _FULL_TEXTS):  # HDF5 and TensorFlow keep the number to themselves
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A name to write to; when that is done it takes the place of `path`, for good, or is deleted where it failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{HALF_WRITTEN}{path.name}")
    try:
        yield written
        _to_disk(written)
        os.replace(written, path)
        _to_disk(path.parent)
    finally:
        written.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        npy.write_array(member, array, allow_pickle=False)


@contextmanager
def _checkpoint(folder: Path) -> Iterator[Any]:
    path = folder / LAST / _CHECKPOINT
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except _DAMAGED as error:
        raise TrainingFailedError(f"{path} is damaged or of another version ({error}); start the run anew") from error
