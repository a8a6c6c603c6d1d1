"""Small pictures of the samples for the grid: the square around each person, made once and kept."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from webapp.core.errors import NotFoundError
from webapp.core.records import Box
from webapp.datasets.crops import crop_square, cut_out
from webapp.datasets.picture_store import PictureStore, write_anew

SIDE_PX = 192
_QUALITY = 80
_DECODE_PX = 4 * SIDE_PX


class Thumbnails:
    """Files at root/AB/KEY.jpg beside the store's pictures. Whatever is missing is made again when it is asked for."""

    def __init__(self, root: Path, store: PictureStore) -> None:
        self.root = root
        self._store = store

    def path(self, sha256: str, box: Box) -> Path:
        """Where the thumbnail of this person in this picture lies or would lie; another box is another file."""
        corners = ",".join(f"{corner:.2f}" for corner in (box.x1_px, box.y1_px, box.x2_px, box.y2_px))
        key = hashlib.sha256(corners.encode()).hexdigest()[:16]
        return self.root / sha256[:2] / f"{sha256}-{key}.jpg"

    def keep(self, image: Image.Image, sha256: str, box: Box, scale: float = 1.0) -> None:
        """Make it of a picture that is decoded already. scale: of the image given to the picture that was stored."""
        path = self.path(sha256, box)
        if not path.is_file():
            here = Box(box.x1_px * scale, box.y1_px * scale, box.x2_px * scale, box.y2_px * scale)
            write_anew(path, thumbnail(image, here), lasting=False)

    def ready(self, sha256: str, suffix: str, box: Box) -> Path:
        """The path of the thumbnail, made now where it is not there; NotFoundError where the picture is gone."""
        path = self.path(sha256, box)
        if path.is_file() and path.stat().st_size:
            return path
        path.unlink(missing_ok=True)  # empty after a power cut: thumbnails are not waited for on the disk
        try:
            with Image.open(self._store.path(sha256, suffix)) as image:
                scale = _smaller_to_decode(image, box)
                self.keep(image, sha256, box, scale)
        except FileNotFoundError as error:
            raise NotFoundError("this picture is not there any more") from error
        return path

    def of_picture(self, sha256: str) -> Iterator[Path]:
        """All that are there of one picture."""
        return (self.root / sha256[:2]).glob(f"{sha256}-*.jpg")


def thumbnails_beside(store: PictureStore) -> Thumbnails:
    """The thumbnails of a store's pictures."""
    return Thumbnails(store.root.parent / "thumbnails", store)


def thumbnail(image: Image.Image, box: Box) -> bytes:
    """The square around the box as a JPEG of 192 x 192 pixels."""
    small = cut_out(image, crop_square(box), SIDE_PX)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _smaller_to_decode(image: Image.Image, box: Box) -> float:
    """Have a large JPEG decoded at a half, quarter or eighth, where the square stays large enough; how large it is."""
    width_px = image.width
    share = _DECODE_PX / crop_square(box).width_px
    if share < 1:
        image.draft(image.mode, (int(image.width * share), int(image.height * share)))
    return image.width / width_px
