"""Asking the live path: one frame, its one answer."""

from __future__ import annotations

import itertools
import time

from webapp.bench.browser import Answer, LiveClient

_ids = itertools.count(1)


def ask(client: LiveClient, jpeg: bytes, timeout_s: float = 20) -> Answer:
    """Send a frame with a fresh id and wait for its answer."""
    time.sleep(1 / 30)  # as a camera does; more than 60 a second would be dropped
    frame_id = next(_ids)
    client.send(frame_id, frame_id / 30, jpeg)
    client.wait_for(lambda: bool(_answers(client, frame_id)), f"the answer to {frame_id}", timeout_s)
    return _answers(client, frame_id)[0]


def ask_until_result(client: LiveClient, jpeg: bytes, tries: int = 200) -> Answer:
    """Ask until a worker has answered."""
    for _ in range(tries):
        client.wait_for_worker("ready", "restarted")
        answer = ask(client, jpeg)
        if answer.event == "result":
            return answer
    raise AssertionError(f"no result after {tries} frames, last: {answer}")


def wait_until_cut(client: LiveClient, timeout_s: float = 20) -> None:
    """Return once the server has ended the connection."""
    until_s = time.monotonic() + timeout_s
    while client.connected:
        assert time.monotonic() < until_s, f"still connected after {timeout_s} s"
        time.sleep(0.02)


def _answers(client: LiveClient, frame_id: int) -> list[Answer]:
    return [answer for answer in list(client.answers) if answer.payload["frame_id"] == frame_id]
