"""The stream kernel's packing: what is refused, with which value, and what it holds."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.core.lanes import LANES
from webapp.core.records import FloatArray
from webapp.core.stream_dtw import pack_templates


def even_weights(count: int, dimensions: int) -> FloatArray:
    return np.full((count, dimensions), 1 / dimensions, np.float32)


def test_templates_are_packed_without_padding_and_cannot_be_changed() -> None:
    rng = np.random.default_rng(0)
    frames = [rng.normal(size=(length, 5)).astype(np.float32) for length in (1, 16, 17, 40)]
    templates = pack_templates(frames, even_weights(4, 5), np.full(4, 100))
    assert len(templates) == 4
    assert templates.dimensions == 5
    assert len(templates.frames) == 5 * (1 + 16 + 17 + 40) + LANES
    np.testing.assert_array_equal(np.sort(templates.frames[5:85]), np.sort(frames[1].ravel()))
    for array in vars(templates).values():
        assert isinstance(array, int) or not array.flags.writeable


def test_packing_leaves_the_given_arrays_alone() -> None:
    weights, longest = even_weights(1, 2), np.array([9], np.int32)
    pack_templates([np.zeros((3, 2), np.float32)], weights, longest)
    weights[0, 0], longest[0] = 1, 8


def test_no_templates_at_all_can_be_packed() -> None:
    templates = pack_templates([], np.zeros((0, 3), np.float32), np.zeros(0, np.int32))
    assert len(templates) == 0


FRAMES = np.zeros((4, 2), np.float32)
WITH_NAN = np.array([[0, 1], [np.nan, 1]], np.float32)


@pytest.mark.parametrize(
    ("frames", "weights", "max_frames", "message"),
    [
        ([FRAMES], np.ones((2, 2)) / 2, [9], r"weights must be \(1, D\), one row a template, got \(2, 2\)"),
        ([FRAMES], np.ones((1, 2)) / 2, [9, 9], r"max_frames must be \(1,\), one a template, got \(2,\)"),
        ([FRAMES, FRAMES.T], np.ones((2, 2)) / 2, [9, 9], r"template 1 must be \(L, 2\) and not empty, got \(2, 4\)"),
        ([FRAMES[:0]], np.ones((1, 2)) / 2, [9], r"template 0 must be \(L, 2\) and not empty, got \(0, 2\)"),
        ([WITH_NAN], np.ones((1, 2)) / 2, [9], "template 0 must be finite, got nan"),
        ([FRAMES], np.ones((1, 2)), [9], r"weights of template 0 must not be negative and sum to 1, they sum to 2"),
        ([FRAMES], np.array([[np.nan, 1]]), [9], r"weights of template 0 .* they sum to nan"),
        ([FRAMES], np.array([[-1, 2]]), [9], r"weights of template 0 must not be negative"),
        ([FRAMES], np.ones((1, 2)) / 2, [0], r"max_frames of template 0 must be 1..32767, got 0"),
        ([FRAMES], np.ones((1, 2)) / 2, [40000], r"max_frames of template 0 must be 1..32767, got 40000"),
    ],
)
def test_what_cannot_be_packed_is_refused_with_its_value(
    frames: list[FloatArray], weights: FloatArray, max_frames: list[int], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        pack_templates(frames, weights, np.array(max_frames))
