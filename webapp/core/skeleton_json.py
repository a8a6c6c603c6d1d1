"""A skeleton as it travels and is stored (docs/protocol.md): a ready-made one by name, any other with all it has."""

from __future__ import annotations

import re

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import SKELETONS, Skeleton, with_flip_pairs

MIN_KEYPOINTS, MAX_KEYPOINTS = 2, 133
"""From a line to the largest of the published whole-body skeletons."""
MAX_EDGES = 4 * MAX_KEYPOINTS
MAX_NAME = 40
_NAME = re.compile(rf"\w(?:[\w .:-]{{0,{MAX_NAME - 2}}}\w)?")


def skeleton_to_json(skeleton: Skeleton) -> dict[str, object]:
    """Everything: `{name, keypoints: [name], edges: [[i, j]]}`, and `flip_pairs: [[i, j]]` where names do not say."""
    written: dict[str, object] = {
        "name": skeleton.name,
        "keypoints": list(skeleton.keypoints),
        "edges": [list(edge) for edge in skeleton.edge_indices],
    }
    if skeleton.flip_pairs is not None:
        written["flip_pairs"] = [[skeleton.index[a], skeleton.index[b]] for a, b in skeleton.flip_pairs]
    return written


def skeleton_reference(skeleton: Skeleton) -> str | dict[str, object]:
    """The name alone of a ready-made one, everything of any other: what a sequence says of its skeleton."""
    return skeleton.name if SKELETONS.get(skeleton.name) == skeleton else skeleton_to_json(skeleton)


def skeleton_from_json(raw: object) -> Skeleton:
    """What either of the above wrote; a ready-made one is answered as the very object of SKELETONS.

    InvalidInputError names the first thing that is wrong, a ready-made name with other keypoints among it.
    """
    if isinstance(raw, str):
        if raw not in SKELETONS:
            raise InvalidInputError(f"skeleton {raw!r:.60} is unknown; known: {', '.join(SKELETONS)}")
        return SKELETONS[raw]
    if not isinstance(raw, dict):
        raise InvalidInputError(f"skeleton must be a name or an object, got {raw!r:.60}")
    name = _name("skeleton: name", raw.get("name"))
    keypoints = _keypoints(raw.get("keypoints"))
    edges = tuple((keypoints[a], keypoints[b]) for a, b in _edges(raw.get("edges"), len(keypoints)))
    skeleton = Skeleton(name, keypoints, edges)
    if raw.get("flip_pairs") is not None:
        pairs = _flip_pairs(raw["flip_pairs"], keypoints)
        skeleton = with_flip_pairs(skeleton, [(keypoints[a], keypoints[b]) for a, b in pairs])
    return checked_skeleton(skeleton)


def checked_skeleton(skeleton: Skeleton) -> Skeleton:
    """The ready-made one where this is one; InvalidInputError where it only takes such a name."""
    ready_made = SKELETONS.get(skeleton.name)
    if ready_made is None:
        return skeleton
    if ready_made.keypoints != skeleton.keypoints:
        raise InvalidInputError(
            f"skeleton {skeleton.name} is a ready-made one with {len(ready_made.keypoints)} keypoints of its own; "
            f"a skeleton with other keypoints needs another name"
        )
    return ready_made


def _name(what: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidInputError(
            f"{what} must be 1 to {MAX_NAME} letters, digits, or _ . : - and spaces between them, got {value!r:.60}"
        )
    return value


def _keypoints(value: object) -> tuple[str, ...]:
    count = len(value) if isinstance(value, list) else 0
    if not isinstance(value, list) or not MIN_KEYPOINTS <= count <= MAX_KEYPOINTS:
        raise InvalidInputError(
            f"skeleton: keypoints must be a list of {MIN_KEYPOINTS} to {MAX_KEYPOINTS} names, got {value!r:.60}"
        )
    names = tuple(_name("skeleton: a keypoint's name", each) for each in value)
    for position, name in enumerate(names):
        if name in names[:position]:
            raise InvalidInputError(f"skeleton: keypoint {name!r} is there twice; each name may be given once")
    return names


def _edges(value: object, count: int) -> list[tuple[int, int]]:
    if not isinstance(value, list) or len(value) > MAX_EDGES:
        raise InvalidInputError(f"skeleton: edges must be a list of at most {MAX_EDGES} pairs, got {value!r:.60}")
    return [_pair("an edge", edge, count) for edge in value]


def _flip_pairs(value: object, keypoints: tuple[str, ...]) -> list[tuple[int, int]]:
    if not isinstance(value, list) or len(value) > len(keypoints) // 2:
        raise InvalidInputError(
            f"skeleton: flip_pairs must be a list of at most {len(keypoints) // 2} pairs, got {value!r:.60}"
        )
    pairs = [_pair("a flip pair", pair, len(keypoints)) for pair in value]
    ends = [end for pair in pairs for end in pair]
    for place, end in enumerate(ends):
        if end in ends[:place]:
            raise InvalidInputError(f"skeleton: {keypoints[end]!r} is in two flip pairs; a keypoint has one partner")
    return pairs


def _pair(what: str, value: object, count: int) -> tuple[int, int]:
    # type() and not isinstance(): true is an int for Python, and no position
    known = isinstance(value, list) and len(value) == 2 and all(type(end) is int and 0 <= end < count for end in value)
    if not isinstance(value, list) or not known or value[0] == value[1]:
        raise InvalidInputError(
            f"skeleton: {what} must be two different positions from 0 to {count - 1}, got {value!r:.60}"
        )
    return value[0], value[1]
