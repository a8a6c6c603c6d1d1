"""The relay and the live namespace where the database or a browser fails them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from flask import Flask

from webapp.config import ROOT
from webapp.core.records import PoseSequence
from webapp.core.skeleton import COCO_17
from webapp.pipeline.messages import FrameAnswer, ModelChoice, SessionEvent
from webapp.recognition.ports import Event
from webapp.services import history
from webapp.sockets import event_store
from webapp.sockets.connections import Connection
from webapp.sockets.event_store import EventStore
from webapp.sockets.rate import RateLimit
from webapp.sockets.relay import Relay
from webapp.sockets.sessions import LiveSession, LiveSessions, session_rates

FOUND_BY = ModelChoice("whole_frame", "scripted")


class HeardServer:
    """Keeps what is emitted."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Any, str]] = []

    def emit(self, event: str, payload: object, to: str, namespace: str) -> None:
        self.emitted.append((event, payload, to))


class FailingHistory:
    """A database that refuses for a while, and refuses some events always."""

    def __init__(self, failures: int, broken: Sequence[str] = ()) -> None:
        self.failures = failures
        self.broken = broken
        self.attempts = 0
        self.stored: list[tuple[int, str, dt.datetime]] = []

    def record_event(
        self, user_id: int, event: SessionEvent, _detector: str, _pose_model: str, received_at: dt.datetime
    ) -> str:
        self.attempts += 1
        if event.event_key in self.broken:
            raise ValueError("a broken event")
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.stored.append((user_id, event.event_key, received_at))
        return f"id of {event.event_key}"


def sessions_with(session_id: str, user_id: int) -> LiveSessions:
    sessions = LiveSessions()
    connection = Connection(session_id, lambda: 0, lambda: None)
    sessions.open(LiveSession(session_id, user_id, connection, session_rates(60, lambda: 0.0)))
    return sessions


def an_event(session_id: str, key: str) -> SessionEvent:
    poses = PoseSequence(COCO_17, np.arange(3) / 10, np.zeros((3, 17, 2), np.float32), np.ones((3, 17), np.float32))
    return SessionEvent(session_id, key, 1, Event("a1", "squat", "t1", 1.0, 2.0, 2.1, 0.2, 0.5, 0.9, poses), FOUND_BY)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def store_of(failing: FailingHistory, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> EventStore:
    monkeypatch.setattr(history, "record_event", failing.record_event)
    return EventStore(Flask("test"), clock)


def test_a_database_error_loses_neither_the_answer_nor_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, server = FailingHistory(failures=1), HeardServer()
    monkeypatch.setattr(history, "record_event", failing.record_event)
    monkeypatch.setattr(event_store, "FIRST_PAUSE_S", 0.0)
    relay = Relay(Flask("test"), server, sessions_with("s1", 7))
    answer = FrameAnswer("s1", 4, 640, 480, (), {"total": 10.0})

    relay.result(answer, [an_event("s1", "k1")], held_ms=14.0)

    ((event, payload, to),) = server.emitted
    assert (event, to, payload["frame_id"], payload["worker_ms"], payload["server_ms"]) == ("result", "s1", 4, 10, 4)
    assert [(e["event_id"], e["action"]) for e in payload["events"]] == [(None, "squat")]
    assert failing.stored == []
    relay.store_unstored()
    relay.store_unstored()
    assert [(user_id, key) for user_id, key, _ in failing.stored] == [(7, "k1")]


def test_a_database_that_refuses_is_asked_more_and_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, clock = FailingHistory(failures=6), Clock()
    store = store_of(failing, clock, monkeypatch)

    asked_s = []
    for tenth in range(250):
        clock.now_s = 100 + tenth / 10
        before = failing.attempts
        store.retry() if tenth else store.store(7, an_event("s1", "k1"))
        if failing.attempts > before:
            asked_s.append(tenth / 10)

    assert asked_s == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5]
    assert [key for _, key, _ in failing.stored] == ["k1"]


def test_while_the_database_refuses_no_answer_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, clock = FailingHistory(failures=1), Clock()
    store = store_of(failing, clock, monkeypatch)

    ids = [store.store(7, an_event("s1", key)) for key in ("k1", "k2", "k3")]

    assert (ids, failing.attempts) == ([None] * 3, 1)
    clock.now_s += 1
    store.retry()
    assert sorted(key for _, key, _ in failing.stored) == ["k1", "k2", "k3"]
    assert store.store(7, an_event("s1", "k4")) == "id of k4"


