"""What a pose model of the user's own is, told from the shapes of what it takes and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, UPPER_BODY_6, Skeleton
from webapp.vision.own_card import MAX_SIDE_PX, MIN_SIDE_PX, AnswerFormat, PictureFormat

Shape = tuple[int, ...]
READY_MADE = {len(skeleton.keypoints): skeleton for skeleton in (UPPER_BODY_6, COCO_17, BLAZEPOSE_33)}
"""The skeleton that a number of keypoints stands for, where none is named."""
_EXPECTED = {
    "regression": "(1, 2K), (1, 3K), (1, K, 2) or (1, K, 3)",
    "heatmap": "(1, h, w, K)",
    "heatmap_offset": "(1, h, w, K) and (1, h, w, 2K)",
}


@dataclass(frozen=True)
class Hints:
    """What is said of a model from outside; None is to be deduced, or is the default."""

    family: str | None = None
    skeleton: Skeleton | None = None
    low: float | None = None
    high: float | None = None
    coordinates: str | None = None
    scores: str | None = None
    offsets: str | None = None
    cells: str | None = None


@dataclass(frozen=True)
class Signature:
    """What a model takes and answers, and how that is meant."""

    family: str
    skeleton: Skeleton
    picture: PictureFormat
    answer: AnswerFormat


def deduce(taken: Shape, answered: Sequence[Shape], hints: Hints | None = None) -> Signature:
    """The signature of a model of these shapes, each with a first length of 1.

    InvalidInputError says what was expected and what was found where they fit nothing, or several things.
    """
    hints = hints or Hints()
    picture = _picture(taken, hints)
    family, skeleton = _family(answered, hints)
    answer = AnswerFormat(cells=_cells(family, heat_row(answered, skeleton), answered, picture))
    said = {key: value for key in ("coordinates", "scores", "offsets", "cells") if (value := getattr(hints, key))}
    return Signature(family, skeleton, picture, replace(answer, **said))


def regression_row(answered: Sequence[Shape], skeleton: Skeleton) -> int | None:
    """Which output has two or three numbers for each keypoint, and no place on a map."""
    count = len(skeleton.keypoints)
    rows = [i for i, shape in enumerate(answered) if _flat(shape) in {2 * count, 3 * count} and _points(shape, count)]
    return rows[0] if len(rows) == 1 else None


def heat_row(answered: Sequence[Shape], skeleton: Skeleton) -> int | None:
    """Which output is a map of each keypoint."""
    return _map_row(answered, len(skeleton.keypoints))


def offset_row(answered: Sequence[Shape], skeleton: Skeleton) -> int | None:
    """Which output is a map of x and y for each keypoint, as large as the heatmap."""
    heat, offset = heat_row(answered, skeleton), _map_row(answered, 2 * len(skeleton.keypoints))
    return offset if heat is not None and offset is not None and answered[heat][:3] == answered[offset][:3] else None


def _picture(taken: Shape, hints: Hints) -> PictureFormat:
    sides = taken[1:3]
    if len(taken) != 4 or taken[0] != 1 or taken[3] not in (1, 3) or not _are_sides(sides):
        raise InvalidInputError(
            f"the model's input must be (1, height, width, 1 or 3) with {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels a side, "
            f"found {_shown([taken])}"
        )
    low, high = (0.0 if hints.low is None else hints.low), (1.0 if hints.high is None else hints.high)
    if not low < high:
        raise InvalidInputError(f"the values of the input must run from low to a larger high, got {low:g} and {high:g}")
    return PictureFormat(taken[1], taken[2], taken[3], low, high)


def _are_sides(lengths: Shape) -> bool:
    return all(MIN_SIDE_PX <= length <= MAX_SIDE_PX for length in lengths)


def _family(answered: Sequence[Shape], hints: Hints) -> tuple[str, Skeleton]:
    skeletons = [hints.skeleton] if hints.skeleton else [s for _, s in sorted(READY_MADE.items())]
    found = [(_family_with(answered, skeleton), skeleton) for skeleton in skeletons]
    fitting = [(family, skeleton) for family, skeleton in found if family and hints.family in (None, family)]
    if hints.family == "heatmap":  # what has offsets too may be read without them
        fitting = [("heatmap", skeleton) for skeleton in skeletons if heat_row(answered, skeleton) is not None]
    if len(fitting) == 1:
        return fitting[0]
    if hints.skeleton is None:
        wanted = "6, 17 or 33 keypoints (K), or name the skeleton"
    else:
        wanted = f"the {len(hints.skeleton.keypoints)} keypoints (K) of {hints.skeleton.name}"
    families = [hints.family] if hints.family else list(_EXPECTED)
    expected = "; ".join(f"{family} {_EXPECTED[family]}" for family in families if family in _EXPECTED)
    reason = "fit several of these" if fitting else "fit none of these"
    raise InvalidInputError(
        f"the model's outputs {reason}: expected {expected}, with {wanted}; found {_shown(answered)}"
    )


def _family_with(answered: Sequence[Shape], skeleton: Skeleton) -> str | None:
    if offset_row(answered, skeleton) is not None:
        return "heatmap_offset"
    if len(answered) == 1 and heat_row(answered, skeleton) is not None:
        return "heatmap"
    return "regression" if regression_row(answered, skeleton) is not None else None


def _flat(shape: Shape) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


def _points(shape: Shape, count: int) -> bool:
    """Whether these are the points themselves: all in one row, or a row for each keypoint."""
    inner = [length for length in shape if length != 1]
    return len(inner) == 1 or inner in ([count, 2], [count, 3])


def _map_row(answered: Sequence[Shape], depth: int) -> int | None:
    maps = [i for i, shape in enumerate(answered) if len(shape) == 4 and shape[3] == depth and min(shape[1:3]) >= 3]
    return maps[0] if len(maps) == 1 else None


def _cells(family: str, heat: int | None, answered: Sequence[Shape], picture: PictureFormat) -> str:
    """PoseNet's kind of map has a cell in each corner of the picture: 257 pixels, 17 cells, 16 pixels apart."""
    if family != "heatmap_offset" or heat is None:
        return "centre"
    sides = ((picture.height_px, answered[heat][1]), (picture.width_px, answered[heat][2]))
    return "grid" if all(side % cells and (side - 1) % (cells - 1) == 0 for side, cells in sides) else "centre"


def _shown(shapes: Sequence[Shape]) -> str:
    return " and ".join(str(shape).replace("-1", "?") for shape in shapes) or "none"
