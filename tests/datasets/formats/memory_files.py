"""A folder in memory to read from and to write into, and pictures that have a size and nothing on them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, BinaryIO

from PIL import Image

from webapp.core.skeleton import UPPER_BODY_6, Skeleton
from webapp.datasets.formats.known import Format, WritableFormat
from webapp.datasets.records import Finding, LabelledPicture


class MemoryFiles:
    """Files by name; reading through only, as an archive's are."""

    def __init__(self, contents: Mapping[str, bytes | str]) -> None:
        self._contents = {
            name: data.encode() if isinstance(data, str) else data for name, data in sorted(contents.items())
        }

    def names(self) -> Sequence[str]:
        return list(self._contents)

    def size_bytes(self, name: str) -> int:
        return len(self._contents[name])

    def open(self, name: str) -> BinaryIO:
        return _ReadThrough(self._contents[name])


class _ReadThrough(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_where: object) -> int:
        raise io.UnsupportedOperation("seek")


class MemoryWriter:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self._being_written: str | None = None

    def write(self, name: str, data: bytes) -> None:
        assert self._being_written is None, f"{self._being_written} is still open"
        self.contents[name] = data

    def open(self, name: str) -> BinaryIO:
        assert self._being_written is None, f"{self._being_written} is still open"
        self._being_written = name
        return _Kept(self, name)

    def finish(self, name: str, data: bytes) -> None:
        self.contents[name] = data
        self._being_written = None


class _Kept(io.BytesIO):
    """Written through only, as an entry of an archive is."""

    def __init__(self, writer: MemoryWriter, name: str) -> None:
        super().__init__()
        self._writer, self._name = writer, name

    def seekable(self) -> bool:
        return False

    def seek(self, *_where: object) -> int:
        raise io.UnsupportedOperation("seek")

    def close(self) -> None:
        if not self.closed:
            self._writer.finish(self._name, self.getvalue())
        super().close()


@cache
def blank_png(width_px: int, height_px: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width_px, height_px)).save(file, "PNG")
    return file.getvalue()


def written(format_: WritableFormat, pictures: Sequence[LabelledPicture], skeleton: Skeleton) -> dict[str, bytes]:
    """What an export writes, the pictures among it."""
    writer = MemoryWriter()
    format_.write(iter(pictures), skeleton, writer)
    return {
        **writer.contents,
        **{picture.file_name: blank_png(picture.width_px, picture.height_px) for picture in pictures},
    }


def read_all(
    format_: Format, contents: Mapping[str, bytes | str], skeleton: Skeleton
) -> tuple[list[LabelledPicture], list[Finding]]:
    """The pictures that came in, and the report."""
    return sorted_out(format_.read(MemoryFiles(contents), skeleton))


def sorted_out(items: Iterable[LabelledPicture | Finding]) -> tuple[list[LabelledPicture], list[Finding]]:
    pictures, findings = [], []
    for item in items:
        if isinstance(item, Finding):
            findings.append(item)
        else:
            pictures.append(item)
    return pictures, findings


NAMES = UPPER_BODY_6.keypoints
POINTS = [10, 20, 2, 90, 20, 2, 10, 40, 1, 90, 40, 2, 0, 0, 0, 90, 60, 2]
PICTURES: dict[str, bytes | str] = {"images/a.png": blank_png(100, 80), "images/b.png": blank_png(100, 80)}
"""Two that the files below are about."""


def coco_file() -> dict[str, Any]:
    """One person in each of PICTURES."""
    return {
        "images": [
            {"id": 1, "file_name": "a.png", "width": 100, "height": 80},
            {"id": 2, "file_name": "b.png", "width": 100, "height": 80},
        ],
        "annotations": [
            {
                "id": 7,
                "image_id": 1,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [5, 5, 90, 70],
                "keypoints": list(POINTS),
            },
            {
                "id": 8,
                "image_id": 2,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [5, 5, 90, 70],
                "keypoints": list(POINTS),
            },
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": list(NAMES), "skeleton": []}],
    }
