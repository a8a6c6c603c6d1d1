"""Questions to workers: one answer or one sentence, never a hang, and frames go on; both ways of serving."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.events import announced
from tests.movements import arm_raise
from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.recording import keep_take, post
from tests.sockets.scripted_worker import ScriptedWorker
from webapp.pipeline import wire, wire_inquiries
from webapp.pipeline.inquiries import HealthQuestion
from webapp.pipeline.messages import Bank
from webapp.recognition.feedback import Change, Effect
from webapp.services.analysis import WorkerUnavailableError
from webapp.sockets.inquiries import BUSY, LOST, MAX_HELD, NO_WORKER, Inquiries

QUESTION = HealthQuestion(Bank("user-1", 1, ()))
Answer = tuple[int, dict[str, Any]]


def look(server: Server, username: str = "alice", path: str = "/actions/health") -> Answer:
    """Status and JSON of an address."""
    headers = {"Cookie": server.cookies[username], "Accept": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def looking(server: Server, username: str = "alice") -> Future[Answer]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(look, server, username)
    pool.shutdown(wait=False)
    return future


def fresh(server: Server, action: str) -> None:
    """Change alice's actions, so that no earlier answer is kept for them."""
    keep_take(server, "alice", action, arm_raise())


def reply(worker: ScriptedWorker, inquiry: dict[str, Any], **fields: object) -> None:
    worker.send("reply", {"inquiry_id": inquiry["inquiry_id"], **fields})


def test_a_worker_is_asked_with_the_bank_and_its_answer_shown(web: Server) -> None:
    fresh(web, "asked")
    worker = web.worker(
        on_inquiry=lambda worker, inquiry: reply(worker, inquiry, result={"actions": [], "confusable": []})
    )
    ready(web, worker)

    status, health = look(web)
    again = look(web)

    (inquiry,) = worker.of("inquiry")[0]
    assert (status, health["actions"], again) == (200, [], (200, health))
    assert inquiry["kind"] == "health"
    assert "asked" in [action["name"] for action in inquiry["bank"]["actions"]]
    assert len(worker.of("inquiry")) == 1  # the second look was answered from the first


def test_without_a_worker_the_sentence_comes_at_once(web: Server) -> None:
    fresh(web, "nobody")

    status, body = look(web)

    assert (status, body["error"].lower()) == (503, NO_WORKER + ".")


@pytest.mark.parametrize(("refused", "status"), [(True, 422), (False, 503)])
def test_a_workers_error_is_told_in_its_words(web: Server, refused: bool, status: int) -> None:
    fresh(web, f"error {refused}")
    worker = web.worker(on_inquiry=lambda worker, one: reply(worker, one, error="the reason", refused=refused))
    ready(web, worker)

    assert look(web) == (status, {"error": "The reason."})


def test_a_worker_that_is_lost_in_the_middle_ends_the_wait(web: Server) -> None:
    fresh(web, "lost")
    worker = web.worker()
    ready(web, worker)

    waiting = looking(web)
    worker.wait_for(lambda: bool(worker.of("inquiry")))
    worker.close()

    status, body = waiting.result(timeout=20)
    assert (status, body["error"].lower()) == (503, LOST + ".")


def test_a_worker_that_replies_nonsense_is_cut_off_and_the_wait_ends(web: Server) -> None:
    fresh(web, "nonsense")
    worker = web.worker(on_inquiry=lambda worker, inquiry: reply(worker, inquiry, result="text"))
    ready(web, worker)

    status, body = look(web)

    assert (status, body["error"].lower()) == (503, LOST + ".")
    worker.wait_for_end()


def test_frames_and_pages_go_on_while_a_worker_works_something_out(web: Server, jpeg: bytes) -> None:
    fresh(web, "meanwhile")
    held: list[dict[str, Any]] = []
    worker = web.worker(on_inquiry=lambda _worker, inquiry: held.append(inquiry))
    client = web.live("bob")
    ask_until_result(client, jpeg)

    waiting = looking(web)
    worker.wait_for(lambda: bool(held))
    answers = [ask(client, jpeg).event for _ in range(10)]
    page = look(web, "bob", "/actions/")
    assert not waiting.done()
    reply(worker, held[0], result={"actions": []})

    assert (answers, page[0]) == (["result"] * 10, 200)
    assert waiting.result(timeout=20)[0] == 200


def test_a_reply_that_nobody_waits_for_is_ignored(web: Server, jpeg: bytes) -> None:
    worker = web.worker()
    client = web.live("bob")
    ask_until_result(client, jpeg)

    worker.send("reply", {"inquiry_id": "nobody's", "result": {}})

    assert ask(client, jpeg).event == "result"


