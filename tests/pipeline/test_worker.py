"""The worker: messages in order, every frame answered, one fault never takes the rest with it."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest

from tests.browser.clips import JACKS, man_alone
from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from webapp.config import ROOT, Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Detection, PoseSequence
from webapp.pipeline import bank_preparer, wire, wire_inquiries, wire_sessions, wire_stream
from webapp.pipeline import worker as worker_module
from webapp.pipeline.analyses import analysed
from webapp.pipeline.analyst import Analyst, Work
from webapp.pipeline.inbox import Inbox, Item
from webapp.pipeline.inquiries import HealthQuestion, Inquiry, Question
from webapp.pipeline.link import CONNECTED, Link
from webapp.pipeline.messages import Bank, FrameMessage, ModelChoice, SessionOpened
from webapp.pipeline.models import Models, load_models
from webapp.pipeline.recognisers import NO_BANK_YET
from webapp.pipeline.shelf import Load, ModelShelf
from webapp.pipeline.worker import FAILED, Worker, work
from webapp.recognition.ports import Action
from webapp.recognition.template_bank import TemplateBank, prepare_bank
from webapp.vision.ports import Image

ANALYSED = partial(analysed, settings=Settings())


class HeardLink(Link):
    """A connection whose other end is the test."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, tuple[Any, ...]]] = []

    def send(self, event: str, *payload: object) -> None:
        self.sent.append((event, payload))


class FailingDetector:
    """A detector with a fault of its own."""

    name, runtime = "failing", "none"

    def detect(self, image_bgr: Image) -> list[Detection]:
        raise RuntimeError("a fault in the network")


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings())


@pytest.fixture
def link() -> HeardLink:
    return HeardLink()


def no_models(choice: ModelChoice) -> Models:
    raise ModelUnavailableError(f"{choice.pose_model} is not here; fetch it")


def a_worker(models: Models, work: Work = ANALYSED, load: Load = no_models) -> Worker:
    return Worker(models, "w1", Analyst(work), ModelShelf(load), ModelChoice("auto", "blazepose_full"))


@pytest.fixture
def worker(models: Models, link: HeardLink) -> Worker:
    """A worker with one session, which has one action."""
    return begun(a_worker(models), link)


def begun(worker: Worker, link: HeardLink) -> Worker:
    for item in beginning(link, stored_bank(1, {"a1": [arm_raise()]})):
        worker.take(item)
    return worker


def beginning(link: Link, bank: Bank) -> Sequence[Item[Link]]:
    """What a worker is told of its first session."""
    opened = SessionOpened("s1", bank.bank_id)
    return [
        Item(link, CONNECTED),
        told(link, bank),
        Item(link, "session_opened", (wire_sessions.session_to_wire(opened),)),
    ]


def told(link: Link, bank: Bank) -> Item[Link]:
    return Item(link, "bank", (wire.bank_to_wire(bank),))


