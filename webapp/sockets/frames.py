"""What a browser sends, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.config import DETECTORS, Settings, pose_models
from webapp.core.errors import InvalidInputError
from webapp.pipeline.messages import Follow, FrameMessage, ModelChoice, PosesMessage
from webapp.pipeline.wire_fields import Fields
from webapp.pipeline.wire_stream import described_poses

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


def poses_from_browser(session_id: str, arguments: Sequence[object]) -> PosesMessage:
    """The poses a browser sent as ({frame_id, times_s, width_px, height_px, skeleton, world}, packed poses)."""
    if len(arguments) != 2:
        raise InvalidInputError(f"poses takes two arguments, its description and its bytes, got {len(arguments)}")
    return described_poses(session_id, *arguments)


def require_known(choice: ModelChoice | None, settings: Settings) -> None:
    """InvalidInputError where the names are no models of this installation."""
    if choice is None:
        return
    if choice.detector not in DETECTORS:
        raise InvalidInputError(f"unknown detector {choice.detector!r:.60}; known: {', '.join(DETECTORS)}")
    known = pose_models(settings.weights_dir)
    if choice.pose_model not in known:
        raise InvalidInputError(f"unknown pose model {choice.pose_model!r:.60}; known: {', '.join(known)}")


def follow_from_browser(session_id: str, arguments: Sequence[object]) -> Follow:
    """Whom to follow, as {person_id}; anything else is an InvalidInputError."""
    return Follow(session_id, Fields("follow", arguments[0] if arguments else None).optional_whole("person_id"))


def frame_id_of(arguments: Sequence[object]) -> int | None:
    """The frame_id of a frame or of poses that may be wrong in every other way; None where it has none."""
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
