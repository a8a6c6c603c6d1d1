"""Tracks: keypoints over time, sampled evenly, smoothed, short gaps bridged. Pure numpy.

A Track is what calculations use: coordinates with a trust for each, instead of NaN and scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from webapp.core.normalise import body_size, coordinates, visibility
from webapp.core.records import FloatArray, PoseSequence
from webapp.core.skeleton import Skeleton

RATE_HZ = 20.0
"""Ticks a second at which movements are compared: well above what limbs do, low enough for hundreds of templates."""
_SIGMA_TICKS = 0.7
SMOOTHING_REACH_TICKS = 2
"""How many ticks smoothing looks ahead: the delay it costs a stream."""
_KERNEL = np.exp(-0.5 * (np.arange(-SMOOTHING_REACH_TICKS, SMOOTHING_REACH_TICKS + 1) / _SIGMA_TICKS) ** 2)
_KERNEL = (_KERNEL / _KERNEL.sum()).astype(np.float32)
MAX_BRIDGED_GAP_S = 0.3
"""A keypoint hidden for longer is not guessed."""
_BRIDGED_TRUST = 0.5
"""How far a keypoint may be trusted that is known from its neighbours in time, beside how far these may."""


@dataclass(frozen=True)
class Track:
    """times_s: (T,) rising; points: (T, K, 2 or 3), 0 where unknown; visible: (T, K) in 0..1, 0 where unknown."""

    skeleton: Skeleton
    times_s: NDArray[np.float64]
    points: FloatArray
    visible: FloatArray

    def __len__(self) -> int:
        return len(self.times_s)

    def between(self, start_s: float, end_s: float) -> Track:
        """The frames from start_s to end_s, both included, on the same clock."""
        keep = (self.times_s >= start_s) & (self.times_s <= end_s)
        return replace(self, times_s=self.times_s[keep], points=self.points[keep], visible=self.visible[keep])


def track_of(sequence: PoseSequence, dimensions: int) -> Track:
    """The sequence's coordinates in 2D (picture heights) or 3D (metres) with their trust."""
    points = coordinates(sequence, dimensions)
    visible = visibility(points, sequence.scores)
    return Track(sequence.skeleton, sequence.times_s, _known(points, visible), visible)


def prepared_track(sequence: PoseSequence, dimensions: int) -> Track:
    """track_of, bridged, at RATE_HZ and smoothed: how every take is read before it is compared."""
    return smooth(resample(bridge_gaps(track_of(sequence, dimensions))))


def _known(points: FloatArray, visible: FloatArray) -> FloatArray:
    return np.where(visible[..., None] > 0, points, np.float32(0)).astype(np.float32)


def bridge_gaps(track: Track, max_gap_s: float = MAX_BRIDGED_GAP_S) -> Track:
    """Fill each keypoint's gaps up to max_gap_s on a straight line, with half the trust of the gap's ends."""
    points, visible = track.points.copy(), track.visible.copy()
    for k in range(visible.shape[1]):
        seen = np.flatnonzero(track.visible[:, k] > 0)
        for before, after in pairwise(seen):
            if after - before > 1 and track.times_s[after] - track.times_s[before] <= max_gap_s:
                inside = slice(before + 1, after)
                span_s = track.times_s[after] - track.times_s[before]
                share = ((track.times_s[inside] - track.times_s[before]) / span_s).astype(np.float32)[:, None]
                points[inside, k] = points[before, k] * (1 - share) + points[after, k] * share
                visible[inside, k] = min(visible[before, k], visible[after, k]) * _BRIDGED_TRUST
    return replace(track, points=points, visible=visible)


def blend(
    points: tuple[FloatArray, FloatArray], visible: tuple[FloatArray, FloatArray], share: FloatArray | float
) -> tuple[FloatArray, FloatArray]:
    """Between two frames, weighted by trust: share 0 is the first. Points (..., K, D), visible (..., K)."""
    weights = visible[0] * (1 - share), visible[1] * share
    total = weights[0] + weights[1]
    summed = points[0] * weights[0][..., None] + points[1] * weights[1][..., None]
    divisor = np.where(total > 0, total, 1)[..., None]
    return (summed / divisor).astype(np.float32), total.astype(np.float32)


def resample(track: Track, rate_hz: float = RATE_HZ) -> Track:
    """The track at even times from its first to its last frame."""
    if len(track) < 2:
        return track
    count = int(np.floor((track.times_s[-1] - track.times_s[0]) * rate_hz + 1e-6)) + 1
    times_s = track.times_s[0] + np.arange(count) / rate_hz
    after = np.clip(np.searchsorted(track.times_s, times_s, side="left"), 1, len(track) - 1)
    before = after - 1
    span_s = track.times_s[after] - track.times_s[before]
    share = np.clip((times_s - track.times_s[before]) / span_s, 0, 1).astype(np.float32)[:, None]
    points, visible = blend(
        (track.points[before], track.points[after]), (track.visible[before], track.visible[after]), share
    )
    return replace(track, times_s=times_s, points=points, visible=visible)


def smooth(track: Track) -> Track:
    """Each frame as the mean of its neighbours, near and trusted ones counting most; for evenly sampled tracks."""
    if not len(track):
        return track
    reach, frames = SMOOTHING_REACH_TICKS, len(track)
    weights = np.pad(track.visible, ((reach, reach), (0, 0)), mode="edge")
    points = np.pad(track.points, ((reach, reach), (0, 0), (0, 0)), mode="edge") * weights[..., None]
    total = sum(share * weights[i : i + frames] for i, share in enumerate(_KERNEL))
    summed = sum(share * points[i : i + frames] for i, share in enumerate(_KERNEL))
    smoothed = summed / np.where(total > 0, total, 1)[..., None]
    return replace(track, points=smoothed.astype(np.float32), visible=np.asarray(total, np.float32))


def smoothed_middle(points: FloatArray, visible: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The middle frame of a window of 2 * SMOOTHING_REACH_TICKS + 1 frames, smoothed: points (K, D), visible (K,).

    A keypoint lost in the middle and seen on both sides is bridged, as bridge_gaps does with a whole track.
    """
    weights = visible * _KERNEL[:, None]
    total = weights.sum(axis=0)
    middle = np.einsum("tk,tkd->kd", weights, points) / np.where(total > 0, total, 1)[:, None]
    around = np.minimum(visible[:SMOOTHING_REACH_TICKS].max(axis=0), visible[SMOOTHING_REACH_TICKS + 1 :].max(axis=0))
    return middle.astype(np.float32), np.maximum(total, around * np.float32(_BRIDGED_TRUST))


def typical_body_size(track: Track) -> float:
    """The body size (normalise) over the whole track, in its unit; NaN where what tells it is never seen."""
    sizes = body_size(track.points, track.visible, track.skeleton)
    return float(np.nanmedian(sizes)) if np.isfinite(sizes).any() else float("nan")
