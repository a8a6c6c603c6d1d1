"""Thousands of stored labels read at once say what each says alone."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.datasets.label_bytes import from_bytes, many_from_bytes, to_bytes
from webapp.datasets.records import Label


def stored(count: int, seed: int, sure: bool) -> bytes:
    draws = np.random.default_rng(seed)
    visibility = draws.integers(0, 3, count).astype(np.uint8)
    keypoints = draws.uniform(0, 500, (count, 2)).astype(np.float32)
    keypoints[visibility == 0] = np.nan
    confidence = draws.uniform(0, 1, count).astype(np.float32) if sure else None
    return to_bytes(Box(1.5, 2, 30, 40 + seed), Label(keypoints, visibility, confidence))


@pytest.mark.parametrize("count", [2, 6, 17, 133])
def test_many_labels_are_the_same_as_one_by_one(count: int) -> None:
    box_alone = to_bytes(Box(0, 0, 1, 1), None)
    packed = [box_alone, *(stored(count, seed, sure=False) for seed in range(5)), box_alone]
    packed += [stored(count, seed, sure=True) for seed in range(5, 9)]

    many = many_from_bytes(packed, count)

    singly = [(box, label) for box, label in map(from_bytes, packed) if label is not None]
    for number, (box, label) in enumerate(singly):
        assert many.boxes_px[number].tolist() == [box.x1_px, box.y1_px, box.x2_px, box.y2_px]
        np.testing.assert_array_equal(many.keypoints_px[number], label.keypoints_px)
        np.testing.assert_array_equal(many.visibility[number], label.visibility)
    assert len(many.boxes_px) == len(singly)


def test_labels_of_another_skeleton_or_damaged_ones_are_refused() -> None:
    good = stored(6, 1, sure=True)
    for bad in (stored(5, 1, sure=True), good[:-1], b"\x09" + good[1:]):
        with pytest.raises(InvalidInputError, match="damaged or of another skeleton"):
            many_from_bytes([good, bad], 6)


def test_no_labels_at_all_are_empty_arrays() -> None:
    many = many_from_bytes([], 6)

    assert (many.boxes_px.shape, many.keypoints_px.shape, many.visibility.shape) == ((0, 4), (0, 6, 2), (0, 6))
