"""Imports: pictures, videos, folders, archives and labelled datasets into a dataset, and the way back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy import delete, exists, func, select

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.wording import counted
from webapp.datasets.archives import NamedFiles
from webapp.datasets.picture_file import PictureLimits
from webapp.datasets.picture_store import store_of
from webapp.datasets.records import Finding
from webapp.datasets.thumbnails import Thumbnails, thumbnails_beside
from webapp.datasets.uploads import upload_path, uploads_dir
from webapp.db.base import db
from webapp.db.datasets import Dataset, Picture, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import JobFile, JobFinding
from webapp.jobs.context import JobContext
from webapp.jobs.import_people import DetectorFinder, Find, Names, Shots, found_people
from webapp.jobs.import_pictures import KnownFiles, Prepared, Preparer, ReadAhead
from webapp.jobs.import_rows import KNOWN, ImportRows
from webapp.jobs.import_sources import UPLOADS, ImportOrder, Incoming, Sources, files_at, import_order
from webapp.jobs.import_undo import take_back, unmark
from webapp.services.dataset_access import skeleton_of
from webapp.services.picture_files import delete_unused

BATCH = 100
"""Items of one transaction."""
REPEATED = "it shows nearly the same as a shot before it and was left out"
_BATCH_BYTES = 64 * 2**20
"""Their encoded pictures are kept until it is committed; of large ones a batch has fewer."""


def run_import(context: JobContext) -> Mapping[str, object]:
    """Take everything in. Begun again after a crash it goes on where the last transaction ended.

    InvalidInputError where nothing can be made of it as a whole, or nothing of it came in; `undo_import` then takes
    back what did.
    """
    order = import_order(context.parameters)
    dataset = db.session.get(Dataset, context.dataset_id)
    if dataset is None:
        raise NotFoundError("the dataset was deleted")
    files = _files(order, context)
    if order.origin == UPLOADS and not files.names() and context.done:
        return _ended(context)  # all was in, and the process ended before it could say so
    if not files.names():
        raise InvalidInputError("there are no files; hand in pictures, videos, or a labelled dataset")
    importer = _Importer(context, order, dataset)
    skeleton = skeleton_of(dataset)
    db.session.rollback()
    with Sources(order, files, skeleton, context.settings) as sources:
        context.begin("Reading pictures", sources.expected())
        _require_some(context, importer.take(sources))
    with transaction() as session:
        unmark(session, context.dataset_id, context.job_id)
        session.execute(delete(JobFile).where(JobFile.job_id == context.job_id))
    shutil.rmtree(uploads_dir(context.settings.instance_dir, context.job_id), ignore_errors=True)
    return _ended(context)


def undo_import(job_id: str) -> None:
    """After a failure or at somebody's wish: nothing of the import stays."""
    take_back(job_id)


