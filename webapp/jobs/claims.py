"""Who runs which job: rows are claimed, kept alive, given back and ended here, each step in one short transaction.

An attempt is known by its holder, drawn when it is claimed: whoever finds another in the row has lost the job and may
write nothing more. Its number cannot tell: an attempt that does not count is followed by one of the same number.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psutil
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.db.base import db, new_id, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.jobs.registry import KINDS
from webapp.services.jobs import LANES, lane_of

MAX_ATTEMPTS = 3
SILENT_AFTER = dt.timedelta(seconds=60)
"""A job that runs on another machine and has said nothing for so long is begun again."""
SILENT_HERE_AFTER = dt.timedelta(minutes=10)
"""As SILENT_AFTER for one whose process lives on this machine: frameworks may keep a busy process from saying so."""
UNDOING = "Taking back what was done"
"""The step of a job that was cancelled or has failed, while it cleans up."""
_PATIENCE_S = 2.0
_CLOCK_S = 1.0
"""How exactly a system says when a process began."""


@dataclass(frozen=True)
class Claim:
    """One attempt at a job. exhausted: it was begun often enough, and is only to be cleaned up and ended.

    holder: None in a row that was taken before holders were drawn.
    """

    job_id: str
    attempt: int
    holder: str | None

    @classmethod
    def of(cls, job: Job) -> Claim:
        """The attempt that the row tells of."""
        return cls(job.id, job.attempts, job.holder)

    @property
    def exhausted(self) -> bool:
        return self.attempt > MAX_ATTEMPTS

    @property
    def holds(self) -> ColumnElement[bool]:
        """The condition on Job that the attempt is still this one."""
        return (Job.id == self.job_id) & (Job.state == "running") & (Job.holder == self.holder)


def claim(job_id: str, state: str = "queued") -> Claim | None:
    """Take a job that waits; None where somebody else was quicker, or it waits no more."""
    now, holder = utc_now(), new_id()
    taken = {"state": "running", "attempts": Job.attempts + 1, "holder": holder}
    values = {**taken, "result": None, "message": None, **_place(now)}
    with transaction(_PATIENCE_S) as session:
        change = update(Job).where(Job.id == job_id, Job.state == state).values(values).returning(Job.attempts)
        attempt = session.scalar(change)
        first = update(Job).where(Job.id == job_id, Job.started_at.is_(None)).values(started_at=now)
        session.execute(first)
    return None if attempt is None else Claim(job_id, attempt, holder)


def beat(held: Claim) -> bool:
    """Say that this process works on it; False where the job is another's, or gone."""
    with transaction(_PATIENCE_S) as session:
        return _change(session, held, _place(utc_now()))


@dataclass(frozen=True)
class Standing:
    """How a running job stands. cancelled: somebody asked for its end."""

    kind: str
    cancelled: bool
    step: str

    @property
    def undoing(self) -> bool:
        """Whether it takes back what it did."""
        return self.step == UNDOING


def standing(held: Claim) -> Standing | None:
    """How it stands now; None where the job has ended, is another's, or gone."""
    db.session.rollback()  # else the snapshot of the look before
    row = db.session.execute(select(Job.kind, Job.cancel_asked, Job.step).where(held.holds)).one_or_none()
    return None if row is None else Standing(row.kind, row.cancel_asked, row.step)


def begin_undoing(held: Claim) -> bool:
    """Say that what it did is being taken back; False where the job is another's, or gone."""
    with transaction() as session:
        return _change(session, held, {"step": UNDOING, "total": None, "heartbeat_at": utc_now()})


def give_back(held: Claim) -> bool:
    """Let it be begun again where it stopped; one that was begun too often is ended. False where it is another's."""
    with transaction(_PATIENCE_S) as session:
        row = select(Job).where(held.holds).with_for_update().execution_options(populate_existing=True)
        job = session.scalar(row)
        if job is None:
            return False
        if held.exhausted:  # even the cleaning up ended without a word
            _end_exhausted(job)
        else:
            job.state = "queued"
            if _is_dead(job) and _came_further(job):
                job.attempts = 0  # what counts is how often it dies at the same place
    return True


