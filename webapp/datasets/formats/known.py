"""The exchange formats by name, and which of them a folder or an archive is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from webapp.core.skeleton import Skeleton
from webapp.datasets.files import Files, FileWriter
from webapp.datasets.formats import coco, csv_table, cvat, npz, yolo_pose
from webapp.datasets.records import Finding, LabelledPicture


class Format(Protocol):
    """What a format's module can do. Every call reads the files anew, in the same order.

    `read` keeps one picture in memory at a time, and the annotation file where it can only be read whole. It answers
    pictures of which everything was checked, and a finding for each that was refused or taken in changed. A damaged
    annotation file is an InvalidInputError from any of them.
    """

    def recognises(self, files: Files) -> bool: ...

    def skeleton_of(self, files: Files) -> Skeleton: ...

    def read(self, files: Files, skeleton: Skeleton) -> Iterator[LabelledPicture | Finding]: ...


class WritableFormat(Format, Protocol):
    """A format that datasets are exported in."""

    def write(self, pictures: Iterable[LabelledPicture], skeleton: Skeleton, writer: FileWriter) -> None:
        """The annotation files. The pictures' file names begin with images/, where the caller puts them."""
        ...


WRITABLE: Mapping[str, WritableFormat] = {"npz": npz, "cvat": cvat, "coco": coco, "yolo": yolo_pose}
FORMATS: Mapping[str, Format] = {**WRITABLE, "csv": csv_table}


def recognised(files: Files) -> str | None:
    """The name of the format of these files; None where they are pictures or videos alone."""
    return next((name for name, format_ in FORMATS.items() if format_.recognises(files)), None)
