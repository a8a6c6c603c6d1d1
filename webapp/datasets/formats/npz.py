"""The training archive: one .npz with what a network sees and what it must answer, crops of people and their keypoints.

    images          (N, S, S, 1) float32 in 0..1, grey: the square of datasets.crops around each person
    keypoints       (N, K, 2) float32 in 0..1 of the crop; 0 where absent
    visibility      (N, K) uint8: 0 absent, 1 hidden, 2 visible
    names           (K,) text      edges (E, 2) int32      flip (K,) int32: each keypoint's partner in a mirror
    split, person, file_name, state, session, source
                    (N,) text, empty where unknown; the last three may be missing, and without a state it is reviewed
    schema_version  () int64

Nothing is ever pickled, and neither way holds more than one crop in memory; what is small is kept until it is written.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, FloatArray
from webapp.core.skeleton import Skeleton, with_flip_pairs
from webapp.core.wording import counted
from webapp.datasets.crops import MARGIN, to_crop
from webapp.datasets.files import Files
from webapp.datasets.formats import own
from webapp.datasets.formats.checks import (
    KeypointOrder,
    checked_visibility,
    decimal,
    order_of,
    skeleton_of_names,
    stored_text,
)
from webapp.datasets.formats.npz_writing import SCHEMA, square_of, write
from webapp.datasets.formats.pictures import ending
from webapp.datasets.records import Finding, LabelledPerson, LabelledPicture
from webapp.datasets.zip_list import zip_of

__all__ = ["read", "recognises", "skeleton_of", "write"]
_TEXTS, _LATER_TEXTS = ("split", "person", "file_name"), ("state", "session", "source")
_MIN_SIDE_PX, _MAX_SIDE_PX = 8, 1024
_MAX_SAMPLES = 1_000_000
_MAX_TEXT = 1024  # characters of one name, as numpy stores them: all are as wide as the longest
_PIECE_BYTES = 1 << 20
_HEADER_BYTES = 10_000
_GREYS = 255
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def recognises(files: Files) -> bool:
    """Whether there is a .npz; what it holds is looked at when it is read."""
    return bool(ending(files, (".npz",)))


def skeleton_of(files: Files) -> Skeleton:
    """Of the first archive: names, edges and partners."""
    for name in ending(files, (".npz",)):
        with _Archive(files, name) as archive:
            names = archive.texts("names")
            edges = archive.small("edges", "i", 2)
            flip = archive.small("flip", "i", 1)
        if edges.shape[1:] != (2,) or (edges.size and not 0 <= edges.min() <= edges.max() < len(names)):
            raise InvalidInputError(f"{name}: edges must be pairs of positions below {len(names)}")
        if sorted(flip.tolist()) != list(range(len(names))):
            raise InvalidInputError(f"{name}: flip must hold each position below {len(names)} once")
        skeleton = skeleton_of_names("imported", names, edges.tolist())
        pairs = [(names[a], names[b]) for a, b in enumerate(flip.tolist()) if a < b and flip[b] == a]
        return with_flip_pairs(skeleton, pairs)
    raise InvalidInputError("there is no .npz among the files")


def read(files: Files, skeleton: Skeleton) -> Iterator[LabelledPicture | Finding]:
    """Every sample as a grey picture of its own, the crop as it is; its box is the one that the crop is around."""
    for name in ending(files, (".npz",)):
        with _Archive(files, name) as archive:
            version = int(archive.small("schema_version", "i", 0))
            if version != SCHEMA:
                raise InvalidInputError(f"{name} has schema_version {version}; known is {SCHEMA}")
            order = order_of(archive.texts("names"), skeleton)
            if order.note:
                yield Finding(name, order.note, "noted")
            rounded = 0
            for number, row in enumerate(archive.samples(len(order.names))):
                try:
                    picture, note, exact = _picture(row, order)
                except InvalidInputError as error:
                    yield Finding(f"{name}: sample {number}", str(error))
                    continue
                rounded += not exact
                if note:
                    yield Finding(f"{name}: sample {number}", note, "noted")
                yield picture
            if rounded:
                of_samples = counted(rounded, "sample")
                yield Finding(name, f"the greys of {of_samples} were rounded to the {_GREYS + 1} of 8 bits", "noted")


@dataclass(frozen=True)
class _Row:
    """One sample as it stands in the archive."""

    image: FloatArray
    keypoints: FloatArray
    visibility: NDArray[np.uint8]
    split: str
    person: str
    file_name: str
    state: str = ""
    session: str = ""
    source: str = ""


def _picture(row: _Row, order: KeypointOrder) -> tuple[LabelledPicture, str | None, bool]:
    """The picture, what was changed of its keypoints, and whether its greys are all there."""
    if not (np.isfinite(row.image).all() and row.image.min() >= 0 and row.image.max() <= 1):
        raise InvalidInputError(f"images must be in 0..1, got {row.image.min():g} to {row.image.max():g}")
    side_px = row.image.shape[0]
    pixels = np.rint(row.image[..., 0] * np.float32(_GREYS)).astype(np.uint8)
    exact = np.array_equal(pixels.astype(np.float32) / np.float32(_GREYS), row.image[..., 0])
    visibility = checked_visibility(row.visibility.astype(np.float64))
    label, note = order.label(row.keypoints.astype(np.float64) * side_px, visibility, side_px, side_px)
    said = own.person_of({"state": row.state or "reviewed", "split": row.split or None, "person": row.person or None})
    of_picture = own.picture_of({"session": row.session or None, "source": row.source or None})
    # shares of a side that is no power of two may not come back from pixels, so that the very ones are kept
    kept = {"keypoints": [[decimal(x), decimal(y)] for x, y in row.keypoints], "visibility": visibility.tolist()}
    box, there = whole_crop(side_px), visibility > 0
    keeping = order.names == order.skeleton.keypoints and not note
    if keeping:
        keeping = not np.array_equal(to_crop(label.keypoints_px, square_of(box))[there], row.keypoints[there])
    person_extra = {"npz": kept} if keeping else {}
    person = LabelledPerson(box, label, said.state or "reviewed", said.person, said.split, person_extra)
    # as a file of its own the crop may have to take another name
    extra = {"npz": {"file_name": row.file_name}} if row.file_name else {}
    name, size_px, origin = row.file_name or "sample.png", (side_px, side_px), (of_picture.source, of_picture.session)
    return LabelledPicture(name, *size_px, (person,), *origin, extra, pixels), note, exact


def whole_crop(side_px: int) -> Box:
    """The box whose crop is the whole of a square picture."""
    edge = side_px * (1 - 1 / MARGIN) / 2
    return Box(edge, edge, side_px - edge, side_px - edge)


class _Archive:
    """One .npz, its members read side by side in pieces. InvalidInputError names what is not as it must be."""

    def __init__(self, files: Files, name: str) -> None:
        self._name = name
        self._file = _seekable(files, name)
        try:
            self._zip = zip_of(self._file)
        except InvalidInputError:
            self._file.close()
            raise
        except _DAMAGED as error:
            self._file.close()
            raise InvalidInputError(f"{name} is damaged or no .npz ({error}); save it again") from None

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._zip.close()
        self._file.close()

    def texts(self, key: str) -> list[str]:
        """A whole one-dimensional array of texts."""
        values = self.small(key, "U", 1)
        return [_text(values[at : at + 1], f"{self._name}: {key}") for at in range(len(values))]

    def small(self, key: str, kind: str, dimensions: int) -> NDArray[Any]:
        """A whole array of one kind of numbers or texts; it may have a megabyte."""
        with self._open(key) as member:
            if member.dtype.kind != kind or len(member.shape) != dimensions or member.size_bytes > _PIECE_BYTES:
                raise InvalidInputError(
                    f"{self._name}: {key} has the shape {member.shape} of {member.dtype}; {_WANTED}"
                )
            return member.read(member.size_bytes).reshape(member.shape)

    def samples(self, keypoints: int) -> Iterator[_Row]:
        """Row by row; what is declared was checked against what is there before the first."""
        with ExitStack() as held:
            arrays = [held.enter_context(self._open(key)) for key in ("images", "keypoints", "visibility")]
            images, points, seen = arrays
            there = {key for key in _LATER_TEXTS if f"{key}.npy" in self._zip.namelist()}
            texts = {key: held.enter_context(self._open(key)) for key in (*_TEXTS, *there)}
            count, side_px = (*images.shape, 0, 0)[:2]
            images.require((count, side_px, side_px, 1), "<f4")
            if not (_MIN_SIDE_PX <= side_px <= _MAX_SIDE_PX and count <= _MAX_SAMPLES):
                raise InvalidInputError(
                    f"{self._name}: images are {count} of {side_px} pixels; read are up to {_MAX_SAMPLES:,} "
                    f"of {_MIN_SIDE_PX} to {_MAX_SIDE_PX}"
                )
            points.require((count, keypoints, 2), "<f4")
            seen.require((count, keypoints), "|u1")
            for member in texts.values():
                member.require_texts(count)
            for _ in range(count):
                said = {key: _text(member.row(), self._name) for key, member in texts.items()}
                yield _Row(images.row(), points.row(), seen.row(), **said)

    def _open(self, key: str) -> _Member:
        try:
            info = self._zip.getinfo(f"{key}.npy")
        except KeyError:
            raise InvalidInputError(f"{self._name} has no array {key!r}; {_WANTED}") from None
        try:
            return _Member(f"{self._name}: {key}", self._zip.open(info), info.file_size)
        except _DAMAGED as error:
            raise InvalidInputError(f"{self._name}: {key} is damaged ({error}); save it again") from None


_WANTED = "a training archive has those that Moveprint's export writes"


class _Member:
    """One array while it is read."""

    def __init__(self, name: str, file: IO[bytes], file_bytes: int) -> None:
        """ValueError where the header is none, or declares more or less than is there."""
        self._name, self._file = name, file
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        version = npy.read_magic(file)
        if version not in read_header:
            raise ValueError(f"a header of version {version}")
        # numpy reads the header as a literal, never as code, and no longer a one than this
        self.shape, fortran, self.dtype = read_header[version](file, max_header_size=_HEADER_BYTES)
        if self.dtype.hasobject or (fortran and len(self.shape) > 1):
            raise ValueError("pickled objects and Fortran's order are not read")
        self.size_bytes = int(np.prod([int(side) for side in self.shape], dtype=object)) * self.dtype.itemsize
        if file.tell() + self.size_bytes != file_bytes:
            raise ValueError(f"its header declares {self.size_bytes} bytes of {self.shape}, the file has {file_bytes}")

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._file.close()

    def require(self, shape: tuple[int, ...], dtype: str) -> None:
        if self.shape != shape or self.dtype != np.dtype(dtype):
            raise InvalidInputError(
                f"{self._name} must be {shape} of {np.dtype(dtype)}, got {self.shape} of {self.dtype}; {_WANTED}"
            )

    def require_texts(self, count: int) -> None:
        if self.shape != (count,) or self.dtype.kind != "U" or self.dtype.itemsize > 4 * _MAX_TEXT:
            raise InvalidInputError(
                f"{self._name} must be {count} texts of at most {_MAX_TEXT} characters, "
                f"got {self.shape} of {self.dtype}; {_WANTED}"
            )

    def row(self) -> NDArray[Any]:
        """The next along the first axis."""
        shape = self.shape[1:]
        return self.read(int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize).reshape(shape)

    def read(self, size_bytes: int) -> NDArray[Any]:
        """The next so many bytes as values."""
        try:
            data = self._file.read(size_bytes) if size_bytes else b""
        except _DAMAGED as error:
            raise InvalidInputError(f"{self._name} is damaged ({error}); save it again") from None
        if len(data) != size_bytes:
            raise InvalidInputError(f"{self._name} ends in the middle; save it again")
        return np.frombuffer(data, self.dtype)


def _seekable(files: Files, name: str) -> IO[bytes]:
    """The file itself, or a copy of it where it lies in an archive: members are read side by side."""
    file = files.open(name)
    try:
        file.fileno()
        return file
    except OSError:  # nothing on the disk of its own
        copy = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the archive that reads it
        with file:
            shutil.copyfileobj(file, copy, _PIECE_BYTES)
        return copy


def _text(value: NDArray[Any], what: str) -> str:
    """One text of an array, () or (1,); numpy itself fails on numbers that are no characters."""
    codec = "utf-32-be" if value.dtype.str.startswith(">") else "utf-32-le"
    try:
        return stored_text(value.tobytes().decode(codec).rstrip("\0"), what)
    except UnicodeDecodeError:
        raise InvalidInputError(f"{what} holds numbers that are no characters; save it again") from None
