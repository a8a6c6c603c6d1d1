"""The square around a person: the same rule as the live view's, exact there and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.datasets.hostile import noise
from webapp.core.records import Box, Detection
from webapp.datasets.crops import MARGIN, crop_square, cut_out, cut_out_grey, from_crop, to_crop
from webapp.vision.images import crop_region
from webapp.vision.poses.following import region_of_box

places = st.floats(-500, 2000, width=32)
sides = st.floats(1, 1500, width=32)


@given(x=places, y=places, width=sides, height=sides)
def test_the_square_is_the_one_that_a_model_of_ones_own_sees_live(
    x: float, y: float, width: float, height: float
) -> None:
    box = Box(x, y, x + width, y + height)
    square = crop_square(box)
    region = region_of_box(Detection(box, 1.0).box, MARGIN)
    assert np.allclose(
        [(square.x1_px + square.x2_px) / 2, (square.y1_px + square.y2_px) / 2, square.width_px, square.height_px],
        [region.centre_x_px, region.centre_y_px, region.size_px, region.size_px],
        atol=1e-6,
    )


@given(x=places, y=places, side=sides)
def test_keypoints_come_back_from_the_crop(x: float, y: float, side: float) -> None:
    square = crop_square(Box(x, y, x + side, y + side / 2))
    keypoints = np.array([[x, y], [x + side / 3, y + side / 4], [np.nan, np.nan]], np.float32)
    back = from_crop(to_crop(keypoints, square), square)
    assert np.allclose(back, keypoints, atol=1e-3, equal_nan=True)


def test_the_middle_of_the_box_is_the_middle_of_the_crop() -> None:
    square = crop_square(Box(10, 20, 30, 60))
    assert square == Box(-5, 15, 45, 65)
    assert to_crop(np.array([[20, 40]], np.float32), square).tolist() == [[0.5, 0.5]]


def test_beyond_the_picture_the_crop_is_black() -> None:
    white = Image.new("RGB", (100, 100), "white")
    crop = np.asarray(cut_out(white, Box(-50, -50, 50, 50), 64))
    assert crop[:32, :].max() == 0
    assert crop[:, :32].max() == 0
    assert crop[32:, 32:].min() == 255
    assert np.asarray(cut_out(white, Box(200, 200, 300, 300), 64)).max() == 0


@given(x=places, y=places, side=sides)
def test_whatever_the_square_the_crop_has_its_size(x: float, y: float, side: float) -> None:
    picture = np.full((90, 120, 3), 200, np.uint8)
    assert cut_out_grey(picture, Box(x, y, x + side, y + side), 32).shape == (32, 32)


@pytest.mark.parametrize("box", [Box(120, 40, 180, 200), Box(-30, 100, 90, 260), Box(0, 0, 320, 240)])
def test_a_crop_is_what_the_live_view_gives_a_model_of_ones_own(box: Box) -> None:
    picture = np.asarray(noise(320, 240))
    live = cv2.cvtColor(crop_region(picture, region_of_box(box, MARGIN), 128), cv2.COLOR_BGR2GRAY)
    ours = cut_out_grey(picture, crop_square(box), 128)
    apart = np.abs(ours.astype(int) - live.astype(int))
    assert apart.mean() < 1  # OpenCV counts in 32nds of a pixel
    assert apart.max() < 12


def test_a_crop_of_the_whole_of_a_square_picture_is_that_picture() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (128, 128), np.uint8)
    edge = 128 * (1 - 1 / MARGIN) / 2
    square = crop_square(Box(edge, edge, 128 - edge, 128 - edge))
    assert np.array_equal(cut_out_grey(grey, square, 128), grey)
