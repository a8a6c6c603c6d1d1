"""Taking back what an import did. What it did to pictures that were there before is marked in the samples' extra."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from datetime import datetime

from flask import current_app
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.uploads import uploads_dir
from webapp.db.datasets import LabelRevision, Picture, PicturedPerson, Sample, VersionSample
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFile
from webapp.jobs.import_rows import ADDED_BY, LABELLED_BY, LABELLED_OVER, MARKS
from webapp.services.dataset_access import raise_change_number
from webapp.services.picture_files import delete_unused, delete_unused_since
from webapp.services.proposals import least_sure
from webapp.services.repeats import forget_gone_originals

_AT_ONCE = 200
"""Pictures of one transaction, so that others are not kept waiting."""


def take_back(job_id: str) -> None:
    """Rows, files, uploads and people that all attempts at an import brought; done again, it does the rest."""
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    people: set[str] = set()
    while shas := _some_pictures(job_id, people):
        delete_unused(shas)
    with transaction() as session:
        job = session.get_one(Job, job_id)
        if job.dataset_id is not None:
            people |= _on_known_pictures(session, job.dataset_id, job_id)
        delete_people(session, people, job.created_at)
        since = job.started_at
        session.execute(delete(JobFile).where(JobFile.job_id == job_id))
    shutil.rmtree(uploads_dir(settings.instance_dir, job_id), ignore_errors=True)
    if since is not None:  # an attempt that died, or ended with the server, had stored pictures ahead of their rows
        delete_unused_since(since)


def unmark(session: Session, dataset_id: str, job_id: str) -> None:
    """Forget what the import did to pictures that were there before: it has succeeded."""
    for sample in _marked(session, dataset_id, job_id):
        sample.extra = _without_marks(sample)


def delete_people(session: Session, people: Collection[str], since: datetime) -> None:
    """Those of them that an import brought: new since it began, without consent, and in no picture any more."""
    shown = exists().where(Sample.person_id == PicturedPerson.id)
    kept = exists().where(VersionSample.person_id == PicturedPerson.id)
    new = PicturedPerson.created_at >= since, PicturedPerson.consent.is_(None)
    session.execute(delete(PicturedPerson).where(PicturedPerson.id.in_(people), *new, ~shown, ~kept))


def _some_pictures(job_id: str, people: set[str]) -> Sequence[str]:
    """Delete some of the job's pictures with their samples, and collect whose those were; their hashes."""
    with transaction() as session:
        # should this be cut short, an attempt that follows begins from the start
        session.execute(update(Job).where(Job.id == job_id).values(done=0))
        query = select(Picture.id, Picture.sha256, Picture.dataset_id).where(Picture.job_id == job_id).limit(_AT_ONCE)
        rows = session.execute(query).all()
        if not rows:
            return []
        ids = [row.id for row in rows]
        whose = select(Sample.person_id).where(Sample.picture_id.in_(ids), Sample.person_id.is_not(None)).distinct()
        people.update(person_id for person_id in session.scalars(whose) if person_id is not None)
        raise_change_number(session, rows[0].dataset_id)
        session.execute(delete(Picture).where(Picture.id.in_(ids)))  # its samples and their labels go with it
        return [row.sha256 for row in rows]


def _on_known_pictures(session: Session, dataset_id: str, job_id: str) -> set[str]:
    """Take samples and labels from pictures that were there before; whose those samples were."""
    people: set[str] = set()
    marked = _marked(session, dataset_id, job_id)
    if marked:
        raise_change_number(session, dataset_id)
    for sample in marked:
        if sample.person_id is not None:
            people.add(sample.person_id)
        if json.loads(sample.extra).get(ADDED_BY) == job_id:
            session.delete(sample)
            continue
        extra = json.loads(sample.extra)
        sample.extra = _without_marks(sample)
        last = session.get(LabelRevision, (sample.id, sample.revision))
        if last is not None and last.origin == "import":  # somebody who has corrected it since keeps their work
            session.delete(last)
            _as_before(session, sample, extra.get(LABELLED_OVER))
    session.flush()
    forget_gone_originals(session, dataset_id)
    return people


def _as_before(session: Session, sample: Sample, teacher: str | None) -> None:
    """Without its last label: with the proposal of that teacher, or without any."""
    sample.revision -= 1
    sample.state, sample.confidence, sample.teacher = "unlabelled", None, teacher
    sample.labelled_by = sample.labelled_at = None
    sample.bone_error = sample.disagreement = sample.pose_group = None
    if not sample.revision:
        return
    proposal = session.get_one(LabelRevision, (sample.id, sample.revision))
    box, label = from_bytes(proposal.label)
    sample.state, sample.confidence = proposal.state, None if label is None else least_sure(label)
    sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px = box.x1_px, box.y1_px, box.x2_px, box.y2_px


def _marked(session: Session, dataset_id: str, job_id: str) -> Sequence[Sample]:
    query = select(Sample).where(Sample.dataset_id == dataset_id, Sample.extra.contains(job_id))
    marked = session.scalars(query).all()
    return [sample for sample in marked if job_id in _marks(sample)]


def _marks(sample: Sample) -> set[object]:
    extra = json.loads(sample.extra)
    return {extra.get(ADDED_BY), extra.get(LABELLED_BY)}


def _without_marks(sample: Sample) -> str:
    extra = {key: value for key, value in json.loads(sample.extra).items() if key not in MARKS}
    return json.dumps(extra, ensure_ascii=False)
