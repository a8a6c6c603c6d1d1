"""Jobs as people see them: asked for, started, cancelled, looked at. What runs them is in webapp.jobs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.records import Finding
from webapp.datasets.uploads import uploads_dir
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import ENDED, JOB_KINDS, Job, JobFile, JobFinding
from webapp.services.dataset_access import Need, dataset_for

EXTENSION = "moveprint_job_queue"
"""Under which name an app keeps its JobQueue."""
UNENDED = ("queued", "running")
JOBS_LANE, TRAINING_LANE = "moveprint", "moveprint-training"
"""The queues, each with workers of its own: training takes hours for which no import shall wait, nor the other way."""
LANES: Mapping[str, Sequence[str]] = {
    JOBS_LANE: tuple(kind for kind in JOB_KINDS if kind != "train"),
    TRAINING_LANE: ("train",),
}
"""The kinds of jobs that wait in each."""
MAX_UNENDED = 10
"""Jobs of one account that wait or run at a time."""
MAX_SHOWN = 100
"""Jobs of a dataset that are listed, the newest first."""
ALONE = {"propose": "Labels are being proposed for", "curate": "Somebody is having outliers looked for in"}
"""Kinds of which one at a time is enough for a dataset."""
_FINDINGS_AT_ONCE = 1000


class JobQueue(Protocol):
    """The bell for whoever runs jobs. The row is the truth: a bell that nobody heard only costs some seconds."""

    def enqueue(self, job_id: str, kind: str) -> None: ...


@dataclass(frozen=True)
class FindingCounts:
    """How many lines the report of a job has."""

    refused: int = 0
    noted: int = 0


def create_job(actor: User, kind: str, dataset_id: str, parameters: Mapping[str, object], draft: bool = False) -> Job:
    """A new job: a draft that is still given its files, or one that begins as soon as there is room.

    InvalidInputError where the actor has too many that wait or run, or this dataset has such a one already.
    """
    with transaction() as session:
        job_id = add_job(session, actor, kind, dataset_id, parameters=parameters, draft=draft).id
    if not draft:
        ring(job_id)
    return db.session.get_one(Job, job_id)


def add_job(
    session: Session, actor: User, kind: str, dataset_id: str, *, parameters: Mapping[str, object], draft: bool
) -> Job:
    """As create_job, within a transaction, after which the caller rings for it."""
    if kind not in JOB_KINDS:
        raise InvalidInputError(f"kind {kind!r:.40} is unknown; known: {', '.join(JOB_KINDS)}")
    dataset = dataset_for(actor, dataset_id, "edit", session)
    if kind in ALONE and _is_unended(session, kind, dataset_id):
        raise InvalidInputError(f"{ALONE[kind]} {dataset.name} already; see its jobs")
    _require_room(session, actor)
    job = Job(
        kind=kind,
        dataset_id=dataset_id,
        created_by=actor.id,
        state="draft" if draft else "queued",
        parameters=json.dumps(parameters, ensure_ascii=False, allow_nan=False),
    )
    session.add(job)
    session.flush()
    return job


def start_job(actor: User, job_id: str) -> Job:
    """Queue a draft. One that was started already is left as it is; InvalidInputError for one that was cancelled."""
    with transaction() as session:
        job = job_for(actor, job_id, "edit", session)
        if job.state in {"cancelled", "failed"}:
            raise InvalidInputError("this job was ended before it began; begin a new one")
        if job.state == "draft":
            _require_room(session, actor)
            job.state = "queued"
    ring(job_id)
    return job


def cancel_job(actor: User, job_id: str) -> Job:
    """End it. One that has begun is asked to: it takes back what it did, and is "cancelled" a moment later."""
    with transaction() as session:
        job = job_for(actor, job_id, "edit", session)
        # one that was begun before and waits to go on has something to take back
        never_began = job.state == "draft" or (job.state == "queued" and job.started_at is None)
        if never_began:
            job.state, job.ended_at, job.message = "cancelled", utc_now(), "It was cancelled before it began."
            session.execute(delete(JobFile).where(JobFile.job_id == job_id))
        elif job.state in UNENDED:
            job.cancel_asked = True
    if never_began:
        settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
        shutil.rmtree(uploads_dir(settings.instance_dir, job_id), ignore_errors=True)
    return job


def job_for(actor: User, job_id: str, need: Need = "look", session: Session | None = None) -> Job:
    """The job, for who may do that with its dataset; in a session of one's own locked until its end.

    NotFoundError where they may not even look.
    """
    job = (session or db.session()).get(Job, job_id, populate_existing=True, with_for_update=session is not None)
    if job is None or job.dataset_id is None:
        raise NotFoundError(f"there is no job {job_id!r:.40} that you may look at")
    dataset_for(actor, job.dataset_id, need, session)
    return job


def jobs_of(actor: User, dataset_id: str) -> Sequence[Job]:
    """Those of a dataset, the newest first, at most MAX_SHOWN; drafts are nobody's affair yet."""
    dataset_for(actor, dataset_id, "look")
    query = select(Job).where(Job.dataset_id == dataset_id, Job.state != "draft")
    return db.session.scalars(query.order_by(Job.created_at.desc(), Job.id).limit(MAX_SHOWN)).all()


