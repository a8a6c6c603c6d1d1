"""Exports: a frozen version of a dataset packed in an exchange format, to be downloaded."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

from flask import current_app
from PIL import Image
from sqlalchemy import Connection, select

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.skeleton import Skeleton
from webapp.core.wording import counted
from webapp.datasets.archives import ZipWriter, zip_written
from webapp.datasets.formats import npz
from webapp.datasets.formats.known import WRITABLE
from webapp.datasets.formats.npz_writing import DEFAULT_SIDE_PX
from webapp.datasets.picture_file import to_bgr
from webapp.datasets.picture_store import PictureStore, store_of, write_whole
from webapp.datasets.records import Finding, LabelledPicture
from webapp.db.base import db
from webapp.db.datasets import SAMPLE_STATES, Dataset, DatasetVersion
from webapp.db.engine import transaction
from webapp.jobs.context import JobContext
from webapp.jobs.export_pictures import ExportPicture, contents, version_pictures
from webapp.jobs.import_pictures import AHEAD, THREADS, ahead
from webapp.services.dataset_access import skeleton_of
from webapp.services.dataset_versions import freeze
from webapp.services.picture_files import exports_dir

_NPZ = "npz"
_NOTE_FILE = "version"
"""In the export's folder: which version was frozen for it, so that another attempt does not freeze one more."""


def run_export(context: JobContext) -> Mapping[str, object]:
    """Write the archive anew, of the same version in every attempt.

    InvalidInputError where there is nothing to export.
    """
    wanted = str(context.parameters.get("format"))
    if wanted not in WRITABLE:
        raise InvalidInputError(f"format {wanted!r:.40} is unknown; known: {', '.join(WRITABLE)}")
    dataset = db.session.get(Dataset, context.dataset_id)
    if dataset is None:
        raise NotFoundError("the dataset was deleted")
    name, skeleton = dataset.name, skeleton_of(dataset)
    folder = exports_dir(context.settings, context.job_id)
    version_id, number = _version(context, folder)
    db.session.rollback()
    states = tuple(cast("Sequence[str]", context.parameters.get("states") or ("reviewed",)))
    with db.engine.connect() as connection:
        export = _Export(context, connection, version_id, states)
        if not export.samples:
            raise InvalidInputError(
                f"version {number} has no samples that are {' or '.join(states)}; {_advice(states)}"
            )
        path = folder / f"{_file_name(name)}-v{number}-{wanted}.zip"
        with zip_written(path) as writer:
            export.write(wanted, skeleton, writer)
            if not export.packed:
                raise InvalidInputError(f"nothing of version {number} can be packed: {export.findings[-1].reason}")
    with transaction() as session:
        context.advance(session, export.pictures, export.findings)
    return {
        "message": f"Version {number}: {counted(export.packed, 'sample was', 'samples were')} packed.",
        "file": path.name,
        "size_bytes": path.stat().st_size,
        "samples": export.packed,
        "version": number,
    }


def undo_export(job_id: str) -> None:
    """Its files; a version that was frozen stays."""
    shutil.rmtree(exports_dir(current_app.config["MOVEPRINT_SETTINGS"], job_id), ignore_errors=True)


class _Export:
    """One version on its way into an archive."""

    def __init__(self, context: JobContext, connection: Connection, version_id: str, states: Sequence[str]) -> None:
        self._context, self._connection = context, connection
        self._version_id, self._states = version_id, states
        self._store: PictureStore = store_of(context.settings)
        self._unlabelled = 0
        self.pictures, self.samples = contents(connection, version_id, states)
        self.packed = 0
        self.findings: list[Finding] = []

    def write(self, wanted: str, skeleton: Skeleton, writer: ZipWriter) -> None:
        """Labels first, then the pictures: an archive takes one file after the other."""
        if wanted == _NPZ:
            side_px = int(cast(int, self._context.parameters.get("side_px") or DEFAULT_SIDE_PX))
            self._context.begin("Cutting out people", self.pictures)
            npz.write(self._with_pixels(), skeleton, writer, side_px)
            if self._unlabelled:
                reason = (
                    f"{counted(self._unlabelled, 'sample')} left out: a training archive has those with a label alone"
                )
                self.findings.append(Finding("", reason, "noted"))
            return
        self._context.begin("Writing labels", self.pictures)
        WRITABLE[wanted].write((each.picture for each in self._seen(note=True)), skeleton, writer)
        self._context.begin("Packing pictures", self.pictures)
        for each in self._seen(note=False):
            writer.copy(each.picture.file_name, self._path(each))

    def _seen(self, note: bool) -> Iterator[ExportPicture]:
        """Every picture whose file is there. note: say of the others that they are not."""
        for number, each in enumerate(version_pictures(self._connection, self._version_id, self._states), 1):
            self._context.look(number)
            if self._path(each).is_file():
                self.packed += len(each.picture.people) if note else 0
                yield each
            elif note:
                self.findings.append(Finding(each.picture.file_name, "its file is not on the disk any more; left out"))

    def _with_pixels(self) -> Iterator[LabelledPicture]:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="export") as pool:
            yield from ahead(pool, self._decoded, self._labelled(), AHEAD)

    def _labelled(self) -> Iterator[ExportPicture]:
        """Every picture with those of its people who have a label."""
        for each in self._seen(note=True):
            people = tuple(person for person in each.picture.people if person.label is not None)
            left_out = len(each.picture.people) - len(people)
            self._unlabelled += left_out
            self.packed -= left_out
            if people:
                yield replace(each, picture=replace(each.picture, people=people))

    def _decoded(self, each: ExportPicture) -> LabelledPicture:
        with Image.open(self._path(each)) as image:
            return replace(each.picture, pixels=to_bgr(image))

    def _path(self, each: ExportPicture) -> Path:
        return self._store.path(each.sha256, each.suffix)


def _advice(states: Sequence[str]) -> str:
    """What to do where no sample is in one of these states."""
    if set(states) == set(SAMPLE_STATES):
        return "import some first"
    return "review some first" if set(states) == {"reviewed"} else "choose other states"


def _version(context: JobContext, folder: Path) -> tuple[str, int]:
    """The version's id and number: the one that was asked for, or the present frozen as one."""
    number = cast("int | None", context.parameters.get("version"))
    note = folder / _NOTE_FILE
    if number is None and note.is_file():
        number = int(note.read_text(encoding="ascii"))
    if number is None:
        with transaction() as session:
            number = freeze(session, context.dataset_id, "export", "", context.created_by).number
        write_whole(note, str(number).encode())
    query = select(DatasetVersion.id).where(
        DatasetVersion.dataset_id == context.dataset_id, DatasetVersion.number == number
    )
    version_id = db.session.scalar(query)
    if version_id is None:
        raise NotFoundError(f"there is no version {number} of this dataset")
    return version_id, number


def _file_name(name: str) -> str:
    """The dataset's name as a file may have it everywhere."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "dataset"
