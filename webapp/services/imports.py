"""Imports from a browser: a draft job is given its files in pieces, and is started when all are whole."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Protocol

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.formats.checks import storable
from webapp.datasets.uploads import NAME_MAX, checked_name, is_picture, upload_path, uploads_dir
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.engine import transaction, unless_taken
from webapp.db.jobs import Job, JobFile, JobFinding
from webapp.services import jobs
from webapp.services.dataset_access import dataset_for
from webapp.services.import_wishes import ImportWishes, checked_parameters

MAX_DRAFTS = 20
"""Imports of one account that are still given their files: each may fill the disk with as much as an import takes."""
MAX_LEFT_OUT = 10_000
"""Files of one import that the report names as left out before they were sent."""
MAX_REASON = 500
_CHUNK_BYTES = 2**20
_SPARE_BYTES = 2**28
"""What an upload leaves free of the disk: the database needs room too."""


class GapError(InvalidInputError):
    """A piece begins beyond what is there. received_bytes: where it must go on."""

    def __init__(self, received_bytes: int, offset: int) -> None:
        super().__init__(f"this piece begins at {offset}, but {received_bytes} bytes are here; go on from there")
        self.received_bytes = received_bytes


@dataclass(frozen=True)
class UploadLimits:
    """What one import takes: files, bytes in all, bytes of one picture."""

    files: int
    all_bytes: int
    picture_bytes: int


class Body(Protocol):
    """What a piece is read from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Piece:
    """A part of a file of size_bytes: length_bytes from offset on, of the import's file of this name."""

    name: str
    size_bytes: int
    offset: int
    length_bytes: int


def limits() -> UploadLimits:
    """As the settings say."""
    settings = _settings()
    return UploadLimits(settings.max_import_pictures, settings.max_import_bytes, settings.max_picture_bytes)


def begin_import(actor: User, dataset_id: str, wishes: ImportWishes) -> Job:
    """A draft that is given its files next; InvalidInputError where what is asked for will not do."""
    query = select(func.count()).select_from(Job).where(Job.state == "draft", Job.created_by == actor.id)
    if (db.session.scalar(query) or 0) >= MAX_DRAFTS:
        raise InvalidInputError(
            f"{MAX_DRAFTS} imports of yours were begun and not started, the most of one account; "
            "go on with one, or discard one"
        )
    return jobs.create_job(actor, "import", dataset_id, checked_parameters(actor, dataset_id, wishes), draft=True)


def receive_piece(actor: User, dataset_id: str, job_id: str, piece: Piece, body: Body) -> int:
    """Write one piece to the disk; how much of the file is there, all of it synced.

    A piece that is there already does no harm. GapError where something before it is missing. Of a body that breaks
    off, what came is kept.
    """
    _require_sense(piece)
    file_id, received_bytes = _file_for(actor, dataset_id, job_id, piece)
    if piece.offset > received_bytes:
        raise GapError(received_bytes, piece.offset)
    reached = piece.offset
    with _opened(upload_path(_settings().instance_dir, job_id, file_id)) as file:
        try:
            for at in _written(file, piece, body):
                reached = at
        finally:
            received_bytes = _note_received(file_id, reached)
    return received_bytes


def files_of(actor: User, dataset_id: str, job_id: str) -> Sequence[JobFile]:
    """What a draft has been given so far, by name."""
    _draft(db.session(), actor, dataset_id, job_id)
    return db.session.scalars(select(JobFile).where(JobFile.job_id == job_id).order_by(JobFile.name)).all()


def remove_file(actor: User, dataset_id: str, job_id: str, name: str) -> None:
    """Take a file out of a draft again; without effect where it is not there."""
    with transaction() as session:
        _draft(session, actor, dataset_id, job_id)
        file = _named(session, job_id, name)
        if file is not None:
            session.delete(file)
    if file is not None:
        upload_path(_settings().instance_dir, job_id, file.id).unlink(missing_ok=True)


def note_left_out(actor: User, dataset_id: str, job_id: str, reasons: Mapping[str, str]) -> None:
    """What of the chosen files was not sent, and why, for the report, in place of what was noted before.

    reasons: by file name; what the browser says, so it is shown and nothing follows from it.
    """
    if len(reasons) > MAX_LEFT_OUT:
        raise InvalidInputError(f"at most {MAX_LEFT_OUT} files are noted as left out, got {len(reasons)}; name fewer")
    with transaction() as session:
        _draft(session, actor, dataset_id, job_id, lock=True)
        session.execute(delete(JobFinding).where(JobFinding.job_id == job_id))
        session.add_all(
            JobFinding(
                job_id=job_id,
                kind="refused",
                file_name=storable(name)[:NAME_MAX],
                reason=f"not sent: {storable(reason)[:MAX_REASON]}",
            )
            for name, reason in reasons.items()
        )


def start_import(actor: User, dataset_id: str, job_id: str) -> Job:
    """Queue it; InvalidInputError unless there are files and all are whole. Once started, it stays as it is."""
    job = jobs.job_for(actor, job_id, "edit")
    if job.dataset_id != dataset_id or job.kind != "import":
        raise _no_such_import(job_id)
    if job.state == "draft":
        _draft(db.session(), actor, dataset_id, job_id)
        _require_whole(job_id)
    return jobs.start_job(actor, job_id)


