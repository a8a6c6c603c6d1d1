"""A picture of any shape fits into the square, and boxes find their way back."""

from __future__ import annotations

import numpy as np
import pytest

from yolov5.letterbox import GREY, letterbox


@pytest.mark.parametrize(
    ("width_px", "height_px"), [(640, 480), (480, 640), (33, 17), (320, 320), (1, 1000), (321, 320)]
)
def test_the_picture_s_corners_come_back_from_the_input(width_px: int, height_px: int) -> None:
    fitted, fit = letterbox(np.zeros((height_px, width_px, 3), np.uint8), 320)

    assert fitted.shape == (320, 320, 3)
    ys, xs = np.nonzero(fitted[..., 0] == 0)
    inside = np.array([[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]], np.float32)
    np.testing.assert_allclose(fit.to_image(inside)[0], [0, 0, width_px, height_px], atol=0.6 / fit.scale)


def test_what_is_left_over_is_grey_and_shared_out_evenly() -> None:
    fitted, fit = letterbox(np.zeros((100, 200, 3), np.uint8), 64)

    assert (fit.left_px, fit.top_px) == (0, 16)
    assert (fitted[:16] == GREY).all()
    assert (fitted[-16:] == GREY).all()


def test_boxes_are_cut_at_the_picture_s_borders() -> None:
    _, fit = letterbox(np.zeros((100, 200, 3), np.uint8), 64)

    np.testing.assert_array_equal(fit.to_image(np.array([[-9, 0, 99, 99]], np.float32)), [[0, 0, 200, 100]])
