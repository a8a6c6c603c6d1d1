"""Poses in place of pictures over the real sockets: recognised, stored, limited, and nothing hostile gets anywhere."""

from __future__ import annotations

import itertools
import json
import time
import urllib.request
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.movements import arm_raise
from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.recording import keep_take
from webapp.bench.browser import Answer, LiveClient
from webapp.core.packed_poses import pack_poses

_ids = itertools.count(1)


def described(times_s: Sequence[float], **changes: object) -> dict[str, object]:
    told = {"times_s": list(times_s), "width_px": 640, "height_px": 480, "skeleton": "blazepose_33", "world": True}
    return {"frame_id": next(_ids), **told, **changes}


def raised_arms() -> Sequence[tuple[list[float], bytes]]:
    """Both arms raised three times, as packets of six poses: their times and bytes."""
    sequence = arm_raise()
    assert sequence.world_m is not None
    packets = []
    for repetition, start in itertools.product(range(3), range(0, len(sequence), 6)):
        rows = slice(start, start + 6)
        packed = pack_poses(sequence.keypoints[rows], sequence.scores[rows], sequence.world_m[rows])
        packets.append(((sequence.times_s[rows] + 2.0 * repetition).tolist(), packed))
    return packets


def send(client: LiveClient, told: dict[str, object], packed: object) -> Answer:
    """Send poses and wait for their answer."""
    before = len(client.answers)
    client.send_poses(told, packed)  # type: ignore[arg-type]  # tests send what is no bytes too
    client.wait_for(lambda: len(client.answers) > before, "an answer")
    return client.answers[-1]


def fresh(server: Server, username: str) -> LiveClient:
    if username not in server.cookies:
        server.add_account(username)
    client = server.live(username)
    client.wait_for_worker("ready", "restarted")
    return client


def test_poses_are_recognised_and_what_is_recognised_is_kept(served: Server, jpeg: bytes) -> None:
    client = fresh(served, "erin")
    keep_take(served, "erin", "raise", arm_raise())
    client.wait_for(lambda: any(event == "actions_changed" for event, _ in client.notices), "actions_changed")
    while True:  # the actions are being loaded
        time.sleep(0.05)
        waiting: Any = send(client, described([time.monotonic() - 1e9]), one_pose()).payload
        if waiting["people"][0]["ranking"]:
            break

    events: list[Any] = []
    for times_s, packed in raised_arms():
        time.sleep(0.11)  # 60 poses a second are let in
        answer: Any = send(client, described(times_s), packed).payload
        events += answer["events"]
    assert [(person["person_id"], person["keypoints"]) for person in answer["people"]] == [(1, None)]
    assert ask(client, jpeg).event == "result"  # pictures in between are as good

    assert {event["action"] for event in events} == {"raise"}
    request = urllib.request.Request(
        f"{served.url}/history/", headers={"Cookie": served.cookies["erin"], "Accept": "application/json"}
    )
    kept = json.loads(urllib.request.urlopen(request).read())["events"]
    assert {(event["detector"], event["pose_model"]) for event in kept} == {("on device", "mediapipe_pose")}


def one_pose() -> bytes:
    sequence = arm_raise()
    assert sequence.world_m is not None
    return pack_poses(sequence.keypoints[:1], sequence.scores[:1], sequence.world_m[:1])


def test_nobody_in_view_is_an_answer_too(served: Server) -> None:
    answer = send(fresh(served, "alice"), described([]), b"")

    assert (answer.event, answer.payload["people"]) == ("result", [])


@pytest.mark.parametrize(
    ("changes", "packed", "sentence"),
    [
        ({}, b"nonsense", "packed poses"),
        ({}, b"", "packed poses"),
        ({}, bytes(1000), "at most"),
        ({}, "text", "must be packed bytes"),
        ({"times_s": []}, b"x", "at most 0"),
        ({"times_s": [2.0, 1.0]}, b"x", "must rise"),
        ({"times_s": ["1"]}, b"x", "finite"),
        ({"skeleton": "octopus_8"}, b"x", "octopus_8"),
        ({"height_px": 0}, b"x", "height_px"),
        ({"world": None}, b"x", "world"),
    ],
)
def test_hostile_poses_are_a_drop_in_words_and_the_session_goes_on(
    served: Server, changes: dict[str, object], packed: object, sentence: str
) -> None:
    client = fresh(served, "alice")

    answer = send(client, described([1.0]) | changes, packed)

    assert answer.event == "drop"
    assert sentence in str(answer.payload["reason"])
    assert send(client, described([2.0]), one_pose()).event == "result"


def test_random_bytes_never_end_a_session(served: Server) -> None:
    client, draw = fresh(served, "alice"), np.random.default_rng(5)

    outcomes = []
    for number in range(60):
        time.sleep(1 / 50)
        outcomes.append(send(client, described([float(number)]), draw.bytes(int(draw.integers(0, 300)))).event)

    assert set(outcomes) == {"drop"}
    assert send(client, described([100.0]), one_pose()).event == "result"


def test_more_than_60_poses_a_second_are_not_let_in(web: Server) -> None:
    web.worker()
    client = web.live("bob")
    client.wait_for_worker("ready")
    sequence = arm_raise(64)
    packed = pack_poses(sequence.keypoints, sequence.scores, None)

    answers = [
        send(client, described((second + sequence.times_s).tolist(), world=False), packed) for second in (0, 10, 20)
    ]

    assert [answer.event for answer in answers] == ["result", "drop", "drop"]
    assert answers[-1].payload["reason"] == "too many poses"


def test_poses_that_a_lost_worker_held_are_dropped_and_the_session_goes_on(web: Server, jpeg: bytes) -> None:
    silent, client = web.worker(on_frame=lambda _worker, _poses: None), web.live("alice")
    client.wait_for_worker("ready")
    client.send_poses(described([1.0]), one_pose())
    silent.wait_for(lambda: bool(silent.of("poses")))

    silent.close()

    client.wait_for(lambda: bool(client.answers), "a drop")
    assert client.answers[0].payload["reason"] == "worker restarted"
    web.worker()
    assert ask_until_result(client, jpeg).event == "result"
