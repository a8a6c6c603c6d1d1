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
from webapp.core.records import Box, FloatArray, Pose
from webapp.core.skeleton import Skeleton
from webapp.pipeline.messages import (
    Bank,
    DroppedFrame,
    FrameAnswer,
    ModelChoice,
    PersonAnswer,
    SessionEvent,
    StoredAction,
    StoredTake,
)
from webapp.pipeline.wire_fields import Fields
from webapp.recognition.ports import Candidate, Event, Recognition

Wire = dict[str, object]
"""A message, or a part of one: what JSON carries, and bytes."""

MAX_PEOPLE = 32
MAX_RANKING = 1000


def dropped_to_wire(dropped: DroppedFrame) -> Wire:
    return {"session_id": dropped.session_id, "frame_id": dropped.frame_id, "reason": dropped.reason}


def dropped_from_wire(raw: object) -> DroppedFrame:
    fields = Fields("drop", raw)
    return DroppedFrame(fields.text("session_id"), fields.whole("frame_id"), fields.text("reason"))


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


def answer_to_wire(answer: FrameAnswer) -> Wire:
    return {
        "session_id": answer.session_id,
        "frame_id": answer.frame_id,
        "width_px": answer.width_px,
        "height_px": answer.height_px,
        "followed": answer.followed,
        "people": [person_to_wire(person) for person in answer.people],
        "stages_ms": {name: round(value, 2) for name, value in answer.stages_ms.items()},
    }


def frame_id_from_wire(raw: object) -> int:
    return Fields("answer", raw).whole("frame_id")


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
        followed=fields.optional_whole("followed"),
    )


def person_to_wire(person: PersonAnswer) -> Wire:
    """A person as the browser draws them: pixels to a tenth, metres to a millimetre."""
    recognition = person.recognition
    return {
        "person_id": person.person_id,
        "box_px": None if person.box is None else [round(float(edge), 1) for edge in _corners(person.box)],
        **_pose_to_wire(person.pose),
        "current": recognition.current,
        "reason": recognition.reason,
        "ranking": [_candidate_to_wire(candidate) for candidate in recognition.ranking],
    }


def _pose_to_wire(pose: Pose | None) -> Wire:
    if pose is None:
        return {"score": None, "keypoints": None, "world_m": None}
    hidden = np.flatnonzero(~np.isfinite(pose.keypoints_px).all(axis=1)).tolist()
    keypoints = np.column_stack((_rounded(pose.keypoints_px, 1), _rounded(pose.scores, 3)))
    return {
        "score": round(float(pose.score), 3),
        "keypoints": _rows(keypoints, hidden, [None, None, 0]),
        "world_m": None if pose.world_m is None else _world_rows(pose.world_m),
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
    ranking = tuple(_candidate_from_wire(candidate) for candidate in fields.items("ranking", MAX_RANKING))
    recognition = Recognition(ranking, (), fields.optional_text("current"), fields.optional_text("reason"))
    person_id = fields.whole("person_id")
    if fields.raw("keypoints") is None:
        return PersonAnswer(person_id, None, None, recognition)
    corners = np.nan_to_num(fields.array("box_px", (4,))).tolist()
    return PersonAnswer(person_id, Box(*corners), _pose_from_wire(fields, skeleton), recognition)


def _pose_from_wire(fields: Fields, skeleton: Skeleton) -> Pose:
    count = len(skeleton.keypoints)
    keypoints = fields.array("keypoints", (count, 3))
    return Pose(
        skeleton=skeleton,
        keypoints_px=keypoints[:, :2],
        scores=np.nan_to_num(keypoints[:, 2]),
        score=fields.number("score"),
        world_m=None if fields.raw("world_m") is None else fields.array("world_m", (count, 3)),
    )


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
    wire["detector"], wire["pose_model"] = event.found_by.detector, event.found_by.pose_model
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
    found_by = ModelChoice(fields.text("detector"), fields.text("pose_model"))
    return SessionEvent(fields.text("session_id"), fields.text("event_key"), fields.whole("person_id"), event, found_by)
