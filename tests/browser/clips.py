"""Moving pictures of a real person for the tests, all made from the BSD-3 demo clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.config import ROOT

DEMO_CLIP = ROOT / "static" / "samples" / "demo.mp4"
SIZE_PX = (640, 360)
FPS = 30

_CROP = (slice(0, 495), slice(200, 1080))
"""Rows and columns of the demo clip around the man on the roof; 16:9, without the woman who passes later."""
JACKS = range(82)
"""Frames of the demo clip in which the man stands, makes two jumping jacks, and stands again."""
FIRST_JACK = range(3, 42)

Image = NDArray[np.uint8]


def frames(path: Path = DEMO_CLIP) -> Iterator[Image]:
    """Every picture of a clip, BGR."""
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield image
    finally:
        capture.release()


def man_alone(numbers: range) -> list[Image]:
    """These frames of the demo clip, cropped to the man."""
    return [_cropped(image) for number, image in enumerate(frames()) if number in numbers]


def two_people(numbers: range) -> list[Image]:
    """These frames with the man twice, side by side: as he is, and mirrored."""
    half = slice(SIZE_PX[0] // 4, SIZE_PX[0] * 3 // 4)
    return [np.hstack([image[:, half], image[:, half][:, ::-1]]) for image in man_alone(numbers)]


def _cropped(image: Image) -> Image:
    return np.asarray(cv2.resize(image[_CROP], SIZE_PX, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def write_camera(path: Path) -> Path:
    """A loop for Chromium's fake camera (concatenated JPEGs): stand, two jumping jacks, stand."""
    pictures = man_alone(JACKS)
    still = [pictures[0]] * 30
    rest = [pictures[-1]] * 15
    with path.open("wb") as file:
        for image in [*still, *pictures, *rest]:
            file.write(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return path


def write_video(path: Path, pictures: Iterable[Image]) -> Path:
    """A WebM (VP8) that every Chromium decodes."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), FPS, SIZE_PX)
    assert writer.isOpened(), f"OpenCV cannot write {path}"
    for image in pictures:
        writer.write(image)
    writer.release()
    return path