def finding_counts(job_ids: Sequence[str]) -> Mapping[str, FindingCounts]:
    """By job, for every id that was asked for."""
    query = select(JobFinding.job_id, JobFinding.kind, func.count()).where(JobFinding.job_id.in_(job_ids))
    counts: dict[str, dict[str, int]] = {job_id: {} for job_id in job_ids}
    for job_id, kind, count in db.session.execute(query.group_by(JobFinding.job_id, JobFinding.kind)):
        counts[job_id][kind] = count
    return {job_id: FindingCounts(**found) for job_id, found in counts.items()}


def findings_of(actor: User, job_id: str, limit: int | None = None) -> Iterator[Finding]:
    """What a job found, in the order of finding, read in pieces; NotFoundError at once, not at the first line."""
    job_for(actor, job_id)
    return _findings(job_id, limit)


def parameters_of(job: Job) -> Mapping[str, object]:
    """What the job was given."""
    return _object(job.parameters)


def result_of(job: Job) -> Mapping[str, object]:
    """What the job answered; empty where it has not succeeded."""
    return _object(job.result or "{}") if job.state == "succeeded" else {}


def done_of(job: Job) -> int:
    """How far it is, of job.total. What a running job has looked at and not stored yet stands where its result will."""
    looked_at = _looked(job).get("looked_at")
    return looked_at if isinstance(looked_at, int) else job.done


def step_s(job: Job) -> float:
    """Seconds from the beginning of a running job's step until it last said how far it is; 0 where it has not yet."""
    within_s = _looked(job).get("within_s")
    return float(within_s) if isinstance(within_s, int | float) else 0.0


def has_ended(job: Job) -> bool:
    return job.state in ENDED


def lane_of(kind: str) -> str:
    """In which of LANES a job of this kind waits."""
    return TRAINING_LANE if kind in LANES[TRAINING_LANE] else JOBS_LANE


def ring(job_id: str) -> None:
    """Tell whoever runs jobs that this one waits, after the commit."""
    queue: JobQueue | None = current_app.extensions.get(EXTENSION)
    if queue is None:  # a command's app has none; whoever runs jobs also looks at the rows now and then
        return
    kind = db.session.scalar(select(Job.kind).where(Job.id == job_id))
    db.session.rollback()  # nothing is held while the queue is waited for
    if kind is not None:
        queue.enqueue(job_id, kind)


def _looked(job: Job) -> Mapping[str, object]:
    return _object(job.result or "{}") if job.state == "running" else {}


def _findings(job_id: str, limit: int | None) -> Iterator[Finding]:
    columns = JobFinding.id, JobFinding.file_name, JobFinding.reason, JobFinding.kind
    last, left = 0, limit
    while left is None or left > 0:
        count = _FINDINGS_AT_ONCE if left is None else min(left, _FINDINGS_AT_ONCE)
        query = select(*columns).where(JobFinding.job_id == job_id, JobFinding.id > last)
        found = db.session.execute(query.order_by(JobFinding.id).limit(count)).all()
        db.session.rollback()  # whoever reads the lines slowly holds nothing up
        for last, *finding in found:  # noqa: B007  # where the next piece begins
            yield Finding(*finding)
        if len(found) < count:
            return
        left = None if left is None else left - count


def _is_unended(session: Session, kind: str, dataset_id: str) -> bool:
    query = select(Job.id).where(Job.kind == kind, Job.dataset_id == dataset_id, Job.state.in_(UNENDED))
    return session.scalar(query.limit(1)) is not None


def _require_room(session: Session, actor: User) -> None:
    query = select(func.count()).select_from(Job).where(Job.created_by == actor.id, Job.state.in_(UNENDED))
    if (session.scalar(query) or 0) >= MAX_UNENDED:
        raise InvalidInputError(
            f"{MAX_UNENDED} jobs of yours wait or run, the most of one account; wait for one, or cancel one"
        )


def _object(text: str) -> Mapping[str, object]:
    value: object = json.loads(text)
    return value if isinstance(value, dict) else {}
