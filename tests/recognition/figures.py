"""A stick figure seen from the front that performs movements: real input for the recogniser without a camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from webapp.core.records import FloatArray, Pose, PoseSequence
from webapp.core.skeleton import COCO_17, Skeleton
from webapp.recognition.ports import Action, Event, Take
from webapp.recognition.spotter import StreamRecogniser

HEIGHT_PX = 480
# For each phase 0..1 the figure's arms raised sideways (radians), feet apart and hips lowered (torso lengths).
Movement = Callable[[float], tuple[float, float, float]]


def _bump(phase: float) -> float:
    return float(0.5 - 0.5 * np.cos(2 * np.pi * phase))


def still(_phase: float) -> tuple[float, float, float]:
    return 0.0, 0.0, 0.0


def jumping_jack(phase: float) -> tuple[float, float, float]:
    return 2.8 * _bump(phase), 0.7 * _bump(phase), 0.0


def arms_only(phase: float) -> tuple[float, float, float]:
    return 2.8 * _bump(phase), 0.0, 0.0


def squat(phase: float) -> tuple[float, float, float]:
    return 0.4 * _bump(phase), 0.05 * _bump(phase), 0.45 * _bump(phase)


def half_squat(phase: float) -> tuple[float, float, float]:
    return tuple(0.35 * value for value in squat(phase))  # type: ignore[return-value]  # three in, three out


def keypoints_at(
    state: tuple[float, float, float], skeleton: Skeleton, size: float = 0.2, x: float = 0.6
) -> np.ndarray:
    """(K, 2) in picture heights; size is the torso's length."""
    raised_rad, apart, lowered = state
    joints: dict[str, tuple[float, float]] = {"nose": (0.0, -0.4 + lowered)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = np.array([sign * 0.35, lowered])
        hip = np.array([sign * 0.2, 1.0 + lowered])
        arm = np.array([sign * np.sin(raised_rad + 0.15), np.cos(raised_rad + 0.15)])
        ankle = np.array([sign * (0.22 + apart), 2.6])
        knee = (hip + ankle) / 2 + np.array([sign * 0.3 * lowered, 0.1 * lowered])
        joints |= {
            f"{side}_shoulder": tuple(shoulder),
            f"{side}_elbow": tuple(shoulder + 0.6 * arm),
            f"{side}_wrist": tuple(shoulder + 1.1 * arm),
            f"{side}_hip": tuple(hip),
            f"{side}_knee": tuple(knee),
            f"{side}_ankle": tuple(ankle),
        }
    points = np.array([joints.get(name, joints["nose"]) for name in skeleton.keypoints], np.float32)
    placed: FloatArray = (points * size + np.array([x, 0.3])).astype(np.float32)
    return placed


def perform(
    *movements: tuple[Movement, float],
    fps: float = 30.0,
    skeleton: Skeleton = COCO_17,
    size: float = 0.2,
    noise: float = 0.002,
    seed: int = 0,
) -> PoseSequence:
    """The movements one after another, each (movement, seconds), from time 0; noise in picture heights."""
    ends_s = np.cumsum([duration_s for _, duration_s in movements])
    times_s = np.arange(int(ends_s[-1] * fps) + 1) / fps
    frames = []
    for time_s in times_s:
        which = min(int(np.searchsorted(ends_s, time_s, side="right")), len(movements) - 1)
        movement, duration_s = movements[which]
        phase = 1 - (ends_s[which] - time_s) / duration_s
        frames.append(keypoints_at(movement(float(np.clip(phase, 0, 1))), skeleton, size))
    keypoints = np.stack(frames) + np.random.default_rng(seed).normal(0, noise, (len(frames), *frames[0].shape))
    return PoseSequence(
        skeleton, times_s, keypoints.astype(np.float32), np.ones((len(frames), len(skeleton.keypoints)), np.float32)
    )


def action(name: str, *takes: PoseSequence) -> Action:
    return Action(f"{name}-id", name, [Take(f"{name}-{i}", sequence) for i, sequence in enumerate(takes)])


def poses(sequence: PoseSequence) -> Iterator[tuple[Pose, float]]:
    """The sequence as what a pose model would say of pictures HEIGHT_PX high."""
    for i, time_s in enumerate(sequence.times_s):
        world_m = None if sequence.world_m is None else sequence.world_m[i]
        yield (
            Pose(sequence.skeleton, sequence.keypoints[i] * HEIGHT_PX, sequence.scores[i], 1.0, world_m),
            float(time_s),
        )


def watch(recogniser: StreamRecogniser, sequence: PoseSequence) -> list[Event]:
    """All events of a stream, the flushed ones included."""
    events: list[Event] = []
    for pose, time_s in poses(sequence):
        events += recogniser.update(pose, HEIGHT_PX, time_s).events
    return [*events, *recogniser.flush()]