def discard_import(actor: User, dataset_id: str, job_id: str) -> None:
    """Delete a draft with all that it was given."""
    with transaction() as session:
        session.delete(_draft(session, actor, dataset_id, job_id))
    shutil.rmtree(uploads_dir(_settings().instance_dir, job_id), ignore_errors=True)


def _require_sense(piece: Piece) -> None:
    checked_name(piece.name)
    if piece.size_bytes < 1:
        raise InvalidInputError(f"{piece.name} is empty (0 bytes); leave it out")
    most = limits().picture_bytes
    if is_picture(piece.name) and piece.size_bytes > most:
        raise InvalidInputError(f"{piece.name} has {in_units(piece.size_bytes)}; a picture may have {in_units(most)}")
    if not 0 <= piece.offset <= piece.offset + piece.length_bytes <= piece.size_bytes or piece.length_bytes < 1:
        raise InvalidInputError(
            f"a piece of {piece.length_bytes} bytes from {piece.offset} on is not within the file's {piece.size_bytes}"
        )


def _file_for(actor: User, dataset_id: str, job_id: str, piece: Piece) -> tuple[int, int]:
    """The file's number and how much of it is here; it is made with its first piece, where there is room for it."""
    with unless_taken(f"{piece.name} was begun at this moment; try again"), transaction() as session:
        _draft(session, actor, dataset_id, job_id, lock=True)
        file = _named(session, job_id, piece.name)
        if file is None:
            _require_room(session, job_id, piece)
            file = JobFile(job_id=job_id, name=piece.name, size_bytes=piece.size_bytes)
            session.add(file)
            session.flush()
        elif file.size_bytes != piece.size_bytes:
            raise InvalidInputError(
                f"{piece.name} was begun with {file.size_bytes} bytes and now has {piece.size_bytes}; "
                "take it out of this import, then hand it in anew"
            )
        # nothing is asked of the database any more while the body comes in, which may take minutes
        return file.id, file.received_bytes or 0


def _require_room(session: Session, job_id: str, piece: Piece) -> None:
    most = limits()
    query = select(func.count(), func.coalesce(func.sum(JobFile.size_bytes), 0)).where(JobFile.job_id == job_id)
    count, size_bytes = map(int, session.execute(query).one())
    if count >= most.files:
        raise InvalidInputError(f"one import takes {most.files} files; hand the others in with another")
    if size_bytes + piece.size_bytes > most.all_bytes:
        raise InvalidInputError(
            f"one import takes {in_units(most.all_bytes)} in all, and with {piece.name} it would have "
            f"{in_units(size_bytes + piece.size_bytes)}; hand it in with another"
        )
    if shutil.disk_usage(_settings().instance_dir).free < piece.size_bytes + _SPARE_BYTES:
        raise InvalidInputError(f"the server's disk has no room for {piece.name}; ask an administrator to make some")


@contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        yield file


def _written(file: FileIO, piece: Piece, body: Body) -> Iterator[int]:
    """Write the body chunk by chunk; after each, how far the file is on the disk."""
    at, end = piece.offset, piece.offset + piece.length_bytes
    file.seek(at)
    while at < end and (chunk := body.read(min(_CHUNK_BYTES, end - at))):
        try:
            left = memoryview(chunk)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise InvalidInputError("the server's disk is full; ask an administrator to make room") from error
        at += len(chunk)
        time.sleep(0)  # other greenlets go on between two chunks
        yield at


def _note_received(file_id: int, reached: int) -> int:
    with transaction() as session:
        file = session.get(JobFile, file_id, with_for_update=True, populate_existing=True)
        if file is None:
            raise NotFoundError("this file was taken out of the import meanwhile")
        file.received_bytes = max(file.received_bytes, reached)
        return file.received_bytes


def _require_whole(job_id: str) -> None:
    files = db.session.scalars(select(JobFile).where(JobFile.job_id == job_id)).all()
    if not files:
        raise InvalidInputError("this import has no files yet; choose some first")
    lacking = [file for file in files if file.received_bytes < file.size_bytes]
    if lacking:
        first = lacking[0]
        raise InvalidInputError(
            f"{len(lacking)} of {len(files)} files are not whole yet, such as {first.name}: "
            f"{first.received_bytes} of {first.size_bytes} bytes; hand in the rest first"
        )


def _draft(session: Session, actor: User, dataset_id: str, job_id: str, lock: bool = False) -> Job:
    """The actor's own draft in this dataset; for anybody else there is none."""
    dataset_for(actor, dataset_id, "edit", session)
    job = session.get(Job, job_id, with_for_update=lock, populate_existing=True)
    if job is None or (job.dataset_id, job.kind, job.created_by) != (dataset_id, "import", actor.id):
        raise _no_such_import(job_id)
    if job.state != "draft":
        raise InvalidInputError("this import was started already and takes no more files; begin another")
    return job


def _no_such_import(job_id: str) -> NotFoundError:
    return NotFoundError(f"there is no import {job_id!r:.40} of yours in this dataset")


def _named(session: Session, job_id: str, name: str) -> JobFile | None:
    return session.scalar(select(JobFile).where(JobFile.job_id == job_id, JobFile.name == name))


def in_units(count: int) -> str:
    """As people read it: "12 KB", "8.4 MB", "2.1 GB"."""
    unit, factor = next(((unit, factor) for unit, factor in (("GB", 1e9), ("MB", 1e6)) if count >= factor), ("KB", 1e3))
    return f"{count / factor:.3g} {unit}"


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings
