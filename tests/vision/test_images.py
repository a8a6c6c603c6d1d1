"""Pictures: what is no whole JPEG is refused before it is decoded, and no angle is ever bent."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.records import Region
from webapp.vision.images import (
    MAX_SCANS,
    apply_affine,
    crop_region,
    decode_jpeg,
    jpeg_size,
    letterbox,
    region_to_image,
    rgb_input,
)

MAX_PIXELS = Settings.max_pixels


def picture_bgr(width_px: int = 64, height_px: int = 48) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def encoded(suffix: str, image_bgr: np.ndarray) -> bytes:
    return bytes(cv2.imencode(suffix, image_bgr)[1])


def progressive(image_bgr: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1])


def with_empty_scans(data: bytes, count: int) -> bytes:
    """A progressive JPEG whose last scan's header comes so many times more, with two bytes of data each."""
    last = data.rindex(b"\xff\xda")
    header = data[last : last + 2 + int.from_bytes(data[last + 2 : last + 4], "big")]
    return data[:-2] + (header + bytes(2)) * count + b"\xff\xd9"


def test_a_whole_jpeg_is_decoded_in_its_size() -> None:
    assert decode_jpeg(encoded(".jpg", picture_bgr(64, 48)), MAX_PIXELS).shape == (48, 64, 3)


def test_a_progressive_jpeg_with_comments_is_decoded_too() -> None:
    data = progressive(picture_bgr())
    comment = b"\xff\xfe" + struct.pack(">H", 7) + b"\xff\xc0\xff\xd9\x00"

    assert decode_jpeg(data[:2] + comment + data[2:], MAX_PIXELS).shape == (48, 64, 3)


def test_a_grey_jpeg_becomes_bgr() -> None:
    image_bgr = decode_jpeg(encoded(".jpg", picture_bgr()[..., 0]), MAX_PIXELS)

    assert image_bgr.shape == (48, 64, 3)
    assert np.array_equal(image_bgr[..., 0], image_bgr[..., 2])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"hello", "no JPEG"),
        (encoded(".png", picture_bgr()), "no JPEG"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\xff\xd8\xff\xe0\x00\x04ab1234", "damaged"),
        (encoded(".jpg", picture_bgr())[:300], "truncated"),
        (encoded(".jpg", picture_bgr())[:-2], "truncated"),
    ],
)
def test_what_is_no_whole_jpeg_is_refused_with_the_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        decode_jpeg(data, MAX_PIXELS)


def test_a_picture_too_large_is_refused_by_its_header_alone() -> None:
    header_only = b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 60000, 60000) + b"\x03"

    with pytest.raises(InvalidInputError, match="60000x60000"):
        decode_jpeg(header_only, MAX_PIXELS)


@pytest.mark.parametrize("extra_scans", [MAX_SCANS, 1000, 100_000])
def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded(
    extra_scans: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two megabytes of empty scans would keep the decoder busy for a minute."""
    data = with_empty_scans(progressive(picture_bgr(1280, 720)), extra_scans)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))

    with pytest.raises(InvalidInputError, match=r"\d+ scans, at most 16 are read"):
        decode_jpeg(data, MAX_PIXELS)


def test_network_input_is_rgb_in_the_range_of_the_network() -> None:
    image_bgr = np.zeros((2, 3, 3), np.uint8)
    image_bgr[..., 2] = 255  # red

    batch = rgb_input([image_bgr, image_bgr], -1.0, 1.0)

    assert batch.shape == (2, 2, 3, 3)
    assert batch.dtype == np.float32
    assert batch[1, 0, 0] == pytest.approx((1.0, -1.0, -1.0))


def test_a_jpeg_without_a_size_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="0x0"):
        jpeg_size(b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 0, 0) + b"\x03")


@pytest.mark.parametrize("cut", range(2, 620, 7))
def test_no_cut_of_a_jpeg_gets_through_or_raises_anything_else(cut: int) -> None:
    data = encoded(".jpg", picture_bgr())

    with pytest.raises(InvalidInputError):
        decode_jpeg(data[:cut], MAX_PIXELS)


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 360), (640, 480), (480, 640), (31, 900)])
def test_a_letterbox_is_undone_exactly(width_px: int, height_px: int) -> None:
    boxed = letterbox(picture_bgr(width_px, height_px), 224, 224)
    corner = np.array([[boxed.pad_x_px, boxed.pad_y_px]], np.float32)

    assert boxed.image_bgr.shape == (224, 224, 3)
    assert boxed.to_image_px(corner) == pytest.approx(0, abs=1e-3)
    step = boxed.to_image_px(corner + 10) - boxed.to_image_px(corner)
    assert step[0, 0] == pytest.approx(step[0, 1])


def bar_bgr(width_px: int, height_px: int) -> np.ndarray:
    """A white bar through the middle of a black picture that rises at 45 degrees."""
    image_bgr = np.zeros((height_px, width_px, 3), np.uint8)
    middle, reach = np.array([width_px // 2, height_px // 2]), np.array([height_px // 4, -height_px // 4])
    cv2.line(image_bgr, (middle - reach).tolist(), (middle + reach).tolist(), (255, 255, 255), height_px // 60)
    return image_bgr


def bar_degrees(image_bgr: np.ndarray) -> float:
    """How steeply the bar of a picture rises to the right, 0..180."""
    y_px, x_px = np.nonzero(image_bgr[..., 0] > 127)
    _, axes = np.linalg.eigh(np.cov(x_px, y_px))
    across, down = axes[:, 1]  # of the larger spread
    return float(np.degrees(np.arctan2(-down, across)) % 180)


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 720), (640, 480), (480, 640)])
@pytest.mark.parametrize("rotation_rad", [0.0, 0.4, -0.7])
def test_a_bar_at_45_degrees_stands_at_45_degrees_in_the_crop(
    width_px: int, height_px: int, rotation_rad: float
) -> None:
    region = Region(width_px / 2, height_px / 2, 0.9 * height_px, rotation_rad)

    crop = crop_region(bar_bgr(width_px, height_px), region, 256)

    # the crop turns the body upright: what leans clockwise by so much is turned back by as much
    assert bar_degrees(crop) == pytest.approx(45 + np.degrees(rotation_rad), abs=0.5)


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 720), (640, 480), (480, 640)])
def test_a_bar_at_45_degrees_stands_at_45_degrees_in_the_letterbox(width_px: int, height_px: int) -> None:
    boxed = letterbox(bar_bgr(width_px, height_px), 224, 224)

    assert bar_degrees(boxed.image_bgr) == pytest.approx(45, abs=0.5)


def test_a_crop_shows_at_each_pixel_what_its_affine_says() -> None:
    image_bgr = np.zeros((200, 300, 3), np.uint8)
    cv2.circle(image_bgr, (180, 90), 4, (255, 255, 255), -1)
    region = Region(150, 100, 160, 0.7)

    crop = crop_region(image_bgr, region, 256)

    y_px, x_px = np.argwhere(crop[..., 0] > 200).mean(axis=0)
    found = apply_affine(region_to_image(region, 256), np.array([x_px, y_px], np.float32))
    assert found == pytest.approx((180, 90), abs=0.7)


def test_beyond_the_edge_of_the_picture_a_crop_is_black() -> None:
    crop = crop_region(np.full((50, 50, 3), 255, np.uint8), Region(0, 0, 100, 0.0), 64)

    assert not crop[:30, :30].any()
    assert (crop[34:60, 34:60] == 255).all()
