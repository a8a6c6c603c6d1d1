"""Coordinate regression: the network answers the places of the keypoints themselves."""

from __future__ import annotations

import numpy as np

from webapp.core.records import FloatArray
from webapp.vision.own_card import AnswerFormat, PictureFormat

_BEYOND_SHARE = 0.05
"""So far beyond the input's edge, as a share of its longer side, a keypoint is believed no more at all."""


def decode_regression(
    answer: FloatArray, keypoints: int, picture: PictureFormat, form: AnswerFormat
) -> tuple[FloatArray, FloatArray]:
    """Points (N, K, 2) in pixels of the input and scores (N, K) in 0..1; NaN and 0 where the answer is no number.

    answer: (N, ...) with two numbers for each keypoint, or three: the third is its visibility. Without that a keypoint
    within the input has the score 1, which falls to 0 beyond its edges.
    """
    rows: FloatArray = answer.reshape(len(answer), keypoints, -1).astype(np.float32)
    extent_px = np.array([picture.width_px, picture.height_px], np.float32)
    points_px = np.asarray(rows[..., :2])
    if form.coordinates == "centred":
        points_px = np.asarray((points_px + 1) * (extent_px / 2), np.float32)
    elif form.coordinates == "unit":
        points_px = points_px * extent_px
    beyond_px = np.maximum(np.maximum(-points_px, points_px - extent_px), np.float32(0)).max(axis=-1)
    scores = np.asarray(np.clip(1 - beyond_px / (_BEYOND_SHARE * picture.side_px), 0, 1), np.float32)
    if rows.shape[-1] == 3:
        scores = probabilities(rows[..., 2], form)
    return only_finite(points_px, scores)


def probabilities(values: FloatArray, form: AnswerFormat) -> FloatArray:
    """Scores as the model gives them, in 0..1; NaN stays."""
    if form.scores == "logits":
        return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))), np.float32)
    return np.asarray(np.clip(values, 0, 1), np.float32)


def only_finite(points_px: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where a point or its score is no number, NaN and the score 0."""
    known = np.isfinite(points_px).all(axis=-1) & np.isfinite(scores)
    points_px = np.where(known[..., None], points_px, np.float32(np.nan)).astype(np.float32)
    return points_px, np.where(known, scores, 0).astype(np.float32)
