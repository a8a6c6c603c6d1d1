"""Deleting a dataset, or a person with everything of theirs: rows first, then every file that no row names any more."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from flask import current_app
from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.datasets.uploads import uploads_dir
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, DatasetVersion, Picture, PicturedPerson, Sample, VersionSample
from webapp.db.engine import forget_log, transaction
from webapp.db.jobs import ENDED, Job, JobFile, JobFinding
from webapp.services import picture_files, run_files
from webapp.services.dataset_access import dataset_for, raise_change_number
from webapp.services.jobs import UNENDED, parameters_of
from webapp.services.names import name_key
from webapp.services.people import person_for
from webapp.services.repeats import forget_gone_originals


@dataclass(frozen=True)
class DatasetLoss:
    """What a dataset loses with a person. versions: numbers of those that held any of it."""

    dataset: Dataset
    pictures: int
    samples: int
    samples_of_others: int
    versions: Sequence[int]


def delete_dataset(actor: User, dataset_id: str, typed_name: str) -> None:
    """With all pictures, labels, versions, jobs and training runs; models that were registered stay.

    InvalidInputError unless its name was typed and no job is at it.
    """
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "own", session)
        if name_key(typed_name.strip()) != dataset.name_key:
            raise InvalidInputError(f"type the dataset's name, {dataset.name}, to delete it; nothing was deleted")
        _require_no_jobs(session, Job.dataset_id == dataset.id)
        sha256s = session.scalars(select(Picture.sha256).where(Picture.dataset_id == dataset.id)).all()
        job_ids = session.scalars(select(Job.id).where(Job.dataset_id == dataset.id)).all()
        run_ids = run_files.run_ids_of(job_ids)
        session.delete(dataset)
    _delete_files(sha256s, job_ids)
    run_files.delete_run_folders(run_ids)


def losses_with(actor: User, person_id: str) -> Sequence[DatasetLoss]:
    """What would go if the person were deleted now, by the dataset's name."""
    person = person_for(actor, person_id)
    return _losses(db.session(), person)


def unfinished_with(actor: User, person_id: str) -> int:
    """How many recordings and imports of the person, begun and not handed in, would go too."""
    return len(_drafts_of(db.session(), person_for(actor, person_id)))


def delete_person(actor: User, person_id: str) -> Sequence[DatasetLoss]:
    """The person, every picture that shows them with all that was labelled in it, and exports that may hold one.

    InvalidInputError while a job is at work that may be reading such a picture, or bringing another.
    """
    with transaction() as session:
        person = person_for(actor, person_id, session)
        losses = _losses(session, person)
        dataset_ids = [loss.dataset.id for loss in losses]
        _require_no_jobs(session, Job.dataset_id.in_(dataset_ids), _brings_people(person))
        pictures = session.execute(
            select(Picture.sha256, Picture.file_name, Picture.job_id).where(Picture.id.in_(_showing(person)))
        ).all()
        jobs_with_files = _forget_in_jobs(session, person, dataset_ids)
        jobs_with_files += {picture.job_id for picture in pictures if picture.job_id is not None}
        ended = session.scalars(select(Job).where(Job.dataset_id.in_(dataset_ids), Job.state.in_(ENDED))).all()
        for job in ended:
            _forget_lines(session, job.id, person, {picture.file_name for picture in pictures})
            job.message = job.message and _without_name(job.message, person)
        ended_ids = [job.id for job in ended]
        session.execute(delete(Picture).where(Picture.id.in_(_showing(person))))
        for dataset_id in dataset_ids:
            raise_change_number(session, dataset_id)
            forget_gone_originals(session, dataset_id)
        session.delete(person)
    _delete_files([picture.sha256 for picture in pictures], jobs_with_files)
    for job_id in ended_ids:  # a crash may have left what a training run had packed
        run_files.forget_data(job_id)
    forget_log()
    return losses


def _showing(person: PicturedPerson) -> Select[str]:
    """Ids of the pictures in all datasets of the owner, also where the same picture names somebody else or nobody."""
    of_them = select(Picture.sha256).join(Sample, Sample.picture_id == Picture.id).where(Sample.person_id == person.id)
    pictures = select(Picture.id).join(Dataset, Dataset.id == Picture.dataset_id)
    return pictures.where(Dataset.owner_id == person.owner_id, Picture.sha256.in_(of_them))


