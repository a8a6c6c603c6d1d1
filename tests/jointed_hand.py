"""A hand posed by how far each finger bends: for tests that need gestures of many hands and no camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from webapp.core.records import FloatArray, PoseSequence
from webapp.core.skeleton import FINGERS, HAND_21

# What a gesture changes: each finger from 0 (stretched) to 1 (in the fist), "across" (the thumb, from 0, off the palm,
# to 1, over it), "spread" of the fingers and "turn_deg" of the whole hand, clockwise.
State = Mapping[str, float]
Gesture = Callable[[float], State]

_BASES = {"index": (-0.27, -0.98), "middle": (0.0, -1.0), "ring": (0.22, -0.94), "pinky": (0.42, -0.84)}
_BONES = {
    "index": (0.47, 0.27, 0.22),
    "middle": (0.52, 0.32, 0.23),
    "ring": (0.48, 0.30, 0.23),
    "pinky": (0.38, 0.22, 0.20),
}
_THUMB_BASE, _THUMB_BONES = np.array([-0.25, -0.25, 0.0]), (0.42, 0.34, 0.28)
_THUMB_OFF, _THUMB_ACROSS = np.array([-0.75, -0.65, -0.1]), np.array([0.25, -0.8, -0.55])
_FIST_DEG = (85.0, 100.0, 55.0)


@dataclass(frozen=True)
class Hand:
    """Whose hand it is and how the camera sees it. lengths: of the fingers, beside an average hand's."""

    palm_m: float = 0.09
    lengths: tuple[float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0)
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    left: bool = False
    noise_m: float = 0.0015


def other_hand(seed: int) -> Hand:
    """Somebody else's, before another camera: fingers to 10 % longer or shorter, tilted by up to 15 degrees."""
    random = np.random.default_rng(seed)
    tilts = random.uniform(-15, 15, 3).tolist()
    lengths = tuple(random.uniform(0.9, 1.1, 5).tolist())
    return Hand(float(random.uniform(0.075, 0.105)), lengths, *tilts)


def hand_m(state: State, hand: Hand) -> FloatArray:
    """(21, 3) in metres, the wrist at the origin: x right, y down, z away; the palm faces the camera."""
    lengths = dict(zip(FINGERS, hand.lengths, strict=True))
    points = {"wrist": np.zeros(3)} | _thumb(state, lengths["thumb"])
    for finger, (x, y) in _BASES.items():
        points |= _finger(finger, np.array([x, y, 0.0]), state, lengths[finger])
    placed = np.stack([points[name] for name in HAND_21.keypoints]) * hand.palm_m
    turned = placed @ _camera(hand, state.get("turn_deg", 0.0)).T
    return np.asarray(turned * ([-1, 1, 1] if hand.left else [1, 1, 1]), np.float32)


def _thumb(state: State, length: float) -> dict[str, np.ndarray]:
    way = (1 - state.get("across", 0.0)) * _THUMB_OFF + state.get("across", 0.0) * _THUMB_ACROSS
    way = way / np.linalg.norm(way)
    bent = state.get("thumb", 0.0)
    points, at = {"thumb_cmc": _THUMB_BASE}, _THUMB_BASE
    for joint, bone, share in zip(("mcp", "ip", "tip"), _THUMB_BONES, (0.0, 0.5, 1.0), strict=True):
        direction = way + bent * share * np.array([0.9, 0.1, -0.5])
        at = at + direction / np.linalg.norm(direction) * bone * length
        points[f"thumb_{joint}"] = at
    return points


def _finger(finger: str, base: np.ndarray, state: State, length: float) -> dict[str, np.ndarray]:
    out = (base[0] + 0.05) * (0.12 + 0.5 * state.get("spread", 0.0))
    points, at, bent_rad = {f"{finger}_mcp": base}, base, 0.0
    for joint, bone, most_deg in zip(("pip", "dip", "tip"), _BONES[finger], _FIST_DEG, strict=True):
        bent_rad += np.radians(most_deg) * state.get(finger, 0.0)
        direction = np.array([out * np.cos(bent_rad), -np.cos(bent_rad), -np.sin(bent_rad)])
        at = at + direction / np.linalg.norm(direction) * bone * length
        points[f"{finger}_{joint}"] = at
    return points


def _camera(hand: Hand, turn_deg: float) -> np.ndarray:
    roll, yaw, pitch = np.radians([hand.roll_deg + turn_deg, hand.yaw_deg, hand.pitch_deg])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    return np.asarray(about_x @ about_y @ about_z)


def gestured(
    *parts: tuple[Gesture, float], hand: Hand | None = None, fps: float = 30.0, seed: int = 0, deep: bool = True
) -> PoseSequence:
    """Gestures one after the other, each with its duration in seconds; not deep: as the picture alone shows them."""
    hand = hand or Hand()
    states = [state for gesture, seconds in parts for state in _states(gesture, round(seconds * fps))]
    points = np.stack([hand_m(state, hand) for state in states])
    points += np.random.default_rng(seed).normal(0, hand.noise_m, points.shape).astype(np.float32)
    picture = (points[..., :2] * 2.5 + np.array([0.6, 0.7])).astype(np.float32)
    scores = np.full(points.shape[:2], 0.97, np.float32)
    return PoseSequence(HAND_21, np.arange(len(states)) / fps, picture, scores, points if deep else None)


def _states(gesture: Gesture, frames: int) -> list[State]:
    return [gesture(phase) for phase in np.linspace(0, 1, frames).tolist()]


def _bump(phase: float) -> float:
    return float(0.5 - 0.5 * np.cos(2 * np.pi * phase))


def _step(phase: float, start: float) -> float:
    """0 until start, 1 from a fifth later on."""
    return float(np.clip((phase - start) / 0.2, 0, 1))


def _bent(share: float, *fingers: str) -> dict[str, float]:
    return dict.fromkeys(fingers, share)


def resting(_phase: float) -> State:
    return {}


def fist(phase: float) -> State:
    return _bent(_bump(phase), *FINGERS) | {"across": _bump(phase)}


def pinch(phase: float) -> State:
    return {"index": 0.42 * _bump(phase), "across": 0.62 * _bump(phase), "thumb": 0.25 * _bump(phase)}


def count(phase: float) -> State:
    """From the fist to five, finger by finger."""
    opened = {finger: 1 - _step(phase, start) for finger, start in zip(FINGERS[1:], (0.0, 0.2, 0.4, 0.6), strict=True)}
    thumb = 1 - _step(phase, 0.8)
    return opened | {"thumb": thumb, "across": thumb}


def wave(phase: float) -> State:
    return {"turn_deg": 28 * float(np.sin(4 * np.pi * phase))}


def little_finger(phase: float) -> State:
    return _bent(_bump(phase), "pinky")


def fan(phase: float) -> State:
    return {"spread": 1.2 * _bump(phase)}


def horns(phase: float) -> State:
    return _bent(_bump(phase), "middle", "ring") | {"across": _bump(phase)}


def tip_over(phase: float) -> State:
    return {"turn_deg": 80 * _bump(phase)}
