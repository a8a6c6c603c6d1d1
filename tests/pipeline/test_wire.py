"""The wire forms: what is written is read back, JSON can carry it, and nonsense is refused with a sentence."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, Pose, PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, Skeleton
from webapp.pipeline import wire, wire_sessions, wire_stream
from webapp.pipeline.messages import (
    Bank,
    DroppedFrame,
    Follow,
    FrameAnswer,
    FrameMessage,
    LoadedModels,
    ModelChoice,
    ModelsAsked,
    ModelsReady,
    ModelsRefused,
    PersonAnswer,
    PosesMessage,
    SessionEvent,
    SessionOpened,
    StoredAction,
    StoredTake,
    WorkerHello,
)
from webapp.recognition.ports import Candidate, Event, Recognition

FOUND_BY = ModelChoice("yolov5n", "blazepose_full")
ARMS = Skeleton("two points", ("one", "other"), (("one", "other"),))
POSES = PosesMessage("s1", 7, (1.5, 1.75), 640, 480, COCO_17, True, b"packed")
JPEG = b"\xff\xd8\xff\xe0 a picture"


def sequence(frames: int = 8) -> PoseSequence:
    draw = np.random.default_rng(1)
    return PoseSequence(
        skeleton=COCO_17,
        times_s=np.arange(frames) / 30,
        keypoints=draw.random((frames, 17, 2), dtype=np.float32),
        scores=draw.random((frames, 17), dtype=np.float32),
    )


def answer() -> FrameAnswer:
    draw = np.random.default_rng(2)
    keypoints_px = draw.random((33, 2), dtype=np.float32) * 480
    keypoints_px[4] = np.nan
    scores = draw.random(33, dtype=np.float32)
    pose = Pose(BLAZEPOSE_33, keypoints_px, scores, 0.93, world_m=draw.random((33, 3), dtype=np.float32))
    ranking = (
        Candidate("a1", "squat", 0.41, 0.5, None, 0.8),
        Candidate("a2", "jumping jack", math.inf, 0.6, "legs not visible"),
    )
    recognition = Recognition(ranking, (), "squat", None)
    person = PersonAnswer(3, Box(1.0, 2.0, 300.5, 400.5), pose, recognition)
    return FrameAnswer("s1", 7, 640, 480, (person,), {"decode": 1.25, "total": 18.5})


def session_event() -> SessionEvent:
    event = Event("a1", "squat", "t1", 1.0, 2.5, 2.7, 0.3, 0.5, 0.9, sequence())
    return SessionEvent("s1", "s1-1-0", 3, event, FOUND_BY)


def through_json(value: Any) -> Any:
    """As the browser's strict JSON.parse sees it."""
    return json.loads(json.dumps(value, allow_nan=False))


def test_an_answer_survives_the_way() -> None:
    sent = answer()

    got = wire.answer_from_wire(through_json(wire.answer_to_wire(sent)), BLAZEPOSE_33)

    assert (got.session_id, got.frame_id, got.width_px, got.height_px) == ("s1", 7, 640, 480)
    assert got.stages_ms == sent.stages_ms
    there, back = sent.people[0], got.people[0]
    assert back.person_id == 3
    assert back.box == there.box
    assert there.pose is not None
    assert back.pose is not None
    np.testing.assert_allclose(back.pose.keypoints_px, there.pose.keypoints_px, atol=0.051)
    assert there.pose.world_m is not None
    assert back.pose.world_m is not None
    np.testing.assert_allclose(back.pose.world_m, there.pose.world_m, atol=0.00051)
    assert back.recognition == there.recognition


