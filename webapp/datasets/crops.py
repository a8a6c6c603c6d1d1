"""The square around a person that is shown large, exported and trained on: one rule, the live view's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from webapp.core.records import Box, FloatArray

MARGIN = 1.25
"""How many times the longer side of a person's box the square has, as a model of the user's own sees live."""
_GREY_OF_BGR = np.array([0.114, 0.587, 0.299], np.float32)


def crop_square(box: Box, margin: float = MARGIN) -> Box:
    """The square `margin` times the longer side of the box, around its middle; it may lead beyond the picture."""
    half_px = margin * max(box.width_px, box.height_px) / 2
    x_px, y_px = (box.x1_px + box.x2_px) / 2, (box.y1_px + box.y2_px) / 2
    return Box(x_px - half_px, y_px - half_px, x_px + half_px, y_px + half_px)


def to_crop(keypoints_px: FloatArray, square: Box) -> FloatArray:
    """Points (..., 2) in pixels of the picture as shares of the square: 0..1 within it; NaN stays NaN."""
    corner = np.array([square.x1_px, square.y1_px])
    return np.asarray((keypoints_px - corner) / square.width_px, np.float32)


def from_crop(keypoints_unit: FloatArray, square: Box) -> FloatArray:
    """The way back of to_crop: points (..., 2) in pixels of the picture."""
    corner = np.array([square.x1_px, square.y1_px])
    return np.asarray(keypoints_unit * np.float64(square.width_px) + corner, np.float32)


def cut_out(image: Image.Image, square: Box, side_px: int) -> Image.Image:
    """The square of the picture scaled to side_px x side_px, in the picture's own mode; black beyond its edge."""
    scale = side_px / square.width_px
    seen = Box(
        max(square.x1_px, 0.0),
        max(square.y1_px, 0.0),
        min(square.x2_px, float(image.width)),
        min(square.y2_px, float(image.height)),
    )
    canvas = Image.new(image.mode, (side_px, side_px))
    if seen.width_px <= 0 or seen.height_px <= 0:
        return canvas
    left, top = round((seen.x1_px - square.x1_px) * scale), round((seen.y1_px - square.y1_px) * scale)
    width = min(max(1, round(seen.width_px * scale)), side_px - min(left, side_px - 1))
    height = min(max(1, round(seen.height_px * scale)), side_px - min(top, side_px - 1))
    # a reducing_gap scales down in two steps, which looks nearly the same and takes half the time
    part = image.resize(
        (width, height),
        Image.Resampling.BILINEAR,
        box=(seen.x1_px, seen.y1_px, seen.x2_px, seen.y2_px),
        reducing_gap=1.0,
    )
    canvas.paste(part, (min(left, side_px - 1), min(top, side_px - 1)))
    return canvas


def cut_out_grey(pixels: NDArray[np.uint8], square: Box, side_px: int) -> NDArray[np.uint8]:
    """The square of a picture, (H, W, 3) BGR or (H, W) grey, as (side_px, side_px) grey; black beyond its edge.

    Sampled as vision.images.crop_region does for the live view (bilinear between the four nearest pixels, however
    large the square is), so that what a model was trained on is what it will see.
    """
    colours = pixels if pixels.ndim == 3 else pixels[..., None]
    at_px = np.arange(side_px) * (square.width_px / side_px)
    rows = _sampled(colours, square.y1_px + at_px)
    crop = np.rint(_sampled(rows.swapaxes(0, 1), square.x1_px + at_px).swapaxes(0, 1))
    grey = crop @ _GREY_OF_BGR if crop.shape[2] == 3 else crop[..., 0]
    return np.asarray(np.rint(grey), np.uint8)


def _sampled(pixels: NDArray[Any], at_px: NDArray[np.floating]) -> NDArray[np.float32]:
    """Along the first axis, at these places, between the two nearest; beyond the ends lies 0."""
    low = np.floor(at_px).astype(np.int64)
    share = (at_px - low).astype(np.float32)[:, None, None]
    between = _row_or_black(pixels, low) * (1 - share) + _row_or_black(pixels, low + 1) * share
    return np.asarray(between, np.float32)


def _row_or_black(pixels: NDArray[Any], rows: NDArray[np.int64]) -> FloatArray:
    there = (rows >= 0) & (rows < len(pixels))
    return np.asarray(pixels[np.where(there, rows, 0)] * there[:, None, None], np.float32)
