"""A figure posed by its joint angles, seen from its left side: for tests that know what every angle truly is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from webapp.core.records import FloatArray, PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33, Skeleton

# Degrees by name, as core.angles names them; what a movement leaves out stands upright with hanging arms.
Angles = Mapping[str, float]
STANDING: Angles = {"trunk": 0.0} | {
    f"{side}_{joint}": degrees
    for side in ("left", "right")
    for joint, degrees in (("shoulder", 8.0), ("elbow", 170.0), ("hip", 175.0), ("knee", 175.0))
}
_LENGTHS_M = {"trunk": 0.5, "arm": 0.3, "forearm": 0.27, "thigh": 0.42, "shank": 0.42}


def bump(phase: float) -> float:
    """0 at both ends, 1 in the middle."""
    return float(0.5 - 0.5 * np.cos(2 * np.pi * phase))


def towards(angles: Angles, share: float) -> dict[str, float]:
    """Standing, moved by this share towards these angles."""
    return {name: STANDING[name] + share * (degrees - STANDING[name]) for name, degrees in angles.items()}


def both(**degrees: float) -> dict[str, float]:
    return {f"{side}_{joint}": value for joint, value in degrees.items() for side in ("left", "right")}


SQUAT: Angles = both(hip=75.0, knee=80.0, shoulder=60.0) | {"trunk": 25.0}
ARMS_UP: Angles = both(shoulder=165.0)


def body_m(angles: Angles, skeleton: Skeleton = BLAZEPOSE_33) -> FloatArray:
    """(K, 3) in metres: x forward, y down, z to its right; the origin between the hips."""
    posed = {**STANDING, **angles}
    up = _turned(np.array([0.0, -1.0]), posed["trunk"])
    points: dict[str, tuple[float, float, float]] = {}
    for side, z in (("left", -0.18), ("right", 0.18)):
        shoulder = up * _LENGTHS_M["trunk"]
        arm = _turned(-up, -posed[f"{side}_shoulder"])
        elbow = shoulder + arm * _LENGTHS_M["arm"]
        wrist = elbow + _turned(arm, posed[f"{side}_elbow"] - 180) * _LENGTHS_M["forearm"]
        thigh = _turned(-up, posed[f"{side}_hip"] - 180)
        knee = thigh * _LENGTHS_M["thigh"]
        ankle = knee + _turned(thigh, 180 - posed[f"{side}_knee"]) * _LENGTHS_M["shank"]
        hip = np.zeros(2)
        named = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "hip": hip, "knee": knee, "ankle": ankle}
        points |= {f"{side}_{name}": (float(at[0]), float(at[1]), z) for name, at in named.items()}
    head = up * (_LENGTHS_M["trunk"] + 0.25)
    nose = (float(head[0]), float(head[1]), 0.0)
    return np.array([points.get(name, nose) for name in skeleton.keypoints], np.float32)


def _turned(direction: np.ndarray, degrees: float) -> np.ndarray:
    """Turned on the picture, clockwise as the camera sees it."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([cosine * direction[0] - sine * direction[1], sine * direction[0] + cosine * direction[1]])


def posed(
    movement: Callable[[float], Angles],
    duration_s: float = 2.0,
    *,
    fps: float = 30.0,
    noise_m: float = 0.004,
    seed: int = 0,
    skeleton: Skeleton = BLAZEPOSE_33,
    deep: bool = True,
) -> PoseSequence:
    """The movement over phases 0..1, in 3D, or (not deep) as the picture alone shows it."""
    times_s = np.arange(round(duration_s * fps) + 1) / fps
    points = np.stack([body_m(movement(time_s / times_s[-1]), skeleton) for time_s in times_s])
    points = (points + np.random.default_rng(seed).normal(0, noise_m, points.shape)).astype(np.float32)
    picture = (points[..., :2] * 0.4 + np.array([0.6, 0.4])).astype(np.float32)
    return PoseSequence(skeleton, times_s, picture, np.ones(points.shape[:2], np.float32), points if deep else None)


def there_and_back(angles: Angles) -> Callable[[float], Angles]:
    return lambda phase: towards(angles, bump(phase))
