"""Questions to workers, each with one reply: whoever asks waits for it, but never for good."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from webapp.core.errors import InvalidInputError
from webapp.pipeline import wire_inquiries
from webapp.pipeline.inquiries import Inquiry, Question, Reply
from webapp.pipeline.wire import Wire
from webapp.services.analysis import WorkerUnavailableError

ANSWER_WITHIN_S = 60.0
MAX_HELD = 4
"""Per worker; it refuses more."""
NO_WORKER = "no recognition worker is connected at the moment, so this cannot be worked out; try again in a few seconds"
LOST = "the worker that worked this out was lost; try again"
BUSY = "the workers have too much to work out at the moment; try again in a minute"
TOO_LATE = f"working this out took longer than {ANSWER_WITHIN_S:.0f} s; try again when less is going on"
_log = logging.getLogger(__name__)

Emit = Callable[[str, Wire, str], None]
"""Event, payload, the worker's sid."""


@dataclass
class _Asked:
    worker_sid: str
    done: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None


class Inquiries:
    """What has been asked and not been answered. Used from any thread or greenlet."""

    def __init__(self, emit: Emit, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._emit = emit
        self._answer_within_s = answer_within_s
        self._lock = threading.Lock()
        self._workers: set[str] = set()
        self._asked: dict[str, _Asked] = {}

    def ask(self, question: Question) -> Wire:
        """The result. WorkerUnavailableError where none comes, InvalidInputError where the question is refused."""
        inquiry = Inquiry(uuid4().hex, question)
        payload = wire_inquiries.inquiry_to_wire(inquiry)
        with self._lock:
            asked = self._asked[inquiry.inquiry_id] = _Asked(self._least_asked())
        try:
            self._emit("inquiry", payload, asked.worker_sid)
            came = asked.done.wait(self._answer_within_s)
        finally:
            with self._lock:
                del self._asked[inquiry.inquiry_id]
        if not came:
            _log.warning("an inquiry was not answered within %g s", self._answer_within_s)
            raise WorkerUnavailableError(TOO_LATE)
        return _result(asked.reply)

    def worker_ready(self, sid: str) -> None:
        with self._lock:
            self._workers.add(sid)

    def worker_lost(self, sid: str) -> None:
        """Whoever waits for this worker is told at once."""
        with self._lock:
            self._workers.discard(sid)
            for asked in self._asked.values():
                if asked.worker_sid == sid:
                    asked.done.set()

    def replied(self, sid: str, raw: object) -> None:
        """A worker's reply; InvalidInputError when it is none. One that comes too late is ignored."""
        reply = wire_inquiries.reply_from_wire(raw)
        with self._lock:
            asked = self._asked.get(reply.inquiry_id)
            if asked is not None and asked.worker_sid == sid:
                asked.reply = reply
                asked.done.set()

    def _least_asked(self) -> str:
        if not self._workers:
            raise WorkerUnavailableError(NO_WORKER)
        held = dict.fromkeys(self._workers, 0)
        for asked in self._asked.values():
            if asked.worker_sid in held:
                held[asked.worker_sid] += 1
        sid = min(held, key=lambda one: held[one])
        if held[sid] >= MAX_HELD:
            raise WorkerUnavailableError(BUSY)
        return sid


def _result(reply: Reply | None) -> Wire:
    if reply is None:
        raise WorkerUnavailableError(LOST)
    if reply.result is not None:
        return reply.result
    error = reply.error or "the worker gave no reason"
    raise InvalidInputError(error) if reply.refused else WorkerUnavailableError(error)
