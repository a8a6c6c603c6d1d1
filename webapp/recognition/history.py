"""What a recogniser remembers of the stream: ticks' features and poses, only as far back as a match can reach."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from webapp.core.features import PARTS
from webapp.core.records import FloatArray, PoseSequence
from webapp.core.skeleton import Skeleton
from webapp.core.tracks import RATE_HZ


class FeatureHistory:
    """The newest ticks' features and trust, addressed by tick number, always as contiguous arrays."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._features = np.zeros((2 * capacity, 3, len(PARTS)), np.float32)
        self._trust = np.zeros((2 * capacity, len(PARTS)), np.float32)
        self._used = 0
        self.next_tick = 0

    def append(self, features: FloatArray, trust: FloatArray) -> None:
        """Add the next tick: features (3, P), trust (P,)."""
        if self._used == 2 * self._capacity:  # move the newer half to the front: one copy every `capacity` ticks
            self._features[: self._capacity] = self._features[self._capacity :]
            self._trust[: self._capacity] = self._trust[self._capacity :]
            self._used = self._capacity
        self._features[self._used], self._trust[self._used] = features, trust
        self._used += 1
        self.next_tick += 1

    def between(self, first_tick: int, last_tick: int) -> tuple[FloatArray, FloatArray]:
        """Features (M, 3, P) and trust (M, P) of these ticks, both included, as far as they are remembered."""
        shift = self._used - self.next_tick
        window = slice(max(0, first_tick + shift), max(0, last_tick + 1 + shift))
        return self._features[window], self._trust[window]

    def newest(self, ticks: int) -> tuple[FloatArray, FloatArray]:
        """Features and trust of the last so many ticks."""
        return self.between(self.next_tick - ticks, self.next_tick - 1)


@dataclass(frozen=True)
class _Frame:
    time_s: float
    keypoints: FloatArray
    scores: FloatArray
    world_m: FloatArray | None


class PoseHistory:
    """The stream's own frames of the last reach_s seconds."""

    def __init__(self, reach_s: float) -> None:
        self._reach_s = reach_s
        self._frames: deque[_Frame] = deque()

    def append(self, time_s: float, keypoints: FloatArray, scores: FloatArray, world_m: FloatArray | None) -> None:
        """Add a frame: keypoints (K, 2) in picture heights, scores (K,), world_m (K, 3) or None."""
        self._frames.append(_Frame(time_s, keypoints, scores, world_m))
        while self._frames[0].time_s < time_s - self._reach_s:
            self._frames.popleft()

    def between(self, skeleton: Skeleton, start_s: float, end_s: float) -> PoseSequence:
        """The frames from start_s to end_s (half a tick of slack), as a sequence that starts at 0."""
        slack_s = 0.5 / RATE_HZ
        frames = [f for f in self._frames if start_s - slack_s <= f.time_s <= end_s + slack_s]
        count = len(skeleton.keypoints)
        times_s = np.array([f.time_s for f in frames], np.float64)
        world = [f.world_m for f in frames if f.world_m is not None]
        return PoseSequence(
            skeleton=skeleton,
            times_s=times_s - times_s[0] if frames else times_s,
            keypoints=np.array([f.keypoints for f in frames], np.float32).reshape(-1, count, 2),
            scores=np.array([f.scores for f in frames], np.float32).reshape(-1, count),
            world_m=np.array(world, np.float32).reshape(-1, count, 3) if frames and len(world) == len(frames) else None,
        )
