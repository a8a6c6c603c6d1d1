"""What a session sends, in its wire form: pictures, and poses in place of pictures."""

from __future__ import annotations

from itertools import pairwise

from webapp.core.errors import InvalidInputError
from webapp.core.packed_poses import MAX_POSES, most_packed_bytes
from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.pipeline.messages import FrameMessage, PosesMessage, StreamMessage
from webapp.pipeline.wire import Wire
from webapp.pipeline.wire_fields import Fields

MAX_SIDE_PX = 10_000


def stream_to_wire(message: StreamMessage) -> tuple[str, tuple[Wire, bytes]]:
    """The event's name and its two arguments."""
    if isinstance(message, FrameMessage):
        return "frame", frame_to_wire(message)
    return "poses", poses_to_wire(message)


def frame_to_wire(frame: FrameMessage) -> tuple[Wire, bytes]:
    return {"session_id": frame.session_id, "frame_id": frame.frame_id, "time_s": frame.time_s}, frame.jpeg


def frame_from_wire(raw: object, jpeg: object) -> FrameMessage:
    """What a worker is sent; the picture itself is checked when it is decoded."""
    fields = Fields("frame", raw)
    if not isinstance(jpeg, (bytes, bytearray)):
        raise InvalidInputError(f"frame must be JPEG bytes, got {type(jpeg).__name__}")
    return FrameMessage(fields.text("session_id"), fields.whole("frame_id"), fields.number("time_s"), bytes(jpeg))


def poses_to_wire(poses: PosesMessage) -> tuple[Wire, bytes]:
    described: Wire = {
        "session_id": poses.session_id,
        "frame_id": poses.frame_id,
        "times_s": list(poses.times_s),
        "width_px": poses.width_px,
        "height_px": poses.height_px,
        "skeleton": poses.skeleton.name,
        "world": poses.world,
    }
    return described, poses.packed


def poses_from_wire(raw: object, packed: object) -> PosesMessage:
    """What a worker is sent; the bytes themselves are checked when they are unpacked."""
    return described_poses(Fields("poses", raw).text("session_id"), raw, packed)


def described_poses(session_id: str, raw: object, packed: object) -> PosesMessage:
    """The poses of a session, from a browser or on their way to a worker; InvalidInputError says what is wrong."""
    fields = Fields("poses", raw)
    times_s, skeleton, world = _times(fields), _skeleton(fields), fields.flag("world")
    if not isinstance(packed, (bytes, bytearray)):
        raise InvalidInputError(f"poses must be packed bytes, got {type(packed).__name__}")
    most = most_packed_bytes(len(times_s), len(skeleton.keypoints), world=world)
    if len(packed) > most:
        raise InvalidInputError(f"{len(times_s)} poses have {len(packed)} bytes, at most {most} are allowed")
    return PosesMessage(
        session_id=session_id,
        frame_id=fields.whole("frame_id"),
        times_s=times_s,
        width_px=fields.whole("width_px", least=1, most=MAX_SIDE_PX),
        height_px=fields.whole("height_px", least=1, most=MAX_SIDE_PX),
        skeleton=skeleton,
        world=world,
        packed=bytes(packed),
    )


def _times(fields: Fields) -> tuple[float, ...]:
    times_s = tuple(fields.numbers("times_s", MAX_POSES))
    if any(later <= earlier for earlier, later in pairwise(times_s)):
        raise InvalidInputError("poses: times_s must rise from pose to pose")
    return times_s


def _skeleton(fields: Fields) -> Skeleton:
    name = fields.optional_choice("skeleton", tuple(SKELETONS))
    if name is None:
        raise InvalidInputError(f"poses: skeleton must be one of {', '.join(SKELETONS)}, got null")
    return SKELETONS[name]
