"""A PoseSequence as bytes: what the database keeps, what crosses process boundaries, what an action pack holds.

An .npz with a schema version; read without pickle and with every size checked before it is unpacked.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from tokenize import TokenError

import numpy as np
from numpy.lib import format as npy

from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import skeleton_from_json, skeleton_reference

SCHEMA = 1
MAX_BYTES = 8 * 2**20
MAX_DURATION_S = 600.0
"""A few frames may claim to last for years, and evenly sampled would fill all memory."""
DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)
"""What reading a damaged .zip raises; RuntimeError where a flipped bit says that it is encrypted."""


def to_bytes(sequence: PoseSequence) -> bytes:
    """The sequence as .npz bytes."""
    arrays = {
        "schema": np.int64(SCHEMA),
        "skeleton": np.str_(_skeleton_text(sequence.skeleton)),
        "times_s": sequence.times_s.astype(np.float64),
        "keypoints": sequence.keypoints.astype(np.float32),
        "scores": sequence.scores.astype(np.float32),
    }
    if sequence.world_m is not None:
        arrays["world_m"] = sequence.world_m.astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes one kind of array
    return buffer.getvalue()


def from_bytes(data: bytes) -> PoseSequence:
    """Read what to_bytes wrote; anything else is refused with InvalidInputError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MAX_BYTES:
                raise InvalidInputError(f"pose sequence unpacks to {unpacked} bytes, at most {MAX_BYTES} are allowed")
            for entry in archive.infolist():
                _require_true_shape(archive, entry)
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            schema = int(arrays["schema"])
            if schema != SCHEMA:
                raise InvalidInputError(f"pose sequence has schema {schema}, this version reads {SCHEMA}")
            times_s = arrays["times_s"].astype(np.float64)
            if times_s.ndim != 1:
                raise InvalidInputError(f"times_s of the pose sequence must be (T,), got {times_s.shape}")
            if len(times_s) and not times_s[-1] - times_s[0] <= MAX_DURATION_S:
                raise InvalidInputError(
                    f"pose sequence runs from {times_s[0]:g} to {times_s[-1]:g} s, at most {MAX_DURATION_S:g} s"
                )
            return PoseSequence(
                skeleton=_skeleton(str(arrays["skeleton"])),
                times_s=times_s,
                keypoints=arrays["keypoints"].astype(np.float32),
                scores=arrays["scores"].astype(np.float32),
                world_m=arrays["world_m"].astype(np.float32) if "world_m" in arrays else None,
            )
    except (KeyError, *DAMAGED_ZIP) as error:
        raise InvalidInputError(f"not a pose sequence: {error}") from error


def _skeleton_text(skeleton: Skeleton) -> str:
    """The name of a ready-made one; any other as JSON, which no name begins like."""
    reference = skeleton_reference(skeleton)
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)


def _skeleton(text: str) -> Skeleton:
    try:
        return skeleton_from_json(json.loads(text) if text.startswith("{") else text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the skeleton of the pose sequence cannot be read: {error}") from error


def _require_true_shape(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """InvalidInputError where an array says that it is larger than its entry: numpy would ask for that memory."""
    with archive.open(entry) as file:
        version = npy.read_magic(file)
        if version != (1, 0):
            raise InvalidInputError(f"{entry.filename} of the pose sequence is of .npy version {version}, not (1, 0)")
        try:
            shape, _, dtype = npy.read_array_header_1_0(file)
        except (MemoryError, SyntaxError, TokenError) as error:  # what Python's parser raises beside ValueError
            raise InvalidInputError(f"{entry.filename} of the pose sequence has no readable header") from error
        held_bytes = entry.file_size - file.tell()
    said_bytes = math.prod(shape) * max(1, dtype.itemsize)
    if said_bytes > held_bytes:
        raise InvalidInputError(f"{entry.filename} says it has {said_bytes} bytes and holds {held_bytes}")
