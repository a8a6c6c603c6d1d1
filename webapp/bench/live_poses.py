"""What `bench live` needs of the poses of a clip: packets as a browser sends them, and takes for actions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from webapp.bench.browser import LiveClient, post_json
from webapp.config import Settings
from webapp.core import sequence_file
from webapp.core.packed_poses import pack_poses
from webapp.core.records import PoseSequence

POSES_PER_S, POSES_PER_PACKET = 20, 4
_TAKE_S, _APART_S = 1.3, 0.2
_WEBSOCKET_HEADERS = 2 * 8


@dataclass(frozen=True)
class PosesClip:
    """Packets of a clip's poses, sent round and round; times go on from packet to packet."""

    packets: Sequence[bytes]
    skeleton: str
    world: bool

    def send(self, live: LiveClient, frame_id: int, _time_s: float) -> None:
        """Send the packet with that number."""
        live.send_poses(self._described(frame_id), self.packets[frame_id % len(self.packets)])

    @property
    def bytes_per_s(self) -> float:
        """What one browser sends each second, Socket.IO's and the WebSocket's part included."""
        event = len('451-/live,["poses",,{"_placeholder":true,"num":0}]')
        described = len(json.dumps(self._described(1000), separators=(",", ":")))
        packed = float(np.mean([len(packet) for packet in self.packets]))
        return (event + described + packed + _WEBSOCKET_HEADERS) * POSES_PER_S / POSES_PER_PACKET

    def _described(self, frame_id: int) -> dict[str, object]:
        first = frame_id * POSES_PER_PACKET
        return {
            "frame_id": frame_id,
            "times_s": [round((first + each) / POSES_PER_S, 3) for each in range(POSES_PER_PACKET)],
            "width_px": 640,
            "height_px": 480,
            "skeleton": self.skeleton,
            "world": self.world,
        }


def find_poses(video: Path, settings: Settings) -> PoseSequence:
    """The poses of whoever the clip shows longest."""
    from webapp.pipeline.models import load_models
    from webapp.pipeline.video import pose_sequence

    return pose_sequence(load_models(settings), video)


def packets_of(sequence: PoseSequence) -> PosesClip:
    """The sequence, at least 0.4 s long, as a browser would send it."""
    count = int(sequence.duration_s * POSES_PER_S) // POSES_PER_PACKET
    times_s = np.arange(count * POSES_PER_PACKET).reshape(count, POSES_PER_PACKET) / POSES_PER_S
    packets = []
    for rows in np.searchsorted(sequence.times_s, times_s - 1e-6):
        world_m = None if sequence.world_m is None else sequence.world_m[rows]
        packets.append(pack_poses(sequence.keypoints[rows], sequence.scores[rows], world_m))
    return PosesClip(packets, sequence.skeleton.name, sequence.world_m is not None)


def read_packets(file: Path) -> PosesClip:
    """The packets of a stored sequence."""
    return packets_of(sequence_file.from_bytes(file.read_bytes()))


def keep_actions(url: str, cookie: str, sequence: PoseSequence, count: int) -> None:
    """So many actions for an account, each of one take: stretches of the sequence, over HTTP as the page does."""
    from webapp.services.sequence_json import sequence_to_json

    for number in range(count):
        start_s = number * _APART_S
        take = sequence.between(start_s, start_s + _TAKE_S)
        action_id = post_json(url, cookie, "/actions/", {"name": f"action {number + 1}"})["action_id"]
        body = {
            "client_key": f"bench-{number}",
            "sequence": sequence_to_json(take),
            "trim_start_s": 0.0,
            "trim_end_s": take.duration_s,
            "source": "upload",
            "detector": "bench",
            "pose_model": "bench",
        }
        post_json(url, cookie, f"/actions/{action_id}/takes", body)
