"""The border for picture files: what is let in, how it is changed, and what is refused with which sentence."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.datasets.hostile import AVIF, HEIC, MP4, SVG, TIFF, chunk, noise, png_bomb, png_of, saved, with_many_scans
from webapp.core.errors import InvalidInputError
from webapp.datasets.picture_file import (
    PictureLimits,
    bits_apart,
    difference_hash,
    encoded,
    header_size_px,
    read_picture,
    to_bgr,
)

LIMITS = PictureLimits(max_bytes=2**22, max_pixels=1_000_000)
GPS = 0x8825
ORIENTATION = 0x0112


def test_a_jpeg_comes_in_as_it_looks_and_stays_a_jpeg() -> None:
    image = noise(120, 80)
    picture = read_picture(saved(image, "JPEG", quality=95), LIMITS)
    data, suffix = encoded(picture)
    assert (suffix, picture.lossless, picture.image.size) == ("jpg", False, (120, 80))
    difference = np.abs(np.asarray(Image.open(io.BytesIO(data)), int) - np.asarray(image, int))
    assert difference.mean() < 6


@pytest.mark.parametrize("options", [{"kind": "PNG"}, {"kind": "WEBP", "lossless": True}])
def test_what_came_lossless_is_stored_to_the_bit(options: dict[str, object]) -> None:
    image = noise(64, 48)
    data, suffix = encoded(read_picture(saved(image, str(options.pop("kind")), **options), LIMITS))
    assert suffix == "png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(image))


def test_a_lossy_webp_becomes_a_jpeg() -> None:
    assert encoded(read_picture(saved(noise(64, 48), "WEBP", quality=80), LIMITS))[1] == "jpg"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_that_was_said_beside_the_pixels_is_kept(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x9286] = "SECRET description", "SECRET user comment"
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[2] = (48.0, 8.0, 15.0)
    exif.get_ifd(GPS)[29] = "SECRET"
    options: dict[str, object] = {"exif": exif, "icc_profile": b"SECRET profile" * 20}
    if kind == "JPEG":
        options["comment"] = b"SECRET comment"
    data = saved(noise(64, 48), kind, **options)
    assert b"SECRET" in data
    kept, _ = encoded(read_picture(data, LIMITS))
    with Image.open(io.BytesIO(kept)) as image:
        assert image.size == (48, 64)  # it was turned as it said, before that was forgotten
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"SECRET" not in kept
    assert not any(mark in kept for mark in (b"Exif", b"ICC_PROFILE", b"iCCP", b"eXIf", b"tEXt", b"http"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_it_says(orientation: int) -> None:
    image = Image.new("RGB", (60, 40), "black")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    turned = read_picture(saved(image, "PNG", exif=exif), LIMITS).image
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    right, low = corners[orientation]
    assert turned.size == ((60, 40) if orientation < 5 else (40, 60))
    assert turned.getpixel((right * (turned.width - 1), low * (turned.height - 1))) == (255, 0, 0)


def test_a_picture_that_was_labelled_unturned_stays_unturned() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = saved(noise(60, 40), "JPEG", exif=exif)
    assert read_picture(data, LIMITS, size_px=(60, 40)).image.size == (60, 40)
    assert read_picture(data, LIMITS, size_px=(40, 60)).image.size == (40, 60)
    with pytest.raises(InvalidInputError, match="60x40 pixels, but its labels say 30x20"):
        read_picture(data, LIMITS, size_px=(30, 20))


def test_sixteen_bits_of_grey_become_eight() -> None:
    values = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    picture = read_picture(saved(Image.fromarray(values), "PNG"), LIMITS)
    assert picture.image.mode == "L"
    assert np.array_equal(np.asarray(picture.image), (values >> 8).astype(np.uint8))


def test_sixteen_bits_of_colour_become_eight() -> None:
    rows = b"\0" + struct.pack(">6H", 0xFF12, 0x8034, 0x0056, 0, 0xFFFF, 0x1234)
    picture = read_picture(png_of(2, 1, zlib.compress(rows), depth=16), LIMITS)
    assert np.asarray(picture.image).tolist() == [[[0xFF, 0x80, 0x00], [0, 0xFF, 0x12]]]


def test_cmyk_and_palettes_become_colours() -> None:
    cmyk = saved(Image.new("RGB", (32, 32), (200, 30, 60)).convert("CMYK"), "JPEG", quality=95)
    read = np.asarray(read_picture(cmyk, LIMITS).image, int)
    assert np.abs(read - (200, 30, 60)).max() < 8
    palette = saved(Image.new("RGB", (8, 8), (10, 200, 30)).convert("P"), "PNG")
    assert read_picture(palette, LIMITS).image.mode == "RGB"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_see_through_becomes_white(mode: str) -> None:
    data = saved(Image.new(mode, (8, 8), (0,) * len(mode)), "PNG")
    assert read_picture(data, LIMITS).image.getpixel((3, 3)) == (255, 255, 255)


def test_a_colour_that_is_called_see_through_becomes_white() -> None:
    data = saved(Image.new("RGB", (8, 8), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert read_picture(data, LIMITS).image.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (SVG, "an SVG"),
        (b"\xef\xbb\xbf  <SVG></SVG>", "an SVG"),
        (HEIC, "a HEIC"),
        (AVIF, "an AVIF"),
        (TIFF, "a TIFF"),
        (MP4, "a video"),
        (saved(noise(8, 8), "GIF"), "a GIF"),
        (saved(noise(8, 8), "BMP"), "a BMP"),
        (b"PK\x03\x04", "an archive"),
        (b"Rar!\x1a\x07\x01\0", "an archive"),
        (b"x", "it is a text file and no picture; hand in a JPEG, PNG or WebP$"),
        (b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe\r\n", "a text file"),
        ("Grüße".encode("utf-16"), "a text file"),
        (("x" + "ü" * 400).encode(), "a text file"),
        (b" <!DOCTYPE html><html></html>", "a web page"),
        (b"<?xml version='1.0'?><annotations/>", "an XML file and no picture"),
        (b"\0\x01\x02\x03", "no JPEG, PNG or WebP: its first bytes are those of none of them; save it as"),
        (b"Gr\xfc\xdfe", "its first bytes are those of none"),
    ],
)
def test_other_kinds_of_files_are_refused_by_what_they_are(data: bytes, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        read_picture(data, LIMITS)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    frames = [noise(16, 16, seed) for seed in range(3)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(InvalidInputError, match=f"animated {kind}"):
        read_picture(data, LIMITS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_a_file_cut_off_is_refused(kind: str, share: float) -> None:
    data = saved(noise(200, 160), kind)
    with pytest.raises(InvalidInputError, match=r"cut off|damaged"):
        read_picture(data[: int(len(data) * share)], LIMITS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_damage_makes_anything_but_a_picture_or_a_refusal(kind: str) -> None:
    data = bytearray(saved(noise(64, 48), kind))
    draws = np.random.default_rng(7)
    for _ in range(300):
        broken = bytearray(data)
        for place in draws.integers(0, len(data), draws.integers(1, 6)):
            broken[place] = draws.integers(0, 256)
        try:
            picture = read_picture(bytes(broken), LIMITS)
        except InvalidInputError:
            continue
        assert picture.image.mode in ("RGB", "L")


def test_a_bomb_is_never_decoded() -> None:
    data = png_bomb(9000, 9000)
    assert len(data) < 100_000
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="9000x9000 pixels; at most 1000000"):
        read_picture(data, LIMITS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("side", [40_000, 2**31 - 1])
def test_a_header_that_says_it_is_enormous_is_enough_to_refuse_it(side: int) -> None:
    with pytest.raises(InvalidInputError, match=r"more than 1000000 pixels|at most 1000000"):
        read_picture(png_of(side, side, b""), LIMITS)


def test_a_text_that_unpacks_without_end_is_refused() -> None:
    text = chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(80_000_000), 9))
    rows = zlib.compress(b"\0\1\2\3")
    with pytest.raises(InvalidInputError, match="damaged"):
        read_picture(png_of(1, 1, rows, more=text), LIMITS)


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="more than 32 scans"):
        read_picture(with_many_scans(1000), LIMITS)
    assert read_picture(with_many_scans(2), LIMITS).image.size == (64, 64)


def test_a_file_with_too_many_bytes_is_not_looked_at() -> None:
    with pytest.raises(InvalidInputError, match="has 4194305 bytes; a picture may have 4194304"):
        read_picture(bytes(2**22 + 1), LIMITS)


def test_the_size_is_read_from_the_header_alone() -> None:
    assert header_size_px(io.BytesIO(saved(noise(64, 48), "JPEG")[:700])) == (64, 48)


def test_pictures_that_look_the_same_have_nearly_the_same_hash() -> None:
    image = noise(320, 240, 3)
    smaller = image.resize((200, 150)).point(lambda value: min(255, value + 9))
    assert bits_apart(difference_hash(image), difference_hash(smaller)) <= 4
    assert bits_apart(difference_hash(image), difference_hash(noise(320, 240, 4))) > 12
    assert -(2**63) <= difference_hash(image) < 2**63


def test_pixels_are_blue_first_for_the_models() -> None:
    assert to_bgr(Image.new("RGB", (1, 1), (1, 2, 3))).tolist() == [[[3, 2, 1]]]
    assert to_bgr(Image.new("L", (1, 1), 7)).tolist() == [[[7, 7, 7]]]
