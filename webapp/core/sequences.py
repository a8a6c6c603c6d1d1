"""Pose sequences as takes: is one fit to learn from, and where in it is the movement? Pure numpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import PoseSequence
from webapp.core.skeleton import FINGERS, Kind, Skeleton
from webapp.core.tracks import RATE_HZ, Track, prepared_track, track_of, typical_body_size

_STILL_SHARE_OF_PEAK = 0.2
# A stretch of movement this small beside the largest one is a side-step or settling down, not part of the action;
# one cut off by the beginning or end of the clip is the rest of something else up to a larger size.
_MIN_SHARE, _MIN_SHARE_WHEN_CUT = 0.15, 0.4
_MARGIN_S = 0.1
_MIN_MOVING_S, _LONG_S = 0.3, 20.0
_MIN_TRAVEL = 0.4
"""Body sizes a limb must travel for a take to say something."""


@dataclass(frozen=True)
class _Movers:
    """What moves of one kind of skeleton. joints: the keypoints looked at, as seen from `origin` where there is one.

    still_speed: in body sizes a second; smoothed keypoints of who does not move stay below it. limbs: what a take may
    lack, with its keypoints. anchor: what must be seen to know the size. nobody: the reason where nothing is seen.
    """

    joints: tuple[str, ...]
    still_speed: float
    limbs: Mapping[str, Sequence[str]]
    anchor: str
    nobody: str
    origin: str | None = None


def _both(*joints: str) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for side in ("left", "right") for joint in joints)


_MOVERS: dict[Kind, _Movers] = {
    "body": _Movers(
        joints=_both("wrist", "elbow", "shoulder", "hip", "knee", "ankle"),
        still_speed=0.3,
        limbs={"legs": _both("knee", "ankle"), "arms": _both("elbow", "wrist")},
        anchor="shoulders",
        nobody="nobody in view",
    ),
    # a hand's shape and turn are compared, not its place: on its way into the picture it is still
    "hand": _Movers(
        joints=tuple(f"{finger}_{joint}" for finger in FINGERS for joint in ("ip", "pip", "dip", "tip")),
        still_speed=0.6,
        limbs={},
        anchor="palm",
        nobody="no hand in view",
        origin="wrist",
    ),
}


@dataclass(frozen=True)
class TakeCheck:
    """Where a take's movement lies (seconds on the sequence's clock) and whether it can be learned from.

    reason: why it is not usable, else None. warnings: what could be better.
    """

    trim_start_s: float
    trim_end_s: float
    usable: bool
    reason: str | None
    warnings: tuple[str, ...] = ()


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """The same movement with left and right exchanged, as a mirror shows it."""
    partners = list(sequence.skeleton.flip_indices)
    flip = np.array([-1, 1, 1], np.float32)
    world_m = sequence.world_m
    return replace(
        sequence,
        keypoints=sequence.keypoints[:, partners] * flip[:2],
        scores=sequence.scores[:, partners],
        world_m=None if world_m is None else world_m[:, partners] * flip,
    )


def trim_still(sequence: PoseSequence) -> tuple[float, float]:
    """(start_s, end_s) without the still beginning and end and without what was cut off there.

    A sequence without movement is answered whole.
    """
    if len(sequence) < 2:
        start_s = float(sequence.times_s[0]) if len(sequence) else 0.0
        return start_s, start_s
    track = prepared_track(sequence, 2)
    whole = float(sequence.times_s[0]), float(sequence.times_s[-1])
    speeds = limb_speed(track)
    still_speed = _MOVERS[sequence.skeleton.kind].still_speed
    stretches = _stretches(speeds > max(still_speed, _STILL_SHARE_OF_PEAK * float(speeds.max(initial=0.0))))
    if not stretches:
        return whole
    travels = [float(speeds[start:end].sum()) for start, end in stretches]
    kept = [
        stretch
        for stretch, travel in zip(stretches, travels, strict=True)
        if travel >= max(travels) * (_MIN_SHARE_WHEN_CUT if _is_cut(stretch, len(track)) else _MIN_SHARE)
    ]
    start_s = track.times_s[kept[0][0]] - _MARGIN_S
    end_s = track.times_s[kept[-1][1] - 1] + _MARGIN_S
    return max(whole[0], float(start_s)), min(whole[1], float(end_s))


def limb_speed(track: Track) -> NDArray[np.float64]:
    """How fast the two fastest joints move on the picture, (T,), in body sizes a second; for even tracks."""
    size = typical_body_size(track)
    movers = _MOVERS[track.skeleton.kind]
    columns = _columns(track.skeleton, movers.joints)
    if not np.isfinite(size) or len(track) < 3 or len(columns) < 2:
        return np.zeros(len(track))
    points = track.points[:, columns]
    if movers.origin is not None:
        points = points - track.points[:, [track.skeleton.index[movers.origin]]]
    points = np.pad(points, ((1, 1), (0, 0), (0, 0)), mode="edge")
    visible = np.pad(track.visible[:, columns], ((1, 1), (0, 0)), mode="edge") > 0
    moved = np.linalg.norm(points[2:] - points[:-2], axis=-1) * (RATE_HZ / 2 / size)
    fastest = np.sort(np.where(visible[2:] & visible[:-2], moved, 0.0), axis=1)[:, -2:]
    return np.asarray(fastest.mean(axis=1), np.float64)


def _columns(skeleton: Skeleton, names: Iterable[str]) -> list[int]:
    return [skeleton.index[name] for name in names if name in skeleton.index]


def _stretches(moving: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], moving, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _is_cut(stretch: tuple[int, int], frames: int) -> bool:
    return stretch[0] == 0 or stretch[1] == frames


def check_take(sequence: PoseSequence) -> TakeCheck:
    """Judge a take; never raises for a poor one."""
    unknown = _without_measure(sequence)
    if unknown is not None:
        start_s, end_s = (float(sequence.times_s[i]) if len(sequence) else 0.0 for i in (0, -1))
        return TakeCheck(start_s, end_s, usable=False, reason=unknown)
    start_s, end_s = trim_still(sequence)
    reason, warnings = _problem(sequence, start_s, end_s), _warnings(sequence, start_s, end_s)
    return TakeCheck(start_s, end_s, reason is None, reason, warnings if reason is None else ())


def _without_measure(sequence: PoseSequence) -> str | None:
    skeleton = sequence.skeleton
    if skeleton.kind == "hand" or skeleton.index.keys() >= {"left_shoulder", "right_shoulder"}:
        return None
    return (
        f"the skeleton {skeleton.name} has no keypoints called left_shoulder and right_shoulder, which tell a body's "
        "size: movements cannot be compared"
    )


def _problem(sequence: PoseSequence, start_s: float, end_s: float) -> str | None:
    return _hidden(sequence) or _hardly_moves(sequence, start_s, end_s)


def _hidden(sequence: PoseSequence) -> str | None:
    movers = _MOVERS[sequence.skeleton.kind]
    track = track_of(sequence, 2)
    seen = track.visible > 0
    if not len(sequence) or seen.any(axis=1).mean() < 0.5:
        return movers.nobody
    if not np.isfinite(typical_body_size(track)):
        return f"{movers.anchor} hidden"
    columns = _columns(sequence.skeleton, movers.joints)
    return "half the joints hidden" if seen[:, columns].mean() < 0.4 else None


def _hardly_moves(sequence: PoseSequence, start_s: float, end_s: float) -> str | None:
    if sequence.duration_s < _MIN_MOVING_S:
        return "too short"
    speeds = limb_speed(prepared_track(sequence, 2).between(start_s, end_s))
    if speeds.sum() / RATE_HZ < _MIN_TRAVEL or speeds.max() < _MOVERS[sequence.skeleton.kind].still_speed:
        return "very little movement"
    return "too short" if end_s - start_s < _MIN_MOVING_S else None


def _warnings(sequence: PoseSequence, start_s: float, end_s: float) -> tuple[str, ...]:
    if not len(sequence):
        return ()
    found = []
    movers = _MOVERS[sequence.skeleton.kind]
    moving = prepared_track(sequence, 2).between(start_s, end_s)
    if len(moving):
        seen = (moving.visible > 0).mean(axis=0)
        for limb, names in movers.limbs.items():
            columns = _columns(sequence.skeleton, names)
            if columns and seen[columns].mean() < 0.5:
                found.append(f"{limb} not visible: the action will be told without them")
        speeds = limb_speed(moving)
        if sequence.times_s[0] == start_s and speeds[:1].max(initial=0) > 2 * movers.still_speed:
            found.append("the movement had already begun")
        if sequence.times_s[-1] == end_s and speeds[-1:].max(initial=0) > 2 * movers.still_speed:
            found.append("the movement had not ended")
    if end_s - start_s > _LONG_S:
        found.append(f"longer than {_LONG_S:.0f} s: shorter takes are recognised better")
    return tuple(found)
