"""Pictures in and out of shape: JPEG bytes to pixels, a letterbox for detectors, a rotated crop for pose models.

Nothing here ever scales x and y by different factors, so an angle in the picture stays that angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Region
from webapp.vision.ports import Image

_START_OF_IMAGE = b"\xff\xd8\xff"
_END_OF_IMAGE = b"\xff\xd9"
_START_OF_SCAN = b"\xff\xda"  # within a scan's data ff is never followed by da
# markers that carry the frame's size: SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC)
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
_TAIL_BYTES = 1024
MAX_SCANS = 16
"""A progressive JPEG has about 10; each passes over the whole picture, whatever few bytes it takes in the file."""


@dataclass(frozen=True)
class Letterboxed:
    """A picture scaled to fit a rectangle, its position there: letterbox_px = image_px * scale + pad_px."""

    image_bgr: Image
    scale: float
    pad_x_px: float
    pad_y_px: float

    def to_image_px(self, points_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (..., 2) of the letterbox in pixels of the original picture."""
        pad = np.array([self.pad_x_px, self.pad_y_px], dtype=np.float32)
        return ((points_px - pad) / np.float32(self.scale)).astype(np.float32)


def decode_jpeg(data: bytes, max_pixels: int) -> Image:
    """BGR uint8 (H, W, 3).

    InvalidInputError when it is empty, no JPEG, cut off, damaged, larger than max_pixels, or has more than MAX_SCANS
    scans.
    """
    if not data:
        raise InvalidInputError("the frame is empty (0 bytes); send a JPEG")
    width_px, height_px = jpeg_size(data)
    if width_px * height_px > max_pixels:
        raise InvalidInputError(
            f"the JPEG is {width_px}x{height_px} pixels, at most {max_pixels} pixels are read; send a smaller picture"
        )
    if _END_OF_IMAGE not in data[-_TAIL_BYTES:]:
        raise InvalidInputError(f"the JPEG of {len(data)} bytes is truncated: it has no end marker; send it again")
    scans = data.count(_START_OF_SCAN)
    if scans > MAX_SCANS:
        raise InvalidInputError(f"the JPEG has {scans} scans, at most {MAX_SCANS} are read; send a plain JPEG")
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InvalidInputError(f"the JPEG of {len(data)} bytes is damaged and cannot be decoded; send it again")
    return np.asarray(image, dtype=np.uint8)


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels from the header alone; InvalidInputError where there is none."""
    if not data.startswith(_START_OF_IMAGE):
        raise InvalidInputError(f"the frame is no JPEG: it starts with {data[:8].hex(' ')}, a JPEG with ff d8 ff")
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise InvalidInputError(f"the JPEG is damaged: no marker at byte {position}; send it again")
        marker = data[position + 1]
        if marker == 0xFF or marker in _BARE_MARKERS:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_HEADERS:
            header = data[position + 5 : position + 9]
            if len(header) == 4:
                return _size_in(header)
            break
        if marker in (0xD9, 0xDA):
            break
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise InvalidInputError(f"the JPEG of {len(data)} bytes is truncated: it has no size in its header; send it again")


def _size_in(header: bytes) -> tuple[int, int]:
    height_px, width_px = int.from_bytes(header[:2], "big"), int.from_bytes(header[2:], "big")
    if not width_px or not height_px:
        raise InvalidInputError(f"the JPEG says it is {width_px}x{height_px} pixels; send one that has a size")
    return width_px, height_px


def letterbox(image_bgr: Image, width_px: int, height_px: int, grey: int = 0) -> Letterboxed:
    """The whole picture, scaled to fit and centred in width_px x height_px, the rest filled with grey (0..255)."""
    height, width = image_bgr.shape[:2]
    scale = min(width_px / width, height_px / height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    resized = cv2.resize(image_bgr, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    left, top = (width_px - inner_width) // 2, (height_px - inner_height) // 2
    canvas = np.full((height_px, width_px, 3), grey, dtype=np.uint8)
    canvas[top : top + inner_height, left : left + inner_width] = resized
    return Letterboxed(canvas, scale, float(left), float(top))


def region_to_image(region: Region, side_px: int) -> NDArray[np.float64]:
    """The affine (2, 3) from pixels of a side_px x side_px crop to pixels of the picture: rotate, scale, move."""
    scale = region.size_px / side_px
    cos, sin = np.cos(region.rotation_rad) * scale, np.sin(region.rotation_rad) * scale
    middle = side_px / 2
    return np.array(
        [
            [cos, -sin, region.centre_x_px - (cos - sin) * middle],
            [sin, cos, region.centre_y_px - (sin + cos) * middle],
        ]
    )


def crop_region(image_bgr: Image, region: Region, side_px: int) -> Image:
    """The rotated square cut out and turned upright, (side_px, side_px, 3); black beyond the picture's edge."""
    crop = cv2.warpAffine(
        image_bgr,
        region_to_image(region, side_px),
        (side_px, side_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(crop, dtype=np.uint8)


def rgb_input(images_bgr: Sequence[Image], low: float, high: float) -> NDArray[np.float32]:
    """Pictures of one size as a network takes them: RGB (N, H, W, 3), 0..255 stretched to low..high."""
    batch = np.empty((len(images_bgr), *images_bgr[0].shape), np.float32)
    for row, image_bgr in zip(batch, images_bgr, strict=True):
        np.multiply(image_bgr[..., ::-1], np.float32((high - low) / 255), out=row)  # one pass, no copy in between
    if low:
        batch += np.float32(low)
    return batch


def apply_affine(affine: NDArray[np.float64], points_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (..., 2) through an affine (2, 3)."""
    return (points_px @ affine[:, :2].T + affine[:, 2]).astype(np.float32)


def turned(points_m: NDArray[np.float32], rotation_rad: float) -> NDArray[np.float32]:
    """Points (K, 3) of a crop's own upright axes in the axes of the picture."""
    cos, sin = np.cos(rotation_rad), np.sin(rotation_rad)
    turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    return np.asarray(points_m @ turn, dtype=np.float32)
