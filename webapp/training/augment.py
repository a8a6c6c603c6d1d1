"""Pictures changed at random while a network is trained, keypoints and pixels alike; and a sheet to look at that on.

A keypoint's share of the crop times its side is the index of the pixel that it lies on, as datasets.crops samples it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from webapp.core.records import FloatArray
from webapp.core.skeleton import Skeleton
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE
from webapp.training.config import Augmentation

Visibility = NDArray[np.uint8]
EXAMPLES = 6
"""Changed pictures beside each of a contact sheet's samples."""
_BLUR_OF_PX = 128
_LEAST_BLUR_PX = 0.3  # a narrower one takes less than a hundredth from a pixel
_BLACK = 1e-6
"""TensorFlow's threads take numbers below 1e-38 for 0: what hung on those would differ from a preview."""
_EDGE = 1e-6  # what rounding may put a keypoint on the edge outside
_CELL_PX = 160
_SIDE_COLOURS = {"left": (255, 140, 40), "right": (60, 160, 255), "middle": (235, 235, 235)}
_GAP_PX, _GAP_COLOUR = 4, (90, 90, 90)


@dataclass(frozen=True)
class Crop:
    """One sample as it is trained on: image (S, S) float32 in 0..1; keypoints (K, 2) in 0..1 of it, 0 where absent."""

    image: FloatArray
    keypoints: FloatArray
    visibility: Visibility


@dataclass(frozen=True)
class _Drawn:
    """What was drawn for one picture. moves: (2, 3), from the offsets of a picture's middle in pixels to the new."""

    mirrored: bool
    moves: NDArray[np.float64]
    brighter: float
    contrast: float
    blur_px: float
    square: tuple[int, int, int] | None  # left, top, side
    square_grey: float


def augmented(  # noqa: PLR0917  # a sample is three arrays wherever pictures are trained on
    image: FloatArray,
    keypoints: FloatArray,
    visibility: Visibility,
    flip: Sequence[int],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, Visibility]:
    """The picture (S, S), its keypoints (K, 2) and visibility (K,), changed as the generator says; black from outside.

    image: float32 in 0..1. keypoints: float32 in 0..1 of it, 0 where absent. flip: Skeleton.flip_indices. A keypoint
    that leaves the picture becomes absent, one behind the grey square hidden. The same twelve numbers are drawn
    whatever the settings; without any change the same arrays come back.
    """
    side_px = image.shape[0]
    drawn = _draw(augmentation, side_px, rng.random(12))
    if drawn.contrast != 1 or drawn.brighter != 0:
        image = _relit(image, drawn.contrast, drawn.brighter)
    if not np.array_equal(drawn.moves, np.eye(2, 3)):
        image = _moved_image(image, drawn.moves)
        keypoints, visibility = _moved_keypoints(keypoints, visibility, drawn, flip, side_px)
    if drawn.blur_px >= _LEAST_BLUR_PX:
        image = blurred(image, drawn.blur_px)
    if drawn.square is not None:
        image, visibility = _with_square(image, keypoints, visibility, drawn.square, drawn.square_grey)
    return image, keypoints, visibility


def _draw(augmentation: Augmentation, side_px: int, numbers: NDArray[np.float64]) -> _Drawn:
    """numbers: 12 in 0..1."""
    mirror, rotation, scale, right, down, brighter, contrast, blur, covered, size, x, y = numbers.tolist()
    mirrored = augmentation.flip and mirror < 0.5
    angle_rad = np.deg2rad(augmentation.rotation_deg) * _either_way(rotation)
    factor = 1 + augmentation.scale * _either_way(scale)
    cos, sin = factor * np.cos(angle_rad), factor * np.sin(angle_rad)
    sign = -1 if mirrored else 1
    shift_px = augmentation.shift * side_px
    moves = np.array(
        [[sign * cos, -sin, shift_px * _either_way(right)], [sign * sin, cos, shift_px * _either_way(down)]]
    )
    square_px = round(size * augmentation.occlusion * side_px) if covered < 0.5 else 0
    return _Drawn(
        mirrored=mirrored,
        moves=moves,
        brighter=augmentation.brightness * _either_way(brighter),
        contrast=1 + augmentation.brightness * _either_way(contrast),
        blur_px=augmentation.blur * blur * side_px / _BLUR_OF_PX,
        square=(round(x * (side_px - square_px)), round(y * (side_px - square_px)), square_px) if square_px else None,
        square_grey=2 * covered,  # below a half where there is a square
    )


def _either_way(share: float) -> float:
    """0..1 as -1..1."""
    return 2 * share - 1


def _relit(image: FloatArray, contrast: float, brighter: float) -> FloatArray:
    """Around the middle grey. Rows and columns at the edge that are black stay so: there the picture had ended."""
    middle = np.float32(0.5)
    relit = (image - middle) * np.float32(contrast)
    relit += middle + np.float32(brighter)
    np.clip(relit, 0, 1, out=relit)
    for lit, lines in ((image.max(axis=1), relit), (image.max(axis=0), relit.T)):
        there = np.flatnonzero(lit > _BLACK)
        if len(there):
            lines[: there[0]] = 0
            lines[there[-1] + 1 :] = 0
    return relit


