"""A peer measured beside ours: another Python process that takes pictures, round by round, when it is told to."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

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
        self._python = python
        self._scratch = tempfile.TemporaryDirectory(prefix="moveprint-peer-")
        for number, jpeg in enumerate(jpegs):
            (Path(self._scratch.name) / f"{number:04}.jpg").write_bytes(jpeg)
        self._times_ms: list[float] = []

    def __enter__(self) -> Peer:
        command = [str(self._python), str(SCRIPT), self._scratch.name]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        except OSError as error:
            self._scratch.cleanup()
            raise InvalidInputError(f"--peer-python {self._python} cannot be run: {error}") from error
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # closes its input, which ends it
        self._scratch.cleanup()

    def step(self, _image: object) -> float:
        """Milliseconds of the next picture; a new round is asked for when the last one's are used up."""
        if not self._times_ms:
            self._times_ms = self.round().times_ms
        return self._times_ms.pop(0)

    def round(self) -> PeerRound:
        """Every picture once, in order, as a stream."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self._process.stdout.readline()
        if not line:
            raise InvalidInputError(f"--peer-python {self._python} does not run mediapipe 0.10.21; install it there")
        answer = json.loads(line)
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
