"""One attempt at a job in this process: its context, its heartbeat, and how whatever happens becomes a state."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from flask import Flask, current_app
from sqlalchemy import select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import MoveprintError, sentence
from webapp.datasets.formats.checks import storable
from webapp.datasets.records import Finding
from webapp.db.base import db, new_id, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding
from webapp.jobs.claims import Claim, beat, begin_undoing, end, ended_values, exhausted_sentence
from webapp.jobs.context import JobCancelledError
from webapp.jobs.registry import KINDS, Kind

logger = logging.getLogger(__name__)

SHOW_EVERY_S = 0.5
BEAT_EVERY_S = 5.0
DATABASE_FAULTS = (OperationalError, InterfaceError, NoFreeConnection)
"""What passes by itself, so that the job is begun again instead of being called failed."""
MAX_FILE_NAME, MAX_STEP = 512, 120

Show = Callable[[str, int, int | None], None]
"""Told the step, how much is done, and of how much."""


class JobLostError(Exception):
    """Another attempt at this job has begun, or its dataset is gone: nothing more may be written."""


class RunningJob:
    """The JobContext of one attempt. show: for a bar on the command line."""

    def __init__(
        self,
        settings: Settings,
        held: Claim,
        job: Job,
        show: Show | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.job_id = settings, held.job_id
        self.dataset_id, self.created_by = job.dataset_id or "", job.created_by
        self.parameters: Mapping[str, object] = json.loads(job.parameters)
        self.done = job.done
        self._held, self._show, self._now_s = held, show, now_s
        self._step, self._total, self._at = job.step, job.total, job.done
        self._shown_s, self._begun_s = float("-inf"), now_s()

    def begin(self, step: str, total: int | None) -> None:
        """A new step begins."""
        self._step, self._total, self._begun_s = step[:MAX_STEP], total, self._now_s()
        with transaction() as session:
            self._write(session, step=self._step, total=total, result=None)
        self._tell()

    def advance(self, session: Session, done: int, findings: Sequence[Finding] = ()) -> None:
        """Within the caller's transaction."""
        self._write(session, done=done, result=None)
        session.add_all(
            JobFinding(
                job_id=self.job_id,
                kind=each.kind,
                file_name=storable(each.file_name)[:MAX_FILE_NAME],
                reason=storable(each.reason),
            )
            for each in findings
        )
        self._at = done
        self._tell()

    def look(self, done: int | None = None) -> None:
        """`done` is only shown: where a later attempt goes on is what `advance` says."""
        self._at = self._at if done is None else done
        if self._now_s() - self._shown_s < SHOW_EVERY_S:
            return
        self._shown_s = self._now_s()
        looked = {} if done is None else {"looked_at": done, "within_s": round(self._shown_s - self._begun_s, 3)}
        with transaction() as session:
            self._write(session, **({"result": json.dumps(looked)} if looked else {}))
        self._tell()

    def end(self, session: Session, state: str, message: str, result: Mapping[str, object]) -> None:
        """Within the caller's transaction."""
        self._write(session, **ended_values(state, message, result))

    def _write(self, session: Session, **values: object) -> None:
        change = update(Job).where(self._held.holds).values(heartbeat_at=utc_now(), **values)
        cancelled = session.scalar(change.returning(Job.cancel_asked))
        if cancelled is None:
            raise JobLostError(f"the job {self.job_id} is no longer attempt {self._held.attempt}'s")
        if cancelled:
            raise JobCancelledError("it was cancelled")

    def _tell(self) -> None:
        if self._show is not None:
            self._show(self._step, self._at, self._total)


def run_claimed(
    settings: Settings, held: Claim, show: Show | None = None, kinds: Mapping[str, Kind] = KINDS
) -> Job | None:
    """Do a job that this process has claimed, to its end; the row then, None where the job was lost.

    Needs an app context with the database. Faults of the database itself are raised, for another attempt.
    """
    job = db.session.scalar(select(Job).where(held.holds))
    if job is None:
        return None
    context, kind = RunningJob(settings, held, job, show), kinds[job.kind]
    cancelled, step = job.cancel_asked, job.step
    db.session.rollback()
    with heartbeat(held):
        try:
            if cancelled:
                raise JobCancelledError("it was cancelled")
            if held.exhausted:
                _undo(context, held, kind)
                end(held, "failed", exhausted_sentence(step))
            else:
                _do(context, held, kind)
        except JobLostError as error:
            logger.warning("%s", error)
        except JobCancelledError:
            _undo(context, held, kind)
            end(held, "cancelled", "It was cancelled.")
    return db.session.get(Job, held.job_id, populate_existing=True)


def _do(context: RunningJob, held: Claim, kind: Kind) -> None:
    """Do the work; what it raises becomes "failed", except the end that was asked for."""
    try:
        result = kind.load_work()(context)
    except (JobCancelledError, JobLostError):
        raise
    except DATABASE_FAULTS:
        raise
    except MoveprintError as error:
        message = sentence(str(error))
    except OSError as error:
        logger.exception("job %s", context.job_id)
        message = sentence(f"a file could not be read or written: {error.strerror or error}")
    except Exception:  # whatever it is, the person is told that it ended, and the log says why
        logger.exception("job %s", context.job_id)
        message = "It met an error that nobody expected and that is written in the server's log."
    else:
        _succeed(context, held, result)
        return
    _undo(context, held, kind)
    end(held, "failed", message)


def _succeed(context: RunningJob, held: Claim, result: Mapping[str, object]) -> None:
    """The end, and the next job that belongs to it, at one moment; the result names it as `next_job_id`."""
    teacher = context.parameters.get("label_with")
    some = result.get("samples") != 0  # where nothing new came in, there is nothing to label
    following = labelling_job(context, teacher) if isinstance(teacher, str) and some else None
    named = {} if following is None else {"next_job_id": following.id}
    values = ended_values("succeeded", str(result.get("message", "")), {**result, **named})
    with transaction() as session:
        found = session.scalar(update(Job).where(held.holds).values(values).returning(Job.id))
        if found is not None and following is not None:
            session.add(following)


def labelling_parameters(teacher: str, import_id: str) -> dict[str, object]:
    """Of the job that has a teacher label what an import brought, and nothing that was there before."""
    wanted = {"pose_model": teacher, "detector": None, "states": ["unlabelled"], "min_score": 0.5}
    return {**wanted, "job_id": import_id}


def labelling_job(context: RunningJob, teacher: str) -> Job:
    """What follows an import that shall be labelled."""
    return Job(
        id=new_id(),
        kind="propose",
        dataset_id=context.dataset_id,
        created_by=context.created_by,
        state="queued",
        parameters=json.dumps(labelling_parameters(teacher, context.job_id)),
    )


def _undo(context: RunningJob, held: Claim, kind: Kind) -> None:
    db.session.rollback()
    undo = kind.load_undo()
    if undo is not None and begin_undoing(held):
        undo(context.job_id)


@contextmanager
def heartbeat(held: Claim) -> Iterator[None]:
    """Meanwhile the row says that this process lives, whatever the work is busy with."""
    stop = threading.Event()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    thread = threading.Thread(target=_beat_until, args=(app, held, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat_until(app: Flask, held: Claim, stop: threading.Event) -> None:
    waited_s = 0.0
    while not stop.wait(waited_s):
        waited_s = BEAT_EVERY_S
        try:
            with app.app_context():
                if not beat(held):
                    return
        except DATABASE_FAULTS as error:
            logger.warning("job %s cannot say that it lives: %s", held.job_id, error)