def test_the_answer_to_poses_has_nothing_that_the_browser_knows_itself() -> None:
    person = replace(answer().people[0], box=None, pose=None)
    sent = replace(answer(), people=(person,), followed=None)

    described: Any = through_json(wire.answer_to_wire(sent))

    assert {key for key, value in described["people"][0].items() if value is None} == {
        "box_px", "score", "keypoints", "world_m", "reason",
    }  # fmt: skip
    assert wire.answer_from_wire(described, BLAZEPOSE_33) == sent


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("times_s", [2.0, 1.0], "must rise"),
        ("times_s", [1.0, 1.0], "must rise"),
        ("times_s", [1.0, math.nan], "finite"),
        ("times_s", [1.0, 10**400], "finite"),
        ("times_s", [n / 20 for n in range(65)], "at most 64"),
        ("times_s", None, "times_s"),
        ("width_px", 0, "width_px"),
        ("height_px", 10001, "height_px"),
        ("height_px", 480.5, "height_px"),
        ("skeleton", "octopus_8", "octopus_8"),
        ("skeleton", None, "skeleton"),
        ("skeleton", {"name": "octopus"}, "skeleton"),
        ("world", 1, "world"),
        ("frame_id", -1, "frame_id"),
    ],
)
def test_poses_that_are_not_as_they_must_be_are_refused(key: str, value: object, sentence: str) -> None:
    described, packed = wire_stream.poses_to_wire(POSES)

    with pytest.raises(InvalidInputError, match=sentence):
        wire_stream.poses_from_wire(described | {key: value}, packed)


@pytest.mark.parametrize(("packed", "sentence"), [("text", "must be packed bytes"), (bytes(5000), "at most")])
def test_the_bytes_of_poses_are_bytes_and_no_more_than_there_can_be(packed: object, sentence: str) -> None:
    described, _ = wire_stream.poses_to_wire(POSES)

    with pytest.raises(InvalidInputError, match=sentence):
        wire_stream.poses_from_wire(described, packed)


def test_a_hidden_keypoint_travels_as_nulls_with_score_0() -> None:
    person = wire.person_to_wire(answer().people[0])

    assert isinstance(person["keypoints"], list)
    assert person["keypoints"][4] == [None, None, 0]


def test_a_distance_that_cannot_be_said_travels_as_null() -> None:
    ranking: Any = wire.person_to_wire(answer().people[0])["ranking"]

    assert ranking[1]["distance"] is None


def test_nobody_there_is_an_answer_too() -> None:
    sent = FrameAnswer("s1", 7, 640, 480, (), {"total": 3.0})

    assert wire.answer_from_wire(through_json(wire.answer_to_wire(sent)), BLAZEPOSE_33) == sent


def test_a_bank_survives_the_way() -> None:
    takes = (StoredTake("t1", b"as stored", 0.5, 2.25), StoredTake("t2", b"", 0.0, 1.0))
    sent = Bank("user-1", 4, (StoredAction("a1", "squat", takes), StoredAction("a2", "bow", ())))

    assert wire.bank_from_wire(wire.bank_to_wire(sent)) == sent


@pytest.mark.parametrize(
    ("key", "value"),
    [("take_id", None), ("sequence", "text"), ("sequence", None), ("trim_start_s", float("nan")), ("trim_end_s", "1")],
)
def test_a_take_that_is_not_as_it_must_be_is_refused(key: str, value: object) -> None:
    bank: Any = wire.bank_to_wire(Bank("user-1", 4, (StoredAction("a1", "squat", (StoredTake("t1", b"", 0.0, 1.0),)),)))
    bank["actions"][0]["takes"][0][key] = value

    with pytest.raises(InvalidInputError, match=key):
        wire.bank_from_wire(bank)


def test_an_event_survives_the_way_with_its_poses() -> None:
    got = wire.event_from_wire(wire.event_to_wire(session_event()))

    assert (got.session_id, got.event_key, got.person_id) == ("s1", "s1-1-0", 3)
    assert (got.event.action, got.event.start_s, got.event.end_s, got.event.confidence) == ("squat", 1.0, 2.5, 0.9)
    np.testing.assert_array_equal(got.event.sequence.scores, sequence().scores)


def test_the_browser_gets_an_event_without_poses_and_with_the_historys_id() -> None:
    described = wire.event_to_browser(session_event(), "e1")

    assert set(through_json(described)) == {
        "event_key", "event_id", "person_id", "action_id", "action", "take_id", "start_s", "end_s", "announced_s",
        "distance", "threshold", "confidence",
    }  # fmt: skip
    assert (described["event_key"], described["event_id"]) == ("s1-1-0", "e1")


