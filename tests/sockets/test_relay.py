"""The relay and the live namespace where the database or a browser fails them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from flask import Flask

from webapp.config import ROOT
from webapp.core.records import PoseSequence
from webapp.core.skeleton import COCO_17
from webapp.pipeline.messages import FrameAnswer, SessionEvent, WorkerHello
from webapp.recognition.ports import Event
from webapp.services import history
from webapp.sockets.connections import Connection
from webapp.sockets.rate import RateLimit
from webapp.sockets.relay import Relay
from webapp.sockets.sessions import LiveSession, LiveSessions

HELLO = WorkerHello("w1", "whole_frame", "scripted", "coco_17", "none")


class HeardServer:
    """Keeps what is emitted."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Any, str]] = []

    def emit(self, event: str, payload: object, to: str, namespace: str) -> None:
        self.emitted.append((event, payload, to))


class FailingHistory:
    """A database that refuses for a while."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.stored: list[tuple[int, str, dt.datetime]] = []

    def record_event(
        self, user_id: int, event: SessionEvent, _detector: str, _pose_model: str, received_at: dt.datetime
    ) -> str:
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.stored.append((user_id, event.event_key, received_at))
        return f"id of {event.event_key}"


def sessions_with(session_id: str, user_id: int) -> LiveSessions:
    sessions = LiveSessions()
    connection = Connection(session_id, lambda: 0, lambda: None)
    sessions.open(LiveSession(session_id, user_id, connection, RateLimit(60, lambda: 0.0)))
    return sessions


def an_event(session_id: str, key: str) -> SessionEvent:
    poses = PoseSequence(COCO_17, np.arange(3) / 10, np.zeros((3, 17, 2), np.float32), np.ones((3, 17), np.float32))
    return SessionEvent(session_id, key, 1, Event("a1", "squat", "t1", 1.0, 2.0, 2.1, 0.2, 0.5, 0.9, poses))


def test_a_database_error_loses_neither_the_answer_nor_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, server = FailingHistory(failures=2), HeardServer()
    monkeypatch.setattr(history, "record_event", failing.record_event)
    relay = Relay(Flask("test"), server, sessions_with("s1", 7))
    answer = FrameAnswer("s1", 4, 640, 480, (), {"total": 10.0})

    relay.result(answer, [an_event("s1", "k1")], HELLO, held_ms=14.0)
    relay.store_unstored()

    ((event, payload, to),) = server.emitted
    assert (event, to, payload["frame_id"], payload["worker_ms"], payload["server_ms"]) == ("result", "s1", 4, 10, 4)
    assert [(e["event_id"], e["action"]) for e in payload["events"]] == [(None, "squat")]
    assert failing.stored == []
    relay.store_unstored()
    assert [(user_id, key) for user_id, key, _ in failing.stored] == [(7, "k1")]
    relay.store_unstored()
    assert len(failing.stored) == 1


def test_an_event_that_comes_after_its_session_has_closed_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, server = FailingHistory(failures=0), HeardServer()
    monkeypatch.setattr(history, "record_event", failing.record_event)
    sessions = sessions_with("s1", 7)
    relay = Relay(Flask("test"), server, sessions)
    sessions.close("s1")

    relay.late_events([an_event("s1", "k1")], HELLO)

    assert [(user_id, key) for user_id, key, _ in failing.stored] == [(7, "k1")]
    assert server.emitted == []


def test_nothing_is_sent_to_a_session_that_has_closed() -> None:
    server, sessions = HeardServer(), sessions_with("s1", 7)
    relay = Relay(Flask("test"), server, sessions)
    sessions.close("s1")

    relay.result(FrameAnswer("s1", 4, 640, 480, (), {}), [], HELLO, held_ms=1.0)
    relay.drop("s1", 5, "why")
    relay.worker_state("s1", "absent", None)

    assert server.emitted == []


def test_the_rate_limit_lets_through_what_it_says_and_recovers() -> None:
    now_s = [0.0]
    rate = RateLimit(60, lambda: now_s[0])

    assert [rate.allows() for _ in range(61)] == [True] * 60 + [False]
    now_s[0] += 0.5
    assert sum(rate.allows() for _ in range(60)) == 30


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
