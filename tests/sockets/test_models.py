"""Models by session over the real sockets: chosen, refused, and with their session when its worker is another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.recording import keep_take
from tests.sockets.scripted_worker import ScriptedWorker
from tests.sockets.test_restarts import as_take, seen
from webapp.bench.browser import LiveClient
from webapp.core.skeleton import HAND_21
from webapp.pipeline import wire_sessions
from webapp.pipeline.messages import LoadedModels, ModelChoice, ModelsReady, ModelsRefused, SessionNote
from webapp.sockets.model_switch import GIVEN_UP

HANDS = LoadedModels("palm", "hand_full", "litert", HAND_21)


def notices(client: LiveClient, event: str) -> list[Any]:
    return [payload for told, payload in list(client.notices) if told == event]


def wait_for_models(client: LiveClient, pose_model: str) -> Any:
    """Wait until a browser is told that this model answers it; what it is told."""

    def told() -> list[Any]:
        return [each for each in notices(client, "worker") if each["pose_model"] == pose_model]

    client.wait_for(lambda: bool(told()), pose_model, timeout_s=60)
    return told()[-1]


def answer_models(worker: ScriptedWorker, session_id: str, reason: str | None = None) -> None:
    """Say that the session has, or has not, the hands it asked for."""
    asked = ModelChoice("auto", "hand_full")
    if reason is None:
        worker.send("session_models", wire_sessions.models_ready_to_wire(ModelsReady(session_id, asked, HANDS)))
    else:
        worker.send("session_models", wire_sessions.models_refused_to_wire(ModelsRefused(session_id, asked, reason)))


def asked_for(worker: ScriptedWorker) -> str:
    """Wait until the worker is asked for other models; the session's id."""
    worker.wait_for(lambda: bool(worker.of("session_models")))
    ((asked,),) = worker.of("session_models")
    assert asked["models"] == {"detector": "auto", "pose_model": "hand_full"}
    return str(asked["session_id"])


def test_a_browser_is_told_of_the_models_it_chose_and_answered_by_them(web: Server, jpeg: bytes) -> None:
    def answer(worker: ScriptedWorker, frame: Any) -> None:
        worker.send("answer", {**NOBODY, **{key: frame[key] for key in ("session_id", "frame_id")}}, [])

    worker, client = web.worker(answer), web.live("alice")
    client.wait_for_worker("ready")

    client.choose_models("auto", "hand_full")
    answer_models(worker, asked_for(worker))

    told = wait_for_models(client, "hand_full")
    assert (told["state"], told["detector"], told["pose_model"]) == ("ready", "palm", "hand_full")
    assert len(told["skeleton"]["keypoints"]) == 21
    person: Any = ask(client, jpeg).payload["people"]
    assert len(person[0]["keypoints"]) == 21  # read with the new skeleton: with the old one the worker were cut off


def test_which_actions_cannot_be_recognised_is_told_and_taken_back_with_the_worker(web: Server) -> None:
    worker, client = web.worker(), web.live("alice")
    client.wait_for_worker("ready")
    client.choose_models("auto", "hand_full")

    note = SessionNote(asked_for(worker), "squat cannot be recognised")
    worker.send("session_note", wire_sessions.note_to_wire(note))
    client.wait_for(lambda: bool(notices(client, "notice")), "the note")
    worker.close()
    web.worker()

    client.wait_for(lambda: len(notices(client, "notice")) == 2, "that it is over")
    assert notices(client, "notice") == [{"sentence": "squat cannot be recognised"}, {"sentence": None}]


NOBODY: dict[str, Any] = {
    "width_px": 640,
    "height_px": 480,
    "followed": None,
    "stages_ms": {"total": 1.0},
    "people": [
        {
            "person_id": 1,
            "box_px": [0, 0, 1, 1],
            "score": 1,
            "keypoints": [[1, 1, 1]] * 21,
            "world_m": None,
            "current": None,
            "reason": None,
            "ranking": [],
        }
    ],
}


def test_a_refusal_reaches_the_browser_and_a_new_worker_begins_with_what_the_session_had(
    web: Server, jpeg: bytes
) -> None:
    worker, client = web.worker(), web.live("alice")
    client.wait_for_worker("ready")
    client.choose_models("auto", "hand_full")

    answer_models(worker, asked_for(worker), reason="it is not here; fetch it")

    client.wait_for(lambda: bool(notices(client, "models_refused")), "the refusal")
    assert notices(client, "models_refused") == [
        {"detector": "auto", "pose_model": "hand_full", "reason": "it is not here; fetch it"}
    ]
    assert ask(client, jpeg).event == "result"
    worker.close()
    client.wait_for_worker("absent")
    other = web.worker()
    other.wait_for(lambda: bool(other.of("session_opened")))
    assert [opened["models"] for (opened,) in other.of("session_opened")] == [None]


