"""The bell between those who ask for jobs and those who run them: huey on a file of SQLite in the instance directory.

What is rung is a job's id alone; what there is to do stands in its row. Another store of huey's (Redis, PostgreSQL)
would be opened in open_queue and nowhere else.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing

from huey import Huey, SqliteHuey
from huey.exceptions import HueyException
from huey.registry import Message
from huey.serializer import Serializer

from webapp.config import Settings, make_instance_dir

logger = logging.getLogger(__name__)

FILE = "jobs.sqlite3"
BUSY_S = 2.0
"""How long another's write to the file is waited for."""
QUEUE_FAULTS = (sqlite3.Error, OSError, HueyException)


class HueyQueue:
    """The bell's button, for the web process. Opens nothing before it is pressed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def enqueue(self, job_id: str) -> None:
        """Say that this job waits. A bell that does not ring is only logged: the consumer looks at the rows as well."""
        try:
            queue = open_queue(self._settings, _is_run_elsewhere)
            with closing(queue.storage):
                ring(queue, job_id)
        except QUEUE_FAULTS as error:
            logger.warning("the job %s begins some seconds later: its queue does not answer (%s)", job_id, error)


def open_queue(settings: Settings, run: Callable[[str], None]) -> Huey:
    """The queue, with its one task; run is what the consumer does with a job's id."""

    def run_job(job_id: str) -> None:
        run(job_id)

    make_instance_dir(settings.instance_dir)
    path = settings.instance_dir / FILE
    queue = SqliteHuey("moveprint", filename=str(path), timeout=BUSY_S, results=False, serializer=JsonMessages())
    queue.run_job = queue.task()(run_job)
    return queue


def ring(queue: Huey, job_id: str) -> None:
    queue.run_job(job_id)


def queue_fault(settings: Settings) -> str:
    """Why the queue cannot be used; empty where it can, or where it is not there yet, which opening would change."""
    file = settings.instance_dir / FILE
    try:
        if file.exists():
            queue = open_queue(settings, _is_run_elsewhere)
            with closing(queue.storage):
                queue.pending_count()
    except QUEUE_FAULTS as error:
        return f"{file} cannot be used ({error})"
    return ""


class JsonMessages(Serializer):  # type: ignore[misc]  # huey ships no types
    """In place of huey's pickle: whoever could write to the queue could otherwise have any code run."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(bytes(data)))


def _is_run_elsewhere(job_id: str) -> None:
    raise RuntimeError(f"the job {job_id} is run by python -m webapp jobs, not by who asked for it")
