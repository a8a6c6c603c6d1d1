"""The messages of the process boundary as what Socket.IO carries: JSON-able values and bytes.

docs/protocol.md names the keys. `..._to_wire` writes, `..._from_wire` reads and checks; whatever is not as it must be
is an InvalidInputError.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, FloatArray, Pose
from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.pipeline.messages import (
    Bank,
    DroppedFrame,
    FrameAnswer,
    FrameMessage,
    PersonAnswer,
    SessionEvent,
    SessionOpened,
    StoredAction,
    StoredTake,
    WorkerHello,
)
from webapp.pipeline.wire_fields import Fields
from webapp.recognition.ports import Candidate, Event, Recognition

Wire = dict[str, object]

MAX_PEOPLE = 32
MAX_RANKING = 1000


def frame_to_wire(frame: FrameMessage) -> tuple[Wire, bytes]:
    return {"session_id": frame.session_id, "frame_id": frame.frame_id, "time_s": frame.time_s}, frame.jpeg


def frame_from_wire(raw: object, jpeg: object) -> FrameMessage:
    """What a worker is sent; the picture itself is checked when it is decoded."""
    fields = Fields("frame", raw)
    if not isinstance(jpeg, (bytes, bytearray)):
        raise InvalidInputError(f"frame must be JPEG bytes, got {type(jpeg).__name__}")
    return FrameMessage(fields.text("session_id"), fields.whole("frame_id"), fields.number("time_s"), bytes(jpeg))


def dropped_to_wire(dropped: DroppedFrame) -> Wire:
    return {"session_id": dropped.session_id, "frame_id": dropped.frame_id, "reason": dropped.reason}


def dropped_from_wire(raw: object) -> DroppedFrame:
    fields = Fields("drop", raw)
    return DroppedFrame(fields.text("session_id"), fields.whole("frame_id"), fields.text("reason"))


def hello_to_wire(hello: WorkerHello) -> Wire:
    return {
        "worker_id": hello.worker_id,
        "detector": hello.detector,
        "pose_model": hello.pose_model,
        "skeleton": hello.skeleton,
        "runtime": hello.runtime,
    }


def hello_from_wire(raw: object) -> WorkerHello:
    fields = Fields("hello", raw)
    hello = WorkerHello(*(fields.text(key) for key in ("worker_id", "detector", "pose_model", "skeleton", "runtime")))
    if hello.skeleton not in SKELETONS:
        raise InvalidInputError(f"hello: skeleton {hello.skeleton!r} is not known, known: {', '.join(SKELETONS)}")
    return hello


def skeleton_to_wire(skeleton: Skeleton) -> Wire:
    return {
        "name": skeleton.name,
        "keypoints": list(skeleton.keypoints),
        "edges": [list(edge) for edge in skeleton.edge_indices],
    }


def bank_to_wire(bank: Bank) -> Wire:
    return {
        "bank_id": bank.bank_id,
        "number": bank.number,
        "actions": [
            {
                "action_id": action.action_id,
                "name": action.name,
                "mirror": action.mirror,
                "threshold_factor": action.threshold_factor,
                "takes": [take_to_wire(take) for take in action.takes],
            }
            for action in bank.actions
        ],
        "negatives": list(bank.negatives),
    }


def take_to_wire(take: StoredTake) -> Wire:
    return {
        "take_id": take.take_id,
        "sequence": take.sequence,
        "trim_start_s": take.trim_start_s,
        "trim_end_s": take.trim_end_s,
    }


def bank_from_wire(raw: object) -> Bank:
    """What a worker is sent; the takes themselves are checked when they are unpacked."""
    fields = Fields("bank", raw)
    actions = tuple(_action_from_wire(action) for action in fields.items("actions", most=100_000))
    return Bank(fields.text("bank_id"), fields.whole("number"), actions, fields.blobs("negatives", most=100_000))


def _action_from_wire(raw: object) -> StoredAction:
    fields = Fields("action", raw)
    takes = tuple(take_from_wire(take) for take in fields.items("takes", most=100_000))
    mirror, factor = fields.flag("mirror"), fields.number("threshold_factor")
    return StoredAction(fields.text("action_id"), fields.text("name"), takes, mirror, factor)


def take_from_wire(raw: object) -> StoredTake:
    fields = Fields("take", raw)
    trim = fields.number("trim_start_s"), fields.number("trim_end_s")
    return StoredTake(fields.text("take_id"), fields.blob("sequence"), *trim)


def session_to_wire(session: SessionOpened) -> Wire:
    return {"session_id": session.session_id, "bank_id": session.bank_id}


def session_from_wire(raw: object) -> SessionOpened:
    fields = Fields("session_opened", raw)
    return SessionOpened(fields.text("session_id"), fields.text("bank_id"))


def session_id_from_wire(raw: object) -> str:
    return Fields("session", raw).text("session_id")


def answer_to_wire(answer: FrameAnswer) -> Wire:
    return {
        "session_id": answer.session_id,
        "frame_id": answer.frame_id,
        "width_px": answer.width_px,
        "height_px": answer.height_px,
        "people": [person_to_wire(person) for person in answer.people],
        "stages_ms": {name: round(value, 2) for name, value in answer.stages_ms.items()},
    }


def answer_from_wire(raw: object, skeleton: Skeleton) -> FrameAnswer:
    """An answer of a worker whose pose model has that skeleton."""
    fields = Fields("answer", raw)
    stages = fields.raw("stages_ms")
    stage_fields = Fields("stages_ms", stages)
    return FrameAnswer(
        session_id=fields.text("session_id"),
        frame_id=fields.whole("frame_id"),
        width_px=fields.whole("width_px", most=100_000),
        height_px=fields.whole("height_px", most=100_000),
        people=tuple(_person_from_wire(person, skeleton) for person in fields.items("people", MAX_PEOPLE)),
        stages_ms={str(name)[:40]: stage_fields.number(name) for name in cast("Mapping[str, object]", stages)},
    )


def person_to_wire(person: PersonAnswer) -> Wire:
    """A person as the browser draws them: pixels to a tenth, metres to a millimetre."""
    pose, recognition = person.pose, person.recognition
    hidden = np.flatnonzero(~np.isfinite(pose.keypoints_px).all(axis=1)).tolist()
    keypoints = np.column_stack((_rounded(pose.keypoints_px, 1), _rounded(pose.scores, 3)))
    return {
        "person_id": person.person_id,
        "box_px": [round(float(edge), 1) for edge in _corners(person.box)],
        "score": round(float(pose.score), 3),
        "keypoints": _rows(keypoints, hidden, [None, None, 0]),
        "world_m": None if pose.world_m is None else _world_rows(pose.world_m),
        "current": recognition.current,
        "reason": recognition.reason,
        "ranking": [_candidate_to_wire(candidate) for candidate in recognition.ranking],
    }


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x1_px, box.y1_px, box.x2_px, box.y2_px


def _world_rows(world_m: FloatArray) -> list[object]:
    hidden = np.flatnonzero(~np.isfinite(world_m).all(axis=1)).tolist()
    return _rows(_rounded(world_m, 3), hidden, [None, None, None])


def _rounded(array: FloatArray, decimals: int) -> NDArray[np.float64]:
    # rounded as float64: a rounded float32 would print all its digits again
    return np.asarray(np.round(array.astype(np.float64), decimals), dtype=np.float64)


def _rows(array: NDArray[np.float64], hidden: Sequence[int], replacement: Sequence[object]) -> list[object]:
    rows: list[object] = array.tolist()
    for index in hidden:
        rows[index] = list(replacement)
    return rows


def _candidate_to_wire(candidate: Candidate) -> Wire:
    return {
        "action_id": candidate.action_id,
        "action": candidate.action,
        "distance": _finite(candidate.distance),
        "threshold": _finite(candidate.threshold),
        "reason": candidate.reason,
        "progress": round(float(candidate.progress), 3),
    }


def _finite(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None


def _person_from_wire(raw: object, skeleton: Skeleton) -> PersonAnswer:
    fields = Fields("person", raw)
    count = len(skeleton.keypoints)
    keypoints = fields.array("keypoints", (count, 3))
    pose = Pose(
        skeleton=skeleton,
        keypoints_px=keypoints[:, :2],
        scores=np.nan_to_num(keypoints[:, 2]),
        score=fields.number("score"),
        world_m=None if fields.raw("world_m") is None else fields.array("world_m", (count, 3)),
    )
    ranking = tuple(_candidate_from_wire(candidate) for candidate in fields.items("ranking", MAX_RANKING))
    corners = np.nan_to_num(fields.array("box_px", (4,))).tolist()
    recognition = Recognition(ranking, (), fields.optional_text("current"), fields.optional_text("reason"))
    return PersonAnswer(fields.whole("person_id"), Box(*corners), pose, recognition)


def _candidate_from_wire(raw: object) -> Candidate:
    fields = Fields("candidate", raw)
    return Candidate(
        action_id=fields.text("action_id"),
        action=fields.text("action"),
        distance=fields.number_or_inf("distance"),
        threshold=fields.number_or_inf("threshold"),
        reason=fields.optional_text("reason"),
        progress=fields.number("progress"),
    )


_EVENT_NUMBERS = ("start_s", "end_s", "announced_s", "distance", "threshold", "confidence")


def event_to_browser(event: SessionEvent, event_id: str | None) -> Wire:
    """An event as the browser lists it; event_id is the history's, None where it could not be stored yet."""
    described = event.event
    wire: Wire = {
        "event_key": event.event_key,
        "event_id": event_id,
        "person_id": event.person_id,
        "action_id": described.action_id,
        "action": described.action,
        "take_id": described.take_id,
    }
    wire.update({key: _finite(getattr(described, key)) for key in _EVENT_NUMBERS})
    return wire


def event_to_wire(event: SessionEvent) -> Wire:
    """An event as a worker sends it: what the browser gets, its session, and its poses."""
    wire = event_to_browser(event, None)
    del wire["event_id"]
    wire["session_id"] = event.session_id
    wire["sequence"] = sequence_file.to_bytes(event.event.sequence)
    return wire


def event_from_wire(raw: object) -> SessionEvent:
    fields = Fields("event", raw)
    numbers = {key: fields.number(key) for key in _EVENT_NUMBERS}
    event = Event(
        action_id=fields.text("action_id"),
        action=fields.text("action"),
        take_id=fields.text("take_id"),
        sequence=sequence_file.from_bytes(fields.blob("sequence")),
        **numbers,
    )
    return SessionEvent(fields.text("session_id"), fields.text("event_key"), fields.whole("person_id"), event)
