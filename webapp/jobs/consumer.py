"""`python -m webapp jobs`: takes jobs from the queues and runs each in a child process; the rows are the truth.

Training runs wait in a queue of their own and have workers of their own (webapp.services.jobs.LANES). Every few seconds
the rows themselves are looked at as well: those that nobody was told of are taken, and those whose process has died are
begun again where they stopped.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

import psutil
from flask import Flask
from huey import Huey
from huey.consumer import Consumer

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, MoveprintError
from webapp.db.schema import require_latest
from webapp.db.standalone import database_app
from webapp.jobs import claims, stores
from webapp.jobs.claims import Claim
from webapp.jobs.queue import open_queue, ring
from webapp.jobs.registry import KINDS, Kind
from webapp.jobs.running import DATABASE_FAULTS
from webapp.jobs.stores import STORE_FAULTS
from webapp.lifeline import beat, end_with_parent
from webapp.services import picture_files
from webapp.services.jobs import JOBS_LANE, LANES, TRAINING_LANE

logger = logging.getLogger(__name__)

CHILD = (sys.executable, "-m", "webapp.jobs.child")
BEAT_EVERY_S = 0.2
SWEEP_EVERY_S = 3.0
LOOK_EVERY_S = 0.3
UNDO_WITHIN_S = 600.0
"""How long a job that has noticed that it is cancelled may take to take back what it did."""
END_WITHIN_S = 2.0
"""How long jobs may take when the server ends; the supervisor waits 4 s in all."""
CLEAN_UP_EVERY_S = 6 * 3600.0
POLL_S = 1.0
"""How long a worker that found the queue empty waits at most before it looks again."""
NICENESS = 10


class _NoProcessError(MoveprintError):
    """Nothing can be begun here at the moment; the job waits again."""


class JobRunner:
    """Runs jobs, each in a child process that it watches. command: what starts one, before what names the attempt."""

    def __init__(self, app: Flask, command: Sequence[str] = CHILD, kinds: Mapping[str, Kind] = KINDS) -> None:
        self._app, self._command, self._kinds = app, tuple(command), kinds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End every job as soon as it can; each goes on at the next start."""
        self._stopping.set()

    def run(self, job_id: str) -> None:
        """Jobs of this one's lane as they were asked for, until this one waits no more.

        One whose process has died waits again: it goes on before those that were asked for later, although their bells
        have rung already. To be called by as many threads as jobs may run at a time.
        """
        with self._app.app_context():
            while not self._stopping.is_set():  # else they wait for the next start
                take_back()  # at a start bells may be heard before the rows are looked at
                first = claims.first_in_line(job_id)
                if first is None or not self._carry_out(first):
                    return

    def _carry_out(self, job_id: str) -> bool:
        """One job to its end, if nobody else has it; False where it cannot be given a process."""
        held = claims.claim(job_id)
        while held is not None:
            try:
                again = self._attempt(held)
            except _NoProcessError as error:
                logger.warning("%s", error)
                return False
            held = claims.claim(job_id) if again else None
        return True

    def _attempt(self, held: Claim) -> bool:
        """One attempt; whether the next is to follow at once, to clean up after a job that had to be forced to end."""
        begun = claims.standing(held)
        if begun is None:  # its dataset is gone
            return False
        kind, only_cleans_up = self._kinds[begun.kind], held.exhausted or begun.cancelled
        try:
            process = self._start(held, kind)
        except OSError as error:
            claims.give_back(held)
            raise _NoProcessError(f"job {held.job_id} cannot be given a process: {error}") from error
        try:
            forced = self._watch(held, process, None if only_cleans_up else kind)
        finally:
            _end(process)
        if self._stopping.is_set():
            claims.release(held)
            return False
        return claims.give_back(held) and forced

    def _start(self, held: Claim, kind: Kind) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            (*self._command, held.job_id, str(held.attempt), str(held.holder)),
            stdin=subprocess.PIPE,
            stdout=sys.stderr,  # standard output is the heartbeat's
            start_new_session=True,  # Ctrl-C reaches the consumer alone, which ends its children in order
        )
        if kind.gives_way:
            stand_back(process.pid)
        return process

    def _watch(self, held: Claim, process: subprocess.Popen[bytes], kind: Kind | None) -> bool:
        """Until it ends by itself or must be made to; whether that was because it was cancelled and did not end.

        kind: says how long it may take until it begins to clean up; None where it does nothing else.
        """
        cancelled_s: float | None = None
        while _lives_on(process):
            if self._stopping.is_set():
                return False
            try:
                standing = claims.standing(held)
            except DATABASE_FAULTS as error:
                logger.warning("job %s cannot be looked at: %s", held.job_id, error)
                continue
            if standing is None:  # it has just ended, or another attempt has begun, or its dataset is gone
                _lives_on(process, END_WITHIN_S)
                return False
            if standing.cancelled:
                cancelled_s = cancelled_s or time.monotonic()
                within_s = UNDO_WITHIN_S if kind is None or standing.undoing else kind.cancel_within(standing.step)
                if time.monotonic() - cancelled_s > within_s:
                    return True
        return False


