"""A pose sequence as the browser sends and fetches it (docs/protocol.md), checked number by number."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.skeleton_json import skeleton_from_json, skeleton_reference

MAX_DURATION_S = 60.0
MAX_FRAMES = 3600
MAX_POSITION = 20.0
"""Keypoints in picture heights and world coordinates in metres beyond this are a mistake, not a person."""


def parse_json(body: bytes) -> Any:
    """The value of a JSON body; InvalidInputError for anything JSON does not know, NaN and Infinity among it."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the body is not JSON: {error}") from error


def sequence_from_json(value: object) -> PoseSequence:
    """The sequence that a browser sent; InvalidInputError names the first thing that is wrong with it."""
    if not isinstance(value, dict):
        raise InvalidInputError(f"sequence must be an object, got {type(value).__name__}")
    missing = {"skeleton", "times_s", "keypoints", "scores"} - set(value)
    if missing:
        raise InvalidInputError(f"sequence lacks {', '.join(sorted(missing))}")
    skeleton = skeleton_from_json(value["skeleton"])
    times_s = _times(value["times_s"])
    shape = (len(times_s), len(skeleton.keypoints))
    keypoints = _array("keypoints", value["keypoints"], (*shape, 2))
    scores = _array("scores", value["scores"], shape)
    world = value.get("world_m")
    world_m = None if world is None else _array("world_m", world, (*shape, 3))
    _check_range("keypoints", keypoints, -MAX_POSITION, MAX_POSITION)
    _check_range("scores", scores, 0.0, 1.0)
    if bool(np.isnan(scores).any()):
        raise InvalidInputError("scores must be numbers, a hidden keypoint has the score 0, got null")
    _check_hidden(keypoints, scores)
    if world_m is not None:
        _check_range("world_m", world_m, -MAX_POSITION, MAX_POSITION)
    return PoseSequence(
        skeleton=skeleton,
        times_s=times_s,
        keypoints=keypoints.astype(np.float32),
        scores=scores.astype(np.float32),
        world_m=None if world_m is None else world_m.astype(np.float32),
    )


def sequence_to_json(sequence: PoseSequence) -> dict[str, object]:
    """The same keys, NaN as null; rounded to 5 digits, a hundredth of a pixel at 1080 lines."""
    return {
        "skeleton": skeleton_reference(sequence.skeleton),
        "times_s": np.round(sequence.times_s, 4).tolist(),
        "keypoints": _rounded(sequence.keypoints),
        "scores": _rounded(sequence.scores),
        "world_m": None if sequence.world_m is None else _rounded(sequence.world_m),
    }


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number; use null for what is missing")


def _times(value: object) -> NDArray[np.float64]:
    frames = len(value) if isinstance(value, list) else 0
    if not 2 <= frames <= MAX_FRAMES:
        raise InvalidInputError(f"sequence has {frames} frames; it needs 2 to {MAX_FRAMES}")
    times_s = _array("times_s", value, (frames,))
    if bool(np.isnan(times_s).any()):
        raise InvalidInputError("times_s must be numbers, got null")
    if times_s[0] != 0:
        raise InvalidInputError(f"times_s must begin at 0, got {times_s[0]:g}")
    if not bool(np.all(np.diff(times_s) > 0)):
        raise InvalidInputError("times_s must rise from frame to frame")
    if times_s[-1] > MAX_DURATION_S:
        raise InvalidInputError(f"sequence lasts {times_s[-1]:g} s; at most {MAX_DURATION_S:g} s are kept")
    return times_s


def _array(name: str, value: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Nested lists of numbers and nulls as an array; a ragged or differently nested list is refused."""
    flat: Iterable[Any] = [value]
    for length in shape:
        level = list(flat)
        for item in level:
            if not isinstance(item, list):
                raise InvalidInputError(f"{name} must be nested lists {shape}, found {item!r:.40} where a list must be")
            if len(item) != length:
                raise InvalidInputError(f"{name} must be {shape}, found a list of {len(item)} where {length} must be")
        flat = chain.from_iterable(level)
    numbers = list(flat)
    # type() and not isinstance(): true is an int for Python, and no coordinate
    if not {type(number) for number in numbers} <= {int, float, type(None)}:
        wrong = next(n for n in numbers if type(n) not in {int, float, type(None)})
        raise InvalidInputError(f"{name} must hold numbers or null, got {wrong!r:.40}")
    try:
        array = np.array(numbers, dtype=np.float64).reshape(shape)
    except OverflowError as error:
        raise InvalidInputError(f"{name} holds a number too large to be a coordinate") from error
    if bool(np.isinf(array).any()):
        raise InvalidInputError(f"{name} holds a number too large to be a coordinate")
    return array


def _check_range(name: str, array: NDArray[np.float64], low: float, high: float) -> None:
    outside = array[(array < low) | (array > high)]
    if outside.size:
        raise InvalidInputError(f"{name} must lie within {low:g} to {high:g}, got {outside.flat[0]:g}")


def _check_hidden(keypoints: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
    half = np.isnan(keypoints[..., 0]) != np.isnan(keypoints[..., 1])
    if bool(half.any()):
        raise InvalidInputError("a hidden keypoint must be [null, null]; one of the two was a number")
    shining = np.isnan(keypoints[..., 0]) & (scores > 0)
    if bool(shining.any()):
        raise InvalidInputError(f"a hidden keypoint must have the score 0, got {scores[shining][0]:g}")


def _rounded(array: NDArray[np.float32]) -> Any:
    rounded = np.round(array.astype(np.float64), 5)
    return np.where(np.isnan(rounded), None, rounded).tolist()  # type: ignore[call-overload]  # None makes it an object array
