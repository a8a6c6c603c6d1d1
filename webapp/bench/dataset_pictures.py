"""COCO folders to measure imports with: pictures of 640x480, no two alike, each with one or two labelled people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from webapp.config import ROOT
from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.core.skeleton import COCO_17
from webapp.datasets.formats import coco
from webapp.datasets.picture_file import PICTURE_SUFFIXES
from webapp.datasets.records import HIDDEN, VISIBLE, Label, LabelledPerson, LabelledPicture
from webapp.pipeline.video import Video

SIZE_PX = (640, 480)
_SAMPLE_CLIPS = ROOT / "static" / "samples"
_DIFFERENT = 60
_QUALITY = 90


def make_coco(folder: Path, count: int, pictures: Path | None) -> None:
    """A COCO folder of `count` pictures made of those of a folder, or of the frames of the sample clip."""
    originals = _originals(pictures)
    writer = FolderWriter(folder)
    coco.write((_labelled(number) for number in range(count)), COCO_17, writer)
    for number in range(count):
        path = folder / _name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        _varied(originals[number % len(originals)], number).save(path, "JPEG", quality=_QUALITY)


def _originals(folder: Path | None) -> Sequence[Image.Image]:
    if folder is not None:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)[:_DIFFERENT]
        images = [Image.open(path).convert("RGB") for path in files]
    else:
        clip = next(_SAMPLE_CLIPS.glob("*.mp4"), None)
        images = [] if clip is None else list(_frames(clip))
    if not images:
        raise InvalidInputError("there are no pictures to measure with; name a folder of some with --pictures")
    return [ImageOps.fit(image, SIZE_PX) for image in images]


def _frames(clip: Path) -> Iterator[Image.Image]:
    with Video(clip) as video:
        for frame in islice(video.frames(), 0, 3 * _DIFFERENT, 3):
            yield Image.fromarray(np.ascontiguousarray(frame.image_bgr[..., ::-1]))


def _varied(image: Image.Image, number: int) -> Image.Image:
    """Mirrored, shifted and brightened by its number, so that the file is like no other."""
    width, height = SIZE_PX
    left, top = number * 7 % 60, number * 5 % 45
    part = image.crop((left, top, left + width - 60, top + height - 45)).resize(SIZE_PX)
    brighter = ImageEnhance.Brightness(part).enhance(0.8 + 0.4 * (number * 13 % 997) / 997)
    return ImageOps.mirror(brighter) if number % 2 else brighter


def _labelled(number: int) -> LabelledPicture:
    people = tuple(_person(np.random.default_rng((number, row))) for row in range(1 + number % 2))
    return LabelledPicture(_name(number), *SIZE_PX, people)


def _person(draws: np.random.Generator) -> LabelledPerson:
    corner, size = draws.uniform((0, 0), (300, 150)), draws.uniform((100, 150), (300, 320))
    box = Box(*corner.tolist(), *(corner + size).tolist())
    count = len(COCO_17.keypoints)
    keypoints = draws.uniform(corner, corner + size, (count, 2)).astype(np.float32)
    visibility = draws.choice(np.array([HIDDEN, VISIBLE], np.uint8), count)
    return LabelledPerson(box, Label(keypoints, visibility))


def _name(number: int) -> str:
    return f"images/{number:06}.jpg"


class FolderWriter:
    """Writes into a folder what an export writes into an archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, data: bytes) -> None:
        with self.open(name) as file:
            file.write(data)

    def open(self, name: str) -> BinaryIO:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