def test_the_real_worker_answers_and_when_it_is_killed_in_the_middle_the_person_is_told(served: Server) -> None:
    fresh(served, "real")
    client = served.live("alice")
    client.wait_for_worker("ready", "restarted")
    status, health = look(served)
    assert (status, [action["action"] for action in health["actions"]][-1:]) == (200, ["real"])
    fresh(served, "really")
    before = served.worker_pid
    os.kill(before, signal.SIGSTOP)

    waiting = looking(served)
    threading.Event().wait(0.5)  # until it is asked; were it killed before, it would not be the middle
    os.kill(before, signal.SIGKILL)

    status, body = waiting.result(timeout=20)
    assert (status, body["error"].lower()) == (503, LOST + ".")
    client.wait_for_worker("restarted")
    assert look(served)[0] == 200


def test_applied_feedback_reaches_the_live_session_at_once_and_so_does_its_undoing(web: Server, jpeg: bytes) -> None:
    action_id = keep_take(web, "alice", "tuned", arm_raise())

    def announce(worker: ScriptedWorker, frame: Any) -> None:
        key = f"{frame['session_id']}-{frame['frame_id']}"
        event = replace(announced(key, action_id=action_id, action="tuned"), session_id=frame["session_id"])
        worker.answer_nobody(frame, (wire.event_to_wire(event),))

    def work_out(worker: ScriptedWorker, inquiry: Any) -> None:
        change = Change(inquiry["wrong_action_id"], "tuned", "at_most", 1.0, 0.8, 0.5, 0.4)
        reply(worker, inquiry, result=wire_inquiries.effect_to_wire(Effect((change,), True, (), (), 0, 0)))

    def told_factors() -> list[float]:
        last = wire.bank_from_wire(worker.of("bank")[-1][0])
        return [action.threshold_factor for action in last.actions if action.action_id == action_id]

    worker = web.worker(announce, on_inquiry=work_out)
    events: Any = ask_until_result(web.live("alice"), jpeg).payload["events"]
    said = {"kind": "wrong", "event_id": events[0]["event_id"]}

    number = post(web, "alice", "/feedback/preview", said)["bank_number"]
    applied = post(web, "alice", "/feedback/", {**said, "client_key": "k", "bank_number": number})
    worker.wait_for(lambda: told_factors() == [0.8])
    post(web, "alice", f"/feedback/{applied['feedback_id']}/undo", {})
    worker.wait_for(lambda: told_factors() == [1.0])


def ready(web: Server, worker: ScriptedWorker) -> None:
    """Return once the server counts on this worker."""
    client = web.live("bob")
    client.wait_for_worker("ready")
    worker.wait_for(lambda: bool(worker.of("session_opened")))


# the keeping of inquiries by itself


def asked_of(*sids: str) -> tuple[Inquiries, list[tuple[str, str]]]:
    """Inquiries with these workers, and the ids that were sent to which."""
    told: list[tuple[str, str]] = []
    asking = Inquiries(lambda _event, payload, sid: told.append((sid, str(payload["inquiry_id"]))), answer_within_s=0.2)
    for sid in sids:
        asking.worker_ready(sid)
    return asking, told


def test_a_worker_that_does_not_answer_in_time_is_not_waited_for() -> None:
    asking, told = asked_of("w1")

    with pytest.raises(WorkerUnavailableError, match="longer than"):
        asking.ask(QUESTION)

    asking.replied("w1", {"inquiry_id": told[0][1], "result": {}})  # too late, and of no harm


def test_inquiries_go_to_the_worker_with_fewest_and_more_than_they_hold_are_refused() -> None:
    asking, told = asked_of("w1", "w2")
    errors: list[str] = []

    def wait() -> None:
        try:
            asking.ask(QUESTION)
        except WorkerUnavailableError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=wait) for _ in range(2 * MAX_HELD + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(errors).count(BUSY) == 1
    assert [sid for sid, _ in told].count("w1") == [sid for sid, _ in told].count("w2") == MAX_HELD


def test_only_the_worker_that_was_asked_can_answer() -> None:
    def answered_by_another(_event: str, payload: wire.Wire, _sid: str) -> None:
        asking.replied("w2", {"inquiry_id": payload["inquiry_id"], "result": {}})

    asking = Inquiries(answered_by_another, answer_within_s=0.2)
    asking.worker_ready("w1")

    with pytest.raises(WorkerUnavailableError, match="longer than"):
        asking.ask(QUESTION)
