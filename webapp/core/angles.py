"""Anatomical joint angles in degrees of a body or a hand, as a coach names them, from any skeleton with the keypoints.

Pure numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray, PoseSequence
from webapp.core.skeleton import FINGERS, Skeleton
from webapp.core.tracks import Track, prepared_track

# One end of a direction: keypoints whose mean it is, and what stands in for them on skeletons that lack them.
_Anchor = tuple[tuple[str, ...], ...]
_MID_SHOULDERS: _Anchor = (("left_shoulder", "right_shoulder"), ("neck",))
_MID_HIPS: _Anchor = (("left_hip", "right_hip"), ("mid_hip",))
_HEAD: _Anchor = (("head",), ("left_ear", "right_ear"), ("nose",))


@dataclass(frozen=True)
class Direction:
    """From the mean of some keypoints to the mean of others; start and end list alternatives, the first that exists."""

    start: _Anchor
    end: _Anchor


@dataclass(frozen=True)
class Joint:
    """An angle: between two directions, or between one and the vertical (second is None).

    name: addresses it everywhere, such as "left_knee"; label: the same for people.
    """

    name: str
    label: str
    first: Direction
    second: Direction | None


_TRUNK_UP = Direction(_MID_HIPS, _MID_SHOULDERS)
_TRUNK_DOWN = Direction(_MID_SHOULDERS, _MID_HIPS)


def _joints_of(side: str) -> tuple[Joint, ...]:
    def at(vertex: str, other: str, instead: str | None = None) -> Direction:
        ends = (other,) if instead is None else (other, instead)
        return Direction(((f"{side}_{vertex}",),), tuple((f"{side}_{end}",) for end in ends))

    def joint(name: str, first: Direction, second: Direction) -> Joint:
        return Joint(f"{side}_{name}", f"{side} {name}", first, second)

    return (
        joint("shoulder", at("shoulder", "elbow"), _TRUNK_DOWN),
        joint("elbow", at("elbow", "shoulder"), at("elbow", "wrist")),
        joint("hip", at("hip", "shoulder"), at("hip", "knee")),
        joint("knee", at("knee", "hip"), at("knee", "ankle")),
        joint("ankle", at("ankle", "knee"), at("ankle", "foot_index", "foot")),
    )


JOINTS: tuple[Joint, ...] = (
    *_joints_of("left"),
    *_joints_of("right"),
    Joint("trunk", "trunk", _TRUNK_UP, None),
    Joint("head", "head", Direction(_MID_SHOULDERS, _HEAD), _TRUNK_UP),
    Joint("legs", "legs", Direction(_MID_HIPS, (("left_ankle",),)), Direction(_MID_HIPS, (("right_ankle",),))),
)
"""Elbows, knees, ankles: 180 is straight. Hips (trunk to thigh): 180 is straight. Shoulders (upper arm to trunk):
0 hangs, 180 is overhead. Trunk (to the vertical): 0 is upright. Head (to the trunk's line): 0 is in line. Legs (ankle
to ankle, seen from between the hips): 0 is closed."""


def _bend(name: str, label: str, *keypoints: str) -> Joint:
    """The angle at the middle of three keypoints."""
    before, at, after = keypoints
    return Joint(name, label, Direction(((at,),), ((before,),)), Direction(((at,),), ((after,),)))


HAND_JOINTS: tuple[Joint, ...] = (
    _bend("thumb_mcp", "thumb, knuckle", "thumb_cmc", "thumb_mcp", "thumb_ip"),
    _bend("thumb_ip", "thumb, joint", "thumb_mcp", "thumb_ip", "thumb_tip"),
    *(
        _bend(f"{finger}_{joint}", f"{finger if finger != 'pinky' else 'little'} finger, {label}", *keypoints)
        for finger in FINGERS[1:]
        for joint, label, keypoints in (
            ("mcp", "knuckle", ("wrist", f"{finger}_mcp", f"{finger}_pip")),
            ("pip", "middle joint", (f"{finger}_mcp", f"{finger}_pip", f"{finger}_dip")),
        )
    ),
    Joint(
        "thumb_spread",
        "thumb, spread",
        Direction((("wrist",),), (("thumb_tip",),)),
        Direction((("wrist",),), (("index_mcp",),)),
    ),
    Joint("palm", "palm", Direction((("wrist",),), (("middle_mcp",),)), None),
)
"""Knuckles and joints of fingers: 180 is straight. Thumb's spread: between its tip and the index finger's base, seen
from the wrist. Palm (to the vertical): 0 has the fingers up."""


def joints_of(skeleton: Skeleton) -> tuple[Joint, ...]:
    """The joints that are measured of its kind."""
    return HAND_JOINTS if skeleton.kind == "hand" else JOINTS


JOINT_NAMES: tuple[str, ...] = tuple(joint.name for joint in JOINTS)
JOINT_INDEX: dict[str, int] = {name: position for position, name in enumerate(JOINT_NAMES)}


@dataclass(frozen=True)
class AngleCurves:
    """The angles of a performance at even times, smoothed as the recogniser sees it.

    times_s: (T,) on the sequence's clock; joints: (J,) their names; degrees: (T, J), NaN where a keypoint is hidden;
    dimensions: 3 where it has world coordinates, else 2 (what the picture shows of an angle).
    """

    times_s: NDArray[np.float64]
    joints: tuple[str, ...]
    degrees: FloatArray
    dimensions: int


def angle_curves(sequence: PoseSequence, dimensions: int | None = None) -> AngleCurves:
    """The joint angles over a performance, in 3D where it has world coordinates; dimensions=2 asks for 2D."""
    used = dimensions or (2 if sequence.world_m is None else 3)
    track = prepared_track(sequence, used)
    names = tuple(joint.name for joint in joints_of(sequence.skeleton))
    return AngleCurves(track.times_s, names, joint_angles(track), used)


def joint_angles(track: Track) -> FloatArray:
    """The angle of each of joints_of in each frame, (T, J) in degrees; NaN where a keypoint is hidden or missing."""
    points = np.where(track.visible[..., None] > 0, track.points, np.nan).astype(np.float64)
    firsts, seconds = _direction_maps(track.skeleton)
    up = np.zeros(points.shape[2])
    up[1] = -1.0  # y runs down
    one = np.einsum("jk,tkd->tjd", firsts.combine, np.nan_to_num(points))
    other = np.einsum("jk,tkd->tjd", seconds.combine, np.nan_to_num(points))
    other[:, seconds.vertical] = up
    lengths = np.linalg.norm(one, axis=2), np.linalg.norm(other, axis=2)
    hidden = np.concatenate([track.visible <= 0, np.ones((len(track), 1), bool)], axis=1)
    unseen = (hidden[:, None, :] & (firsts.uses | seconds.uses)).any(axis=2)
    for length in lengths:
        unseen |= length < 1e-9
        if points.shape[2] == 2:
            unseen |= _points_at_camera(np.where(unseen, 0, length))
    cosines = (one * other).sum(axis=2) / np.where(unseen, 1.0, lengths[0] * lengths[1])
    return np.where(unseen, np.nan, np.degrees(np.arccos(np.clip(cosines, -1, 1)))).astype(np.float32)


# A limb on the picture this short, beside the longest it is seen, points so much at the camera that its direction is
# mostly the trembling of its ends.
_FORESHORTENED_SHARE = 0.35


def _points_at_camera(lengths: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a limb's length on the picture (T, J), 0 where hidden, is far below its own usual longest."""
    usual = np.percentile(lengths, 95, axis=0) if len(lengths) else np.zeros(lengths.shape[1])
    return np.asarray(lengths < _FORESHORTENED_SHARE * usual)


