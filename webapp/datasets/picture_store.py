"""Whole pictures on the disk, each once under the hash of its bytes, for all datasets together."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

if sys.platform != "win32":
    import fcntl

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.datasets.picture_file import JPEG, PNG, CleanPicture, difference_hash, encoded, from_pixels

SCRATCH_PREFIX = ".part-"
"""Of files that are still written; one that is older than an hour is of a process that died."""
_LOOK_AGAIN_S = 0.01
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredPicture:
    """What the row of a picture says of its file. dhash: picture_file.difference_hash."""

    sha256: str
    suffix: str
    size_bytes: int
    width_px: int
    height_px: int
    dhash: int


class PictureStore:
    """Files at root/AB/SHA256.jpg or .png. Safe for any number of threads and processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, image_bgr: NDArray[np.uint8], lossless: bool) -> StoredPicture:
        """Store decoded pixels, (H, W, 3) BGR or (H, W) grey; the same pixels again are the same file."""
        return self.add_clean(from_pixels(image_bgr, lossless))

    def add_clean(self, picture: CleanPicture) -> StoredPicture:
        """Store a picture that the border let in: as JPEG, or as PNG where it came from a lossless file."""
        data, suffix = encoded(picture)
        return self.put(data, suffix, picture)

    def put(self, data: bytes, suffix: str, picture: CleanPicture) -> StoredPicture:
        """Store a file that is encoded already; picture: what its bytes show."""
        stored = described(data, suffix, picture)
        self.write(stored, data)
        return stored

    def write(self, stored: StoredPicture, data: bytes) -> None:
        """Put these bytes, which `described` was told of, where they belong; on the disk when this returns."""
        write_whole(self.path(stored.sha256, stored.suffix), data)

    def path(self, sha256: str, suffix: str) -> Path:
        """Where the file lies or would lie. suffix: jpg or png."""
        if not _SHA256.fullmatch(sha256) or suffix not in (JPEG, PNG):
            raise InvalidInputError(f"a stored picture is named by its sha256, jpg or png, got {sha256!r:.80}.{suffix}")
        return self.root / sha256[:2] / f"{sha256}.{suffix}"

    def has(self, sha256: str, suffix: str) -> bool:
        return self.path(sha256, suffix).is_file()

    def suffix_of(self, sha256: str) -> str | None:
        """Under which suffix there is a file of exactly these bytes; None where there is none."""
        return next((suffix for suffix in (JPEG, PNG) if self.has(sha256, suffix)), None)

    def delete(self, sha256: str, suffix: str) -> None:
        """Gone afterwards, whether it was there or not."""
        self.path(sha256, suffix).unlink(missing_ok=True)

    @contextlib.contextmanager
    def kept(self, alone: bool = False) -> Iterator[None]:
        """While this is held, nobody deletes a file: who stores rows holds it together, who deletes holds it alone.

        Other greenlets run while it is waited for.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _locked(descriptor, alone):
                time.sleep(_LOOK_AGAIN_S)
            yield
        finally:
            os.close(descriptor)


def described(data: bytes, suffix: str, picture: CleanPicture) -> StoredPicture:
    """What the row of a picture says of a file that is encoded, before it is stored; picture: what its bytes show."""
    width_px, height_px = picture.image.size
    sha256 = hashlib.sha256(data).hexdigest()
    return StoredPicture(sha256, suffix, len(data), width_px, height_px, difference_hash(picture.image))


def datasets_dir(settings: Settings) -> Path:
    """Where everything of the datasets lies that is not in the database."""
    return settings.instance_dir / "datasets"


def store_of(settings: Settings) -> PictureStore:
    """The installation's one store."""
    return PictureStore(datasets_dir(settings) / "pictures")


def write_whole(path: Path, data: bytes, lasting: bool = True) -> None:
    """Write a file whole or not at all, and nothing where it is there already.

    lasting: it is on the disk when this returns, whatever happens to the machine then.
    """
    if not path.is_file():
        write_anew(path, data, lasting)


def write_anew(path: Path, data: bytes, lasting: bool = True) -> None:
    """As write_whole, for whoever has looked already: each look costs an import a switch between its threads."""
    descriptor, scratch = _scratch_beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _scratch_beside(path: Path) -> tuple[int, str]:
    try:
        return tempfile.mkstemp(dir=path.parent, prefix=SCRATCH_PREFIX)
    except FileNotFoundError:  # mostly the folder is there
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=path.parent, prefix=SCRATCH_PREFIX)


def _locked(descriptor: int, alone: bool) -> bool:
    if sys.platform == "win32":  # no such lock there; a file that is missed is made again by the next import
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
