"""A label and its box as they are stored: a few bytes per keypoint, exact to the bit."""

from __future__ import annotations

import struct

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.datasets.records import Label

_HEAD = struct.Struct("<BBH4d")  # schema, flags, keypoints, box
_SCHEMA = 1
_HAS_LABEL, _HAS_CONFIDENCE = 1, 2


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