def test_a_new_worker_is_told_of_the_models_a_session_has_and_of_those_it_waits_for(web: Server) -> None:
    first, client = web.worker(), web.live("alice")
    client.wait_for_worker("ready")
    client.choose_models("auto", "hand_full")
    answer_models(first, asked_for(first))
    wait_for_models(client, "hand_full")
    client.choose_models("blazepose", "blazepose_lite")
    first.wait_for(lambda: len(first.of("session_models")) == 2)

    first.close()
    client.wait_for_worker("absent")
    second = web.worker()

    second.wait_for(lambda: bool(second.of("session_models")))
    assert second.of("session_opened")[0][0]["models"] == {"detector": "auto", "pose_model": "hand_full"}
    assert second.of("session_models")[0][0]["models"] == {"detector": "blazepose", "pose_model": "blazepose_lite"}


def test_models_that_end_each_worker_that_loads_them_are_given_up_in_words(web: Server) -> None:
    first, client = web.worker(), web.live("alice")
    client.wait_for_worker("ready")
    client.choose_models("auto", "hand_full")
    asked_for(first)
    first.close()
    client.wait_for_worker("absent")
    second = web.worker()
    asked_for(second)
    second.close()
    client.wait_for(lambda: states(client) == ["absent", "restarted", "absent"], "the loss of the second")

    third = web.worker()

    client.wait_for(lambda: bool(notices(client, "models_refused")), "the refusal")
    (refused,) = notices(client, "models_refused")
    assert (refused["pose_model"], refused["reason"]) == ("hand_full", GIVEN_UP)
    third.wait_for(lambda: bool(third.of("session_opened")))
    assert third.of("session_opened")[0][0]["models"] is None
    assert not third.of("session_models")


def states(client: LiveClient) -> list[Any]:
    return [told["state"] for told in notices(client, "worker") if told["state"] != "ready"]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"detector": "crystal_ball", "pose_model": "hand_full"}, "unknown detector 'crystal_ball'; known: auto"),
        ({"detector": "auto", "pose_model": "tarot"}, "unknown pose model 'tarot'; known: blazepose_lite"),
        ({"detector": "auto", "pose_model": "../../etc/passwd"}, "unknown pose model"),
        ({"detector": 5}, "detector must be a text"),
        ([], "must be an object"),
    ],
)
def test_models_that_nobody_knows_are_refused_before_a_worker_hears_of_them(
    web: Server, chosen: object, sentence: str
) -> None:
    worker, client = web.worker(), web.live("alice")
    client.wait_for_worker("ready")

    client.send_raw(chosen, event="models")

    client.wait_for(lambda: bool(notices(client, "models_refused")), "the refusal")
    assert sentence in notices(client, "models_refused")[0]["reason"]
    assert not worker.of("session_models")


def test_whom_to_follow_reaches_the_worker_and_nonsense_does_not(web: Server, jpeg: bytes) -> None:
    worker, client = web.worker(), web.live("alice")
    client.wait_for_worker("ready")

    for followed in ({"person_id": "x"}, None, 7, {"person_id": -1}, {"person_id": 2}, {"person_id": None}):
        client.send_raw(followed, event="follow")

    worker.wait_for(lambda: len(worker.of("follow")) == 2)
    assert [told["person_id"] for (told,) in worker.of("follow")] == [2, None]
    assert ask(client, jpeg).event == "result"


def test_the_real_worker_changes_models_in_mid_stream_and_every_frame_is_answered(
    served: Server, clip: Sequence[bytes]
) -> None:
    client = served.live("bob")
    ask_until_result(client, clip[0])
    stop, outcomes = threading.Event(), list[str]()

    def play() -> None:
        while not stop.is_set():
            outcomes.extend(ask(client, jpeg).event for jpeg in clip[:10])

    player = threading.Thread(target=play)
    player.start()
    client.choose_models("blazepose", "blazepose_lite")
    told = wait_for_models(client, "blazepose_lite")
    stop.set()
    player.join()

    assert (told["state"], told["detector"]) == ("ready", "blazepose")
    assert set(outcomes) == {"result"}
    assert seen(client, clip[:20])


def test_the_real_worker_refuses_models_without_the_keypoints_of_the_actions(
    served: Server, clip: Sequence[bytes]
) -> None:
    served.add_account("dora") if "dora" not in served.cookies else None
    client = served.live("dora")
    keep_take(served, "dora", "walk", as_take(seen(client, clip[:40])))
    while not (people := seen(client, clip[:5])) or not people[-1]["ranking"]:
        pass  # the actions are being loaded

    client.choose_models("auto", "hand_full")

    client.wait_for(lambda: bool(notices(client, "models_refused")), "the refusal", timeout_s=60)
    (refused,) = notices(client, "models_refused")
    assert refused["reason"].startswith('"walk" was recorded with blazepose_33 (33 keypoints); hand_full has 21')
    assert seen(client, clip[:5])
