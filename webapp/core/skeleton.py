"""Skeletons: the names of keypoints, the edges between them and their left/right partners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

Kind = Literal["body", "hand"]
_PALM = frozenset({"wrist", "middle_mcp"})


@dataclass(frozen=True)
class Skeleton:
    """The keypoints of a pose model, in its own order; everything else addresses them by name.

    flip_pairs: which keypoints a mirror exchanges, each in one pair at most; None: those whose names say left, right.
    """

    name: str
    keypoints: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    flip_pairs: tuple[tuple[str, str], ...] | None = None

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each keypoint name."""
        return {name: position for position, name in enumerate(self.keypoints)}

    @cached_property
    def edge_indices(self) -> tuple[tuple[int, int], ...]:
        """The edges as pairs of positions."""
        return tuple((self.index[a], self.index[b]) for a, b in self.edges)

    @cached_property
    def kind(self) -> Kind:
        """What has these keypoints: movements of a hand are never compared with those of a body."""
        return "hand" if self.index.keys() >= _PALM and "left_shoulder" not in self.index else "body"

    @cached_property
    def flip_indices(self) -> tuple[int, ...]:
        """For each keypoint the position of its left/right partner; itself where it has none."""
        pairs = _pairs_by_words(self.keypoints) if self.flip_pairs is None else self.flip_pairs
        partners = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
        return tuple(self.index[partners.get(name, name)] for name in self.keypoints)


def with_flip_pairs(skeleton: Skeleton, pairs: Iterable[tuple[str, str]]) -> Skeleton:
    """The skeleton with these pairs, in the order of its keypoints; without them where its names say the same."""
    index = skeleton.index
    in_order = ((min(pair, key=index.__getitem__), max(pair, key=index.__getitem__)) for pair in pairs)
    said = sorted(in_order, key=lambda pair: index[pair[0]])
    by_words = {frozenset(pair) for pair in _pairs_by_words(skeleton.keypoints)}
    return replace(skeleton, flip_pairs=None if {frozenset(pair) for pair in said} == by_words else tuple(said))


_SIDES = {"left": "right", "right": "left"}


def _pairs_by_words(keypoints: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = ((name, _partner(name)) for name in keypoints)
    return tuple((name, other) for name, other in pairs if other in keypoints and name < other)


def _partner(name: str) -> str:
    return "_".join(_SIDES.get(word, word) for word in name.split("_"))


_LIMBS = (
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
)

BLAZEPOSE_33 = Skeleton(
    name="blazepose_33",
    keypoints=(
        "nose",
        "left_eye_inner",
        "left_eye",
        "left_eye_outer",
        "right_eye_inner",
        "right_eye",
        "right_eye_outer",
        "left_ear",
        "right_ear",
        "mouth_left",
        "mouth_right",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_pinky",
        "right_pinky",
        "left_index",
        "right_index",
        "left_thumb",
        "right_thumb",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
        "left_heel",
        "right_heel",
        "left_foot_index",
        "right_foot_index",
    ),
    edges=(
        *_LIMBS,
        ("left_wrist", "left_index"),
        ("left_wrist", "left_pinky"),
        ("left_wrist", "left_thumb"),
        ("right_wrist", "right_index"),
        ("right_wrist", "right_pinky"),
        ("right_wrist", "right_thumb"),
        ("left_ankle", "left_heel"),
        ("left_heel", "left_foot_index"),
        ("right_ankle", "right_heel"),
        ("right_heel", "right_foot_index"),
        ("nose", "left_eye"),
        ("left_eye", "left_ear"),
        ("nose", "right_eye"),
        ("right_eye", "right_ear"),
        ("mouth_left", "mouth_right"),
    ),
)

COCO_17 = Skeleton(
    name="coco_17",
    keypoints=(
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ),
    edges=(
        *_LIMBS,
        ("nose", "left_eye"),
        ("left_eye", "left_ear"),
        ("nose", "right_eye"),
        ("right_eye", "right_ear"),
    ),
)

UPPER_BODY_6 = Skeleton(
    name="upper_body_6",
    keypoints=("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    edges=_LIMBS[:5],
)

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_FINGER_JOINTS = {"thumb": ("cmc", "mcp", "ip", "tip")}
_JOINTS = ("mcp", "pip", "dip", "tip")
_FINGER_KEYPOINTS = {
    finger: tuple(f"{finger}_{joint}" for joint in _FINGER_JOINTS.get(finger, _JOINTS)) for finger in FINGERS
}

HAND_21 = Skeleton(
    name="hand_21",
    keypoints=("wrist", *(keypoint for finger in FINGERS for keypoint in _FINGER_KEYPOINTS[finger])),
    edges=(
        *(edge for keypoints in _FINGER_KEYPOINTS.values() for edge in (("wrist", keypoints[0]), *pairwise(keypoints))),
        ("index_mcp", "middle_mcp"),
        ("middle_mcp", "ring_mcp"),
        ("ring_mcp", "pinky_mcp"),
    ),
)

SKELETONS: dict[str, Skeleton] = {s.name: s for s in (BLAZEPOSE_33, COCO_17, UPPER_BODY_6, HAND_21)}
"""The ready-made ones. A model of the user's own may bring another, which then travels with its names and edges."""
