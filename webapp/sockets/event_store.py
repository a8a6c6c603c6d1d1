"""Events on their way into the history; what the database refuses for the moment waits here and is tried again."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from webapp.db.engine import PASSING_FAULTS
from webapp.pipeline.messages import SessionEvent
from webapp.services import history

MAX_WAITING = 1000
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 4.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _NewEvent:
    user_id: int
    event: SessionEvent
    received_at: dt.datetime


class EventStore:
    """Used from any thread. While the database refuses, nobody waits for it: events queue up, attempts become rarer."""

    def __init__(self, app: Flask, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[_NewEvent] = deque()
        self._pause_s = 0.0
        self._not_before_s = float("-inf")

    def store(self, user_id: int, event: SessionEvent) -> str | None:
        """Store an event and answer the history's id; None when it is kept for later, or cannot be stored at all."""
        new = _NewEvent(user_id, event, dt.datetime.now(dt.UTC))
        if self._clock() < self._not_before_s:
            self._keep(new)
            return None
        return self._stored(new)

    def retry(self) -> None:
        """Store what waits until the database refuses again; to be called now and then."""
        while self._clock() >= self._not_before_s:
            with self._lock:
                if not self._waiting:
                    return
                next_one = self._waiting.popleft()
            self._stored(next_one)

    def _stored(self, new: _NewEvent) -> str | None:
        found_by = new.event.found_by
        try:
            with self._app.app_context():
                event_id = history.record_event(
                    new.user_id, new.event, found_by.detector, found_by.pose_model, new.received_at
                )
        except PASSING_FAULTS as error:
            self._pause(error)
            self._keep(new)
            return None
        except Exception:  # noqa: BLE001 whatever is wrong with one event, the answer and the other events must go on
            _log.exception("the event %s cannot be stored and is given up", new.event.event_key)
            return None
        self._pause_s = 0.0
        return event_id

    def _pause(self, error: Exception) -> None:
        if not self._pause_s:
            _log.warning("events cannot be stored at the moment and are kept for later: %s", error)
        self._pause_s = min(MAX_PAUSE_S, max(FIRST_PAUSE_S, self._pause_s * 2))
        self._not_before_s = self._clock() + self._pause_s

    def _keep(self, new: _NewEvent) -> None:
        with self._lock:
            self._waiting.append(new)  # at the end, so that no event holds up the others for good
            dropped = self._waiting.popleft() if len(self._waiting) > MAX_WAITING else None
        if dropped is not None:
            _log.error("the event %s is lost: more than %d wait to be stored", dropped.event.event_key, MAX_WAITING)
