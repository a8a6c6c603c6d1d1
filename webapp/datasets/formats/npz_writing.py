"""Writes the training archive in a stream; what is in it is told in npz."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, FloatArray
from webapp.core.skeleton import Skeleton
from webapp.datasets.crops import crop_square, cut_out_grey, to_crop
from webapp.datasets.files import FileWriter
from webapp.datasets.formats.pictures import name_within_images
from webapp.datasets.records import ABSENT, Label, LabelledPerson, LabelledPicture

SCHEMA = 1
FILE_NAME = "dataset.npz"
DEFAULT_SIDE_PX = 128
_GREYS = np.float32(255)
_SAME = 1e-6  # in crops: nearer keypoints differ by their rounding alone
_WHOLE_PX = 1e-6
_MADE = (2000, 1, 1, 0, 0, 0)
_PIECE_BYTES = 1 << 17


def write(
    pictures: Iterable[LabelledPicture], skeleton: Skeleton, writer: FileWriter, side_px: int = DEFAULT_SIDE_PX
) -> None:
    """dataset.npz: everybody with a label. The pictures bring their `pixels`; they are let go one by one.

    A keypoint outside of the crop is absent in it: no network can see it there.
    """
    with writer.open(FILE_NAME) as file:
        write_into(file, pictures, skeleton, side_px)


def write_into(
    file: IO[bytes],
    pictures: Iterable[LabelledPicture],
    skeleton: Skeleton,
    side_px: int,
    *,
    packed: bool = True,
    scratch: Path | None = None,
    look: Callable[[], None] = lambda: None,
) -> None:
    """As write, into an open file.

    packed: made smaller, as it travels; else pictures can be read where they lie in it. scratch: a folder on the disk
    for what waits until all are counted, 1 byte a pixel. look: called now and then; may raise.
    """
    small = _Small(skeleton)
    # how many there are stands before the first; until then the crops wait on the disk, a byte a pixel
    with tempfile.TemporaryFile(dir=scratch) as waiting:
        for picture in pictures:
            for person in picture.people:
                if person.label is not None:
                    waiting.write(_crop(picture, person, side_px).tobytes())
                    small.add(picture, person, person.label)
        waiting.seek(0)
        with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
            with archive.open(_entry("images", packed), "w", force_zip64=True) as member:
                _write_images(member, waiting, len(small.names), side_px, look)
            for key, array in small.arrays().items():
                with archive.open(_entry(key, packed), "w", force_zip64=True) as member:
                    npy.write_array(member, np.asarray(array), version=(1, 0), allow_pickle=False)


@dataclass
class _Small:
    """Everything but the pictures: some hundred bytes a sample."""

    skeleton: Skeleton
    keypoints: list[FloatArray] = field(default_factory=list)
    visibility: list[NDArray[np.uint8]] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def add(self, picture: LabelledPicture, person: LabelledPerson, label: Label) -> None:
        keypoints, visibility = in_crop(person, label)
        self.keypoints.append(keypoints)
        self.visibility.append(visibility)
        self.splits.append(person.split or "")
        self.people.append(person.person or "")
        self.names.append(_file_name(picture))
        self.states.append(person.state)
        self.sessions.append(picture.session or "")
        self.sources.append(picture.source or "")

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        count, keypoints = len(self.names), len(self.skeleton.keypoints)
        return {
            "keypoints": np.array(self.keypoints, "<f4").reshape(count, keypoints, 2),
            "visibility": np.array(self.visibility, np.uint8).reshape(count, keypoints),
            "names": np.array(self.skeleton.keypoints, "U"),
            "edges": np.array(self.skeleton.edge_indices, "<i4").reshape(-1, 2),
            "flip": np.array(self.skeleton.flip_indices, "<i4"),
            "split": np.array(self.splits, "U"),
            "person": np.array(self.people, "U"),
            "file_name": np.array(self.names, "U"),
            "state": np.array(self.states, "U"),
            "session": np.array(self.sessions, "U"),
            "source": np.array(self.sources, "U"),
            "schema_version": np.array(SCHEMA, "<i8"),
        }


def _file_name(picture: LabelledPicture) -> str:
    """The one that it had in an archive before, or its own."""
    kept = picture.extra.get("npz")
    had = kept.get("file_name") if isinstance(kept, dict) else None
    return had if isinstance(had, str) else name_within_images(picture.file_name)


def square_of(box: Box) -> Box:
    """The crop's square, on whole pixels where only rounding keeps it from them: then nothing is resampled."""
    square = crop_square(box)
    corners = np.array([square.x1_px, square.y1_px, square.x2_px, square.y2_px])
    whole = np.rint(corners)
    return Box(*whole.tolist()) if np.abs(corners - whole).max() < _WHOLE_PX else square


def _crop(picture: LabelledPicture, person: LabelledPerson, side_px: int) -> NDArray[np.uint8]:
    if picture.pixels is None:
        raise InvalidInputError(f"{picture.file_name} has no pixels; a training archive holds the pictures themselves")
    return cut_out_grey(picture.pixels, square_of(person.box), side_px)


def in_crop(person: LabelledPerson, label: Label) -> tuple[FloatArray, NDArray[np.uint8]]:
    """(K, 2) shares of the crop, 0 where absent, and (K,) visibility in it."""
    shares = to_crop(label.keypoints_px, square_of(person.box))
    shares = _exactly(shares, label, person.extra.get("npz"))
    inside = np.all((shares >= 0) & (shares <= 1), axis=1)  # NaN is not
    visibility = np.where(inside, label.visibility, ABSENT).astype(np.uint8)
    return np.where(visibility[:, None] == ABSENT, np.float32(0), shares), visibility


def _exactly(shares: FloatArray, label: Label, kept: object) -> FloatArray:
    """The shares that an archive had, where they still are those of the label but for their rounding."""
    if not isinstance(kept, dict) or kept.get("visibility") != label.visibility.tolist():
        return shares
    try:
        had = np.array(kept.get("keypoints"), np.float32).reshape(shares.shape)
    except (TypeError, ValueError):  # not of this skeleton, or not ours
        return shares
    there = label.visibility != ABSENT
    return had if np.abs(had - shares)[there].max(initial=0) <= _SAME else shares


def _write_images(member: IO[bytes], waiting: IO[bytes], count: int, side_px: int, look: Callable[[], None]) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (count, side_px, side_px, 1)}
    npy.write_array_header_1_0(member, header)
    while piece := waiting.read(_PIECE_BYTES):
        look()
        member.write((np.frombuffer(piece, np.uint8).astype("<f4") / _GREYS).tobytes())


def _entry(key: str, packed: bool) -> zipfile.ZipInfo:
    """The same export has the same bytes."""
    entry = zipfile.ZipInfo(f"{key}.npy", _MADE)
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    entry.external_attr = 0o600 << 16
    return entry