class _Importer:
    """One attempt at an import."""

    def __init__(self, context: JobContext, order: ImportOrder, dataset: Dataset) -> None:
        settings = context.settings
        store = store_of(settings)
        self._context, self._order = context, order
        self._thumbnails: Thumbnails = thumbnails_beside(store)
        limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
        known = KnownFiles(db.session(), dataset.id)
        self._preparer = Preparer(store, limits, known)
        self._rows = ImportRows(context, store, self._preparer, Names(order, dataset))
        self._find: Find = DetectorFinder(settings, skeleton_of(dataset))
        self._shots = Shots(dataset.id, order.session, self._thumbnails) if order.source == "webcam" else None

    def take(self, sources: Sources) -> int:
        """Every item from where the attempt before ended, batch by batch; how many there were in all."""
        batch: list[Prepared | Finding] = []
        done, kept_bytes = self._context.done, 0
        try:
            # the generator is closed with the threads still at it: what it holds open is being read from
            with ReadAhead(self._preparer) as reading, closing(sources.items()) as items:
                for prepared in reading.ready(islice(self._counted(items), done, None)):
                    item = self._with_people(prepared) if isinstance(prepared, Prepared) else prepared
                    batch.append(item)
                    kept_bytes += len(item.data) if isinstance(item, Prepared) else 0
                    if len(batch) >= BATCH or kept_bytes >= _BATCH_BYTES:
                        done += len(batch)
                        self._rows.write(batch, done)
                        batch, kept_bytes = [], 0
                    self._context.look(done + len(batch))
            if batch:
                done += len(batch)
                self._rows.write(batch, done)
            return done
        finally:
            db.session.rollback()
            delete_unused(self._preparer.without_rows)

    def _counted(self, items: Iterator[Incoming | Finding]) -> Iterator[Incoming | Finding]:
        pictures, most = 0, self._context.settings.max_import_pictures
        for item in items:
            pictures += isinstance(item, Incoming)
            if pictures > most:
                raise InvalidInputError(f"one import takes {most} pictures; import the others with another")
            yield item

    def _with_people(self, prepared: Prepared) -> Prepared | Finding:
        """A picture that came without boxes with those of the detector; a finding where it is not to be taken in."""
        incoming, look, stored = prepared.incoming, prepared.look, prepared.stored
        if look is None or stored is None:
            return prepared
        people = found_people(self._find, look, prepared.scale, self._order.one_person)
        if not people:
            return Finding(
                incoming.reported_name, "nobody was found in it; only pictures that show somebody are taken in"
            )
        if self._shots is not None and self._shots.repeats(look, prepared.scale, people[0].box):
            return Finding(incoming.reported_name, REPEATED, "noted")
        for person in people:
            self._thumbnails.keep(look, stored.sha256, person.box, prepared.scale)
        return replace(prepared, incoming=replace(incoming, people=people), look=None)


def _files(order: ImportOrder, context: JobContext) -> NamedFiles:
    if order.origin != UPLOADS:
        return files_at(Path(order.origin))
    query = select(JobFile.id, JobFile.name).where(JobFile.job_id == context.job_id)
    folder = context.settings.instance_dir
    return NamedFiles({name: upload_path(folder, context.job_id, number) for number, name in db.session.execute(query)})


def _require_some(context: JobContext, items: int) -> None:
    """InvalidInputError where all attempts together met no picture that is in the dataset now, or was there before.

    items: that were met. Pictures that somebody deleted since they came in are no failure: nothing was refused then.
    """
    of_job = JobFinding.job_id == context.job_id
    known = JobFinding.kind == "noted", JobFinding.reason.startswith(KNOWN) | (JobFinding.reason == REPEATED)
    met = select(exists().where(Picture.job_id == context.job_id) | exists().where(of_job, *known))
    some, counts = db.session.scalar(met), _counts(context)
    db.session.rollback()
    if some or (items and not counts):
        return
    if not items:
        raise InvalidInputError(
            "nothing came in: there is no picture, video or labelled dataset in what was handed in; hand in others"
        )
    reasons = "the report says why"
    if refused := counts.get("refused"):
        reasons = f"{counted(refused, 'file was', 'files were')} refused, and {reasons}"
    raise InvalidInputError(f"nothing came in: {reasons}; put that right, or hand in others")


def _counts(context: JobContext) -> Mapping[str, int]:
    """Findings of all attempts by kind."""
    findings = select(JobFinding.kind, func.count()).where(JobFinding.job_id == context.job_id)
    return {row[0]: row[1] for row in db.session.execute(findings.group_by(JobFinding.kind))}


def _ended(context: JobContext) -> Mapping[str, object]:
    """The result: how much came in with all attempts."""
    of_job = Picture.job_id == context.job_id
    pictures = db.session.scalar(select(func.count()).select_from(Picture).where(of_job)) or 0
    joined = select(func.count()).select_from(Sample).join(Picture, Picture.id == Sample.picture_id).where(of_job)
    samples = db.session.scalar(joined) or 0
    counts = _counts(context)
    db.session.rollback()
    parts = [f"{counted(pictures, 'picture')} with {counted(samples, 'sample')} came in"]
    if refused := counts.get("refused"):
        parts.append(f"{counted(refused, 'file was', 'files were')} refused, see the report")
    if noted := counts.get("noted"):
        parts.append(f"{counted(noted, 'thing is', 'things are')} noted in the report")
    return {"message": "; ".join(parts) + ".", "pictures": pictures, "samples": samples}
