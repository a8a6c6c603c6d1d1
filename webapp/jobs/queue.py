"""The bell between those who ask for jobs and those who run them: two queues of huey's in one of webapp.jobs.stores.

What is rung is a job's id alone; what there is to do stands in its row.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer

from webapp.config import Settings
from webapp.jobs import stores
from webapp.jobs.stores import STORE_FAULTS
from webapp.services.jobs import JOBS_LANE, lane_of

logger = logging.getLogger(__name__)


class HueyQueue:
    """The bell's button, for the web process. Opens nothing before it is pressed.

    InvalidInputError where setting queue_url names no store that there is.
    """

    def __init__(self, settings: Settings) -> None:
        stores.require_store(settings)
        self._settings = settings

    def enqueue(self, job_id: str, kind: str) -> None:
        """Say that this job waits. A bell that does not ring is only logged: the consumer looks at the rows as well."""
        try:
            with _opened(self._settings, lane_of(kind)) as queue:
                stores.make_ready(queue)
                ring(queue, job_id)
        except STORE_FAULTS as error:
            logger.warning("the job %s begins some seconds later: its queue does not answer (%s)", job_id, error)


def open_queue(settings: Settings, lane: str, run: Callable[[str], None]) -> Huey:
    """The queue of a lane, with its one task; run is what the consumer does with a job's id.

    Its store is asked nothing yet: it must be made ready, and may not answer. InvalidInputError as HueyQueue.
    """

    def run_job(job_id: str) -> None:
        run(job_id)

    queue = stores.new_huey(settings, lane, results=False, serializer=JsonMessages())
    queue.run_job = queue.task()(run_job)
    return queue


def ring(queue: Huey, job_id: str) -> None:
    queue.run_job(job_id)


def queue_fault(settings: Settings) -> str:
    """Why the queues cannot be used; empty where they can, or where there is no file yet, which opening would make.

    InvalidInputError as HueyQueue.
    """
    if not settings.queue_url and not stores.file_of(settings).exists():
        return ""
    try:
        with _opened(settings, JOBS_LANE) as queue:
            stores.require_answer(queue)
    except STORE_FAULTS as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"{stores.place_of(settings)} cannot be used ({reason})"
    return ""


class JsonMessages(Serializer):  # type: ignore[misc]  # huey ships no types
    """In place of huey's pickle: whoever could write to the queue could otherwise have any code run."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(bytes(data)))


@contextmanager
def _opened(settings: Settings, lane: str) -> Iterator[Huey]:
    queue = open_queue(settings, lane, _is_run_elsewhere)
    try:
        yield queue
    finally:
        stores.close(queue)


def _is_run_elsewhere(job_id: str) -> None:
    raise RuntimeError(f"the job {job_id} is run by python -m webapp jobs, not by who asked for it")
