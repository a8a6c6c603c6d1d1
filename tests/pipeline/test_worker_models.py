"""Other models in a running session: loaded beside the frames, taken up between two of them, or refused in words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from tests.pipeline.test_worker import HeardLink, a_worker, drops, frame, picture, told
from webapp.core.errors import ModelUnavailableError
from webapp.core.packed_poses import pack_poses
from webapp.core.records import Pose
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, UPPER_BODY_6, Skeleton
from webapp.pipeline import wire, wire_sessions, wire_stream
from webapp.pipeline.inbox import Item
from webapp.pipeline.link import CONNECTED, Link
from webapp.pipeline.messages import (
    Follow,
    ModelChoice,
    ModelsAsked,
    ModelsReady,
    ModelsRefused,
    PosesMessage,
    SessionOpened,
)
from webapp.pipeline.models import Models
from webapp.pipeline.recognisers import NO_BANK_YET
from webapp.pipeline.worker import Worker
from webapp.vision.ports import Image


class EmptyRoom:
    """A pose model that finds nobody, by itself."""

    runtime = "none"

    def __init__(self, name: str, skeleton: Skeleton) -> None:
        self.name, self.skeleton = name, skeleton

    def find(self, image_bgr: Image) -> list[Pose]:
        return []


SKELETONS = {"own": BLAZEPOSE_33, "coco": COCO_17, "arms": UPPER_BODY_6}
OWN = Models(None, EmptyRoom("own", BLAZEPOSE_33))


def choice(name: str) -> ModelChoice:
    return ModelChoice("auto", name)


class Loader:
    """Loads at once, or when the test lets it."""

    def __init__(self) -> None:
        self.asked: list[ModelChoice] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, asked: ModelChoice) -> Models:
        self.asked.append(asked)
        assert self.go.wait(20)
        if asked.pose_model not in SKELETONS:
            raise ModelUnavailableError(f"{asked.pose_model} is not here; fetch it")
        return Models(None, EmptyRoom(asked.pose_model, SKELETONS[asked.pose_model]))


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def link() -> HeardLink:
    return HeardLink()


@pytest.fixture
def worker(loader: Loader, link: HeardLink) -> Worker:
    """A worker that is connected and knows a bank of one action, with arms and legs in view."""
    worker = a_worker(OWN, load=loader)
    worker.take(Item(link, CONNECTED))
    worker.take(told(link, stored_bank(1, {"a1": [arm_raise()]})))
    return worker


def opened(link: Link, models: ModelChoice | None = None) -> Item[Link]:
    return Item(link, "session_opened", (wire_sessions.session_to_wire(SessionOpened("s1", "user-1", models)),))


def asked(link: Link, models: ModelChoice | None) -> Item[Link]:
    return Item(link, "session_models", (wire_sessions.models_asked_to_wire(ModelsAsked("s1", models)),))


def answers(link: HeardLink) -> list[ModelsReady | ModelsRefused]:
    return [wire_sessions.models_answer_from_wire(sent[0]) for event, sent in link.sent if event == "session_models"]


def catch_up(worker: Worker, until: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not until():
        assert time.monotonic() < until_s
        worker.catch_up()
        time.sleep(0.005)


def poses(frame_id: int, count: int = 4) -> PosesMessage:
    sequence = arm_raise()
    assert sequence.world_m is not None
    rows = slice(0, count)
    packed = pack_poses(sequence.keypoints[rows], sequence.scores[rows], sequence.world_m[rows])
    times_s = tuple((frame_id + sequence.times_s[rows]).tolist())
    return PosesMessage("s1", frame_id, times_s, 640, 480, BLAZEPOSE_33, True, packed)


def with_bank(worker: Worker, link: HeardLink) -> None:
    """Wait until the session's bank is ready."""
    for number in range(1, 2000):
        worker.take(Item(link, "poses", wire_stream.poses_to_wire(poses(number))))
        if link.sent[-1][1][0]["people"][0]["reason"] != NO_BANK_YET:
            return
        time.sleep(0.01)
    raise AssertionError(link.sent[-1])


def test_frames_are_answered_by_the_old_models_until_the_new_ones_are_loaded(
    worker: Worker, link: HeardLink, loader: Loader
) -> None:
    worker.take(opened(link))
    loader.go.clear()

    worker.take(asked(link, choice("coco")))
    worker.take(frame(link, 1, picture()))
    assert [event for event, _ in link.sent] == ["hello", "answer"]
    loader.go.set()
    catch_up(worker, lambda: bool(answers(link)))
    worker.take(frame(link, 2, picture()))

    (ready,) = answers(link)
    assert isinstance(ready, ModelsReady)
    assert (ready.asked, ready.models.pose_model, ready.models.skeleton) == (choice("coco"), "coco", COCO_17)
    assert [event for event, _ in link.sent] == ["hello", "answer", "session_models", "answer"]


@pytest.mark.parametrize("models", [None, choice("blazepose_full"), OWN.names])
def test_the_workers_own_models_are_ready_at_once_and_not_loaded_again(
    worker: Worker, link: HeardLink, loader: Loader, models: ModelChoice | None
) -> None:
    worker.take(opened(link))
    loader.go.clear()

    worker.take(asked(link, models))

    (ready,) = answers(link)
    assert isinstance(ready, ModelsReady)
    assert (ready.asked, ready.models) == (models, OWN.loaded)
    loader.go.set()


def test_models_that_cannot_be_loaded_are_refused_in_words_and_the_session_goes_on(
    worker: Worker, link: HeardLink
) -> None:
    worker.take(opened(link))

    worker.take(asked(link, choice("absent")))
    catch_up(worker, lambda: bool(answers(link)))
    worker.take(frame(link, 1, picture()))

    assert answers(link) == [ModelsRefused("s1", choice("absent"), "absent is not here; fetch it")]
    assert link.sent[-1][0] == "answer"


