"""The border for picture files: what the header says is looked at before anything is decoded, metadata is left behind.

Pillow alone decodes and encodes here, so that the web process may import this.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from webapp.core.errors import InvalidInputError

JPEG, PNG = "jpg", "png"
"""Suffixes of what is stored."""
PICTURE_SUFFIXES = (".jpeg", ".jpg", ".png", ".webp")
"""Of files that are taken for pictures; what they are is told from their bytes."""
QUALITY = 95
"""Of stored JPEGs: what is lost lies below a camera's noise."""
MAX_SCANS = 32
"""A progressive JPEG has about 10; each passes over the whole picture, whatever few bytes it takes in the file."""
MAX_SIDE_PX = 65_500
"""JPEG and WebP know no longer one."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_SAVE_AS = "save it as JPEG or PNG and hand that in"
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error)
"""What Pillow raises on damaged files."""
_START_OF_SCAN = b"\xff\xda"
_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations that swap width and height."""
_ORIENTATION = 0x0112
_HEAD_BYTES = 512
_BRANDS = {
    b"heic": "a HEIC",
    b"heix": "a HEIC",
    b"heim": "a HEIC",
    b"hevc": "a HEIC",
    b"mif1": "a HEIF",
    b"msf1": "a HEIF",
    b"avif": "an AVIF",
    b"avis": "an AVIF",
}
_STARTS = {
    b"GIF8": "a GIF",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"II+\0": "a TIFF",
    b"MM\0+": "a TIFF",
    b"BM": "a BMP",
    b"%PDF": "a PDF",
    b"\0\0\x01\0": "an icon",
    b"8BPS": "a Photoshop file",
    b"PK\x03\x04": "an archive",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"\x1f\x8b": "an archive",
    b"\x1aE\xdf\xa3": "a video",
}
_TEXTS = {
    (b"<svg", b"<!doctype svg"): "an SVG (a drawing in XML)",
    (b"<!doctype html", b"<html"): "a web page (HTML)",
    (b"<?xml",): "an XML file",
}
"""Of what begins so, after blanks and in whatever case."""
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""What UTF-16 begins with."""
_NOT_IN_TEXTS = frozenset(range(32)) - frozenset(b"\t\n\f\r")
_UTF8_MAX_BYTES = 4


@dataclass(frozen=True)
class PictureLimits:
    """What a picture file may have at most: settings max_picture_bytes and max_picture_pixels."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True)
class CleanPicture:
    """Decoded, upright and without metadata: image of mode RGB or L. lossless: it came from a lossless file."""

    image: Image.Image
    lossless: bool

    def __post_init__(self) -> None:
        if self.image.info:  # comment, profile and EXIF of an opened file, which Pillow would write out again
            raise ValueError(
                f"a clean picture says nothing beside its pixels, got {', '.join(map(str, self.image.info))}"
            )


def read_picture(data: bytes, limits: PictureLimits, size_px: tuple[int, int] | None = None) -> CleanPicture:
    """A JPEG, PNG or WebP of one frame, decoded. Alpha is laid over white, more than 8 bits become 8, CMYK becomes RGB.

    size_px: width and height that its labels are in pixels of, where a format says so. The picture is turned as its
    EXIF orientation says, unless only the unturned one has that size. InvalidInputError says what it is and what to do.
    """
    if len(data) > limits.max_bytes:
        raise InvalidInputError(
            f"it has {len(data)} bytes; a picture may have {limits.max_bytes}; hand in a smaller one "
            f"or raise max_picture_bytes"
        )
    with _opened(io.BytesIO(data), limits.max_pixels) as image:
        if image.format in ("JPEG", "MPO") and data.count(_START_OF_SCAN) > MAX_SCANS:
            raise InvalidInputError(f"it is a JPEG with more than {MAX_SCANS} scans; {_SAVE_AS}")
        orientation = _orientation(image)
        upright = _checked_size(image.size, orientation, size_px)
        try:
            image.load()
            plain = _plain(image)
            turned = ImageOps.exif_transpose(image) if upright and orientation > 1 else None
        except (*_DAMAGED, MemoryError) as error:
            raise InvalidInputError(f"it is damaged or cut off and cannot be decoded ({error}); {_SAVE_AS}") from error
        if turned is not None:
            plain = _plain(turned)
        lossless = _is_lossless(image, data)
        plain.info = {}
        return CleanPicture(plain, lossless)


def header_size_px(file: BinaryIO) -> tuple[int, int]:
    """(width, height) as the header of a JPEG, PNG or WebP says, not turned; nothing is decoded. InvalidInputError."""
    with _opened(file, MAX_SIDE_PX**2) as image:
        return image.size


