"""What crosses the process boundary between the web process and a worker.

Records here; their wire form (JSON-able values and bytes, what Socket.IO carries) is written and read by
`webapp.pipeline.wire` alone. docs/protocol.md describes the keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webapp.core.records import Box, Pose
from webapp.core.skeleton import Skeleton
from webapp.recognition.ports import Event, Recognition


@dataclass(frozen=True)
class ModelChoice:
    """A detector and a pose model by the names of the settings; for poses found in a browser by those of ON_DEVICE."""

    detector: str
    pose_model: str


ON_DEVICE = ModelChoice("on device", "mediapipe_pose")
"""What found the poses that come in place of pictures."""


@dataclass(frozen=True)
class LoadedModels:
    """The models that answer a session; detector is "none" where the pose model finds people by itself."""

    detector: str
    pose_model: str
    runtime: str
    skeleton: Skeleton


@dataclass(frozen=True)
class FrameMessage:
    """One JPEG of one session. time_s is the session's own clock; frame_id rises within a session."""

    session_id: str
    frame_id: int
    time_s: float
    jpeg: bytes


@dataclass(frozen=True)
class PosesMessage:
    """The poses of one person since the last message, found in the browser; packed as core.packed_poses says.

    times_s: the session's own clock, rising; empty where nobody is in view. skeleton: of the ready-made ones.
    """

    session_id: str
    frame_id: int
    times_s: tuple[float, ...]
    width_px: int
    height_px: int
    skeleton: Skeleton
    world: bool
    packed: bytes


StreamMessage = FrameMessage | PosesMessage
"""What a session sends: each is answered once."""


@dataclass(frozen=True)
class PersonAnswer:
    """One tracked person of a frame; person_id stays the same while the person is tracked.

    box, pose: None where the browser found the poses itself.
    """

    person_id: int
    box: Box | None
    pose: Pose | None
    recognition: Recognition


@dataclass(frozen=True)
class FrameAnswer:
    """The answer to one frame; people is empty when nobody is there.

    followed: the person_id of the only one who is recognised; None: everybody is.
    stages_ms: decode, detect, pose, recognise, total; detect is 0 where tracking made it unnecessary.
    """

    session_id: str
    frame_id: int
    width_px: int
    height_px: int
    people: tuple[PersonAnswer, ...]
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    followed: int | None = None


@dataclass(frozen=True)
class DroppedFrame:
    """A frame that gets no keypoints, and why, as a sentence part ("superseded by a newer frame")."""

    session_id: str
    frame_id: int
    reason: str


@dataclass(frozen=True)
class SessionEvent:
    """An event with the person it belongs to; event_key is unique, so storing it twice stores it once.

    found_by: the models that found its poses.
    """

    session_id: str
    event_key: str
    person_id: int
    event: Event
    found_by: ModelChoice


@dataclass(frozen=True)
class WorkerHello:
    """What a worker says of itself once the models of its own settings are loaded."""

    worker_id: str
    models: LoadedModels


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
    """A browser session begins and is recognised against this bank. models: None for those of the worker's settings."""

    session_id: str
    bank_id: str
    models: ModelChoice | None = None


@dataclass(frozen=True)
class ModelsAsked:
    """A session is to change its models; None for those of the worker's settings."""

    session_id: str
    models: ModelChoice | None


@dataclass(frozen=True)
class ModelsReady:
    """The answers after this one are by these models, which is what was asked for."""

    session_id: str
    asked: ModelChoice | None
    models: LoadedModels


@dataclass(frozen=True)
class ModelsRefused:
    """Why a session does not get what was asked for; it goes on with what it has."""

    session_id: str
    asked: ModelChoice | None
    reason: str


@dataclass(frozen=True)
class SessionNote:
    """Which of its actions a session cannot recognise, as a sentence; None: it is so no more."""

    session_id: str
    sentence: str | None


@dataclass(frozen=True)
class Follow:
    """Recognise this person of the session alone; None: everybody."""

    session_id: str
    person_id: int | None
