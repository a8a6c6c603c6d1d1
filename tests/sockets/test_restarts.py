"""A live session outlives its worker: another takes it over with the person's actions."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.sockets.asking import ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.recording import keep_take
from webapp.bench.browser import LiveClient
from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33

HEIGHT_PX = 480


def seen(client: LiveClient, frames: Sequence[bytes]) -> list[dict[str, Any]]:
    """The first person of each frame in which there is one."""
    people: list[Any] = [ask_until_result(client, frame).payload["people"] for frame in frames]
    return [found[0] for found in people if found]


def as_take(people: Sequence[dict[str, Any]]) -> PoseSequence:
    keypoints = np.array([person["keypoints"] for person in people], dtype=np.float32)
    return PoseSequence(
        skeleton=BLAZEPOSE_33,
        times_s=np.arange(len(people)) / 30,
        keypoints=(keypoints[:, :, :2] / HEIGHT_PX).astype(np.float32),
        scores=keypoints[:, :, 2],
        world_m=np.array([person["world_m"] for person in people], dtype=np.float32),
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_session_goes_on_with_its_actions_when_its_worker_dies_or_hangs(
    served: Server, clip: Sequence[bytes], number: signal.Signals
) -> None:
    client = served.live("alice")
    action = f"walk {number.name}"
    keep_take(served, "alice", action, as_take(seen(client, clip[:40])))
    client.wait_for(lambda: any(event == "actions_changed" for event, _ in client.notices), "actions_changed")
    before = served.worker_pid

    os.kill(before, number)

    client.wait_for_worker("restarted")
    assert served.worker_pid != before
    while not (ranking := seen(client, clip[:5])[-1]["ranking"]):  # the new worker is still preparing the actions
        pass
    assert action in [candidate["action"] for candidate in ranking]
