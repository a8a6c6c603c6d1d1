"""Which file of an import a name means, and how large that picture is."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable

from PIL import Image

from webapp.core.errors import InvalidInputError
from webapp.datasets.files import Files
from webapp.datasets.picture_file import PICTURE_SUFFIXES

FOLDER = "images"
"""Where an export has its pictures; the names in its annotation files are those within it."""
_SUFFIXES = (*PICTURE_SUFFIXES, ".bmp", ".tif", ".tiff")  # the latter are refused with their own sentence later
_HEAD_BYTES = 4 * 1024 * 1024  # a thumbnail and a colour profile may come before the size
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_ORIENTATION = 0x0112
_FORMATS = ("JPEG", "PNG", "WEBP")


class PictureNames:
    """The picture files of an import, found by what its annotations call them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        names = [name for name in files.names() if name.lower().endswith(_SUFFIXES)]
        self._names = frozenset(names)
        self._by_base: dict[str, str | None] = {}
        for name in names:
            base = name.rpartition("/")[2]
            self._by_base[base] = None if base in self._by_base else name

    def find(self, said: str, beside: str) -> str:
        """The file that an annotation file `beside` means: from its folder, images/ there, or the only one so called.

        InvalidInputError when there is none.
        """
        folder = beside.rpartition("/")[0]
        said = said.replace("\\", "/").removeprefix("./")
        for base in (folder, f"{folder}/{FOLDER}", "", FOLDER):
            name = f"{base}/{said}".strip("/")
            if name in self._names:
                return name
        found = self._by_base.get(said.rpartition("/")[2])
        # a path within the import, or one of the computer it was written on
        if found is None or not (f"/{found}".endswith(f"/{said}") or f"/{said}".endswith(f"/{found}")):
            raise InvalidInputError(f"the picture {said!r:.200} is not among the files; add it, or drop its labels")
        return found

    def matching(self, folder: str) -> list[str]:
        """Every picture below a folder, in the files' order."""
        prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        return [name for name in self._files.names() if name in self._names and name.startswith(prefix)]

    def __contains__(self, name: str) -> bool:
        return name in self._names


def picture_size(files: Files, name: str) -> tuple[int, int]:
    """(width, height) in pixels as it is shown, from the picture's header; InvalidInputError where it has none."""
    try:
        with files.open(name) as file:
            head = io.BytesIO(file.read(_HEAD_BYTES))
        with warnings.catch_warnings(), Image.open(head, formats=_FORMATS) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # nothing is decoded here
            turned = image.getexif().get(_ORIENTATION) in _SIDEWAYS
            return (image.height, image.width) if turned else (image.width, image.height)
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise InvalidInputError(f"{name} is no picture that can be read: {error}") from None


def name_within_images(file_name: str) -> str:
    """What an annotation file calls the picture that lies at images/NAME."""
    return file_name.removeprefix(f"{FOLDER}/")


def ending(files: Files, suffixes: Iterable[str]) -> list[str]:
    """The files so ending, those of macOS' own beside them left out."""
    wanted = tuple(suffixes)
    return [
        name
        for name in files.names()
        if name.lower().endswith(wanted) and not name.rpartition("/")[2].startswith(".") and "__MACOSX" not in name
    ]
