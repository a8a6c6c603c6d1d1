"""Frames as a browser sends them, checked before anything is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.core.errors import InvalidInputError
from webapp.pipeline.messages import FrameMessage
from webapp.pipeline.wire_fields import Fields

JPEG_MAGIC = b"\xff\xd8\xff"


@dataclass(frozen=True)
class FrameLimits:
    """What a frame from a browser may be at most."""

    max_bytes: int


def frame_from_browser(session_id: str, arguments: Sequence[object], limits: FrameLimits) -> FrameMessage:
    """The frame a browser sent as ({frame_id, time_s}, jpeg)."""
    if len(arguments) != 2:
        raise InvalidInputError(f"frame takes two arguments, its description and its bytes, got {len(arguments)}")
    fields = Fields("frame", arguments[0])
    return FrameMessage(session_id, fields.whole("frame_id"), fields.number("time_s"), _jpeg(arguments[1], limits))


def frame_id_of(arguments: Sequence[object]) -> int | None:
    """The frame_id of a frame that may be wrong in every other way; None where it has none."""
    try:
        return Fields("frame", arguments[0] if arguments else None).whole("frame_id")
    except InvalidInputError:
        return None


def _jpeg(data: object, limits: FrameLimits) -> bytes:
    if not isinstance(data, (bytes, bytearray)):
        raise InvalidInputError(f"frame must be JPEG bytes, got {type(data).__name__}")
    if not data:
        raise InvalidInputError("frame is empty: 0 bytes")
    if len(data) > limits.max_bytes:
        raise InvalidInputError(f"frame has {len(data)} bytes, at most {limits.max_bytes} are allowed")
    if bytes(data[:3]) != JPEG_MAGIC:
        raise InvalidInputError("frame is not a JPEG picture")
    return bytes(data)
