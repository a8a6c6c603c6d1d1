"""The training archive as a run reads it: the small arrays in memory, the pictures where they lie on the disk."""

from __future__ import annotations

import mmap
import struct
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.metrics import pck_sizes
from webapp.core.records import FloatArray
from webapp.core.skeleton import Skeleton
from webapp.datasets.archives import NamedFiles
from webapp.datasets.formats import npz

_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Of a zip's entry, as PKWARE's APPNOTE.TXT has it in 4.3.7: its mark, and how long its name and extra field are."""
_TORSOS_SHOWN = 0.5
"""Share of the samples from which on errors are judged by torsos."""
_MARK = b"PK\x03\x04"
_DAMAGED = (zipfile.BadZipFile, EOFError, OSError, ValueError, struct.error)


@dataclass(frozen=True)
class TrainingData:
    """What a run trains on and is judged by, sample by sample.

    images: (N, S, S, 1) float32 in 0..1, mapped from the file: a row is read when it is asked for. keypoints:
    (N, K, 2) float32 in 0..1 of the crop, y down, 0 where absent. visibility: (N, K) uint8. split: (N,) of
    datasets.records.SPLITS. person: (N,) names, "" where unknown. state: (N,) reviewed or proposed.
    """

    images: FloatArray
    keypoints: FloatArray
    visibility: NDArray[np.uint8]
    split: NDArray[np.str_]
    person: NDArray[np.str_]
    state: NDArray[np.str_]
    sample_ids: tuple[str, ...]
    skeleton: Skeleton

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def side_px(self) -> int:
        return int(self.images.shape[1])

    def rows(self, split: str) -> NDArray[np.intp]:
        """Which samples are of this split, in the archive's order."""
        return np.flatnonzero(self.split == split)

    @cached_property
    def sizes(self) -> FloatArray:
        """core.metrics.pck_sizes of every sample, (N,), in the unit of the keypoints; 0: it does not count."""
        return self.sizes_of(self.keypoints, self.visibility)

    def sizes_of(self, keypoints: FloatArray, visibility: NDArray[np.uint8]) -> FloatArray:
        """The same of these keypoints (N, K, 2): by torsos, if at least half of the samples show theirs.

        Of people at their desks nobody labels the hips; their box has to do, for all alike.
        """
        return pck_sizes(keypoints, visibility, self.skeleton, by_torso=self._torsos_are_shown)

    @cached_property
    def _torsos_are_shown(self) -> bool:
        shown = pck_sizes(self.keypoints, self.visibility, self.skeleton) > 0
        return bool(shown.mean() >= _TORSOS_SHOWN)


def read_archive(path: Path) -> TrainingData:
    """An archive whose pictures are not packed; InvalidInputError where it is damaged, packed, or holds nothing.

    The file must stay where it is while the pictures are in use.
    """
    try:
        skeleton = npz.skeleton_of(NamedFiles({path.name: path}))
        with np.load(path, allow_pickle=False) as arrays:
            small = {key: arrays[key] for key in ("keypoints", "visibility", "split", "person", "state", "file_name")}
        images = _mapped(path, "images")
    except KeyError as error:
        raise InvalidInputError(f"{path.name} lacks {error}; write it anew") from error
    except _DAMAGED as error:
        raise InvalidInputError(f"{path.name} is damaged ({error}); write it anew") from error
    data = TrainingData(
        images,
        np.asarray(small["keypoints"], np.float32),
        np.asarray(small["visibility"], np.uint8),
        small["split"],
        small["person"],
        small["state"],
        tuple(small["file_name"].tolist()),
        skeleton,
    )
    _require_shapes(path, data)
    return data


def _mapped(path: Path, key: str) -> NDArray[Any]:
    """One member of an .npz that is not packed, where it lies in the file."""
    with path.open("rb") as file:
        with zipfile.ZipFile(file) as archive:
            entry = archive.getinfo(f"{key}.npy")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"its {key} are packed")
        file.seek(entry.header_offset)
        mark, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        if mark != _MARK:
            raise ValueError(f"there are no {key} where it says")
        file.seek(name_bytes + extra_bytes, 1)
        shape, dtype = _header(file)
        if not all(shape):
            raise ValueError(f"its {key} are {shape}: there are none")
        return np.memmap(path, dtype, "r", file.tell(), shape)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"a header of version {version}")
    shape, fortran, dtype = npy.read_array_header_1_0(file)
    if fortran or dtype != np.dtype("<f4"):
        raise ValueError(f"images of {dtype}" + (" in Fortran's order" if fortran else ""))
    return shape, dtype


def _require_shapes(path: Path, data: TrainingData) -> None:
    count, keypoints = len(data), len(data.skeleton.keypoints)
    side_px = data.images.shape[1] if data.images.ndim == 4 else 0
    wanted = {
        "images": (count, side_px, side_px, 1),
        "keypoints": (count, keypoints, 2),
        "visibility": (count, keypoints),
        **dict.fromkeys(("split", "person", "state"), (count,)),
    }
    for name, shape in wanted.items():
        if getattr(data, name).shape != shape:
            raise InvalidInputError(
                f"{path.name}: {name} must be {shape}, got {getattr(data, name).shape}; write it anew"
            )


def let_go(images: FloatArray) -> None:
    """Pages read from a mapped file count as this process's memory until they are let go; the system keeps a copy."""
    mapped = getattr(images, "_mmap", None)
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_DONTNEED)
