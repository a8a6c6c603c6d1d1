"""What crosses the process boundary between the web process and a worker.

Records here; their wire form (JSON-able values and bytes, what Socket.IO carries) is written and read by
`webapp.pipeline.wire` alone. docs/protocol.md describes the keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webapp.core.records import Box, Pose
from webapp.recognition.ports import Event, Recognition


@dataclass(frozen=True)
class FrameMessage:
    """One JPEG of one session. time_s is the session's own clock; frame_id rises within a session."""

    session_id: str
    frame_id: int
    time_s: float
    jpeg: bytes


@dataclass(frozen=True)
class PersonAnswer:
    """One tracked person of a frame; person_id stays the same while the person is followed."""

    person_id: int
    box: Box
    pose: Pose
    recognition: Recognition


@dataclass(frozen=True)
class FrameAnswer:
    """The answer to one frame; people is empty when nobody is there.

    stages_ms: decode, detect, pose, recognise, total; detect is 0 where tracking made it unnecessary.
    """

    session_id: str
    frame_id: int
    width_px: int
    height_px: int
    people: tuple[PersonAnswer, ...]
    stages_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DroppedFrame:
    """A frame that gets no keypoints, and why, as a sentence part ("superseded by a newer frame")."""

    session_id: str
    frame_id: int
    reason: str


@dataclass(frozen=True)
class SessionEvent:
    """An event with the person it belongs to; event_key is unique, so storing it twice stores it once."""

    session_id: str
    event_key: str
    person_id: int
    event: Event


@dataclass(frozen=True)
class WorkerHello:
    """What a worker says of itself once its models are loaded."""

    worker_id: str
    detector: str
    pose_model: str
    skeleton: str
    runtime: str


@dataclass(frozen=True)
class StoredTake:
    """A take as the database keeps it: the whole recording as sequence_file bytes, and which part is the movement."""

    take_id: str
    sequence: bytes
    trim_start_s: float
    trim_end_s: float


@dataclass(frozen=True)
class StoredAction:
    """An action with its takes as they are stored; the receiver unpacks them. The rest as in ports.Action."""

    action_id: str
    name: str
    takes: Sequence[StoredTake]
    mirror: bool = False
    threshold_factor: float = 1.0


@dataclass(frozen=True)
class Bank:
    """All actions of one owner. number rises with every change; the newest wins.

    negatives: movements that are none of the actions, as sequence_file bytes.
    """

    bank_id: str
    number: int
    actions: Sequence[StoredAction]
    negatives: Sequence[bytes] = ()


@dataclass(frozen=True)
class SessionOpened:
    """A browser session begins and is recognised against this bank."""

    session_id: str
    bank_id: str