def _moved_image(image: FloatArray, moves: NDArray[np.float64]) -> FloatArray:
    """Sampled between the four nearest pixels. Pillow lets other threads run meanwhile."""
    side_px = image.shape[0]
    middle = np.full(2, side_px / 2)  # Pillow counts from the corner of the first pixel, not from its middle
    back = np.linalg.inv(moves[:, :2])
    offset = middle - back @ (middle + moves[:, 2])
    matrix = (*back[0].tolist(), float(offset[0]), *back[1].tolist(), float(offset[1]))
    moved = Image.fromarray(image).transform(
        (side_px, side_px), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(moved, np.float32)


def _moved_keypoints(
    keypoints: FloatArray, visibility: Visibility, drawn: _Drawn, flip: Sequence[int], side_px: int
) -> tuple[FloatArray, Visibility]:
    middle_px = (side_px - 1) / 2
    offsets_px = keypoints.astype(np.float64) * side_px - middle_px
    moved = (offsets_px @ drawn.moves[:, :2].T + drawn.moves[:, 2] + middle_px) / side_px
    if drawn.mirrored:
        moved, visibility = moved[list(flip)], visibility[list(flip)]
    inside = ((moved >= -_EDGE) & (moved <= 1 + _EDGE)).all(axis=1)
    there = inside & (visibility != ABSENT)
    moved = np.where(there[:, None], np.clip(moved, 0, 1), 0)
    return moved.astype(np.float32), np.where(there, visibility, ABSENT).astype(np.uint8)


def blurred(image: FloatArray, sigma_px: float) -> FloatArray:
    """The picture (S, S) with a Gaussian over it; beyond the edge the outermost pixels go on."""
    reach = max(1, int(np.ceil(2.5 * sigma_px)))
    weights = np.exp(-0.5 * (np.arange(reach + 1) / sigma_px) ** 2)
    weights = (weights / (weights[0] + 2 * weights[1:].sum())).astype(np.float32)
    once = _blurred_down(image, weights)
    return np.ascontiguousarray(_blurred_down(once.T, weights).T)


def _blurred_down(image: FloatArray, weights: FloatArray) -> FloatArray:
    """Along the first axis. weights: of the pixel itself and of those so many rows away, the same either way."""
    reach, count = len(weights) - 1, len(image)
    padded = image[np.clip(np.arange(-reach, count + reach), 0, count - 1)]
    total = padded[reach : reach + count] * weights[0]
    for away in range(1, reach + 1):
        both = padded[reach - away : reach - away + count] + padded[reach + away : reach + away + count]
        both *= weights[away]
        total += both
    return np.asarray(total, np.float32)


def _with_square(
    image: FloatArray, keypoints: FloatArray, visibility: Visibility, square: tuple[int, int, int], grey: float
) -> tuple[FloatArray, Visibility]:
    left, top, square_px = square
    image = image.copy()
    image[top : top + square_px, left : left + square_px] = grey
    at_px = keypoints * image.shape[0]
    behind = ((at_px >= (left, top)) & (at_px < (left + square_px, top + square_px))).all(axis=1)
    return image, np.where(behind & (visibility == VISIBLE), HIDDEN, visibility).astype(np.uint8)


def contact_sheet(
    samples: Sequence[Crop], skeleton: Skeleton, augmentation: Augmentation, seed: int, examples: int = EXAMPLES
) -> bytes:
    """A PNG with a row per sample: as it is, then as many examples of it changed, each with its keypoints drawn.

    What is on a person's left is orange and what is on the right blue, so that the exchange in a mirror can be seen.
    """
    rng = np.random.default_rng(seed)
    step_px = _CELL_PX + _GAP_PX
    size = (step_px * (1 + examples) - _GAP_PX, step_px * max(1, len(samples)) - _GAP_PX)
    sheet = Image.new("RGB", size, _GAP_COLOUR)
    for row, crop in enumerate(samples):
        shown = [crop]
        for _ in range(examples):
            changed = augmented(crop.image, crop.keypoints, crop.visibility, skeleton.flip_indices, augmentation, rng)
            shown.append(Crop(*changed))
        for column, each in enumerate(shown):
            sheet.paste(_cell(each, skeleton), (column * step_px, row * step_px))
    file = io.BytesIO()
    sheet.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _cell(crop: Crop, skeleton: Skeleton) -> Image.Image:
    greys = np.asarray(np.rint(crop.image * np.float32(255)), np.uint8)
    cell = Image.fromarray(greys).resize((_CELL_PX, _CELL_PX), Image.Resampling.BILINEAR).convert("RGB")
    pen = ImageDraw.Draw(cell)
    sides = _sides(skeleton)
    # a pixel's middle stays one when the picture is made larger
    at_px = (crop.keypoints + 0.5 / len(crop.image)) * _CELL_PX
    there = crop.visibility != ABSENT
    for a, b in skeleton.edge_indices:
        if there[a] and there[b]:
            ends = {sides[a], sides[b]} - {"middle"}
            colour = _SIDE_COLOURS[ends.pop() if len(ends) == 1 else "middle"]
            pen.line([*at_px[a].tolist(), *at_px[b].tolist()], fill=colour, width=2)
    for side, (x_px, y_px), seen in zip(sides, at_px.tolist(), crop.visibility.tolist(), strict=True):
        if seen != ABSENT:
            dot = (x_px - 3, y_px - 3, x_px + 3, y_px + 3)
            pen.ellipse(dot, fill=_SIDE_COLOURS[side] if seen == VISIBLE else None, outline=_SIDE_COLOURS[side])
    return cell


def _sides(skeleton: Skeleton) -> list[str]:
    """Of each keypoint left, right or middle; where names do not say, the first of two partners counts as left."""
    sides: list[str] = []
    for position, (name, partner) in enumerate(zip(skeleton.keypoints, skeleton.flip_indices, strict=True)):
        words = name.split("_")
        said = next((side for side in ("left", "right") if side in words), "left" if position < partner else "right")
        sides.append("middle" if partner == position else said)
    return sides
