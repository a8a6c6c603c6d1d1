"""A peer measured beside ours: another Python process that takes pictures, round by round, when it is told to."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from webapp.bench.peer_process import PeerProcess
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray, Pose

SCRIPT = Path(__file__).with_name("mediapipe_peer.py")


@dataclass(frozen=True)
class PeerRound:
    """What the peer answers for all pictures: milliseconds, and keypoints (33, 2) in pixels, None for nobody."""

    times_ms: list[float]
    keypoints_px: list[FloatArray | None]


class Peer:
    """MediaPipe in its own environment; a context manager. InvalidInputError where that Python cannot run it."""

    def __init__(self, python: Path, jpegs: Sequence[bytes]) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="moveprint-peer-")
        for number, jpeg in enumerate(jpegs):
            (Path(self._scratch.name) / f"{number:04}.jpg").write_bytes(jpeg)
        self._process = PeerProcess(python, SCRIPT, [self._scratch.name], "mediapipe 0.10.21")
        self._times_ms: list[float] = []

    def __enter__(self) -> Peer:
        try:
            self._process.__enter__()
        except InvalidInputError:
            self._scratch.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)
        self._scratch.cleanup()

    def step(self, _image: object) -> float:
        """Milliseconds of the next picture; a new round is asked for when the last one's are used up."""
        if not self._times_ms:
            self._times_ms = self.round().times_ms
        return self._times_ms.pop(0)

    def round(self) -> PeerRound:
        """Every picture once, in order, as a stream."""
        answer = self._process.ask()
        found = [None if points is None else np.asarray(points, np.float32) for points in answer["keypoints_px"]]
        return PeerRound(answer["times_ms"], found)


def keypoint_difference_torso(ours: Sequence[Pose | None], theirs: Sequence[FloatArray | None]) -> float:
    """Median over pictures and joints of the distance as a share of our torso's length; NaN where never both saw one.

    Both with the 33 keypoints of BlazePose.
    """
    shares = []
    for pose, points_px in zip(ours, theirs, strict=True):
        if pose is None or points_px is None:
            continue
        at = pose.skeleton.index
        shoulders, hips = (
            (pose.keypoints_px[at[f"left_{joint}"]] + pose.keypoints_px[at[f"right_{joint}"]]) / 2
            for joint in ("shoulder", "hip")
        )
        shares.append(np.linalg.norm(pose.keypoints_px - points_px, axis=1) / np.linalg.norm(shoulders - hips))
    return float(np.median(shares)) if shares else float("nan")
