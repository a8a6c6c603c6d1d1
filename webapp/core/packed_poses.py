"""The poses of one person in few bytes: what a browser that finds keypoints itself sends in place of pictures.

docs/protocol.md describes the bytes. From frame to frame keypoints hardly move, so differences are small numbers whose
high bytes are nearly all alike: some 130 bytes a pose, with world coordinates.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray

MAX_POSES = 64
"""In one packet."""
_PER_HEIGHT, _PER_SCORE, _PER_METRE = 8192, 255, 1000
_PLACE_STEP, _SCORE_STEP, _METRE_STEP = 8, 17, 8
"""What is sent is a multiple of these: pose models tremble by more, and a fourth of the bytes were this trembling."""
_HIDDEN = -32768
_RAW_DEFLATE = -zlib.MAX_WBITS
_LEVEL = 9


@dataclass(frozen=True)
class UnpackedPoses:
    """keypoints: (N, K, 2) in picture heights, NaN where hidden; scores: (N, K) in 0..1; world_m: (N, K, 3) or None."""

    keypoints: FloatArray
    scores: FloatArray
    world_m: FloatArray | None


def most_packed_bytes(count: int, keypoints: int, *, world: bool) -> int:
    """A longer packet of so many poses is none of ours: deflate adds 5 bytes to each 16 KiB that it cannot shrink."""
    size = _size(count, keypoints, world=world)
    return size and size + 64 + size // 1024


def pack_poses(keypoints: FloatArray, scores: FloatArray, world_m: FloatArray | None) -> bytes:
    """The bytes of poses as in UnpackedPoses; b"" for none. Rounded to 1/1024 of the height, 1/15 and 8 mm."""
    if not len(scores):
        return b""
    hidden = ~np.isfinite(keypoints).all(axis=2)
    columns = [_whole(keypoints * _PER_HEIGHT, _PLACE_STEP), _whole(scores * _PER_SCORE, _SCORE_STEP)[..., None]]
    columns[0][hidden] = _HIDDEN
    columns[1][hidden] = 0
    if world_m is not None:
        columns.append(_whole(world_m * _PER_METRE, _METRE_STEP))
    rows = np.concatenate(columns, axis=2)
    rows[1:] -= rows[:-1].copy()
    planes = np.ascontiguousarray(rows.transpose(2, 1, 0)).astype("<i2").view(np.uint8).reshape(-1, 2).T
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    return deflate.compress(planes.tobytes()) + deflate.flush()


def unpack_poses(packed: bytes, count: int, keypoints: int, *, world: bool) -> UnpackedPoses:
    """Read what pack_poses wrote: `count` poses of so many keypoints. InvalidInputError for anything else.

    Never unpacks more bytes than these poses have.
    """
    size = _size(count, keypoints, world=world)
    data = np.frombuffer(_inflated(packed, size), np.uint8).reshape(2, size // 2)
    values = np.ascontiguousarray(data.T).view("<i2").reshape(6 if world else 3, keypoints, count).transpose(2, 1, 0)
    rows: NDArray[np.int16] = np.add.accumulate(values.astype(np.int16), axis=0, dtype=np.int16)
    hidden = (rows[..., :2] == _HIDDEN).any(axis=2)
    places = np.where(hidden[..., None], np.float32(np.nan), rows[..., :2].astype(np.float32) / _PER_HEIGHT)
    scores = np.where(hidden, np.float32(0), np.clip(rows[..., 2], 0, _PER_SCORE).astype(np.float32) / _PER_SCORE)
    depth = rows[..., 3:].astype(np.float32) / _PER_METRE
    world_m = np.where(hidden[..., None], np.float32(np.nan), depth) if world else None
    return UnpackedPoses(places, scores, world_m)


def _size(count: int, keypoints: int, *, world: bool) -> int:
    """In bytes, unpacked."""
    return count * keypoints * (6 if world else 3) * 2


def _inflated(packed: bytes, size: int) -> bytes:
    if not size:
        if packed:
            raise InvalidInputError(f"packed poses of nobody must be empty, got {len(packed)} bytes")
        return b""
    inflate = zlib.decompressobj(_RAW_DEFLATE)
    try:
        data = inflate.decompress(packed, size)
        complete = inflate.eof or not inflate.decompress(inflate.unconsumed_tail, 1)
    except zlib.error as error:
        raise InvalidInputError(f"packed poses cannot be unpacked: {error}") from error
    if len(data) != size or not complete or not inflate.eof or inflate.unused_data:
        raise InvalidInputError(f"packed poses must unpack to {size} bytes and end there; these {len(packed)} do not")
    return data


def _whole(values: FloatArray, step: int) -> NDArray[np.int16]:
    limited = np.clip(np.nan_to_num(np.rint(values / step) * step), _HIDDEN + 1, 32767)
    whole: NDArray[np.int16] = limited.astype(np.int16)
    return whole
