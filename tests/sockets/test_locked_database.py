"""Another process writes for several seconds, as a backup does: live sessions must not notice."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import numpy as np

from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.recording import post
from tests.sockets.scripted_worker import ScriptedWorker
from webapp.core.records import PoseSequence
from webapp.core.skeleton import COCO_17
from webapp.pipeline import wire
from webapp.pipeline.messages import ModelChoice, SessionEvent
from webapp.recognition.ports import Event

LOCKED_S = 6.0
"""Longer than a worker may leave a frame unanswered, and than SQLite itself waits."""
SLOW_MS = 2000


def bow(key: str, session_id: str) -> SessionEvent:
    poses = PoseSequence(COCO_17, np.arange(9) / 10, np.zeros((9, 17, 2), np.float32), np.ones((9, 17), np.float32))
    event = Event("a1", "bow", "t1", 1.0, 2.0, 2.1, 0.2, 0.5, 0.9, poses)
    return SessionEvent(session_id, key, 1, event, ModelChoice("whole_frame", "scripted_pose"))


def bows_of(server: Server, username: str) -> int:
    headers = {"Cookie": server.cookies[username], "Accept": "application/json"}
    request = urllib.request.Request(f"{server.url}/history/?action=bow", headers=headers)
    return int(json.loads(urllib.request.urlopen(request).read())["total"])


def test_a_locked_database_delays_neither_frames_nor_workers_and_loses_no_event(web: Server, jpeg: bytes) -> None:
    announced = 0

    def announce_now_and_then(worker: ScriptedWorker, frame: Any) -> None:
        nonlocal announced
        events = []
        if frame["frame_id"] % 20 == 0:
            announced += 1
            events = [wire.event_to_wire(bow(f"bow {announced} of {frame['session_id']}", frame["session_id"]))]
        worker.answer_nobody(frame, tuple(events))

    web.worker(announce_now_and_then)
    client = web.live("bob")
    ask_until_result(client, jpeg)
    other = sqlite3.connect(web.instance.folder / "moveprint.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = threading.Thread(target=_keep_an_action, args=(web,))
    refused.start()

    until_s = time.monotonic() + LOCKED_S
    answers = []
    while time.monotonic() < until_s:
        answers.append(ask(client, jpeg))
    other.execute("ROLLBACK")
    other.close()

    assert {answer.event for answer in answers} == {"result"}
    assert max(answer.round_trip_ms for answer in answers) < SLOW_MS
    assert announced
    for _ in range(100):
        if bows_of(web, "bob") == announced:
            break
        time.sleep(0.1)
    assert bows_of(web, "bob") == announced
    refused.join()


def _keep_an_action(web: Server) -> None:
    """A page that writes, too; it may be refused in the end, but nobody else may wait for it."""
    with contextlib.suppress(urllib.error.HTTPError):
        post(web, "alice", "/actions/", {"name": "while locked"})
