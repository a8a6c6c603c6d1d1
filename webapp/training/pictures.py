"""Pictures to export a model by: what it is quantised with and compared on."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray, Region
from webapp.vision.images import crop_region
from webapp.vision.own_card import PictureFormat
from webapp.vision.poses.own import model_input
from webapp.vision.sample_pictures import random_pictures

MAX_PICTURES = 200
"""More say nothing new about the range of a network's numbers."""
_RANDOM_PICTURES = 32
_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


@dataclass(frozen=True)
class Pictures:
    """A batch (N, height, width, channels) as the model takes it, and what these pictures are."""

    batch: FloatArray
    are: str


def read_pictures(source: Path | None, picture: PictureFormat) -> Pictures:
    """Those of a folder of pictures, or of an .npz archive with `images`; random ones where no source is given.

    Of a picture in a folder the middle square is taken. images: (N, height, width, channels), floats in 0..1 or uint8.
    InvalidInputError says what is wrong with the source.
    """
    if source is None:
        return Pictures(random_pictures(picture, _RANDOM_PICTURES), "random pictures")
    batch = _of_folder(source, picture) if source.is_dir() else _of_archive(source, picture)
    return Pictures(batch, f"pictures of {source.name}")


def _of_folder(folder: Path, picture: PictureFormat) -> FloatArray:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise InvalidInputError(f"{folder} holds no pictures; expected {', '.join(_SUFFIXES)}")
    spread = np.linspace(0, len(files) - 1, min(len(files), MAX_PICTURES)).astype(int)
    return model_input([_middle(files[row], picture.side_px) for row in spread], picture)


def _middle(path: Path, side_px: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InvalidInputError(f"{path} cannot be read as a picture; take it out of the folder")
    height_px, width_px = image.shape[:2]
    return crop_region(image, Region(width_px / 2, height_px / 2, min(width_px, height_px), 0.0), side_px)


def _of_archive(path: Path, picture: PictureFormat) -> FloatArray:
    wanted = (picture.height_px, picture.width_px, picture.channels)
    try:
        with np.load(path, allow_pickle=False) as archive:
            images = archive["images"][:MAX_PICTURES]
    # EOFError and the last where the archive is cut short, TypeError where it is a single array
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInputError(f"{path} is no .npz archive with an array `images`: {error}") from error
    if images.ndim != 4 or images.shape[1:] != wanted or not len(images):
        raise InvalidInputError(f"images of {path.name} must be (N, {', '.join(map(str, wanted))}), got {images.shape}")
    if images.dtype != np.uint8 and not (images.dtype.kind == "f" and images.min() >= 0 and images.max() <= 1):
        raise InvalidInputError(f"images of {path.name} must be uint8, or floats within 0..1, got {images.dtype}")
    unit = images / np.float32(255 if images.dtype == np.uint8 else 1)
    return np.asarray(unit * (picture.high - picture.low) + picture.low, np.float32)
