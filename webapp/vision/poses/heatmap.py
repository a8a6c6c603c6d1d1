"""Heatmaps: the network answers, for each keypoint, how likely it is at each cell of a map; with offsets besides, how
far from the middle of the cell it lies (short-range offsets, Papandreou et al. 2017, arXiv 1701.01779).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.vision.own_card import AnswerFormat, PictureFormat
from webapp.vision.poses.regression import only_finite, probabilities

_LEAST_SHARE = 0.01
"""Of the peak: a cell beside it counts as at least so warm, since the logarithm of nothing says nothing."""


def decode_heatmap(heat: FloatArray, picture: PictureFormat, form: AnswerFormat) -> tuple[FloatArray, FloatArray]:
    """Points (N, K, 2) in pixels of the input and scores (N, K), the heat of the warmest cell; heat: (N, h, w, K).

    Between the cells: the top of the parabola through the logarithms of the warmest cell and its two neighbours, for x
    and for y, which is exact for the Gaussian blobs that such networks are trained on.
    """
    warmth = probabilities(heat, form)
    rows, columns, peak = _warmest(warmth)
    row_cells = rows + _beside(warmth, rows, columns, peak, axis=0)
    column_cells = columns + _beside(warmth, rows, columns, peak, axis=1)
    return only_finite(_points_px(row_cells, column_cells, heat.shape[1:3], picture, form), peak)


def decode_heatmap_offset(
    heat: FloatArray, offsets_px: FloatArray, picture: PictureFormat, form: AnswerFormat
) -> tuple[FloatArray, FloatArray]:
    """As decode_heatmap; the warmest cell's own offset, in pixels of the input, leads to the keypoint.

    offsets_px: (N, h, w, 2K) in the order that form names.
    """
    rows, columns, peak = _warmest(probabilities(heat, form))
    batch, height, width, keypoints = heat.shape
    places = np.arange(batch)[:, None], rows, columns
    if form.offsets == "pairs":
        xy = offsets_px.reshape(batch, height, width, keypoints, 2)[*places, np.arange(keypoints)]
    else:
        blocks = offsets_px.reshape(batch, height, width, 2, keypoints)
        xy = np.stack([blocks[*places, block, np.arange(keypoints)] for block in (0, 1)], axis=-1)
        xy = xy[..., ::-1] if form.offsets == "y_then_x" else xy
    points_px = _points_px(rows, columns, (height, width), picture, form) + xy
    return only_finite(points_px, peak)


def _warmest(warmth: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Row, column and heat of each keypoint's warmest cell, (N, K) each."""
    batch, _, width, keypoints = warmth.shape
    cells = warmth.reshape(batch, -1, keypoints)
    best = cells.argmax(axis=1)
    peak = np.take_along_axis(cells, best[:, None], axis=1)[:, 0]
    return best // width, best % width, peak


def _beside(
    warmth: FloatArray, rows: NDArray[np.int64], columns: NDArray[np.int64], peak: FloatArray, axis: int
) -> FloatArray:
    """How far the top lies from the warmest cell along one axis, (N, K), -0.5..0.5 cells; 0 at the map's edge."""
    batch, height, width, keypoints = warmth.shape
    at, last = (rows, height - 1) if axis == 0 else (columns, width - 1)
    each = np.arange(batch)[:, None], np.arange(keypoints)

    def logarithm(step: int) -> FloatArray:
        near = np.clip(at + step, 0, last)
        heat = warmth[each[0], *((near, columns) if axis == 0 else (rows, near)), each[1]]
        return np.asarray(np.log(np.maximum(np.maximum(heat, _LEAST_SHARE * peak), 1e-9)), np.float32)

    before, middle, after = logarithm(-1), logarithm(0), logarithm(1)
    bend = 2 * middle - before - after
    top = (after - before) / (2 * np.where(bend > 1e-6, bend, np.inf))
    inner = (at > 0) & (at < last)
    return np.asarray(np.where(inner, np.clip(top, -0.5, 0.5), 0), np.float32)


def _points_px(
    row_cells: NDArray[np.generic],
    column_cells: NDArray[np.generic],
    cells: tuple[int, ...],
    picture: PictureFormat,
    form: AnswerFormat,
) -> FloatArray:
    x_px = _place_px(column_cells, cells[1], picture.width_px, form)
    y_px = _place_px(row_cells, cells[0], picture.height_px, form)
    return np.stack([x_px, y_px], axis=-1)


def _place_px(position: NDArray[np.generic], cells: int, side_px: int, form: AnswerFormat) -> FloatArray:
    """Where a position, counted in cells, lies in the input."""
    cell = np.asarray(position, np.float32)
    if form.cells == "grid":
        return cell * np.float32((side_px - 1) / (cells - 1))
    return (cell + np.float32(0.5 if form.cells == "centre" else 0.0)) * np.float32(side_px / cells)
