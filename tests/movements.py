"""Pose sequences of a person made of lines, for tests that need a plausible body and no camera."""

from __future__ import annotations

import numpy as np

from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33

# x in picture heights, y from the top; only what a body stands on, the rest hangs on the nearest of these
_STANDING = {
    "nose": (0.70, 0.18),
    "shoulder": (0.06, 0.30),
    "elbow": (0.09, 0.42),
    "wrist": (0.10, 0.54),
    "hip": (0.04, 0.55),
    "knee": (0.04, 0.72),
    "ankle": (0.04, 0.90),
}
_HANGS_ON = {
    "pinky": "wrist",
    "index": "wrist",
    "thumb": "wrist",
    "heel": "ankle",
    "foot_index": "ankle",
}


def arm_raise(frames: int = 60, rate_hz: float = 30.0, height: float = 0.4) -> PoseSequence:
    """Both arms raised sideways and lowered once, standing still for a fifth at each end."""
    times_s = np.arange(frames) / rate_hz
    phase = np.clip((np.linspace(0, 1, frames) - 0.2) / 0.6, 0, 1)
    lift = height * np.sin(np.pi * phase)
    keypoints = np.stack([_body(float(one)) for one in lift]).astype(np.float32)
    world_m = np.concatenate([keypoints * 1.8 - 1.0, np.zeros((frames, 33, 1), np.float32)], axis=2).astype(np.float32)
    return PoseSequence(BLAZEPOSE_33, times_s, keypoints, np.full((frames, 33), 0.9, np.float32), world_m)


def _body(lift: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    points = np.empty((33, 2))
    for position, name in enumerate(BLAZEPOSE_33.keypoints):
        side = -1 if name.startswith("right") or name.endswith("right") else 1
        part = name.removeprefix("left_").removeprefix("right_")
        part = _HANGS_ON.get(part, part)
        if part not in _STANDING or part == "nose":
            points[position] = (_STANDING["nose"][0] + side * 0.01 * (position > 0), _STANDING["nose"][1])
            continue
        offset, y = _STANDING[part]
        raised = {"elbow": 0.5, "wrist": 1.0}.get(part, 0.0) * lift
        points[position] = (0.70 + side * (offset + 0.3 * raised), y - raised)
    return points