@dataclass(frozen=True)
class _DirectionMap:
    """Directions as a matrix over a skeleton's keypoints (J, K), which keypoints each uses (J, K + 1), which have none.

    The extra column stands for what the skeleton lacks.
    """

    combine: NDArray[np.float64]
    uses: NDArray[np.bool_]
    vertical: NDArray[np.bool_]


@lru_cache(maxsize=8)
def _direction_maps(skeleton: Skeleton) -> tuple[_DirectionMap, _DirectionMap]:
    return (
        _direction_map(skeleton, tuple(joint.first for joint in joints_of(skeleton))),
        _direction_map(skeleton, tuple(joint.second for joint in joints_of(skeleton))),
    )


def _direction_map(skeleton: Skeleton, directions: tuple[Direction | None, ...]) -> _DirectionMap:
    count = len(skeleton.keypoints)
    combine = np.zeros((len(directions), count))
    uses = np.zeros((len(directions), count + 1), bool)
    for row, direction in enumerate(directions):
        if direction is None:
            continue
        for anchor, sign in ((direction.start, -1.0), (direction.end, 1.0)):
            columns = _columns(skeleton, anchor)
            uses[row, columns or [count]] = True
            for column in columns:
                combine[row, column] += sign / len(columns)
    return _DirectionMap(combine, uses, np.array([direction is None for direction in directions]))


def _columns(skeleton: Skeleton, anchor: _Anchor) -> list[int]:
    """The positions of the first alternative this skeleton has; empty if it has none."""
    for names in anchor:
        if all(name in skeleton.index for name in names):
            return [skeleton.index[name] for name in names]
    return []


# Of a joint's frames, the share that may lie beyond each end of its range of motion: over repeated squats (BlazePose)
# wrong frames change the head's range by 25 degrees without this and by 3 with it, and a knee loses 2 of 81 degrees.
_TAIL_PERCENT = 5.0
_MIN_SEEN_SHARE = 0.5


def range_of_motion(degrees: FloatArray) -> FloatArray:
    """How far each joint travels over a stretch (T, J), (J,) in degrees; NaN for a joint hidden half of the time."""
    seen = np.isfinite(degrees)
    usable = seen.mean(axis=0) > _MIN_SEEN_SHARE if len(degrees) else np.zeros(degrees.shape[1], bool)
    ranges = np.full(degrees.shape[1], np.nan, np.float32)
    for column in np.flatnonzero(usable):
        low, high = np.percentile(degrees[seen[:, column], column], [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
        ranges[column] = high - low
    return ranges


def named_ranges(curves: AngleCurves) -> dict[str, float]:
    """range_of_motion by joint name, without the joints that are hidden."""
    ranges = range_of_motion(curves.degrees)
    return {name: float(value) for name, value in zip(curves.joints, ranges, strict=True) if np.isfinite(value)}