def stand_back(pid: int) -> None:
    """Let other processes of the machine go first; told to one that has just begun, it counts for all its threads."""
    try:
        psutil.Process(pid).nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", NICENESS))  # the first on Windows
    except psutil.Error as error:
        logger.warning("process %d cannot be made to stand back: %s", pid, error)


def run_consumer(settings: Settings, command: Sequence[str] = CHILD, kinds: Mapping[str, Kind] = KINDS) -> int:
    """Run jobs until told to stop.

    DatabaseUnavailableError where the tables are not this version's; InvalidInputError where the settings name no
    queue that there is, or nothing to run.
    """
    if settings.supervised:
        end_with_parent()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_no_store_fault)
    app = database_app(settings)
    runner, stop = JobRunner(app, command, kinds), threading.Event()
    consumers = _consumers(settings, runner)
    with app.app_context():
        require_latest()
    for consumer in consumers.values():
        consumer.start()
    for number in (signal.SIGTERM, signal.SIGINT):  # in place of those that huey has just set
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_look_after, args=(app, consumers, stop), daemon=True).start()
    threading.Thread(target=_clean_up, args=(app, stop), daemon=True).start()
    while not stop.wait(BEAT_EVERY_S):
        if settings.supervised:
            beat()
    runner.stop()
    for consumer in consumers.values():
        consumer.stop()
    for consumer in consumers.values():
        consumer.stop(graceful=True)
    return 0


def take_back() -> None:
    """Jobs whose process is gone wait again."""
    for held in claims.take_back(claims.lives):
        logger.warning("job %s: its process is gone (attempt %d)", held.job_id, held.attempt)


def pick_up(queues: Mapping[str, Huey]) -> None:
    """Take back jobs whose process is gone, and ring for those of these lanes that wait and that nobody was told of."""
    take_back()
    for lane, queue in queues.items():
        if not queue.pending_count():  # else a busy consumer would be told of the same job again and again
            for job_id in claims.waiting(LANES[lane]):
                ring(queue, job_id)


def _consumers(settings: Settings, runner: JobRunner) -> Mapping[str, Consumer]:
    """By lane, for those that have workers on this machine; jobs of the others are another machine's."""
    workers = {JOBS_LANE: settings.job_workers, TRAINING_LANE: settings.training_workers}
    if not any(workers.values()):
        raise InvalidInputError(
            "job_workers and training_workers are both 0, so there is nothing to run; set MOVEPRINT_JOB_WORKERS=1"
        )
    return {
        lane: open_queue(settings, lane, runner.run).create_consumer(
            workers=count, periodic=False, max_delay=POLL_S, shutdown_timeout=END_WITHIN_S + 1
        )
        for lane, count in workers.items()
        if count
    }


def _look_after(app: Flask, consumers: Mapping[str, Consumer], stop: threading.Event) -> None:
    """Look at the rows and the workers now and then. In a thread of its own: a store may be slow to answer."""
    queues = {lane: consumer.huey for lane, consumer in consumers.items()}
    are_ready, waited_s = False, 0.0
    while not stop.wait(waited_s):
        waited_s = SWEEP_EVERY_S
        try:
            if not are_ready:
                for queue in queues.values():
                    stores.make_ready(queue)
                are_ready = True
            for consumer in consumers.values():
                consumer.check_worker_health()
            with app.app_context():
                pick_up(queues)
        except (*DATABASE_FAULTS, *STORE_FAULTS) as error:
            logger.warning("jobs cannot be looked for at the moment: %s", error)


def _is_no_store_fault(record: logging.LogRecord) -> bool:
    """False for what each worker of huey's says every second, with a traceback, while a store does not answer."""
    error = record.exc_info[1] if record.exc_info else None
    return not (record.name.startswith("huey.consumer") and isinstance(error, STORE_FAULTS))


def _clean_up(app: Flask, stop: threading.Event) -> None:
    """Delete what a crash left of pictures, old exports, and drafts of imports that nobody went on with."""
    waited_s = 0.0
    while not stop.wait(waited_s):
        waited_s = CLEAN_UP_EVERY_S
        try:
            with app.app_context():
                picture_files.sweep()
        except (*DATABASE_FAULTS, OSError) as error:
            logger.warning("files that nobody needs cannot be deleted at the moment: %s", error)


def _lives_on(process: subprocess.Popen[bytes], within_s: float = LOOK_EVERY_S) -> bool:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to, and force it after a while."""
    if process.poll() is None:
        process.terminate()
        if _lives_on(process, END_WITHIN_S):
            process.kill()
            process.wait()
    if process.stdin is not None:
        process.stdin.close()
