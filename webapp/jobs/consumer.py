"""`python -m webapp jobs`: takes jobs from the queue and runs each in a child process; the rows are the truth.

Every few seconds it also looks at the rows themselves: those that nobody was told of are taken, and those whose process
has died are begun again where they stopped.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing

from flask import Flask
from huey import Huey
from huey.consumer import Consumer

from webapp.config import Settings
from webapp.db.schema import require_latest
from webapp.db.standalone import database_app
from webapp.jobs import claims
from webapp.jobs.claims import Claim
from webapp.jobs.queue import QUEUE_FAULTS, open_queue, ring
from webapp.jobs.running import DATABASE_FAULTS
from webapp.lifeline import beat, end_with_parent
from webapp.services import picture_files

logger = logging.getLogger(__name__)

CHILD = (sys.executable, "-m", "webapp.jobs.child")
BEAT_EVERY_S = 0.2
SWEEP_EVERY_S = 3.0
LOOK_EVERY_S = 0.3
CANCEL_WITHIN_S = 5.0
"""How long a job that is cancelled may take to notice."""
UNDO_WITHIN_S = 600.0
"""And then to take back what it did."""
END_WITHIN_S = 2.0
"""How long jobs may take when the server ends; the supervisor waits 4 s in all."""
CLEAN_UP_EVERY_S = 6 * 3600.0
POLL_S = 1.0
"""How long a worker that found the queue empty waits at most before it looks again."""


class JobRunner:
    """Runs jobs, each in a child process that it watches. command: what starts one, before the job and the attempt."""

    def __init__(self, app: Flask, command: Sequence[str] = CHILD) -> None:
        self._app, self._command = app, tuple(command)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End every job as soon as it can; each goes on at the next start."""
        self._stopping.set()

    def run(self, job_id: str) -> None:
        """One job to its end, if nobody else has it. To be called by as many threads as jobs may run at a time."""
        if self._stopping.is_set():  # it waits for the next start
            return
        with self._app.app_context():
            held = claims.claim(job_id)
            while held is not None:
                again = self._attempt(held)
                held = claims.claim(job_id) if again else None

    def _attempt(self, held: Claim) -> bool:
        """One attempt; whether the next is to follow at once, to clean up after a job that had to be forced to end."""
        begun = claims.standing(held)
        only_cleans_up = held.exhausted or (begun is not None and begun.cancelled)
        process = subprocess.Popen(
            (*self._command, held.job_id, str(held.attempt)),
            stdin=subprocess.PIPE,
            stdout=sys.stderr,  # standard output is the heartbeat's
            start_new_session=True,  # Ctrl-C reaches the consumer alone, which ends its children in order
        )
        try:
            forced = self._watch(held, process, UNDO_WITHIN_S if only_cleans_up else CANCEL_WITHIN_S)
        finally:
            _end(process)
        if self._stopping.is_set():
            claims.release(held)
            return False
        return claims.give_back(held) and forced

    def _watch(self, held: Claim, process: subprocess.Popen[bytes], within_s: float) -> bool:
        """Until it ends by itself or must be made to; whether that was because it was cancelled and did not end.

        within_s: how long it may take until it begins to clean up.
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
                if time.monotonic() - cancelled_s > (UNDO_WITHIN_S if standing.undoing else within_s):
                    return True
        return False


def run_consumer(settings: Settings, command: Sequence[str] = CHILD) -> int:
    """Run jobs until told to stop. DatabaseUnavailableError where the tables are not this version's."""
    if settings.supervised:
        end_with_parent()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app = database_app(settings)
    with app.app_context():
        require_latest()
    runner, stop = JobRunner(app, command), threading.Event()
    queue = open_queue(settings, runner.run)
    workers = max(settings.job_workers, 1)
    consumer = queue.create_consumer(
        workers=workers, periodic=False, max_delay=POLL_S, shutdown_timeout=END_WITHIN_S + 1
    )
    with closing(queue.storage):
        consumer.start()
        for number in (signal.SIGTERM, signal.SIGINT):  # in place of those that huey has just set
            signal.signal(number, lambda *_: stop.set())
        _keep_running(app, queue, consumer, stop, supervised=settings.supervised)
        runner.stop()
        consumer.stop(graceful=True)
    return 0


def pick_up(queue: Huey) -> None:
    """Take back jobs whose process is gone, and ring for those that wait and that nobody was told of."""
    for held in claims.lost(claims.lives):
        if claims.give_back(held):
            logger.warning("job %s: its process is gone (attempt %d)", held.job_id, held.attempt)
    if not queue.pending_count():  # else a busy consumer would be told of the same job again and again
        for job_id in claims.waiting():
            ring(queue, job_id)


def _keep_running(app: Flask, queue: Huey, consumer: Consumer, stop: threading.Event, supervised: bool) -> None:
    threading.Thread(target=_clean_up, args=(app, stop), daemon=True).start()
    due_s = time.monotonic()
    while not stop.wait(BEAT_EVERY_S):
        if supervised:
            beat()
        if time.monotonic() < due_s:
            continue
        due_s = time.monotonic() + SWEEP_EVERY_S
        consumer.check_worker_health()
        try:
            with app.app_context():
                pick_up(queue)
        except (*DATABASE_FAULTS, *QUEUE_FAULTS) as error:
            logger.warning("jobs cannot be looked for at the moment: %s", error)


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
