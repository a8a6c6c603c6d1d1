"""Imports that were begun and not started: shown to who may go on with them, and deleted once nobody does."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import case, delete, func, select

from webapp.config import Settings
from webapp.datasets.uploads import uploads_dir
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFile
from webapp.services.dataset_access import dataset_for

KEPT = dt.timedelta(days=7)
"""How long a draft is kept that nobody goes on with."""


@dataclass(frozen=True)
class Draft:
    """An import that is still given its files."""

    job: Job
    files: int
    whole_files: int
    received_bytes: int


def drafts_of(actor: User, dataset_id: str) -> Sequence[Draft]:
    """The imports that the actor began in this dataset and has not started, newest first."""
    dataset_for(actor, dataset_id, "edit")
    whole = func.coalesce(func.sum(case((JobFile.received_bytes == JobFile.size_bytes, 1), else_=0)), 0)
    totals = func.count(JobFile.id), whole, func.coalesce(func.sum(JobFile.received_bytes), 0)
    query = (
        select(Job, *totals)
        .outerjoin(JobFile, JobFile.job_id == Job.id)
        .where(Job.dataset_id == dataset_id, Job.kind == "import", Job.state == "draft", Job.created_by == actor.id)
        .group_by(Job.id)
        .order_by(Job.created_at.desc(), Job.id)
    )
    return [Draft(job, int(files), int(done), int(size)) for job, files, done, size in db.session.execute(query)]


def delete_abandoned(now: dt.datetime | None = None) -> int:
    """Delete drafts that nobody went on with for a week, and their files; how many there were."""
    before = (now or utc_now()) - KEPT
    query = select(Job.id).where(Job.kind == "import", Job.state == "draft", Job.created_at < before)
    instance_dir = _settings().instance_dir
    folders = {job_id: uploads_dir(instance_dir, job_id) for job_id in db.session.scalars(query)}
    abandoned = [job_id for job_id, folder in folders.items() if _last_touched(folder) < before]
    with transaction() as session:
        drafts = [job for job_id in abandoned if (job := session.get(Job, job_id, populate_existing=True)) is not None]
        deleted = [job.id for job in drafts if job.state == "draft"]
        session.execute(delete(Job).where(Job.id.in_(deleted)))
    for job_id in deleted:
        shutil.rmtree(folders[job_id], ignore_errors=True)
    return len(deleted)


def _last_touched(folder: Path) -> dt.datetime:
    times = [path.stat().st_mtime for path in folder.glob("*")]
    return dt.datetime.fromtimestamp(max(times, default=0), dt.UTC)


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings
