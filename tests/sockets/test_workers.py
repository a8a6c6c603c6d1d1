"""`/worker`: the token, being brought up to date, and faults of workers that browsers must hardly notice."""

from __future__ import annotations

import json
import urllib.request
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import socketio

from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.recording import keep_take
from tests.sockets.scripted_worker import ScriptedWorker
from webapp.core.records import PoseSequence
from webapp.core.skeleton import COCO_17
from webapp.pipeline import wire
from webapp.pipeline.messages import ModelChoice, SessionEvent
from webapp.recognition.ports import Event
from webapp.sockets.workers import WorkerNamespace

FOUND_BY = ModelChoice("whole_frame", "scripted_pose")


def sequence() -> PoseSequence:
    keypoints = np.random.default_rng(1).random((20, 17, 2), dtype=np.float32)
    return PoseSequence(COCO_17, np.arange(20) / 10, keypoints, np.ones((20, 17), np.float32))


@pytest.mark.parametrize("token", ["", "wrong", "ä"])
def test_a_wrong_token_lets_no_worker_in(web: Server, token: str) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        ScriptedWorker(web.url, token, ScriptedWorker.answer_nobody).connect()


def test_a_session_that_only_records_is_recognised_against_nothing(web: Server) -> None:
    worker = web.worker()

    web.live("alice", purpose="record")

    worker.wait_for(lambda: bool(worker.of("session_opened")))
    assert [opened["bank_id"] for (opened,) in worker.of("session_opened")] == ["none"]
    assert [(bank["bank_id"], bank["actions"]) for (bank,) in worker.of("bank")] == [("none", [])]


def test_without_a_worker_frames_are_dropped_and_the_browser_knows(web: Server, jpeg: bytes) -> None:
    client = web.live("alice")

    client.wait_for_worker("absent")
    assert ask(client, jpeg).payload["reason"] == "no worker is ready"


def test_a_new_worker_gets_banks_before_sessions_and_the_browser_is_told(web: Server, jpeg: bytes) -> None:
    client = web.live("alice")
    client.wait_for_worker("absent")
    worker = web.worker()

    assert ask_until_result(client, jpeg).event == "result"

    told = [event for event, _ in worker.told]
    assert told.index("bank") < told.index("session_opened") < told.index("frame")
    state = [payload for event, payload in client.notices if event == "worker"][-1]
    assert state["pose_model"] == "scripted_pose"
    assert state["skeleton"]["name"] == "coco_17"  # type: ignore[index]
    client.close()
    worker.wait_for(lambda: bool(worker.of("session_closed")))


def test_a_changed_action_reaches_the_worker_and_then_that_persons_browsers(web: Server, jpeg: bytes) -> None:
    worker = web.worker()
    alice, bob = web.live("alice"), web.live("bob")
    worker.wait_for(lambda: {"user-1", "user-2"} <= {opened["bank_id"] for (opened,) in worker.of("session_opened")})

    action_id = keep_take(web, "alice", "squat", sequence())

    alice.wait_for(lambda: any(event == "actions_changed" for event, _ in alice.notices), "actions_changed")
    # it comes over another connection, after the bank without the action; other tests may have taught alice more
    worker.wait_for(lambda: action_id in {action["action_id"] for action in worker.of("bank")[-1][0]["actions"]})
    bank = wire.bank_from_wire(worker.of("bank")[-1][0])
    changed = [payload["number"] for event, payload in alice.notices if event == "actions_changed"]
    assert changed[-1] == bank.number
    assert not any(event == "actions_changed" for event, _ in bob.notices)


def test_an_event_is_stored_once_and_the_browser_gets_the_historys_id(web: Server, jpeg: bytes) -> None:
    described = Event("a1", "squat", "t1", 1.0, 2.0, 2.1, 0.2, 0.5, 0.9, sequence())

    def announce_twice(worker: ScriptedWorker, frame: Any) -> None:
        event = wire.event_to_wire(
            SessionEvent(frame["session_id"], f"key-{frame['session_id']}", 1, described, FOUND_BY)
        )
        worker.answer_nobody(frame, (event, event))

    web.worker(announce_twice)
    client = web.live("bob")

    events: Any = ask_until_result(client, jpeg).payload["events"]

    assert [event["action"] for event in events] == ["squat", "squat"]
    assert events[0]["event_id"] == events[1]["event_id"]
    path = f"{web.url}/history/{events[0]['event_id']}/sequence"
    stored = urllib.request.urlopen(urllib.request.Request(path, headers={"Cookie": web.cookies["bob"]}))
    assert len(json.loads(stored.read())["times_s"]) == 20


@pytest.mark.parametrize(
    "nonsense",
    [
        ("answer", {"session_id": 5}, []),
        ("answer", "text", []),
        ("answer",),
        ("drop", None),
        ("hello", {}),
        ("bank", {}),
        ("frame", b"bytes"),
    ],
)
def test_a_worker_that_sends_nonsense_is_cut_off_and_the_other_goes_on(
    web: Server, jpeg: bytes, nonsense: tuple[Any, ...]
) -> None:
    web.worker()
    bad = web.worker()
    clients = [web.live("alice"), web.live("bob")]  # one with each worker
    for client in clients:
        assert ask_until_result(client, jpeg).event == "result"

    bad.send(*nonsense)

    bad.wait_for_end()
    for client in clients:
        assert ask_until_result(client, jpeg).event == "result"


@pytest.mark.parametrize("arguments", [(), ({}, [], "more")])
def test_a_worker_that_sends_too_few_or_too_many_arguments_is_cut_off(web: Server, arguments: tuple[Any, ...]) -> None:
    worker = web.worker()

    worker.send("answer", *arguments)

    worker.wait_for_end()


def test_a_bug_of_ours_is_not_taken_for_a_workers_nonsense() -> None:
    def fail(_sid: str, _hello: object) -> None:
        raise TypeError("a bug")

    others = [f"worker_{does}" for does in ("answered", "dropped", "flushed", "changed_models", "noted", "replied")]
    broken = SimpleNamespace(worker_ready=fail, **dict.fromkeys(others))
    namespace = WorkerNamespace(broken, lambda: "token")  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="a bug"):
        namespace.trigger_event("hello", "w1", {})


def test_a_worker_that_answers_before_its_hello_is_cut_off(web: Server) -> None:
    worker = web.worker(hello=False)

    worker.send("answer", {}, [])

    worker.wait_for_end()


def test_a_worker_that_leaves_a_frame_unanswered_is_cut_off_after_5_s(web: Server, jpeg: bytes) -> None:
    hung = web.worker(on_frame=lambda _worker, _frame: None)
    client = web.live("alice")
    client.wait_for_worker("ready", "restarted")

    answer = ask(client, jpeg)

    assert (answer.event, answer.payload["reason"]) == ("drop", "worker restarted")
    assert answer.round_trip_ms > 4900
    client.wait_for_worker("absent")
    hung.wait_for_end()
    web.worker()
    client.wait_for_worker("restarted")
    assert ask(client, jpeg).event == "result"