def release(held: Claim) -> bool:
    """As give_back for an attempt that was ended with the server, through no fault of its own: it does not count."""
    with transaction(_PATIENCE_S) as session:
        return _change(session, held, {"state": "queued", "attempts": held.attempt - 1})


def end(held: Claim, state: str, message: str, result: Mapping[str, object] | None = None) -> bool:
    """How it ended: succeeded, failed or cancelled, with a sentence. False where the job is another's."""
    with transaction() as session:
        return _change(session, held, ended_values(state, message, result))


def ended_values(state: str, message: str, result: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The columns of a job that has ended."""
    text = None if result is None else json.dumps(result, ensure_ascii=False, allow_nan=False)
    return {"state": state, "message": message, "result": text, "ended_at": utc_now()}


def waiting(kinds: Collection[str]) -> list[str]:
    """The ids of those of these kinds that nobody has taken, in the order of asking."""
    db.session.rollback()
    query = select(Job.id).where(Job.state == "queued", Job.kind.in_(kinds))
    return list(db.session.scalars(query.order_by(Job.created_at, Job.id)))


def first_in_line(job_id: str) -> str | None:
    """Of those that wait in this job's lane the one that was asked for first; None where this one waits no more."""
    db.session.rollback()
    kind = db.session.scalar(select(Job.kind).where(Job.id == job_id, Job.state == "queued"))
    return None if kind is None else next(iter(waiting(LANES[lane_of(kind)])), None)


def take_back(lives: Callable[[int, dt.datetime], bool], now: dt.datetime | None = None) -> list[Claim]:
    """Give back what `lost` finds; those that nobody else has taken back at the same moment."""
    return [held for held in lost(lives, now) if give_back(held)]


def lost(lives: Callable[[int, dt.datetime], bool], now: dt.datetime | None = None) -> list[Claim]:
    """Attempts whose process on this machine is dead, and those that have been silent for too long.

    lives: told a process of this machine and when it last said that it works.
    """
    db.session.rollback()
    running = db.session.scalars(select(Job).where(Job.state == "running")).all()
    found = [(Claim.of(job), job) for job in running]  # before anything else may happen to the rows
    return [held for held, job in found if _is_lost(job, lives, now)]


def _is_lost(job: Job, lives: Callable[[int, dt.datetime], bool], now: dt.datetime | None) -> bool:
    if job.heartbeat_at is None:
        return True
    silent_for = (now or utc_now()) - job.heartbeat_at
    if job.machine == socket.gethostname() and job.pid is not None:
        return not lives(job.pid, job.heartbeat_at) or silent_for > SILENT_HERE_AFTER
    return silent_for > SILENT_AFTER


def lives(pid: int, beat_at: dt.datetime) -> bool:
    """Whether the process of this machine that said at that time that it works is still there.

    One that began after that was only given its number, as happens with every start of a container. One that has died
    and that nobody has buried yet, as containers without an init leave them, is gone.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.create_time() < beat_at.timestamp() + _CLOCK_S
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # so there is one, and its silence must tell
        return True


def exhausted_sentence(step: str) -> str:
    """Why a job was given up."""
    where = f', the last time at "{step}"' if step else ""
    return f"Its process ended {MAX_ATTEMPTS} times without a word{where}; the server's log may say why."


def _is_dead(job: Job) -> bool:
    if job.machine != socket.gethostname() or job.pid is None or job.heartbeat_at is None:
        return False
    return not lives(job.pid, job.heartbeat_at)


def _came_further(job: Job) -> bool:
    """Whether this attempt is none of those that the job has."""
    came_further = KINDS[job.kind].load_came_further()
    return came_further is not None and came_further(job.id)


def _end_exhausted(job: Job) -> None:
    job.state, job.ended_at = ("cancelled" if job.cancel_asked else "failed"), utc_now()
    job.message = "It was cancelled." if job.cancel_asked else exhausted_sentence(job.step)


def _change(session: Session, held: Claim, values: Mapping[str, Any]) -> bool:
    return session.scalar(update(Job).where(held.holds).values(values).returning(Job.id)) is not None


def _place(now: dt.datetime) -> dict[str, Any]:
    return {"machine": socket.gethostname(), "pid": os.getpid(), "heartbeat_at": now}