class HeldPreparing:
    """prepare_bank, but each one waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)

    def __call__(self, actions: Sequence[Action], negatives: Sequence[PoseSequence]) -> TemplateBank:
        self.go.acquire()
        return prepare_bank(actions, negatives)


class EndedError(Exception):
    """Ends the working loop of a test."""


def last_person(link: HeardLink) -> Any:
    event, (answer, _events) = link.sent[-1]
    assert event == "answer"
    return answer["people"][0]


def ranked(link: HeardLink) -> list[str]:
    return [candidate["action_id"] for candidate in last_person(link)["ranking"]]


def frame(link: Link, frame_id: int, jpeg: bytes, session_id: str = "s1") -> Item[Link]:
    return Item(link, "frame", wire_stream.frame_to_wire(FrameMessage(session_id, frame_id, frame_id / 30, jpeg)))


def picture() -> bytes:
    written, data = cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))
    assert written
    return bytes(data.tobytes())


def drops(link: HeardLink) -> Sequence[tuple[int, str]]:
    return [(payload[0]["frame_id"], payload[0]["reason"]) for event, payload in link.sent if event == "drop"]


def test_a_worker_says_what_it_is_and_answers_frames(worker: Worker, link: HeardLink, models: Models) -> None:
    worker.take(frame(link, 1, picture()))

    (hello, (described,)), (event, (answer, events)) = link.sent
    assert hello == "hello"
    assert wire_sessions.hello_from_wire(described).models == models.loaded
    assert event == "answer"
    got = wire.answer_from_wire(answer, models.loaded.skeleton)
    assert (got.session_id, got.frame_id, got.width_px, got.height_px, got.people) == ("s1", 1, 640, 480, ())
    assert events == []


@pytest.mark.parametrize("jpeg", [b"", b"\xff\xd8\xff", b"nonsense", picture()[:300]])
def test_a_bad_frame_is_a_drop_with_the_reason_and_the_worker_goes_on(
    worker: Worker, link: HeardLink, jpeg: bytes
) -> None:
    worker.take(frame(link, 1, jpeg))
    worker.take(frame(link, 2, picture()))

    assert [frame_id for frame_id, _ in drops(link)] == [1]
    assert FAILED not in drops(link)[0][1]
    assert link.sent[-1][0] == "answer"


def test_a_fault_in_a_step_is_a_drop_and_the_worker_goes_on(
    models: Models, link: HeardLink, caplog: pytest.LogCaptureFixture
) -> None:
    worker = begun(a_worker(replace(models, person_detector=FailingDetector())), link)

    worker.take(frame(link, 1, picture()))
    worker.take(frame(link, 31, picture()))

    assert drops(link) == [(1, FAILED), (31, FAILED)]
    assert "a fault in the network" in caplog.text


def test_a_frame_of_a_session_it_does_not_know_is_a_drop(worker: Worker, link: HeardLink) -> None:
    worker.take(frame(link, 1, picture(), session_id="s2"))

    assert drops(link) == [(1, "the session is not known to the worker")]


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("bank", ({},)),
        ("inquiry", (None,)),
        ("session_opened", (None,)),
        ("session_closed", ()),
        ("frame", ()),
        ("frame", (None, b"x")),
    ],
)
def test_nonsense_from_the_server_changes_nothing(
    worker: Worker, link: HeardLink, event: str, arguments: tuple[object, ...]
) -> None:
    worker.take(Item(link, event, arguments))
    worker.take(frame(link, 1, picture()))

    assert link.sent[-1][0] == "answer"


def test_a_new_connection_begins_from_nothing(worker: Worker, link: HeardLink) -> None:
    worker.take(Item(link, CONNECTED))
    worker.take(frame(link, 1, picture()))

    assert drops(link) == [(1, "the session is not known to the worker")]


def test_a_bank_is_forgotten_with_the_last_of_its_sessions(worker: Worker, link: HeardLink) -> None:
    worker.take(Item(link, "session_closed", ({"session_id": "s1"},)))
    worker.take(Item(link, "session_opened", (wire_sessions.session_to_wire(SessionOpened("s2", "user-1")),)))
    worker.take(frame(link, 1, picture(), session_id="s2"))

    assert drops(link) == [(1, "the session is not known to the worker")]


def test_frames_are_answered_with_the_old_bank_until_the_new_one_is_ready(
    models: Models, link: HeardLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    preparing = HeldPreparing()
    monkeypatch.setattr(bank_preparer, "prepare_bank", preparing)
    worker, ids = begun(a_worker(models), link), itertools.count(1)
    pictures = itertools.cycle([bytes(cv2.imencode(".jpg", image)[1]) for image in man_alone(JACKS)[:10]])

    def step_until(happened: Callable[[], bool]) -> None:
        until_s = time.monotonic() + 60.0  # a bank is prepared beside the frames, and takes as long as others let it
        while time.monotonic() < until_s:
            worker.take(frame(link, next(ids), next(pictures)))
            if happened():
                return
        raise AssertionError(last_person(link))

    step_until(lambda: last_person(link)["reason"] == NO_BANK_YET)
    preparing.go.release()
    step_until(lambda: ranked(link) == ["a1"])
    worker.take(told(link, stored_bank(2, {"a2": [arm_raise()]})))
    step_until(lambda: ranked(link) == ["a1"])
    preparing.go.release()
    step_until(lambda: ranked(link) == ["a2"])


def test_a_bank_of_200_takes_silences_neither_heartbeat_nor_frames(
    models: Models, link: HeardLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "BEAT_EVERY_S", 0.02)
    inbox: Inbox[Link] = Inbox()
    bank = stored_bank(1, {f"a{n}": [arm_raise(height=0.2 + n / 1000)] for n in range(200)})
    prepared, beats, answered_before = threading.Event(), [], []

    def prepare(actions: Sequence[Action], negatives: Sequence[PoseSequence]) -> TemplateBank:
        made = prepare_bank(actions, negatives)
        answered_before.append(sum(event == "answer" for event, _ in link.sent))
        prepared.set()
        return made

    def beat() -> None:
        beats.append(prepared.is_set())
        if prepared.is_set():
            raise EndedError
        inbox.put(frame(link, len(beats), picture()))

    monkeypatch.setattr(bank_preparer, "prepare_bank", prepare)
    for item in beginning(link, bank):
        inbox.put(item)

    with pytest.raises(EndedError):
        work(inbox, a_worker(models), beat)

    assert beats.count(False) > 5
    assert answered_before[0] > 5


def test_the_inbox_keeps_the_order_and_gives_back_the_oldest_frame_too_many(link: HeardLink) -> None:
    inbox: Inbox[Link] = Inbox(max_frames=2)
    inbox.put(Item(link, "bank"))

    displaced = [inbox.put(frame(link, frame_id, b"")) for frame_id in (1, 2, 3)]

    assert displaced[:2] == [None, None]
    assert displaced[2] == frame(link, 1, b"")
    assert [inbox.get(0) for _ in range(4)] == [Item(link, "bank"), frame(link, 2, b""), frame(link, 3, b""), None]


def test_a_new_connection_empties_the_inbox(link: HeardLink) -> None:
    inbox: Inbox[Link] = Inbox()
    inbox.put(frame(link, 1, b""))

    inbox.restart(Item(link, CONNECTED))

    assert [inbox.get(0), inbox.get(0)] == [Item(link, CONNECTED), None]


def test_the_worker_loads_neither_the_web_nor_the_database() -> None:
    names = ("flask", "sqlalchemy", "tensorflow")
    code = f"import sys, webapp.pipeline.worker; print([m for m in {names} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_frames_are_answered_while_an_inquiry_is_worked_on(models: Models, link: HeardLink) -> None:
    asked, go = threading.Event(), threading.Event()

    def held(_question: Question) -> wire.Wire:
        asked.set()
        go.wait(20)
        return {"actions": []}

    worker = begun(a_worker(models, held), link)
    inquiry = Inquiry("i1", HealthQuestion(stored_bank(1, {})))

    worker.take(Item(link, "inquiry", (wire_inquiries.inquiry_to_wire(inquiry),)))
    assert asked.wait(20)
    worker.take(frame(link, 1, picture()))
    assert [event for event, _ in link.sent] == ["hello", "answer"]
    go.set()

    for _ in range(2000):
        if len(link.sent) > 2:
            break
        threading.Event().wait(0.01)
    event, (reply,) = link.sent[-1]
    assert (event, reply) == ("reply", {"inquiry_id": "i1", "result": {"actions": []}})