def encoded(picture: CleanPicture) -> tuple[bytes, str]:
    """The file to be stored, without any metadata, and its suffix: PNG where the source was lossless, else JPEG."""
    file = io.BytesIO()
    if picture.lossless:
        picture.image.save(file, "PNG")
        return file.getvalue(), PNG
    picture.image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue(), JPEG


def from_pixels(pixels: NDArray[np.uint8], lossless: bool) -> CleanPicture:
    """Pixels that are decoded already: (H, W, 3) BGR or (H, W) grey."""
    if pixels.ndim == 2:
        return CleanPicture(Image.fromarray(np.ascontiguousarray(pixels)), lossless)
    return CleanPicture(Image.fromarray(np.ascontiguousarray(pixels[..., ::-1])), lossless)


def to_bgr(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) BGR uint8, as the models take it."""
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8)[..., ::-1])


def difference_hash(image: Image.Image) -> int:
    """64 bits, as a signed number, of whether each of 8 x 8 spots is brighter than the one to its left.

    After the dHash of N. Krawetz (2013): pictures that look the same differ in few bits.
    """
    small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def bits_apart(one: int, other: int) -> int:
    """In how many of their 64 bits two hashes differ."""
    return ((one ^ other) & (2**64 - 1)).bit_count()


def _opened(file: BinaryIO, max_pixels: int) -> Image.Image:
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    _require_known(head)
    try:
        image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise InvalidInputError(f"it says that it has more than {max_pixels} pixels; hand in a smaller one") from error
    except _DAMAGED as error:
        raise InvalidInputError(f"its header is damaged or cut off; {_SAVE_AS}") from error
    width_px, height_px = image.size
    try:
        if width_px < 1 or height_px < 1 or width_px * height_px > max_pixels or max(image.size) > MAX_SIDE_PX:
            raise InvalidInputError(
                f"it is {width_px}x{height_px} pixels; at most {max_pixels} pixels are read; hand in a smaller one "
                f"or raise max_picture_pixels"
            )
        if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
            raise InvalidInputError(f"it is an animated {image.format}; {_SAVE_AS}, or hand in a video")
    except _DAMAGED as error:
        raise InvalidInputError(f"its header is damaged or cut off; {_SAVE_AS}") from error
    return image


def _require_known(head: bytes) -> None:
    """InvalidInputError unless it begins as a JPEG, PNG or WebP; it says what else it is."""
    if not head:
        raise InvalidInputError("it is empty (0 bytes); hand in a JPEG, PNG or WebP")
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return
    if (is_a := _kind_of_binary(head)) is not None:
        raise InvalidInputError(f"it is {is_a}, which is not read; {_SAVE_AS}")
    if (is_a := _kind_of_text(head)) is not None:
        raise InvalidInputError(f"it is {is_a} and no picture; hand in a JPEG, PNG or WebP")
    raise InvalidInputError(f"it is no JPEG, PNG or WebP: its first bytes are those of none of them; {_SAVE_AS}")


def _kind_of_binary(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video")
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "a video"
    return next((name for start, name in _STARTS.items() if head.startswith(start)), None)


def _kind_of_text(head: bytes) -> str | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<?xml") and b"<svg" in text:
        return "an SVG (a drawing in XML)"
    named = next((name for starts, name in _TEXTS.items() if text.startswith(starts)), None)
    return named or ("a text file" if _is_text(head) else None)


def _is_text(head: bytes) -> bool:
    """UTF-16 with its mark, or UTF-8 without control characters; the last character may be cut off."""
    if head.startswith(_TEXT_MARKS):
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) < _HEAD_BYTES or error.start <= len(head) - _UTF8_MAX_BYTES:
            return False
    return _NOT_IN_TEXTS.isdisjoint(head)


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:  # a damaged EXIF block says nothing; the picture itself may be whole
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _checked_size(stored: tuple[int, int], orientation: int, wanted: tuple[int, int] | None) -> bool:
    """Whether to turn the picture as its orientation says."""
    if wanted is None:
        return True
    if wanted == stored:
        return False
    if orientation in _TURNED and wanted == (stored[1], stored[0]):
        return True
    raise InvalidInputError(
        f"it is {stored[0]}x{stored[1]} pixels, but its labels say {wanted[0]}x{wanted[1]}; "
        f"hand in the picture that was labelled"
    )


def _plain(image: Image.Image) -> Image.Image:
    """Mode RGB, or L of a grey picture without alpha."""
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if image.mode in ("RGB", "L"):
        return image
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow's own conversion cuts off above 255
        return Image.fromarray((np.clip(np.asarray(image, np.int64), 0, 65535) >> 8).astype(np.uint8))
    return image.convert("L" if image.mode == "1" else "RGB")


def _is_lossless(image: Image.Image, data: bytes) -> bool:
    return image.format == "PNG" or (image.format == "WEBP" and b"VP8L" in data[12:_HEAD_BYTES])
