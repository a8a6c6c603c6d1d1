"""A label and its box as they are stored: a few bytes per keypoint, exact to the bit."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.datasets.records import Label

_HEAD = struct.Struct("<BBH4d")  # schema, flags, keypoints, box
_SCHEMA = 1
_HAS_LABEL, _HAS_CONFIDENCE = 1, 2
BOX_ALONE_BYTES = _HEAD.size
"""What a box without a label takes; everything longer has keypoints."""


@dataclass(frozen=True)
class ManyLabels:
    """Labels of one skeleton side by side: boxes_px (N, 4), keypoints_px (N, K, 2) with NaN, visibility (N, K)."""

    boxes_px: NDArray[np.float64]
    keypoints_px: NDArray[np.float32]
    visibility: NDArray[np.uint8]


def to_bytes(box: Box, label: Label | None) -> bytes:
    """Box and label; the label may be missing."""
    flags, parts = 0, []
    if label is not None:
        flags = _HAS_LABEL
        parts = [label.keypoints_px.astype("<f4").tobytes(), label.visibility.astype("u1").tobytes()]
        if label.confidence is not None:
            flags |= _HAS_CONFIDENCE
            parts.append(label.confidence.astype("<f4").tobytes())
    count = 0 if label is None else len(label.visibility)
    head = _HEAD.pack(_SCHEMA, flags, count, box.x1_px, box.y1_px, box.x2_px, box.y2_px)
    return b"".join((head, *parts))


def from_bytes(data: bytes) -> tuple[Box, Label | None]:
    """What to_bytes packed; InvalidInputError where it is of another schema or damaged."""
    if len(data) < _HEAD.size or data[0] != _SCHEMA:
        raise InvalidInputError(f"this label ({len(data)} bytes) is damaged or of another version of Moveprint")
    _, flags, count, *corners = _HEAD.unpack_from(data)
    box = Box(*corners)
    if not flags & _HAS_LABEL:
        return box, None
    has_confidence = bool(flags & _HAS_CONFIDENCE)
    if len(data) != _HEAD.size + count * (9 + 4 * has_confidence):
        raise InvalidInputError(f"this label of {count} keypoints has {len(data)} bytes; it is damaged")
    keypoints = np.frombuffer(data, "<f4", count * 2, _HEAD.size).reshape(count, 2).astype(np.float32)
    visibility = np.frombuffer(data, "u1", count, _HEAD.size + 8 * count).copy()
    confidence = None
    if has_confidence:
        confidence = np.frombuffer(data, "<f4", count, _HEAD.size + 9 * count).astype(np.float32)
    return box, Label(keypoints, visibility, confidence)


def many_from_bytes(stored: Sequence[bytes], count: int) -> ManyLabels:
    """Thousands at once, those without keypoints left out; InvalidInputError unless each has `count` keypoints."""
    found = []
    for has_confidence in (False, True):
        fields = [("schema", "u1"), ("flags", "u1"), ("count", "<u2"), ("box", "<f8", 4), ("xy", "<f4", (count, 2))]
        fields += [("visibility", "u1", count), *([("confidence", "<f4", count)] if has_confidence else [])]
        packed = np.dtype(fields)
        whole = [data for data in stored if len(data) == packed.itemsize]
        found.append(np.frombuffer(b"".join(whole), packed))
    wrong = sum(len(data) > BOX_ALONE_BYTES for data in stored) - sum(map(len, found))
    if wrong or any((each["schema"] != _SCHEMA).any() or (each["count"] != count).any() for each in found):
        raise InvalidInputError(f"{wrong or 'some'} of {len(stored)} labels are damaged or of another skeleton")
    boxes, keypoints, visibility = (
        np.concatenate([each[name] for each in found]) for name in ("box", "xy", "visibility")
    )
    return ManyLabels(boxes, keypoints, visibility)