def _losses(session: Session, person: PicturedPerson) -> list[DatasetLoss]:
    of_others = func.count().filter(or_(Sample.person_id != person.id, Sample.person_id.is_(None)))
    query = select(Dataset, func.count(Sample.picture_id.distinct()), func.count(), of_others)
    query = query.join(Sample, Sample.dataset_id == Dataset.id).where(Sample.picture_id.in_(_showing(person)))
    held = select(DatasetVersion.dataset_id, DatasetVersion.number).join(VersionSample).join(Sample).distinct()
    versions: dict[str, list[int]] = {}
    for dataset_id, number in session.execute(
        held.where(Sample.picture_id.in_(_showing(person))).order_by(DatasetVersion.number)
    ):
        versions.setdefault(dataset_id, []).append(number)
    return [
        DatasetLoss(dataset, pictures, samples, others, versions.get(dataset.id, ()))
        for dataset, pictures, samples, others in session.execute(query.group_by(Dataset.id).order_by(Dataset.name_key))
    ]


def _brings_people(person: PicturedPerson) -> ColumnElement[bool]:
    """Imports into any dataset of the owner: what they bring may show the person."""
    theirs = select(Dataset.id).where(Dataset.owner_id == person.owner_id)
    return (Job.kind == "import") & Job.dataset_id.in_(theirs)


def _require_no_jobs(session: Session, *which: ColumnElement[bool]) -> None:
    query = select(Dataset.name).join(Job, Job.dataset_id == Dataset.id)
    name = session.scalar(query.where(Job.state.in_(UNENDED), or_(*which)).limit(1))
    if name is not None:
        raise InvalidInputError(f"a job is at work in {name}; wait until it has ended or cancel it, then delete")


def _forget_in_jobs(session: Session, person: PicturedPerson, dataset_ids: Sequence[str]) -> list[str]:
    """Delete exports, since nothing can be taken out of what is packed, and imports of the person that were not begun.

    Answers their ids.
    """
    gone = list(session.scalars(select(Job.id).where(Job.kind == "export", Job.dataset_id.in_(dataset_ids))))
    gone += _drafts_of(session, person)
    session.execute(delete(Job).where(Job.id.in_(gone)))
    return gone


def _drafts_of(session: Session, person: PicturedPerson) -> list[str]:
    drafts = session.scalars(select(Job).where(Job.state == "draft", _brings_people(person)))
    return [draft.id for draft in drafts if parameters_of(draft).get("person_id") == person.id]


def _forget_lines(session: Session, job_id: str, person: PicturedPerson, names: set[str]) -> None:
    """Take out of a job's files and findings those that are of the person."""
    for table, name in ((JobFile, JobFile.name), (JobFinding, JobFinding.file_name)):
        for line_id, file_name in session.execute(select(table.id, name).where(table.job_id == job_id)).all():
            if file_name in names or _names(file_name, person):
                session.execute(delete(table).where(table.id == line_id))


def _names(file_name: str, person: PicturedPerson) -> bool:
    """Whether a folder or the file itself is named after the person, as in anna/7.jpg."""
    path = PurePosixPath(file_name)
    return person.name_key in {name_key(part) for part in (*path.parts, path.stem)}


def _without_name(text: str, person: PicturedPerson) -> str:
    """A sentence that may name the person, such as why nobody was left to train on."""
    return re.sub(rf"(?<!\w){re.escape(person.name)}(?!\w)", "somebody", text, flags=re.IGNORECASE)


def _delete_files(sha256s: Iterable[str], job_ids: Iterable[str]) -> None:
    """After the commit: what a crash leaves here is swept away when the jobs' process starts next."""
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    picture_files.delete_unused(list(sha256s))
    for job_id in job_ids:
        for folder in (uploads_dir(settings.instance_dir, job_id), picture_files.exports_dir(settings, job_id)):
            shutil.rmtree(folder, ignore_errors=True)