def test_a_running_session_does_not_get_models_that_cannot_recognise_its_actions(
    worker: Worker, link: HeardLink
) -> None:
    worker.take(opened(link))
    with_bank(worker, link)

    for name in ("arms", "coco"):
        worker.take(asked(link, choice(name)))
        catch_up(worker, lambda: not worker_waits(worker))

    refused, ready = answers(link)
    assert isinstance(refused, ModelsRefused)
    assert refused.reason.startswith('"action a1" was recorded with blazepose_33 (33 keypoints); arms has 6 and lacks')
    assert isinstance(ready, ModelsReady)


def worker_waits(worker: Worker) -> bool:
    return any(session.asked is not None for session in worker._sessions.values())


def test_a_session_that_begins_gets_its_models_whatever_they_can_recognise(worker: Worker, link: HeardLink) -> None:
    worker.take(opened(link, choice("arms")))
    catch_up(worker, lambda: bool(answers(link)))

    (ready,) = answers(link)
    assert isinstance(ready, ModelsReady)
    assert ready.models.skeleton is UPPER_BODY_6


def test_of_two_wishes_the_later_is_answered(worker: Worker, link: HeardLink, loader: Loader) -> None:
    worker.take(opened(link))
    loader.go.clear()

    worker.take(asked(link, choice("absent")))
    worker.take(asked(link, choice("coco")))
    loader.go.set()
    catch_up(worker, lambda: bool(answers(link)))

    assert [answer.asked for answer in answers(link)] == [choice("coco")]


def test_of_wishes_that_follow_each_other_quickly_only_the_last_is_loaded(
    worker: Worker, link: HeardLink, loader: Loader
) -> None:
    worker.take(opened(link))
    loader.go.clear()

    for name in ("absent", "arms", "absent too", "coco"):
        worker.take(asked(link, choice(name)))
    loader.go.set()
    catch_up(worker, lambda: bool(answers(link)))

    assert [answer.asked for answer in answers(link)] == [choice("coco")]
    assert loader.asked in ([choice("absent"), choice("coco")], [choice("coco")])  # the first may have begun already


def test_a_session_that_ends_while_its_models_are_loaded_is_told_nothing(
    worker: Worker, link: HeardLink, loader: Loader
) -> None:
    worker.take(opened(link))
    loader.go.clear()
    worker.take(asked(link, choice("coco")))

    worker.take(Item(link, "session_closed", ({"session_id": "s1"},)))
    loader.go.set()
    worker.take(told(link, stored_bank(1, {})))  # with its last session the bank is forgotten
    worker.take(opened(link))
    worker.take(asked(link, choice("arms")))
    catch_up(worker, lambda: bool(answers(link)))

    assert [answer.asked for answer in answers(link)] == [choice("arms")]


def test_poses_are_answered_in_place_of_pictures(worker: Worker, link: HeardLink) -> None:
    worker.take(opened(link))

    worker.take(Item(link, "poses", wire_stream.poses_to_wire(poses(1))))

    event, (answer, events) = link.sent[-1]
    got = wire.answer_from_wire(answer, BLAZEPOSE_33)
    assert (event, events, got.frame_id) == ("answer", [], 1)
    assert [(person.person_id, person.box, person.pose) for person in got.people] == [(1, None, None)]


@pytest.mark.parametrize("packed", [b"", b"nonsense", b"\xff" * 500])
def test_packed_poses_that_are_none_are_a_drop_in_words(worker: Worker, link: HeardLink, packed: bytes) -> None:
    worker.take(opened(link))
    described, _ = wire_stream.poses_to_wire(poses(1))

    worker.take(Item(link, "poses", (described, packed)))
    worker.take(Item(link, "poses", wire_stream.poses_to_wire(poses(2))))

    assert [frame_id for frame_id, _ in drops(link)] == [1]
    assert "packed poses" in drops(link)[0][1]
    assert link.sent[-1][0] == "answer"


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("poses", ()),
        ("poses", (None, b"x")),
        ("session_models", (None,)),
        ("session_models", ({"session_id": "s1", "models": {"detector": 5}},)),
        ("session_models", ({"session_id": "unknown", "models": None},)),
        ("follow", ({"session_id": "s1", "person_id": "x"},)),
        ("follow", (wire_sessions.follow_to_wire(Follow("unknown", 1)),)),
    ],
)
def test_nonsense_from_the_server_changes_nothing(
    worker: Worker, link: HeardLink, event: str, arguments: tuple[Any, ...]
) -> None:
    worker.take(opened(link))

    worker.take(Item(link, event, arguments))
    worker.take(frame(link, 1, picture()))

    assert link.sent[-1][0] == "answer"
    assert not answers(link)


def test_whom_to_follow_reaches_the_session(worker: Worker, link: HeardLink) -> None:
    worker.take(opened(link))

    worker.take(Item(link, "follow", (wire_sessions.follow_to_wire(Follow("s1", 3)),)))
    worker.take(frame(link, 1, picture()))

    assert link.sent[-1][1][0]["followed"] is None  # nobody of that number is in view


def test_a_fault_keeps_the_sessions_models(worker: Worker, link: HeardLink, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.take(opened(link, choice("coco")))
    catch_up(worker, lambda: bool(answers(link)))

    monkeypatch.setattr(EmptyRoom, "find", lambda _self, _image: 1 / 0)
    worker.take(frame(link, 1, picture()))
    monkeypatch.undo()
    worker.take(frame(link, 2, picture()))

    assert [frame_id for frame_id, _ in drops(link)] == [1]
    assert link.sent[-1][0] == "answer"
    assert worker._sessions["s1"].pipeline.models.loaded.pose_model == "coco"