def test_an_event_that_can_never_be_stored_is_given_up_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing, clock = FailingHistory(failures=1, broken=["bad", "worse"]), Clock()
    store = store_of(failing, clock, monkeypatch)
    for key in ("k1", "bad", "k2"):
        store.store(7, an_event("s1", key))
    clock.now_s += 1

    store.retry()
    assert store.store(7, an_event("s1", "worse")) is None

    assert sorted(key for _, key, _ in failing.stored) == ["k1", "k2"]
    given_up = [record.getMessage() for record in caplog.records if "given up" in record.getMessage()]
    assert given_up == [f"the event {key} cannot be stored and is given up" for key in ("bad", "worse")]
    attempts = failing.attempts
    clock.now_s += 100
    store.retry()
    assert failing.attempts == attempts


def test_events_beyond_what_may_wait_are_said_to_be_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_store, "MAX_WAITING", 2)
    failing, clock = FailingHistory(failures=1), Clock()
    store = store_of(failing, clock, monkeypatch)

    for key in ("k1", "k2", "k3"):
        store.store(7, an_event("s1", key))

    assert "the event k1 is lost" in caplog.text
    clock.now_s += 1
    store.retry()
    assert [key for _, key, _ in failing.stored] == ["k2", "k3"]


def test_events_of_many_threads_are_all_stored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = FailingHistory(failures=200)
    monkeypatch.setattr(event_store, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(event_store, "MAX_PAUSE_S", 0.0)
    store = store_of(failing, Clock(), monkeypatch)

    def announce(number: int) -> None:
        for n in range(50):
            store.store(7, an_event("s1", f"{number}-{n}"))
            store.retry()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(announce, range(4)))
    failing.failures = 0
    store.retry()

    assert sorted(key for _, key, _ in failing.stored) == sorted(f"{a}-{b}" for a in range(4) for b in range(50))


def test_an_event_that_comes_after_its_session_has_closed_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, server = FailingHistory(failures=0), HeardServer()
    monkeypatch.setattr(history, "record_event", failing.record_event)
    sessions = sessions_with("s1", 7)
    relay = Relay(Flask("test"), server, sessions)
    sessions.close("s1")

    relay.late_events([an_event("s1", "k1")])

    assert [(user_id, key) for user_id, key, _ in failing.stored] == [(7, "k1")]
    assert server.emitted == []


def test_nothing_is_sent_to_a_session_that_has_closed() -> None:
    server, sessions = HeardServer(), sessions_with("s1", 7)
    relay = Relay(Flask("test"), server, sessions)
    sessions.close("s1")

    relay.result(FrameAnswer("s1", 4, 640, 480, (), {}), [], held_ms=1.0)
    relay.drop("s1", 5, "why")
    relay.worker_state("s1", "absent", None)

    assert server.emitted == []


def test_the_rate_limit_lets_through_what_it_says_and_recovers() -> None:
    now_s = [0.0]
    rate = RateLimit(60, lambda: now_s[0])

    assert [rate.allows() for _ in range(61)] == [True] * 60 + [False]
    now_s[0] += 0.5
    assert sum(rate.allows() for _ in range(60)) == 30


def test_several_at_once_are_counted_as_so_many() -> None:
    now_s = [0.0]
    rate = RateLimit(60, lambda: now_s[0], burst=124)

    assert [rate.allows(64), rate.allows(64), rate.allows(60)] == [True, False, True]
    now_s[0] += 1.0
    assert [rate.allows(64), rate.allows(60)] == [False, True]


def test_the_web_process_loads_no_inference_framework() -> None:
    code = (
        "import sys, webapp.cli, webapp.app, webapp.sockets; webapp.cli._parser();"
        "print([m for m in ('torch', 'tensorflow', 'cv2', 'numba', 'openvino', 'ai_edge_litert') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_importing_the_application_patches_nothing() -> None:
    code = "import webapp.app, webapp.supervisor, eventlet.patcher as p; print(p.already_patched)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "{}"
