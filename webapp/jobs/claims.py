"""Who runs which job: rows are claimed, kept alive, given back and ended here, each step in one short transaction.

An attempt is known by its number: whoever finds another number in the row has lost the job and may write nothing more.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.db.base import db, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.jobs.registry import KINDS

MAX_ATTEMPTS = 3
SILENT_AFTER = dt.timedelta(seconds=60)
"""A running job that has said nothing for so long is begun again, wherever it ran."""
UNDOING = "Taking back what was done"
"""The step of a job that was cancelled or has failed, while it cleans up."""
_PATIENCE_S = 2.0


@dataclass(frozen=True)
class Claim:
    """One attempt at a job. exhausted: it was begun often enough, and is only to be cleaned up and ended."""

    job_id: str
    attempt: int

    @property
    def exhausted(self) -> bool:
        return self.attempt > MAX_ATTEMPTS

    @property
    def holds(self) -> ColumnElement[bool]:
        """The condition on Job that the attempt is still this one."""
        return (Job.id == self.job_id) & (Job.state == "running") & (Job.attempts == self.attempt)


def claim(job_id: str, state: str = "queued") -> Claim | None:
    """Take a job that waits; None where somebody else was quicker, or it waits no more."""
    now = utc_now()
    values = {"state": "running", "attempts": Job.attempts + 1, "result": None, "message": None, **_place(now)}
    with transaction(_PATIENCE_S) as session:
        change = update(Job).where(Job.id == job_id, Job.state == state).values(values).returning(Job.attempts)
        attempt = session.scalar(change)
        first = update(Job).where(Job.id == job_id, Job.started_at.is_(None)).values(started_at=now)
        session.execute(first)
    return None if attempt is None else Claim(job_id, attempt)


def beat(held: Claim) -> bool:
    """Say that this process works on it; False where the job is another's, or gone."""
    with transaction(_PATIENCE_S) as session:
        return _change(session, held, _place(utc_now()))


@dataclass(frozen=True)
class Standing:
    """How a running job stands. cancelled: somebody asked for its end; undoing: it takes back what it did."""

    cancelled: bool
    undoing: bool


def standing(held: Claim) -> Standing | None:
    """How it stands now; None where the job has ended, is another's, or gone."""
    db.session.rollback()  # else the snapshot of the look before
    row = db.session.execute(select(Job.cancel_asked, Job.step).where(held.holds)).one_or_none()
    return None if row is None else Standing(row.cancel_asked, row.step == UNDOING)


def begin_undoing(held: Claim) -> bool:
    """Say that what it did is being taken back; False where the job is another's, or gone."""
    with transaction() as session:
        return _change(session, held, {"step": UNDOING, "total": None, "heartbeat_at": utc_now()})


def give_back(held: Claim) -> bool:
    """Let it be begun again where it stopped; one that was begun too often is ended. False where it is another's."""
    with transaction(_PATIENCE_S) as session:
        job = session.scalar(select(Job).where(held.holds))
        if job is None:
            return False
        if held.exhausted:  # even the cleaning up ended without a word
            _end_exhausted(job)
        else:
            job.state = "queued"
            if _is_dead(job) and _came_further(job):  # no second process could hold the same number then
                job.attempts -= 1
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


def waiting() -> list[str]:
    """The ids of those that nobody has taken, in the order of asking."""
    db.session.rollback()
    return list(db.session.scalars(select(Job.id).where(Job.state == "queued").order_by(Job.created_at, Job.id)))


def lost(lives: Callable[[int], bool], now: dt.datetime | None = None) -> list[Claim]:
    """Attempts whose process on this machine is dead, or that have been silent for too long.

    A process that was given the number of a dead one lets a job seem alive only until it has been silent for too long.
    """
    db.session.rollback()
    old = (now or utc_now()) - SILENT_AFTER
    here = socket.gethostname()
    query = select(Job.id, Job.attempts, Job.machine, Job.pid, Job.heartbeat_at).where(Job.state == "running")
    return [
        Claim(job_id, attempt)
        for job_id, attempt, machine, pid, heartbeat_at in db.session.execute(query)
        if heartbeat_at is None or heartbeat_at < old or (machine == here and pid is not None and not lives(pid))
    ]


def lives(pid: int) -> bool:
    """Whether there is such a process on this machine; where that cannot be asked, its silence must tell."""
    if os.name != "posix":  # signal 0 is Ctrl-C there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def exhausted_sentence(step: str) -> str:
    """Why a job was given up."""
    where = f', the last time at "{step}"' if step else ""
    return f"Its process ended {MAX_ATTEMPTS} times without a word{where}; the server's log may say why."


def _is_dead(job: Job) -> bool:
    return job.machine == socket.gethostname() and job.pid is not None and not lives(job.pid)


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