def test_small_messages_survive_the_way() -> None:
    hello = WorkerHello("w1", LoadedModels("yolov5n", "blazepose_full", "openvino", BLAZEPOSE_33))
    frame = FrameMessage("s1", 7, 1.5, JPEG)

    assert wire_sessions.hello_from_wire(wire_sessions.hello_to_wire(hello)) == hello
    assert wire_stream.frame_from_wire(*wire_stream.frame_to_wire(frame)) == frame
    assert wire.dropped_from_wire(wire.dropped_to_wire(DroppedFrame("s1", 7, "why"))) == DroppedFrame("s1", 7, "why")
    assert wire_stream.poses_from_wire(*wire_stream.poses_to_wire(POSES)) == POSES
    for models in (None, ModelChoice("auto", "hand_full")):
        opened, asked = SessionOpened("s1", "user-1", models), ModelsAsked("s1", models)
        ready = ModelsReady("s1", models, LoadedModels("none", "own arms", "litert", ARMS))
        refused = ModelsRefused("s1", models, "why")
        assert wire_sessions.session_from_wire(through_json(wire_sessions.session_to_wire(opened))) == opened
        assert wire_sessions.models_asked_from_wire(through_json(wire_sessions.models_asked_to_wire(asked))) == asked
        assert wire_sessions.models_answer_from_wire(through_json(wire_sessions.models_ready_to_wire(ready))) == ready
        assert wire_sessions.models_answer_from_wire(wire_sessions.models_refused_to_wire(refused)) == refused
    for person_id in (None, 3):
        follow = Follow("s1", person_id)
        assert wire_sessions.follow_from_wire(wire_sessions.follow_to_wire(follow)) == follow
    assert wire_sessions.session_from_wire(
        wire_sessions.session_to_wire(SessionOpened("s1", "user-1"))
    ) == SessionOpened("s1", "user-1")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("session_id",), 5),
        (("frame_id",), "7"),
        (("width_px",), -1),
        (("people",), "nobody"),
        (("people",), [None] * 33),
        (("stages_ms",), None),
        (("stages_ms", "total"), "quick"),
        (("people", 0, "keypoints"), [[1, 2, 3]]),
        (("people", 0, "keypoints", 0), [1e30, 0, 0]),
        (("people", 0, "keypoints", 0), ["a", 0, 0]),
        (("people", 0, "world_m"), [[0, 0]] * 33),
        (("people", 0, "box_px"), [1, 2, 3]),
        (("people", 0, "score"), None),
        (("people", 0, "person_id"), None),
        (("people", 0, "current"), "x" * 1001),
        (("people", 0, "ranking"), {}),
        (("people", 0, "ranking", 0, "distance"), "near"),
        (("people", 0, "ranking", 0, "reason"), 5),
        (("people", 0, "ranking", 0), None),
    ],
)
def test_a_workers_wrong_answer_is_refused(path: tuple[str | int, ...], value: object) -> None:
    raw = through_json(wire.answer_to_wire(answer()))
    place: Any = raw
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(InvalidInputError):
        wire.answer_from_wire(raw, BLAZEPOSE_33)


@pytest.mark.parametrize("raw", [None, 5, "text", [], b"bytes"])
def test_no_message_may_be_anything_but_an_object(raw: object) -> None:
    readers = [
        wire_sessions.hello_from_wire,
        wire.bank_from_wire,
        wire_sessions.session_from_wire,
        wire_sessions.session_id_from_wire,
        wire.dropped_from_wire,
        wire.event_from_wire,
    ]
    for read in readers:
        with pytest.raises(InvalidInputError, match="must be an object"):
            read(raw)


def test_a_hello_with_an_unknown_skeleton_is_refused() -> None:
    hello = WorkerHello("w1", LoadedModels("d", "p", "r", BLAZEPOSE_33))
    raw = wire_sessions.hello_to_wire(hello) | {"skeleton": "octopus_8"}

    with pytest.raises(InvalidInputError, match="octopus_8"):
        wire_sessions.hello_from_wire(raw)


def test_an_event_whose_poses_are_no_poses_is_refused() -> None:
    raw = wire.event_to_wire(session_event()) | {"sequence": b"PK nonsense"}

    with pytest.raises(InvalidInputError, match="not a pose sequence"):
        wire.event_from_wire(raw)
