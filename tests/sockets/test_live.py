"""`/live`: who is let in, which frames are taken, and that honest sessions are answered whatever others do."""

from __future__ import annotations

import threading
import time
from collections import Counter

import cv2
import numpy as np
import pytest
import socketio

from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server, encoded
from webapp.app import create_app
from webapp.bench.browser import Answer, LiveClient
from webapp.bench.instance import PASSWORD
from webapp.config import Settings
from webapp.services import accounts

SESSION_COOKIE = "moveprint_session"


def png_bomb() -> bytes:
    """A small PNG whose header declares 30000x30000."""
    written, data = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))
    assert written
    header = bytearray(data.tobytes())
    header[16:24] = (30000).to_bytes(4, "big") * 2
    return bytes(header)


def jpeg_declaring(side_px: int) -> bytes:
    """A small JPEG whose header declares a square of that side."""
    data = bytearray(encoded(np.zeros((16, 16, 3), np.uint8)))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = side_px.to_bytes(2, "big") * 2
    return bytes(data)


def test_a_session_is_told_what_it_may_send_and_every_frame_is_answered(served: Server, jpeg: bytes) -> None:
    client = served.live("alice")

    answer = ask_until_result(client, jpeg)

    assert client.ready is not None
    assert (client.ready["credits"], client.ready["max_frame_bytes"]) == (2, 2 * 2**20)
    assert (answer.payload["width_px"], answer.payload["height_px"]) == (640, 480)
    assert {"people", "events", "stages_ms", "worker_ms", "server_ms"} <= set(answer.payload)


@pytest.mark.parametrize("cookie", ["", f"{SESSION_COOKIE}=forged", f"{SESSION_COOKIE}=eyJfdXNlcl9pZCI6IjEifQ.a.b"])
def test_without_a_true_login_nobody_is_let_in(web: Server, cookie: str) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        LiveClient(web.url, cookie).connect()


def test_a_login_that_has_ended_lets_nobody_in(web: Server) -> None:
    app = create_app(Settings(instance_dir=web.instance.folder))
    with app.app_context():
        carol = accounts.create_account("carol", PASSWORD).id
    cookie = web.instance.log_in("carol")
    client = LiveClient(web.url, cookie)
    client.connect()
    client.close()

    with app.app_context():
        accounts.set_password(carol, "another-long-password")

    with pytest.raises(socketio.exceptions.ConnectionError):
        LiveClient(web.url, cookie).connect()


def test_another_sites_page_is_not_let_in(web: Server) -> None:
    client = socketio.Client(reconnection=False, handle_sigint=False)
    headers = {"Cookie": web.cookies["alice"], "Origin": "https://elsewhere.example"}

    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(web.url, headers, transports=["websocket"], namespaces=["/live"])


def test_wrong_frames_are_dropped_with_a_reason_and_the_session_goes_on(served: Server, jpeg: bytes) -> None:
    client = served.live("alice")
    ask_until_result(client, jpeg)
    wrong = {
        "0 bytes": b"",
        "not a JPEG": png_bomb(),
        "at most 2097152": jpeg + bytes(2 * 2**20),
        "truncated": jpeg[: len(jpeg) // 3],
        "65500": jpeg_declaring(65500),
        "1000 scans": jpeg[:-2] + b"\xff\xda" * 999 + jpeg[-2:],
    }

    answers = {name: ask(client, data) for name, data in wrong.items()}

    assert {answer.event for answer in answers.values()} == {"drop"}
    for name in ("0 bytes", "not a JPEG", "at most 2097152", "65500", "1000 scans"):
        assert name in str(answers[name].payload["reason"])
    assert ask_until_result(client, jpeg).event == "result"


def test_what_is_no_frame_at_all_is_answered_with_a_drop_without_id(web: Server, jpeg: bytes) -> None:
    client = web.live("alice")

    for arguments in ((), ("text",), (jpeg,), ({"frame_id": "x", "time_s": 0}, jpeg), (None, None, None)):
        client.send_raw(*arguments)

    client.wait_for(lambda: len(client.answers) == 5, "five drops")
    assert {(answer.event, answer.payload["frame_id"]) for answer in client.answers} == {("drop", None)}


def test_frame_ids_must_rise(web: Server, jpeg: bytes) -> None:
    client = web.live("alice")

    for frame_id in (5, 5, 4):
        client.send_raw({"frame_id": frame_id, "time_s": 0.0}, jpeg)

    client.wait_for(lambda: len(client.answers) == 3, "three drops")
    reasons = [str(answer.payload["reason"]) for answer in client.answers]
    assert ["must rise" in reason for reason in reasons] == [False, True, True]


def test_a_message_of_20_mb_ends_its_own_connection_alone(served: Server, jpeg: bytes) -> None:
    honest, greedy = served.live("alice"), served.live("bob")
    ask_until_result(honest, jpeg)

    greedy.send_raw({"frame_id": 1, "time_s": 0.0}, jpeg + bytes(20 * 2**20))

    until_s = time.monotonic() + 20
    while greedy.connected and time.monotonic() < until_s:
        answer = ask(honest, jpeg)
        assert answer.event == "result", answer.payload
    assert not greedy.connected
    assert ask_until_result(served.live("bob"), jpeg).event == "result"


def test_500_frames_a_second_are_held_back_while_an_honest_session_is_served(served: Server, jpeg: bytes) -> None:
    honest, flooding = served.live("alice"), served.live("bob")
    ask_until_result(honest, jpeg)

    def flood() -> None:
        for frame_id in range(1000):
            flooding.send_raw({"frame_id": frame_id, "time_s": frame_id / 500}, jpeg)
            time.sleep(1 / 500)

    flood_thread = threading.Thread(target=flood)
    flood_thread.start()
    answers = []
    while flood_thread.is_alive():
        answers.append(ask(honest, jpeg))

    assert Counter(answer.event for answer in answers)["result"] == len(answers) > 0
    flooding.wait_for(lambda: any(a.payload["reason"] == "too many frames" for a in _drops(flooding)), "a drop")


def test_a_cut_connection_is_taken_up_again(served: Server, jpeg: bytes) -> None:
    client, other = served.live("alice"), served.live("bob")
    ask_until_result(client, jpeg)

    client.cut()

    assert ask_until_result(other, jpeg).event == "result"
    again = served.live("alice")
    assert ask_until_result(again, jpeg).event == "result"


def _drops(client: LiveClient) -> list[Answer]:
    return [answer for answer in list(client.answers) if answer.event == "drop"]
