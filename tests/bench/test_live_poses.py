"""The packets of the on-device bench are what a browser sends, one after the other without a gap."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from tests.movements import arm_raise
from webapp.bench.browser import LiveClient
from webapp.bench.live_poses import POSES_PER_S, packets_of
from webapp.core.packed_poses import unpack_poses
from webapp.core.skeleton import SKELETONS
from webapp.pipeline.wire_stream import described_poses


class Heard:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], bytes]] = []

    def send_poses(self, described: dict[str, Any], packed: bytes) -> None:
        self.sent.append((described, packed))


def test_every_packet_can_be_read_and_times_go_on_when_the_clip_begins_again() -> None:
    heard, sequence = Heard(), arm_raise()
    clip = packets_of(sequence)

    for number in range(2 * len(clip.packets)):
        clip.send(cast(LiveClient, heard), number, 0.0)

    messages = [described_poses("s1", *sent) for sent in heard.sent]
    times_s = [time_s for message in messages for time_s in message.times_s]
    np.testing.assert_allclose(np.diff(times_s), 1 / POSES_PER_S, atol=1e-6)
    first = unpack_poses(messages[0].packed, 4, len(SKELETONS[clip.skeleton].keypoints), world=clip.world)
    np.testing.assert_allclose(first.keypoints[0], sequence.keypoints[0], atol=1 / 1024)
    assert 1000 < clip.bytes_per_s < 6000
